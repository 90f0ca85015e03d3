//! What a plan must not contain, whoever declared it.

use bson::DateTime;
use conversation_store::mongo::schema::{Collection, Index, KeyKind};

use super::Finding;
use crate::observe::Use;

/// How long an index must have been watched before it counts as unused.
const WATCHED_MILLIS: i64 = 7 * 24 * 3600 * 1000;

/// What is wrong with a declared collection.
pub(super) fn declaration(collection: &Collection) -> Vec<Finding> {
    let findings = collection.indexes.iter().flat_map(|index| {
        let hashed = index.keys.iter().filter(|(_, kind)| *kind == KeyKind::Hashed).count();
        let prefix = collection.shard_key.iter().zip(index.keys).all(|(key, field)| key.0 == field.0);
        [
            (index.unique && hashed > 0, "is unique and hashed, which no server can build", "leave out one of the two"),
            (
                index.unique && !prefix,
                "is unique without the shard key as its prefix, which no cluster can hold",
                "begin it with the shard key",
            ),
            (hashed > 1, "has two hashed fields, which no server can build", "hash one of them"),
            (
                index.expire_after.is_some() && index.keys.len() != 1,
                "expires by more than one field",
                "expire by one date",
            ),
            (
                index.expire_after.is_some() && !is_date(collection, index),
                "expires by a field that the validator does not hold to be a date",
                "declare the field as a date",
            ),
        ]
        .into_iter()
        .filter(|(wrong, _, _)| *wrong)
        .map(|(_, problem, remedy)| Finding {
            subject: format!("declared index {}.{}", collection.name, index.name),
            problem: problem.into(),
            remedy: remedy.into(),
        })
        .collect::<Vec<_>>()
    });
    findings.collect()
}

/// Whether the validator says, wherever it speaks of an index's first field, that it is a date.
fn is_date(collection: &Collection, index: &Index) -> bool {
    let validator = (collection.validator)().to_string();
    let Some((field, _)) = index.keys.first() else { return false };
    validator.contains(&format!("\"{field}\": {{ \"bsonType\": \"date\" }}"))
}

/// Why an index cannot be called unused, if it cannot.
pub(super) fn may_be_used(found: Option<&Use>) -> Option<String> {
    let Some(Use { operations, since }) = found else { return Some("its use is not known".into()) };
    if *operations > 0 {
        return Some(format!("it was used {operations} times since {since}"));
    }
    let watched = DateTime::now().timestamp_millis() - since.timestamp_millis();
    (watched < WATCHED_MILLIS).then(|| format!("its use is watched only since {since}, less than a week"))
}
