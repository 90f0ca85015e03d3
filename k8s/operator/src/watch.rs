//! What the operator sees of the cluster: a copy of every object that concerns it, kept by watches, and the names of the
//! objects to look at anew when one of them changes. Reconciling reads from here only.

mod declared;
mod ring;

use std::{collections::BTreeMap, fmt::Debug, hash::Hash, sync::Arc, time::Duration};

use futures_util::{FutureExt, Stream, StreamExt, future::join_all};
use k8s_openapi::api::{batch::v1::Job, core::v1::Pod};
use kube::{
    Api, Client, Resource, ResourceExt,
    core::{DeserializeGuard, DynamicObject, NamespaceResourceScope},
    runtime::{
        WatchStreamExt,
        reflector::{ObjectRef, Store, store::Writer},
        watcher::{self, Event, watcher},
    },
};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    api::{ConversationSchema, ConversationService},
    desired::{COMPONENT, INSTANCE, MANAGED_BY, OPERATOR},
    kinds::Kind,
    reconcile::causes,
};
use declared::{Declared, readable};
use ring::Ring;

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

/// How long is waited for copies of a kind that the cluster may lack.
const PATIENCE: Duration = Duration::from_secs(10);

/// Watches until the token is cancelled. The copies are there when `Stores::ready` returns.
#[must_use]
pub fn watch(
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
    let services = watching.all(move |service: &ConversationService, changed| {
        if !changed {
            return;
        }
        let (name, namespace) = (service.name_any(), service.namespace().unwrap_or_default());
        rung.service(&name, &namespace);
        // Its schema rests when it does.
        rung.schema(&name, &namespace);
    });
    let rung = ring.clone();
    let schemas = watching.all(move |schema: &ConversationSchema, changed| {
        if changed {
            rung.schema(&schema.name_any(), &schema.namespace().unwrap_or_default());
        }
        // Its status says whether the service may roll.
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

    /// All objects of a kind of the operator's own, with whether one changed in what is declared. A status that the operator
    /// wrote itself is no such change.
    fn all<K>(&self, ring: impl Fn(&K, bool) + Send + 'static) -> Store<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
        K: Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    {
        let writer = Writer::default();
        let (store, mut declared) = (writer.as_reader(), Declared::default());
        let events = watcher(self.api::<DeserializeGuard<K>>(), watcher::Config::default()).default_backoff();
        let events = events.filter_map(move |event| {
            let event = event.map(|event| readable(&store, event)).transpose();
            async { event }
        });
        self.run(events, writer, move |object, gone| {
            let changed = if gone { declared.forget(object) } else { declared.changed(object) };
            ring(object, changed);
        })
    }

    /// The operator's objects of a kind.
    fn own<K>(&self, ring: impl Fn(&K) + Send + 'static) -> Store<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
        K: Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    {
        self.run(watcher(self.api(), own()).default_backoff(), Writer::default(), move |object, _| ring(object))
    }

    /// The operator's objects of a kind that is known by its name.
    fn kind(&self, kind: Kind, ring: impl Fn(&DynamicObject) + Send + 'static) -> Store<DynamicObject> {
        let resource = kind.resource();
        let api = match self.namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        };
        self.run(watcher(api, own()).default_backoff(), Writer::new(resource), move |object, _| ring(object))
    }

    /// Keeps the copies, and rings with every object that was written or is gone.
    fn run<K>(
        &self,
        events: impl Stream<Item = watcher::Result<Event<K>>> + Send + 'static,
        writer: Writer<K>,
        mut ring: impl FnMut(&K, bool) + Send + 'static,
    ) -> Store<K>
    where
        K: Resource + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
        K::DynamicType: Clone + Debug + Eq + Hash + Send + Sync,
    {
        let store = writer.as_reader();
        let events = events.reflect(writer);
        let (stop, all) = (self.stop.clone(), self.ring.clone());
        self.tasks.spawn(async move {
            let mut events = std::pin::pin!(events.take_until(stop.cancelled_owned()));
            while let Some(event) = events.next().await {
                match event {
                    Ok(Event::Apply(object)) => ring(&object, false),
                    Ok(Event::Delete(object)) => ring(&object, true),
                    Ok(Event::InitDone) => all.all(),
                    Ok(Event::Init | Event::InitApply(_)) => {}
                    Err(error) => {
                        tracing::warn!(error = causes(&error), "a watch was interrupted; it is begun anew");
                    }
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
    /// Waits until the copies are there. A kind that the cluster may lack, and that cannot be listed, is not waited for long:
    /// what is not among its copies is asked for.
    pub async fn ready(&self) {
        let Self { services, schemas, jobs, pods, objects } = self;
        // A store fails only when its watch is gone, and then nobody waits any more.
        let _ = tokio::join!(
            services.wait_until_ready(),
            schemas.wait_until_ready(),
            jobs.wait_until_ready(),
            pods.wait_until_ready()
        );
        for (_, store) in objects.iter().filter(|(kind, _)| !kind.row().optional) {
            let _ = store.wait_until_ready().await;
        }
        let optional = objects.iter().filter(|(kind, _)| kind.row().optional);
        let all = join_all(optional.map(|(kind, store)| async {
            if tokio::time::timeout(PATIENCE, store.wait_until_ready()).await.is_err() {
                tracing::warn!(kind = kind.row().name, "cannot be listed; going on without copies of it");
            }
        }));
        all.await;
    }

    /// The kinds without which nothing can be done, and that could not be listed yet.
    #[must_use]
    pub fn unlisted(&self) -> Vec<&'static str> {
        let Self { services, schemas, jobs, pods, objects } = self;
        let own = [
            ("ConversationService", services.wait_until_ready().now_or_never().is_some()),
            ("ConversationSchema", schemas.wait_until_ready().now_or_never().is_some()),
            ("Job", jobs.wait_until_ready().now_or_never().is_some()),
            ("Pod", pods.wait_until_ready().now_or_never().is_some()),
        ];
        let needed = objects.iter().filter(|(kind, _)| !kind.row().optional);
        let needed = needed.map(|(kind, store)| (kind.row().name, store.wait_until_ready().now_or_never().is_some()));
        own.into_iter().chain(needed).filter(|(_, listed)| !listed).map(|(name, _)| name).collect()
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
