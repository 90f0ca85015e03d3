//! The order of what happened, by the versions that the API server counts the writes of all objects by.

use anyhow::{Context, Result, bail};
use conversation_operator::kinds::Kind;
use futures_util::TryStreamExt;
use kube::{
    Api, ResourceExt,
    api::{ListParams, WatchEvent, WatchParams},
    core::DynamicObject,
};
use serde_json::Value;

use crate::world::World;

/// How long the API server tells of what happened, in seconds.
const TOLD: u32 = 60;

/// What becomes of the objects of a kind after a moment.
pub(crate) struct History {
    objects: Api<DynamicObject>,
    since: String,
}

impl History {
    /// From now on, in the namespace of a world.
    pub(crate) async fn of(world: &World, kind: Kind) -> Result<Self> {
        let objects = world.kind(kind);
        let since = objects.list(&ListParams::default()).await?.metadata.resource_version.context("a version")?;
        Ok(Self { objects, since })
    }

    /// The version with which an object first was as it is to be.
    pub(crate) async fn first(&self, what: &str, is: impl Fn(&Value) -> bool) -> Result<u64> {
        let events = self.objects.watch(&WatchParams::default().timeout(TOLD), &self.since).await?;
        let mut events = std::pin::pin!(events);
        while let Some(event) = events.try_next().await? {
            let (WatchEvent::Added(object) | WatchEvent::Modified(object)) = event else { continue };
            if is(&serde_json::to_value(&object)?) {
                return object.resource_version().context("a version")?.parse().context("a version");
            }
        }
        bail!("nothing was ever {what}")
    }
}
