//! The collections, indexes, shard keys and validators that this service needs, declared as data. The migrator plans with
//! the declaration, and the service answers its readiness by it.

mod observed;
mod validators;

use std::{fmt, time::Duration};

use bson::{Bson, Document};
use mongodb::{IndexModel, options::IndexOptions};
use sha2::{Digest as _, Sha256};

pub use observed::{Observed, ObservedCollection, missing, record};
pub(super) use observed::{apply_missing, observe};

/// The version of the declaration; a change of it is a new version.
pub const VERSION: i32 = 1;
/// The oldest version that this build of the service runs on: its own or the one before.
pub const OLDEST_USABLE: i32 = if VERSION > 1 { VERSION - 1 } else { VERSION };

/// The collection of sessions and tombstones.
pub const SESSIONS: &str = "sessions";
/// The collection of events.
pub const EVENTS: &str = "events";
/// The collection that the migrator keeps its lease, its journal and the applied version in.
pub const MIGRATIONS: &str = "migrations";
/// The `_id` of the applied version in [`MIGRATIONS`].
pub const SCHEMA_RECORD: &str = "schema";

/// How an index orders a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
    /// By a hash, which spreads ids that grow over all shards.
    Hashed,
}

/// The fields of an index or a shard key, in their order.
pub type Keys = &'static [(&'static str, KeyKind)];

/// An index that must be there.
#[derive(Clone, Copy, Debug)]
pub struct Index {
    /// Its name, by which it is created; one with the same keys and another name serves as well.
    pub name: &'static str,
    /// Its fields.
    pub keys: Keys,
    /// Whether no two documents of a shard may be equal in its fields.
    pub unique: bool,
    /// Whether it leaves out documents without its fields.
    pub sparse: bool,
    /// How long after the date in its field the server deletes a document, if it does.
    pub expire_after: Option<Duration>,
    /// Which documents it holds, where that is not all of them.
    pub filter: Option<fn() -> Document>,
}

/// A collection that must be there.
#[derive(Clone, Copy, Debug)]
pub struct Collection {
    /// Its name.
    pub name: &'static str,
    /// Its indexes besides the one on `_id`.
    pub indexes: &'static [Index],
    /// What a sharded cluster distributes it by.
    pub shard_key: Keys,
    /// What every document is.
    pub validator: fn() -> Document,
}

use KeyKind::{Ascending, Descending, Hashed};

const BY_SESSION: Keys = &[("sessionId", Hashed)];

const fn index(name: &'static str, keys: Keys) -> Index {
    Index { name, keys, unique: false, sparse: false, expire_after: None, filter: None }
}

/// All that must be there.
pub static DECLARED: &[Collection] = &[
    Collection {
        name: SESSIONS,
        indexes: &[
            index("session", BY_SESSION),
            index("tenant_sessions", &[("tenantId", Ascending), ("startedAt", Descending), ("sessionId", Ascending)]),
            index(
                "tenant_sessions_by_status",
                &[("tenantId", Ascending), ("status", Ascending), ("startedAt", Descending), ("sessionId", Ascending)],
            ),
            // Sparse, because only tombstones have these two fields and nearly all documents are sessions.
            Index {
                sparse: true,
                expire_after: Some(Duration::ZERO),
                ..index("tombstone_expiry", &[("expiresAt", Ascending)])
            },
            Index { sparse: true, ..index("tombstone_sweep", &[("sweepAfter", Ascending)]) },
        ],
        shard_key: BY_SESSION,
        validator: validators::session,
    },
    Collection {
        name: EVENTS,
        indexes: &[index(
            "timeline",
            &[("sessionId", Hashed), ("tenantId", Ascending), ("timestamp", Ascending), ("eventId", Ascending)],
        )],
        shard_key: BY_SESSION,
        validator: validators::event,
    },
];

/// A hash of the whole declaration: two builds with equal checksums declare the same.
#[must_use]
pub fn checksum() -> String {
    let mut hash = Sha256::new();
    for Collection { name, indexes, shard_key, validator } in DECLARED {
        hash.update(format!("{name}\n{}\n{}\n", document(shard_key), validator()));
        for index in *indexes {
            hash.update(format!("{} {index}\n", index.name));
        }
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

impl Index {
    /// Whether an index that is there is this one: by keys and options, not by name.
    #[must_use]
    pub fn is(&self, model: &IndexModel) -> bool {
        let options = model.options.as_ref();
        // Options that narrow an index would make it miss documents, whatever its keys are.
        let hidden = options.is_some_and(|o| o.hidden == Some(true));
        same_keys(&document(self.keys), &model.keys)
            && !hidden
            && options.and_then(|o| o.partial_filter_expression.clone()) == self.filter.map(|filter| filter())
            && options.and_then(|o| o.unique).unwrap_or(false) == self.unique
            && options.and_then(|o| o.sparse).unwrap_or(false) == self.sparse
            && options.and_then(|o| o.expire_after) == self.expire_after
    }

    /// After how long an index deletes documents that is this one but for that, if it is there.
    #[must_use]
    pub fn other_expiry(&self, model: &IndexModel) -> Option<Duration> {
        let there = model.options.as_ref()?.expire_after?;
        let but_for_it = Self { expire_after: Some(there), ..*self };
        self.expire_after.filter(|declared| *declared != there && but_for_it.is(model)).map(|_| there)
    }

    /// The index as the driver creates it.
    #[must_use]
    pub fn model(&self) -> IndexModel {
        let options = IndexOptions::builder()
            .name(self.name.to_owned())
            .unique(self.unique.then_some(true))
            .sparse(self.sparse.then_some(true))
            .expire_after(self.expire_after)
            .partial_filter_expression(self.filter.map(|filter| filter()))
            .build();
        IndexModel::builder().keys(document(self.keys)).options(options).build()
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", document(self.keys))?;
        for (applies, word) in [(self.unique, ", unique"), (self.sparse, ", sparse")] {
            f.write_str(if applies { word } else { "" })?;
        }
        self.expire_after.map_or(Ok(()), |after| write!(f, ", expiring after {} s", after.as_secs()))?;
        self.filter.map_or(Ok(()), |filter| write!(f, ", where {}", filter()))
    }
}

/// Keys as the server writes them.
#[must_use]
pub fn document(keys: Keys) -> Document {
    let kind = |kind| match kind {
        Ascending => Bson::Int32(1),
        Descending => Bson::Int32(-1),
        Hashed => Bson::from("hashed"),
    };
    keys.iter().map(|(field, of)| ((*field).to_owned(), kind(*of))).collect()
}

/// Whether two key documents say the same, in the same order; a server may give a direction as any kind of number.
#[must_use]
pub fn same_keys(declared: &Document, observed: &Document) -> bool {
    let plain = |value: &Bson| match value {
        Bson::Int64(number) => Bson::Double(*number as f64),
        Bson::Int32(number) => Bson::Double(f64::from(*number)),
        other => other.clone(),
    };
    let listed = |keys: &Document| keys.iter().map(|(field, kind)| (field.clone(), plain(kind))).collect::<Vec<_>>();
    listed(declared) == listed(observed)
}

#[cfg(test)]
mod tests;
