//! Which shard a document or a query belongs to, and the versions that tell the shard by what that was decided.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::raw::RawBsonRef;
use mongodb::bson::{Bson, Document, RawDocument, Timestamp, doc};

use super::failure::{Failure, NAMESPACE_NOT_SHARDED};
use super::hash::{compare_lists, hash};
use super::message::Fields;

const ZERO: Timestamp = Timestamp { time: 0, increment: 0 };

/// Where the documents of one namespace are.
#[derive(Debug)]
pub(super) struct Route {
    /// The shard of the database that has what is not distributed.
    pub(super) primary: String,
    database_version: Option<Bson>,
    pub(super) sharding: Option<Sharding>,
}

/// How a collection is distributed.
#[derive(Debug)]
pub(super) struct Sharding {
    pub(super) key: Document,
    pub(super) epoch: ObjectId,
    pub(super) timestamp: Timestamp,
    /// In the order of the shard key.
    pub(super) chunks: Vec<Placed>,
    versions: BTreeMap<String, Timestamp>,
}

/// A range of shard-key values and the shard that has it.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) min: Document,
    pub(super) max: Document,
    pub(super) shard: String,
}

impl Route {
    /// From an entry of `config.databases`, or none for the databases of the cluster itself.
    pub(super) fn new(primary: &str, database: Option<&Document>, sharding: Option<Sharding>) -> Self {
        let database_version = database.and_then(|entry| entry.get("version").cloned());
        Self { primary: primary.to_owned(), database_version, sharding }
    }

    /// The shards that have documents of the namespace.
    pub(super) fn shards(&self) -> Vec<String> {
        match &self.sharding {
            Some(sharding) => sharding.versions.keys().cloned().collect(),
            None => vec![self.primary.clone()],
        }
    }

    /// The shard that has the smallest shard-key values, which is asked for what all shards know.
    pub(super) fn first_shard(&self) -> String {
        let first = self.sharding.as_ref().and_then(|sharding| sharding.chunks.first());
        first.map_or_else(|| self.primary.clone(), |chunk| chunk.shard.clone())
    }

    /// The fields by which a shard can tell whether this route still holds; without them it would not check.
    pub(super) fn versions(&self, shard: &str) -> Result<Fields, Failure> {
        let Some(sharding) = &self.sharding else {
            let Some(version) = &self.database_version else { return Ok(Fields::default()) };
            let unsharded = doc! { "e": ObjectId::from_bytes([0; 12]), "t": ZERO, "v": ZERO };
            return Fields::try_from(doc! { "shardVersion": unsharded, "databaseVersion": version });
        };
        let version = sharding.versions.get(shard).copied().unwrap_or(ZERO);
        Fields::try_from(doc! { "shardVersion": { "e": sharding.epoch, "t": sharding.timestamp, "v": version } })
    }

    /// The field by which the primary shard can tell whether it still is.
    pub(super) fn database_version(&self) -> Option<&Bson> {
        self.database_version.as_ref()
    }

    pub(super) fn require_sharding(&self, namespace: &str) -> Result<&Sharding, Failure> {
        let refusal = || Failure::new(NAMESPACE_NOT_SHARDED, format!("namespace {namespace} is not sharded"));
        self.sharding.as_ref().ok_or_else(refusal)
    }

    /// The shard that a document belongs to. A field that it lacks counts as null.
    pub(super) fn of_document(&self, document: &RawDocument) -> Result<String, Failure> {
        let Some(sharding) = &self.sharding else { return Ok(self.primary.clone()) };
        Ok(sharding.owner(&sharding.key_of(document)?).shard.clone())
    }

    /// The one shard that a query can match on, if the query fixes the whole shard key.
    pub(super) fn of_query(&self, query: &RawDocument) -> Result<Option<String>, Failure> {
        let Some(sharding) = &self.sharding else { return Ok(Some(self.primary.clone())) };
        let mut values = Document::new();
        for field in sharding.key.keys() {
            let Some(value) = equality(query, field)? else { return Ok(None) };
            values.insert(field, value);
        }
        Ok(Some(sharding.owner(&sharding.hashed(values)?).shard.clone()))
    }
}

impl Sharding {
    /// From an entry of `config.collections` and those of its chunks.
    pub(super) fn new(collection: &Document, chunks: &[Document]) -> Result<Self, Failure> {
        let damaged = |_| Failure::new(8, "an entry of the catalogue lacks a field");
        let mut versions: BTreeMap<String, Timestamp> = BTreeMap::new();
        let mut placed = Vec::new();
        for chunk in chunks {
            let shard = chunk.get_str("shard").map_err(damaged)?.to_owned();
            let version = versions.entry(shard.clone()).or_insert(ZERO);
            *version = chunk.get_timestamp("lastmod").map_err(damaged)?.max(*version);
            let bound = |name| chunk.get_document(name).cloned().map_err(damaged);
            placed.push(Placed { min: bound("min")?, max: bound("max")?, shard });
        }
        if placed.is_empty() {
            // The two entries were read one after the other, and the collection was changed in between.
            return Err(Failure::new(super::failure::STALE_CONFIG, "a collection without chunks"));
        }
        placed.sort_by(|left, right| compare_keys(&left.min, &right.min));
        Ok(Self {
            key: collection.get_document("key").map_err(damaged)?.clone(),
            epoch: collection.get_object_id("lastmodEpoch").map_err(damaged)?,
            timestamp: collection.get_timestamp("timestamp").map_err(damaged)?,
            chunks: placed,
            versions,
        })
    }

    /// The chunk that has these values, given as the shard key's index has them.
    pub(super) fn owner(&self, values: &Document) -> &Placed {
        let after = self.chunks.partition_point(|chunk| compare_keys(&chunk.min, values).is_le());
        &self.chunks[after.saturating_sub(1)]
    }

    /// The values of a document, as the shard key's index has them.
    pub(super) fn key_of(&self, document: &RawDocument) -> Result<Document, Failure> {
        let mut values = Document::new();
        for field in self.key.keys() {
            values.insert(field, path(document, field)?.unwrap_or(Bson::Null));
        }
        self.hashed(values)
    }

    /// Values of a document as the shard key's index has them.
    fn hashed(&self, values: Document) -> Result<Document, Failure> {
        let hashed = |field: &str| self.key.get_str(field).is_ok_and(|kind| kind == "hashed");
        let value = |(field, value): (String, Bson)| match hashed(&field) {
            true => Ok((field, Bson::Int64(hash(&value)?))),
            false => Ok((field, value)),
        };
        values.into_iter().map(value).collect()
    }
}

fn compare_keys(left: &Document, right: &Document) -> Ordering {
    compare_lists(left.values(), right.values())
}

/// The value at a dotted path.
fn path(document: &RawDocument, path: &str) -> Result<Option<Bson>, Failure> {
    match document.get(path)? {
        Some(value) => Ok(Some(value.try_into()?)),
        None => match path.split_once('.') {
            None => Ok(None),
            Some((first, rest)) => match document.get(first)? {
                Some(RawBsonRef::Document(inner)) => self::path(inner, rest),
                _ => Ok(None),
            },
        },
    }
}

/// The value that a query demands of the field at a dotted path, if it demands one exactly.
pub(super) fn equality(query: &RawDocument, field: &str) -> Result<Option<Bson>, Failure> {
    for element in query {
        let (key, value) = element?;
        let key = key.as_str();
        let demanded = match value {
            RawBsonRef::Array(conditions) if key == "$and" => {
                let mut demanded = None;
                for condition in conditions {
                    if let (None, RawBsonRef::Document(condition)) = (&demanded, condition?) {
                        demanded = equality(condition, field)?;
                    }
                }
                demanded
            }
            RawBsonRef::Document(condition) if key == field && is_operators(condition) => operand(condition)?,
            RawBsonRef::RegularExpression(_) => None,
            value if key == field => Some(value.try_into()?),
            RawBsonRef::Document(value) if !is_operators(value) => {
                let inner = field.strip_prefix(key).and_then(|rest| rest.strip_prefix('.'));
                inner.map(|inner| path(value, inner)).transpose()?.flatten()
            }
            _ => None,
        };
        if demanded.is_some() {
            return Ok(demanded);
        }
    }
    Ok(None)
}

fn is_operators(condition: &RawDocument) -> bool {
    matches!(condition.iter().next(), Some(Ok((key, _))) if key.as_str().starts_with('$'))
}

fn operand(condition: &RawDocument) -> Result<Option<Bson>, Failure> {
    if let Some(value) = condition.get("$eq")? {
        return Ok(Some(value.try_into()?));
    }
    if let Some(RawBsonRef::Array(values)) = condition.get("$in")? {
        let mut values = Vec::<Bson>::try_from(values)?;
        return Ok(values.pop().filter(|_| values.is_empty()));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use mongodb::bson::raw::cstr;
    use mongodb::bson::{Bson, Document, RawDocumentBuf, Regex, Timestamp, doc, oid::ObjectId};

    use super::{Route, Sharding, equality};

    fn demanded(query: Document, field: &str) -> Option<Bson> {
        let query = RawDocumentBuf::try_from(query).expect("a document");
        equality(&query, field).expect("a query")
    }

    #[test]
    fn an_exact_value_is_found_however_the_query_says_it() {
        for query in [
            doc! { "k": 1 },
            doc! { "other": 2, "k": { "$eq": 1 } },
            doc! { "k": { "$in": [1] } },
            doc! { "$and": [{ "other": 2 }, { "k": 1 }] },
        ] {
            assert_eq!(demanded(query.clone(), "k"), Some(Bson::Int32(1)), "{query}");
        }
        assert_eq!(demanded(doc! { "a.b": 1 }, "a.b"), Some(Bson::Int32(1)));
        assert_eq!(demanded(doc! { "a": { "b": 1 } }, "a.b"), Some(Bson::Int32(1)));
    }

    #[test]
    fn what_more_than_one_value_can_match_is_not_taken_for_exact() {
        for query in [
            doc! {},
            doc! { "other": 1 },
            doc! { "k": { "$gt": 1 } },
            doc! { "k": { "$in": [1, 2] } },
            doc! { "k": Regex { pattern: cstr!("a").into(), options: cstr!("").into() } },
            doc! { "$or": [{ "k": 1 }, { "other": 2 }] },
        ] {
            assert_eq!(demanded(query.clone(), "k"), None, "{query}");
        }
    }

    #[test]
    fn a_bound_belongs_to_the_chunk_that_begins_with_it() {
        let collection = doc! {
            "key": { "k": 1 },
            "lastmodEpoch": ObjectId::from_bytes([1; 12]),
            "timestamp": Timestamp { time: 1, increment: 1 },
        };
        let chunk = |min: Bson, max: Bson, shard: &str, major: u32| {
            let version = Timestamp { time: major, increment: 0 };
            doc! { "min": { "k": min }, "max": { "k": max }, "shard": shard, "lastmod": version }
        };
        let chunks = [chunk(10.into(), Bson::MaxKey, "b", 2), chunk(Bson::MinKey, 10.into(), "a", 1)];
        let sharding = Sharding::new(&collection, &chunks).expect("a collection");
        let route = Route::new("a", None, Some(sharding));
        for (value, shard) in [(Bson::Null, "a"), (9.into(), "a"), (10.into(), "b"), (Bson::from("text"), "b")] {
            let document = RawDocumentBuf::try_from(doc! { "k": &value }).expect("a document");
            assert_eq!(route.of_document(&document).ok().as_deref(), Some(shard), "{value}");
        }
        let version = route.versions("b").and_then(|fields| fields.to_document()).expect("versions");
        let version = version.get_document("shardVersion").and_then(|version| version.get_timestamp("v"));
        assert_eq!(version.ok(), Some(Timestamp { time: 2, increment: 0 }));
    }
}
