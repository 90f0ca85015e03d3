//! What a leader does: it watches and reconciles, anew whenever the cluster gets or loses a kind that it may make.

use std::{sync::Arc, time::Duration};

use kube::Client;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::health::Health;
use crate::{
    config::Config,
    kinds::Kind,
    metrics::Metrics,
    reconcile::{self, Context},
    watch::watch,
};

/// How often it is looked whether the cluster has another kind by now.
const LOOK: Duration = Duration::from_secs(30);

pub(super) async fn work(
    client: Client,
    config: Config,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    identity: String,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        let Some(kinds) = kinds(&client).await else {
            pause(&stop, Duration::from_secs(1)).await;
            continue;
        };
        let round = stop.child_token();
        let tasks = TaskTracker::new();
        let (stores, triggers) = watch(&client, config.namespace(), &kinds, &tasks, &round).await;
        health.sees(Some(stores.clone()));
        tracing::info!(services = stores.services.len(), schemas = stores.schemas.len(), "working");
        let context = Context::new(client.clone(), stores, &kinds, Arc::clone(&metrics), &identity);
        let work = reconcile::run(Arc::new(context), triggers, config.concurrency, &round);
        tokio::join!(work, async {
            changed(&client, &kinds, &stop).await;
            round.cancel();
        });
        health.sees(None);
        tasks.close();
        tasks.wait().await;
    }
}

/// Waits until the cluster has other kinds, or the work is to end.
async fn changed(client: &Client, before: &[Kind], stop: &CancellationToken) {
    while !stop.is_cancelled() {
        pause(stop, LOOK).await;
        if let Some(now) = kinds(client).await
            && now != before
        {
            tracing::info!("the cluster has other kinds now; watching anew");
            return;
        }
    }
}

async fn pause(stop: &CancellationToken, time: Duration) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stop.cancelled() => {}
    }
}

/// The kinds that the cluster has; nothing if it does not tell.
async fn kinds(client: &Client) -> Option<Vec<Kind>> {
    let mut kinds = Vec::new();
    for kind in Kind::ALL {
        let row = kind.row();
        if !row.optional {
            kinds.push(kind);
            continue;
        }
        match client.list_api_group_resources(&kind.api_version()).await {
            Ok(list) if list.resources.iter().any(|resource| resource.name == row.plural) => kinds.push(kind),
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => {
                tracing::warn!(%error, "the cluster's kinds could not be listed");
                return None;
            }
        }
    }
    Some(kinds)
}
