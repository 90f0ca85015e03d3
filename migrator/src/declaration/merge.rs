//! The release's declaration and a deployment's additions to it, as one.

use std::time::Duration;

use bson::{Document, doc};
use conversation_store::mongo::schema::{
    Collection, DECLARED, EVENTS, Index,
    KeyKind::{self, Ascending, Descending, Hashed},
    SESSIONS,
};
use sha2::{Digest as _, Sha256};

use super::{AdditionalIndex, Declaration, Key, Order, check};
use crate::{
    cli::PlanOptions,
    plan::{Action, Finding},
};

/// The name of the indexes that delete by age, one in each collection.
pub const RETENTION: &str = "retention";

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How many days a session outlives the last event that could reach it. A client may say that a session ends as far in the
/// future as `MAX_CLOCK_SKEW` (a day), and events are admitted for `LATE_EVENT_GRACE` (five minutes) after that; the rest of
/// the second day is for the server, which deletes late when it has much to delete.
const MARGIN_DAYS: u32 = 2;
/// Chunks for each shard of an empty collection: the balancer can spread them over shards that come later without
/// splitting, and hashed ids fill them evenly.
const CHUNKS_PER_SHARD: u32 = 4;

/// What a deployment must have.
#[derive(Clone, Debug)]
pub struct Declared {
    /// The collections, with the release's indexes and the deployment's.
    pub collections: Vec<Collection>,
    /// The deployment's indexes, by collection.
    pub added: Vec<(&'static str, Index)>,
    /// What cannot be added, each with a remedy.
    pub faults: Vec<Finding>,
    /// The additions as they were written.
    pub declaration: Declaration,
}

impl Declared {
    /// What the release declares with these additions. It lives as long as the program, as the release's own does, so it is
    /// made once at the start.
    #[must_use]
    pub fn of(declaration: Declaration) -> Self {
        let mut faults = check::settings(&declaration);
        let mut added: Vec<(&'static str, Index)> = Vec::new();
        if let Some(days) = declaration.retention.map(|kept| kept.days).filter(|days| check::is_retention(*days)) {
            added.extend([(EVENTS, of_events(days)), (SESSIONS, of_sessions(days))]);
        }
        for (at, index) in declaration.indexes.iter().enumerate() {
            match check::index(at, index, &added) {
                Ok(collection) => added.push((collection, made(index))),
                Err(found) => faults.extend(found),
            }
        }
        let collections = DECLARED.iter().map(|release| with(release, &added)).collect();
        Self { collections, added, faults, declaration }
    }

    /// What the release alone declares.
    #[must_use]
    pub fn by_release() -> Self {
        Self::of(Declaration::default())
    }

    /// A hash of the deployment's indexes, if there are any. It is recorded beside the version: what is missing although it
    /// was recorded was removed by hand.
    #[must_use]
    pub fn additions(&self) -> Option<String> {
        let mut lines: Vec<String> =
            self.added.iter().map(|(collection, index)| format!("{collection}.{} {index}\n", index.name)).collect();
        lines.sort_unstable();
        let hash = || Sha256::digest(lines.concat()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        (!lines.is_empty()).then(hash)
    }

    /// Whether it is the deployment and not the release that asks for this.
    #[must_use]
    pub fn adds(&self, action: &Action) -> bool {
        match action {
            Action::CreateIndex { collection, index, .. } | Action::SetExpiry { collection, index, .. } => {
                self.added.iter().any(|(of, added)| of == collection && added.name == index)
            }
            Action::PinToZone { .. } => true,
            _ => false,
        }
    }

    /// What a plan may do by the command line and by the declaration. The command line's zone wins.
    #[must_use]
    pub fn options(&self, flags: &PlanOptions) -> PlanOptions {
        let mut options = flags.clone();
        options.allow_drop.extend(self.declaration.allow_drop.iter().cloned());
        options.ignore_index_use |= self.declaration.ignore_index_use;
        options.zone = options.zone.or_else(|| self.declaration.zone.clone());
        options
    }

    /// Chunks for each shard of an empty collection.
    #[must_use]
    pub fn chunks_per_shard(&self) -> u32 {
        self.declaration.chunks_per_shard.unwrap_or(CHUNKS_PER_SHARD)
    }
}

fn with(release: &Collection, added: &[(&'static str, Index)]) -> Collection {
    let more = added.iter().filter(|(collection, _)| *collection == release.name).map(|(_, index)| *index);
    let indexes: Vec<Index> = release.indexes.iter().copied().chain(more).collect();
    Collection { indexes: indexes.leak(), ..*release }
}

fn made(index: &AdditionalIndex) -> Index {
    let AdditionalIndex { collection: _, name, keys, sparse, unique } = index;
    Index {
        name: name.clone().leak(),
        keys: keys.iter().map(kept).collect::<Vec<_>>().leak(),
        unique: *unique,
        sparse: *sparse,
        expire_after: None,
        filter: None,
    }
}

fn kept(Key { field, order }: &Key) -> (&'static str, KeyKind) {
    (field.clone().leak(), kind(*order))
}

pub(super) fn kind(order: Order) -> KeyKind {
    match order {
        Order::Ascending => Ascending,
        Order::Descending => Descending,
        Order::Hashed => Hashed,
    }
}

/// By the server's own clock, so that no client can have an event deleted at once or kept for ever.
fn of_events(days: u32) -> Index {
    Index {
        name: RETENTION,
        keys: &[("receivedAt", Ascending)],
        unique: false,
        sparse: false,
        expire_after: Some(DAY * days),
        filter: None,
    }
}

/// By the server's own clock too. `endedAt` may be a client's word: history that is imported with an end years ago would be
/// deleted within a minute, and its events, received today, would outlive it. A session that has ended is not changed any
/// more, so that `updatedAt` is when the service learned of its end.
fn of_sessions(days: u32) -> Index {
    Index {
        keys: &[("updatedAt", Ascending)],
        expire_after: Some(DAY * (days + MARGIN_DAYS)),
        filter: Some(ended),
        ..of_events(days)
    }
}

/// Neither open sessions, whose `endedAt` is null, nor tombstones, which have none.
fn ended() -> Document {
    doc! { "endedAt": { "$type": "date" } }
}
