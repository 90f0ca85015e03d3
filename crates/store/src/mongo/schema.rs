//! The collections and indexes that this service needs, declared as data, and what of them a database lacks.
//! The migrator plans with the declaration, the service answers its readiness by it; only for development does
//! [`apply_missing`] create anything.

use std::{collections::BTreeMap, fmt, time::Duration};

use bson::{Bson, Document, doc};
use futures_util::TryStreamExt as _;
use mongodb::{Client, Database, IndexModel, options::IndexOptions};

use super::{
    errors::{self, NAMESPACE_NOT_FOUND},
    run::{Fault, call},
};

/// The collection of sessions and tombstones.
pub const SESSIONS: &str = "sessions";
/// The collection of events.
pub const EVENTS: &str = "events";

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
    /// Whether it leaves out documents without its fields.
    pub sparse: bool,
    /// How long after the date in its field the server deletes a document, if it does.
    pub expire_after: Option<Duration>,
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
}

use KeyKind::{Ascending, Descending, Hashed};

const BY_SESSION: Keys = &[("sessionId", Hashed)];

const fn index(name: &'static str, keys: Keys) -> Index {
    Index { name, keys, sparse: false, expire_after: None }
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
    },
    Collection {
        name: EVENTS,
        indexes: &[index(
            "timeline",
            &[("sessionId", Hashed), ("tenantId", Ascending), ("timestamp", Ascending), ("eventId", Ascending)],
        )],
        shard_key: BY_SESSION,
    },
];

/// What a database has.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Whether it is on a sharded cluster.
    pub sharded: bool,
    /// The collections that exist, of those declared.
    pub collections: BTreeMap<String, ObservedCollection>,
}

/// What a collection has.
#[derive(Clone, Debug, Default)]
pub struct ObservedCollection {
    /// Its indexes.
    pub indexes: Vec<IndexModel>,
    /// What it is distributed by, if it is.
    pub shard_key: Option<Document>,
}

/// What is declared and not observed, each in words for an operator.
#[must_use]
pub fn missing(declared: &[Collection], observed: &Observed) -> Vec<String> {
    let mut missing = Vec::new();
    for collection in declared {
        let name = collection.name;
        let nothing = ObservedCollection::default();
        let there = observed.collections.get(name).unwrap_or(&nothing);
        let lacking = collection.indexes.iter().filter(|index| !there.indexes.iter().any(|model| index.is(model)));
        missing.extend(lacking.map(|index| format!("index {} of {name}: {index}", index.name)));
        let key = document(collection.shard_key);
        if observed.sharded && !there.shard_key.as_ref().is_some_and(|observed| same_keys(&key, observed)) {
            missing.push(format!("shard key of {name}: {key}"));
        }
    }
    missing
}

impl Index {
    fn is(&self, model: &IndexModel) -> bool {
        let options = model.options.as_ref();
        // Options that narrow an index would make it miss documents, whatever its keys are.
        let narrowed = options.is_some_and(|o| o.partial_filter_expression.is_some() || o.hidden == Some(true));
        same_keys(&document(self.keys), &model.keys)
            && !narrowed
            && options.and_then(|o| o.sparse).unwrap_or(false) == self.sparse
            && options.and_then(|o| o.expire_after) == self.expire_after
    }

    fn model(&self) -> IndexModel {
        let options = IndexOptions::builder()
            .name(self.name.to_owned())
            .sparse(self.sparse.then_some(true))
            .expire_after(self.expire_after)
            .build();
        IndexModel::builder().keys(document(self.keys)).options(options).build()
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", document(self.keys))?;
        if self.sparse {
            f.write_str(", sparse")?;
        }
        self.expire_after.map_or(Ok(()), |after| write!(f, ", expiring after {} s", after.as_secs()))
    }
}

fn document(keys: Keys) -> Document {
    let kind = |kind| match kind {
        Ascending => Bson::Int32(1),
        Descending => Bson::Int32(-1),
        Hashed => Bson::from("hashed"),
    };
    keys.iter().map(|(field, of)| ((*field).to_owned(), kind(*of))).collect()
}

/// Whether two key documents say the same, in the same order; a server may give a direction as any kind of number.
fn same_keys(declared: &Document, observed: &Document) -> bool {
    let plain = |value: &Bson| match value {
        Bson::Int64(number) => Bson::Double(*number as f64),
        Bson::Int32(number) => Bson::Double(f64::from(*number)),
        other => other.clone(),
    };
    let listed = |keys: &Document| keys.iter().map(|(field, kind)| (field.clone(), plain(kind))).collect::<Vec<_>>();
    listed(declared) == listed(observed)
}

/// Looks at what the database has of what is declared.
pub(super) async fn observe(
    client: &Client,
    database: &Database,
    sharded: bool,
    limit: Duration,
) -> Result<Observed, Fault> {
    let mut observed = Observed { sharded, collections: BTreeMap::new() };
    for collection in DECLARED {
        let Some(indexes) = indexes(database, collection.name, limit).await? else { continue };
        let shard_key = if sharded { shard_key(client, database, collection.name, limit).await? } else { None };
        observed.collections.insert(collection.name.to_owned(), ObservedCollection { indexes, shard_key });
    }
    Ok(observed)
}

async fn indexes(database: &Database, name: &str, limit: Duration) -> Result<Option<Vec<IndexModel>>, Fault> {
    let collection = database.collection::<Document>(name);
    let listed = call(limit, async move { collection.list_indexes().max_time(limit).await?.try_collect().await }).await;
    match listed {
        Ok(indexes) => Ok(Some(indexes)),
        Err(Fault::Driver(error)) if errors::code(&error) == Some(NAMESPACE_NOT_FOUND) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// A router knows it from its configuration database only.
async fn shard_key(
    client: &Client,
    database: &Database,
    name: &str,
    limit: Duration,
) -> Result<Option<Document>, Fault> {
    let catalogue = client.database("config").collection::<Document>("collections");
    let namespace = format!("{}.{name}", database.name());
    let found = call(limit, async move { catalogue.find_one(doc! { "_id": namespace }).max_time(limit).await }).await?;
    Ok(found.and_then(|entry| entry.get_document("key").ok().cloned()))
}

/// Creates what is missing. For development and tests: on a large collection, index builds want to be planned.
pub(super) async fn apply_missing(
    client: &Client,
    database: &Database,
    observed: &Observed,
    limit: Duration,
) -> Result<(), Fault> {
    for collection in DECLARED {
        let (handle, indexes) = (database.collection::<Document>(collection.name), collection.indexes);
        call(limit, async move { handle.create_indexes(indexes.iter().map(Index::model)).await }).await?;
        let sharded = observed.collections.get(collection.name).is_some_and(|there| there.shard_key.is_some());
        if observed.sharded && !sharded {
            let admin = client.database("admin");
            let namespace = format!("{}.{}", database.name(), collection.name);
            let command = doc! { "shardCollection": namespace, "key": document(collection.shard_key) };
            call(limit, async move { admin.run_command(command).await }).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
