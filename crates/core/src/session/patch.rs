//! Changes to a session that is still open: its language, and a JSON merge patch (RFC 7396) on its metadata.

use serde_json::{Map, Value};
use thiserror::Error;

use crate::{
    JsonObject, Language, Rules, Session,
    json::{Bounds, InvalidJson},
};

/// What a client asks to change; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct SessionPatch {
    /// The language spoken.
    pub language: Option<Language>,
    /// What to do with the metadata.
    pub metadata: Option<MetadataPatch>,
}

/// A change of metadata.
#[derive(Clone, Debug)]
pub enum MetadataPatch {
    /// Removes all members.
    Clear,
    /// Merges: `null` members remove, objects merge, all else replaces.
    Merge(JsonObject),
}

/// Why a patch cannot be applied.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum InvalidPatch {
    /// The metadata would break a bound.
    #[error("after the merge, metadata {0}")]
    Metadata(InvalidJson),
}

impl SessionPatch {
    /// The language and metadata that `session` has after this patch.
    ///
    /// # Errors
    /// When the merged metadata breaks a bound.
    pub fn apply(&self, session: &Session, rules: &Rules) -> Result<(Language, JsonObject), InvalidPatch> {
        let language = self.language.clone().unwrap_or_else(|| session.language.clone());
        let metadata = match &self.metadata {
            None => session.metadata.clone(),
            Some(MetadataPatch::Clear) => JsonObject::empty(),
            Some(MetadataPatch::Merge(patch)) => {
                let mut merged = tree(&session.metadata);
                merge(&mut merged, tree(patch));
                let bounds = Bounds { bytes: rules.max_metadata_bytes, nesting: rules.max_nesting };
                JsonObject::parse(&merged.to_string(), bounds).map_err(InvalidPatch::Metadata)?.0
            }
        };
        Ok((language, metadata))
    }
}

fn tree(object: &JsonObject) -> Value {
    serde_json::from_str(object.as_str()).unwrap_or_default()
}

/// RFC 7396 section 2, to the letter.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(changes) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else { return };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(&name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_7396_come_out_as_printed_there() {
        let cases = [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, r"{}"),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"a":1,"e":null}"#),
            (r"{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        ];
        for (before, patch, after) in cases {
            let parse = |text: &str| -> Value { serde_json::from_str(text).expect("valid JSON") };
            let mut target = parse(before);
            merge(&mut target, parse(patch));
            assert_eq!(target, parse(after), "{before} + {patch}");
        }
    }
}
