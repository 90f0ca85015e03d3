//! Makes what is there into what is declared. Everything is read from the copies that watches keep; the API server is asked
//! only to write.

mod apply;
mod deployment;
mod error;
mod jobs;
mod obstacles;
mod report;
mod schema;
mod service;
mod states;

use std::{collections::BTreeSet, future::Future, sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt, stream};
use kube::{
    Client, Resource, ResourceExt,
    runtime::{
        applier,
        controller::{Action, Config, ReconcileRequest},
        events::{Recorder, Reporter},
        reflector::{ObjectRef, Store},
    },
};
use tokio::{sync::mpsc::UnboundedReceiver, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    backoff::Backoff,
    desired::{OPERATOR, Owner},
    kinds::Kind,
    metrics::Metrics,
    watch::{Stores, Triggers},
};

pub use error::Error;
pub(crate) use error::causes;

/// Changes of an object that come within this time of each other are worked on once. Each begins it anew, so it is less than
/// what is between the changes of even a large Deployment's pods; those that come while it is worked on are one in any case.
const DEBOUNCE: Duration = Duration::from_millis(10);
/// How often an object is looked at though nothing changed that is watched.
const RESYNC: Duration = Duration::from_secs(600);
/// How soon pods are looked at again that do not begin: what is in their way is in no copy.
const IMPATIENCE: Duration = Duration::from_secs(10);
/// How soon an object is looked at again whose copy was behind.
const SOON: Duration = Duration::from_secs(1);

/// What reconciling needs.
pub struct Context {
    client: Client,
    stores: Stores,
    kinds: BTreeSet<Kind>,
    metrics: Arc<Metrics>,
    recorder: Recorder,
    failures: Backoff,
    contention: Backoff,
}

impl Context {
    /// What reconciling needs, with no failures yet.
    #[must_use]
    pub fn new(client: Client, stores: Stores, kinds: &[Kind], metrics: Arc<Metrics>, identity: &str) -> Self {
        let reporter = Reporter { controller: OPERATOR.to_owned(), instance: Some(identity.to_owned()) };
        Self {
            recorder: Recorder::new(client.clone(), reporter),
            client,
            stores,
            kinds: kinds.iter().copied().collect(),
            metrics,
            failures: Backoff::new(Duration::from_secs(1), Duration::from_secs(300)),
            contention: Backoff::new(Duration::from_millis(50), Duration::from_secs(60)),
        }
    }
}

/// Reconciles until the token is cancelled, and then ends what is in progress.
pub async fn run(context: Arc<Context>, triggers: Triggers, concurrency: u16, stop: &CancellationToken) {
    let Triggers { services, schemas } = triggers;
    let both = (context.stores.services.clone(), context.stores.schemas.clone());
    let services = controller(&context, both.0, services, concurrency, stop, service::reconcile);
    let schemas = controller(&context, both.1, schemas, concurrency, stop, schema::reconcile);
    tokio::join!(services.for_each(|()| async {}), schemas.for_each(|()| async {}));
}

fn controller<K, F>(
    context: &Arc<Context>,
    store: Store<K>,
    mut triggers: UnboundedReceiver<ObjectRef<K>>,
    concurrency: u16,
    stop: &CancellationToken,
    reconcile: fn(Arc<K>, Arc<Context>) -> F,
) -> impl Stream<Item = ()>
where
    K: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Action, Error>> + Send + 'static,
{
    let queue = stream::poll_fn(move |task| triggers.poll_recv(task));
    let queue = queue.map(|object| Ok::<_, std::convert::Infallible>(ReconcileRequest::from(object)));
    let queue = queue.take_until(stop.clone().cancelled_owned());
    let config = Config::default().debounce(DEBOUNCE).concurrency(concurrency);
    let work = move |object: Arc<K>, context: Arc<Context>| Box::pin(measured(object, context, reconcile));
    applier(work, retry, Arc::clone(context), store, queue, config).map(|outcome| match outcome {
        // The object was deleted; what belonged to it goes by its owner reference.
        Ok(_) | Err(kube::runtime::controller::Error::ObjectNotFound(_)) => {}
        Err(kube::runtime::controller::Error::ReconcilerFailed(error, object)) => {
            tracing::warn!(%error, %object, "an object could not be reconciled; it is tried again");
        }
        Err(error) => tracing::error!(%error, "reconciling was interrupted"),
    })
}

async fn measured<K, F>(
    object: Arc<K>,
    context: Arc<Context>,
    reconcile: fn(Arc<K>, Arc<Context>) -> F,
) -> Result<Action, Error>
where
    K: Resource<DynamicType = ()>,
    F: Future<Output = Result<Action, Error>>,
{
    let began = Instant::now();
    let key = key(&*object);
    let outcome = reconcile(object, Arc::clone(&context)).await;
    let kind = K::kind(&());
    context.metrics.reconciled(&kind, if outcome.is_ok() { "done" } else { "failed" }, began.elapsed());
    if outcome.is_ok() {
        context.failures.succeeded(&key);
    }
    outcome
}

#[expect(clippy::needless_pass_by_value, reason = "the runtime hands over what it counts")]
fn retry<K: Resource<DynamicType = ()>>(object: Arc<K>, error: &Error, context: Arc<Context>) -> Action {
    context.metrics.failed(&K::kind(&()), error.reason());
    Action::requeue(context.failures.failed(&key(&*object)))
}

/// Tells of something that holds nothing up.
fn log<T>(owner: &Owner, error: &Error) -> Option<T> {
    tracing::warn!(%error, kind = owner.kind, namespace = owner.namespace, name = owner.name, "something less important failed");
    None
}

/// Whether an object belongs to the one with this uid.
fn owns(uid: &str, object: &impl ResourceExt) -> bool {
    object.owner_references().iter().any(|owner| owner.uid == uid)
}

/// What tells an object from all others.
fn key<K: Resource<DynamicType = ()>>(object: &K) -> String {
    format!("{}/{}/{}", K::kind(&()), object.namespace().unwrap_or_default(), object.name_any())
}
