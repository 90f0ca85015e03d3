//! What cannot be added to the release's declaration, each with its field, the reason and a remedy. What no server can build
//! is found by the planner's own lint.

use conversation_store::mongo::schema::{self, Collection, DECLARED, Index};

use super::{
    AdditionalIndex, Declaration, Key, Order,
    merge::{RETENTION, kind},
};
use crate::{cli::Zone, plan::Finding};

/// The longest retention in days; the server counts seconds in 31 bits.
pub const MOST_DAYS: u32 = 10_000;
/// The most chunks for each shard; a server takes 8192 and gains nothing by them.
pub const MOST_CHUNKS: u32 = 1_024;
/// The most fields that a server takes in one index.
const MOST_FIELDS: usize = 32;
/// The longest name of an index; every finding and step carries it.
const LONGEST_NAME: usize = 64;
/// What clients write as they like.
const FREE_FORM: [&str; 2] = ["metadata", "payload"];

pub(super) fn is_retention(days: u32) -> bool {
    (1..=MOST_DAYS).contains(&days)
}

fn fault(field: impl std::fmt::Display, problem: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { subject: format!("declaration: {field}"), problem: problem.into(), remedy: remedy.into() }
}

fn collection(name: &str) -> Option<&'static Collection> {
    DECLARED.iter().find(|declared| declared.name == name)
}

fn unknown(field: impl std::fmt::Display, name: &str) -> Finding {
    let names: Vec<&str> = DECLARED.iter().map(|declared| declared.name).collect();
    fault(field, format!("{name} is no collection of the service"), format!("name {}", names.join(" or ")))
}

/// Everything but the indexes.
pub(super) fn settings(declaration: &Declaration) -> Vec<Finding> {
    let Declaration { retention, indexes: _, shard_keys, zone, chunks_per_shard, allow_drop, ignore_index_use: _ } =
        declaration;
    let mut faults = Vec::new();
    if let Some(days) = retention.map(|kept| kept.days).filter(|days| !is_retention(*days)) {
        let remedy = format!("write 1 to {MOST_DAYS} days, or leave out retention to keep everything");
        faults.push(fault("retention.days", format!("{days} days cannot be"), remedy));
    }
    for (name, keys) in shard_keys {
        faults.extend(shard_key(name, keys));
    }
    if let Some(Zone { name, shards }) = zone
        && (name.trim().is_empty() || shards.is_empty() || shards.iter().any(|shard| shard.trim().is_empty()))
    {
        faults.push(fault("zone", "a name or a shard is missing", "name the zone and at least one shard"));
    }
    if let Some(chunks) = chunks_per_shard.filter(|chunks| !(1..=MOST_CHUNKS).contains(chunks)) {
        let remedy = format!("write 1 to {MOST_CHUNKS}, or leave it out");
        faults.push(fault("chunksPerShard", format!("{chunks} chunks for each shard cannot be"), remedy));
    }
    for (at, name) in allow_drop.iter().enumerate() {
        let field = format!("allowDrop[{at}]");
        match name.split_once('.') {
            Some((of, index)) if collection(of).is_some() && !index.is_empty() => {}
            Some((of, index)) if !index.is_empty() => faults.push(unknown(field, of)),
            _ => faults.push(fault(field, format!("{name} names no index"), "write COLLECTION.INDEX")),
        }
    }
    faults
}

fn shard_key(name: &str, keys: &[Key]) -> Option<Finding> {
    let field = format!("shardKeys.{name}");
    let Some(release) = collection(name) else { return Some(unknown(field, name)) };
    let same = keys.len() == release.shard_key.len()
        && keys.iter().zip(release.shard_key).all(|(key, own)| (key.field.as_str(), kind(key.order)) == *own);
    let own = schema::document(release.shard_key);
    (!same).then(|| {
        fault(
            field,
            format!("this release distributes {name} by {own}: every query on one session reaches one shard by it"),
            "leave it out or write the release's own",
        )
    })
}

/// Checks an index against the release's and those `added` before it. Returns the collection.
pub(super) fn index(
    at: usize,
    index: &AdditionalIndex,
    added: &[(&'static str, Index)],
) -> Result<&'static str, Vec<Finding>> {
    let AdditionalIndex { collection: of, name, keys, sparse: _, unique } = index;
    let place = |field: &str| format!("indexes[{at}].{field}");
    let Some(release) = collection(of) else { return Err(vec![unknown(place("collection"), of)]) };
    let mut faults = Vec::new();
    let there = || {
        let added = added.iter().filter(|(collection, _)| *collection == release.name).map(|(_, index)| index);
        release.indexes.iter().chain(added)
    };
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(letters) {
        let remedy = format!("write 1 to {LONGEST_NAME} letters, digits, _ or -");
        faults.push(fault(place("name"), format!("{name:?} cannot be the name of an index"), remedy));
    } else if name == RETENTION || name == "_id_" || there().any(|other| other.name == name) {
        let problem = format!("{of} has an index {name} already, or keeps that name for itself");
        faults.push(fault(place("name"), problem, "choose another name"));
    }
    if *unique {
        let problem = "the service knows a repeated write by _id alone, and would call one that this index refuses in doubt for ever";
        faults.push(fault(place("unique"), problem, "leave it out"));
    }
    faults.extend(fields(keys, &place));
    let as_kept = |other: &&Index| {
        other.keys.len() == keys.len()
            && other.keys.iter().zip(keys).all(|(own, key)| *own == (key.field.as_str(), kind(key.order)))
    };
    if let Some(other) = there().find(as_kept) {
        let problem = format!("{of}.{} has these keys already", other.name);
        faults.push(fault(place("keys"), problem, "leave this index out"));
    }
    if faults.is_empty() { Ok(release.name) } else { Err(faults) }
}

fn fields(keys: &[Key], place: &impl Fn(&str) -> String) -> Vec<Finding> {
    let mut faults = Vec::new();
    if keys.is_empty() || keys.len() > MOST_FIELDS {
        let problem = format!("an index has 1 to {MOST_FIELDS} fields");
        faults.push(fault(place("keys"), problem, "name the fields that queries fix, then those that they order by"));
    }
    for (number, Key { field, order }) in keys.iter().enumerate() {
        let place = place(&format!("keys[{number}]"));
        if field.split('.').any(|part| part.is_empty() || part.contains(['$', '\0'])) {
            let problem = format!("{field:?} is no path to a field");
            faults.push(fault(format!("{place}.field"), problem, "write a path such as metadata.agent"));
        }
        if keys[..number].iter().any(|earlier| earlier.field == *field) {
            faults.push(fault(format!("{place}.field"), format!("{field} is there twice"), "leave out one"));
        }
        let root = field.split('.').next().unwrap_or_default();
        if *order == Order::Hashed && FREE_FORM.contains(&root) {
            let problem =
                format!("a server refuses to store an array in a hashed field, and {field} is as clients like");
            faults.push(fault(format!("{place}.order"), problem, "write ascending"));
        }
    }
    faults
}
