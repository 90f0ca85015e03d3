//! What the operator sees of the cluster: a copy of every object that concerns it, kept by watches, and the names of the
//! objects to look at anew when one of them changes. Reconciling reads from here only.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    hash::Hash,
    sync::{Arc, OnceLock},
};

use futures_util::StreamExt;
use k8s_openapi::api::{batch::v1::Job, core::v1::Pod};
use kube::{
    Api, Client, Resource, ResourceExt,
    core::{DynamicObject, NamespaceResourceScope},
    runtime::{
        WatchStreamExt,
        reflector::{ObjectRef, Store, store::Writer},
        watcher::{self, Event, watcher},
    },
};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    api::{ConversationSchema, ConversationService},
    desired::{COMPONENT, INSTANCE, MANAGED_BY, OPERATOR},
    kinds::Kind,
};

/// Copies of all objects that concern the operator.
#[derive(Clone, Debug)]
pub struct Stores {
    /// All ConversationServices.
    pub services: Store<ConversationService>,
    /// All ConversationSchemas.
    pub schemas: Store<ConversationSchema>,
    /// The Jobs of the operator.
    pub jobs: Store<Job>,
    /// The pods of the operator's Deployments and Jobs.
    pub pods: Store<Pod>,
    /// The operator's objects of all other kinds that the cluster has.
    pub objects: BTreeMap<Kind, Store<DynamicObject>>,
}

/// The objects to look at anew.
#[derive(Debug)]
pub struct Triggers {
    /// ConversationServices.
    pub services: UnboundedReceiver<ObjectRef<ConversationService>>,
    /// ConversationSchemas.
    pub schemas: UnboundedReceiver<ObjectRef<ConversationSchema>>,
}

#[derive(Clone)]
struct Ring {
    services: UnboundedSender<ObjectRef<ConversationService>>,
    schemas: UnboundedSender<ObjectRef<ConversationSchema>>,
    known: Arc<OnceLock<(Store<ConversationService>, Store<ConversationSchema>)>>,
}

impl Ring {
    /// For everything there is: after a watch had to be begun anew nobody knows what was deleted meanwhile.
    fn all(&self) {
        let Some((services, schemas)) = self.known.get() else { return };
        for service in services.state() {
            let _ = self.services.send(ObjectRef::from_obj(&*service));
        }
        for schema in schemas.state() {
            let _ = self.schemas.send(ObjectRef::from_obj(&*schema));
        }
    }

    // Sending fails only when nobody reconciles any more.

    fn service(&self, name: &str, namespace: &str) {
        let _ = self.services.send(ObjectRef::new(name).within(namespace));
    }

    fn schema(&self, name: &str, namespace: &str) {
        let _ = self.schemas.send(ObjectRef::new(name).within(namespace));
    }

    /// By the owner of an object.
    fn owner(&self, object: &impl ResourceExt) {
        let namespace = object.namespace().unwrap_or_default();
        for owner in object.owner_references() {
            match owner.kind.as_str() {
                "ConversationService" => self.service(&owner.name, &namespace),
                "ConversationSchema" => self.schema(&owner.name, &namespace),
                _ => {}
            }
        }
    }

    /// By the labels of a pod, whose owner is a ReplicaSet or a Job.
    fn pod(&self, pod: &Pod) {
        let namespace = pod.namespace().unwrap_or_default();
        let labels = pod.labels();
        match (labels.get(INSTANCE), labels.get(COMPONENT).map(String::as_str)) {
            (Some(name), Some("api")) => self.service(name, &namespace),
            (Some(name), Some("migrator")) => self.schema(name, &namespace),
            _ => {}
        }
    }
}

/// Watches until the token is cancelled. Returns when every kind was listed once.
pub async fn watch(
    client: &Client,
    namespace: Option<&str>,
    kinds: &[Kind],
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> (Stores, Triggers) {
    let (services, service_triggers) = unbounded_channel();
    let (schemas, schema_triggers) = unbounded_channel();
    let ring = Ring { services, schemas, known: Arc::default() };
    let watching = Watching { client, namespace, tasks, stop, ring: ring.clone() };

    let rung = ring.clone();
    let services = watching.all(move |service: &ConversationService| {
        let (name, namespace) = (service.name_any(), service.namespace().unwrap_or_default());
        rung.service(&name, &namespace);
        // Its schema rests when it does.
        rung.schema(&name, &namespace);
    });
    let rung = ring.clone();
    let schemas = watching.all(move |schema: &ConversationSchema| {
        rung.schema(&schema.name_any(), &schema.namespace().unwrap_or_default());
        rung.owner(schema);
    });
    let rung = ring.clone();
    let jobs = watching.own(move |job: &Job| rung.owner(job));
    let rung = ring.clone();
    let pods = watching.own(move |pod: &Pod| rung.pod(pod));
    let mut objects = BTreeMap::new();
    for &kind in kinds {
        if !matches!(kind, Kind::ConversationSchema | Kind::Job | Kind::Pod) {
            let rung = ring.clone();
            objects.insert(kind, watching.kind(kind, move |object: &DynamicObject| rung.owner(object)));
        }
    }
    let stores = Stores { services, schemas, jobs, pods, objects };
    // Set once, here.
    let _ = ring.known.set((stores.services.clone(), stores.schemas.clone()));
    tokio::select! {
        () = stores.ready() => {}
        () = stop.cancelled() => {}
    }
    (stores, Triggers { services: service_triggers, schemas: schema_triggers })
}

struct Watching<'a> {
    client: &'a Client,
    namespace: Option<&'a str>,
    tasks: &'a TaskTracker,
    stop: &'a CancellationToken,
    ring: Ring,
}

impl Watching<'_> {
    fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        match self.namespace {
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        }
    }

    /// All objects of a kind.
    fn all<K>(&self, ring: impl Fn(&K) + Send + 'static) -> Store<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
        K: Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    {
        self.run(self.api(), Writer::default(), watcher::Config::default(), ring)
    }

    /// The operator's objects of a kind.
    fn own<K>(&self, ring: impl Fn(&K) + Send + 'static) -> Store<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
        K: Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    {
        self.run(self.api(), Writer::default(), own(), ring)
    }

    /// The operator's objects of a kind that is known by its name.
    fn kind(&self, kind: Kind, ring: impl Fn(&DynamicObject) + Send + 'static) -> Store<DynamicObject> {
        let resource = kind.resource();
        let api = match self.namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        };
        self.run(api, Writer::new(resource), own(), ring)
    }

    fn run<K>(
        &self,
        api: Api<K>,
        writer: Writer<K>,
        config: watcher::Config,
        ring: impl Fn(&K) + Send + 'static,
    ) -> Store<K>
    where
        K: Resource + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
        K::DynamicType: Clone + Debug + Eq + Hash + Send + Sync,
    {
        let store = writer.as_reader();
        let events = watcher(api, config).default_backoff().reflect(writer);
        let (stop, all) = (self.stop.clone(), self.ring.clone());
        self.tasks.spawn(async move {
            let mut events = std::pin::pin!(events.take_until(stop.cancelled_owned()));
            while let Some(event) = events.next().await {
                match event {
                    Ok(Event::Apply(object) | Event::Delete(object)) => ring(&object),
                    Ok(Event::InitDone) => all.all(),
                    Ok(Event::Init | Event::InitApply(_)) => {}
                    Err(error) => tracing::warn!(error = %error, "a watch was interrupted; it is begun anew"),
                }
            }
        });
        store
    }
}

/// What the operator has made, and not the rest of the cluster.
fn own() -> watcher::Config {
    watcher::Config::default().labels(&format!("{MANAGED_BY}={OPERATOR}"))
}

impl Stores {
    async fn ready(&self) {
        // A store fails only when its watch is gone, and then the token is cancelled.
        let Self { services, schemas, jobs, pods, objects } = self;
        let _ = services.wait_until_ready().await;
        let _ = schemas.wait_until_ready().await;
        let _ = jobs.wait_until_ready().await;
        let _ = pods.wait_until_ready().await;
        for store in objects.values() {
            let _ = store.wait_until_ready().await;
        }
    }

    /// An object of the operator's.
    #[must_use]
    pub fn object(&self, kind: Kind, namespace: &str, name: &str) -> Option<Arc<DynamicObject>> {
        self.objects.get(&kind)?.get(&ObjectRef::new_with(name, kind.resource()).within(namespace))
    }

    /// A ConversationSchema.
    #[must_use]
    pub fn schema(&self, namespace: &str, name: &str) -> Option<Arc<ConversationSchema>> {
        self.schemas.get(&ObjectRef::new(name).within(namespace))
    }

    /// A ConversationService.
    #[must_use]
    pub fn service(&self, namespace: &str, name: &str) -> Option<Arc<ConversationService>> {
        self.services.get(&ObjectRef::new(name).within(namespace))
    }

    /// The pods of a component of an object, by their names.
    #[must_use]
    pub fn pods(&self, namespace: &str, instance: &str, component: &str) -> Vec<Arc<Pod>> {
        let mut pods = self.pods.state_filter(|pod| {
            let label = |name: &str| pod.labels().get(name).map(String::as_str);
            pod.metadata.namespace.as_deref() == Some(namespace)
                && label(INSTANCE) == Some(instance)
                && label(COMPONENT) == Some(component)
        });
        // Always in the same order, so that of several in trouble it is always the same that is told of.
        pods.sort_by_key(|pod| pod.name_any());
        pods
    }
}
