//! What a deployment adds to the schema that the release declares, as its operator writes it: one line of JSON, so that it
//! fits into a variable. [`Declared`] is what comes of both.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::Error as _};
use thiserror::Error;

use crate::cli::Zone;

mod check;
mod merge;

pub use check::{MOST_CHUNKS, MOST_DAYS};
pub use merge::{Declared, RETENTION};

/// A deployment's additions. A field that is not known is refused by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Declaration {
    /// How long events and ended sessions are kept, if not for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// Indexes besides those of the release.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<AdditionalIndex>,
    /// What collections are distributed by. Only checked: it is the release's to say.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub shard_keys: BTreeMap<String, Vec<Key>>,
    /// The shards that the whole database is kept on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// Chunks for each shard of a collection that is distributed while it is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunks_per_shard: Option<u32>,
    /// Indexes that are not declared and may be dropped, as `COLLECTION.INDEX`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_drop: Vec<String>,
    /// Whether these may be dropped although queries may still use them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ignore_index_use: bool,
}

/// How long documents are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Retention {
    /// Days after the service received an event until the server deletes it.
    pub days: u32,
}

/// An index besides those of the release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdditionalIndex {
    /// Where.
    pub collection: String,
    /// Its name.
    pub name: String,
    /// Its fields, in their order.
    pub keys: Vec<Key>,
    /// Whether it leaves out documents without its fields.
    #[serde(default)]
    pub sparse: bool,
    /// Known so that it can be refused with the reason.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
}

/// A field of an index or a shard key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Key {
    /// Its path, such as `metadata.agent`.
    pub field: String,
    /// How it is ordered.
    #[serde(default)]
    pub order: Order,
}

/// How a field is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Order {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
    /// By a hash.
    Hashed,
}

/// A declaration that cannot be read.
#[derive(Debug, Error)]
#[error("the declaration cannot be read at {place}: {cause}; correct --declaration or SCHEMA_DECLARATION")]
pub struct Unreadable {
    place: String,
    cause: serde_json::Error,
}

impl Declaration {
    /// Reads a declaration. One that is blank adds nothing.
    ///
    /// # Errors
    /// When it is no JSON, or has a field or a type that is not known, with its place.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let unreadable = |place: &str, cause| Unreadable { place: place.to_owned(), cause };
        // A list would be taken as the fields in their order.
        if !text.trim_start().starts_with('{') {
            return Err(unreadable("its beginning", serde_json::Error::custom("expected an object in braces")));
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let read: Self = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let place = error.path().to_string();
            unreadable(if matches!(place.as_str(), "." | "?") { "the top" } else { &place }, error.into_inner())
        })?;
        json.end().map_err(|cause| unreadable("its end", cause))?;
        Ok(read)
    }

    /// Whether it adds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests;
