//! What is missing is found by keys and options, not by name.

use std::collections::BTreeMap;

use bson::doc;

use super::*;

fn as_declared(sharded: bool) -> Observed {
    let observed = |collection: &Collection| ObservedCollection {
        indexes: collection.indexes.iter().map(Index::model).collect(),
        shard_key: sharded.then(|| document(collection.shard_key)),
    };
    let collections = DECLARED.iter().map(|c| (c.name.to_owned(), observed(c))).collect();
    Observed { sharded, version: Some(VERSION), collections }
}

#[test]
fn nothing_is_missing_from_what_is_as_declared() {
    assert_eq!(missing(DECLARED, &as_declared(false)), Vec::<String>::new());
    assert_eq!(missing(DECLARED, &as_declared(true)), Vec::<String>::new());
}

#[test]
fn everything_is_missing_from_an_empty_database() {
    let all = missing(DECLARED, &Observed { sharded: true, version: None, collections: BTreeMap::new() });
    assert_eq!(all.len(), 1 + 5 + 1 + 1 + 1, "{all:#?}");
    assert!(all.iter().any(|text| text.contains("timeline") && text.contains("events")), "{all:#?}");
}

#[test]
fn an_index_is_known_by_its_keys_and_options() {
    let mut observed = as_declared(false);
    let sessions = observed.collections.get_mut(SESSIONS).expect("declared");
    for model in &mut sessions.indexes {
        model.options.get_or_insert_default().name = Some("another".into());
        model.keys = model
            .keys
            .iter()
            .map(|(field, kind)| (field.clone(), kind.as_i32().map_or(kind.clone(), |n| Bson::Double(f64::from(n)))))
            .collect();
    }
    assert_eq!(missing(DECLARED, &observed), Vec::<String>::new());
    let sessions = observed.collections.get_mut(SESSIONS).expect("declared");
    for model in &mut sessions.indexes {
        model.options.get_or_insert_default().expire_after = Some(Duration::from_secs(1));
    }
    assert_eq!(missing(DECLARED, &observed).len(), 5);
}

#[test]
fn the_order_of_the_fields_counts() {
    assert!(!same_keys(&doc! { "a": 1, "b": 1 }, &doc! { "b": 1, "a": 1 }));
    assert!(same_keys(&doc! { "a": 1, "b": -1 }, &doc! { "a": 1_i64, "b": -1.0 }));
    assert!(!same_keys(&doc! { "a": 1 }, &doc! { "a": "hashed" }));
}

#[test]
fn a_build_runs_on_its_own_version_the_one_before_and_later_ones() {
    let with = |version| missing(DECLARED, &Observed { version, ..as_declared(false) });
    for usable in [OLDEST_USABLE, VERSION, VERSION + 1] {
        assert_eq!(with(Some(usable)), Vec::<String>::new());
    }
    for unusable in [None, Some(OLDEST_USABLE - 1)] {
        assert!(with(unusable)[0].contains("conversation-migrator apply"), "{unusable:?}");
    }
}

#[test]
fn the_checksum_is_that_of_the_release() {
    // Deployments have recorded it, and compare it with that of the migrator that they run.
    assert_eq!(checksum(), "23e596b77b26a1ef");
}

#[test]
fn another_expiry_alone_makes_another_index_that_can_be_changed_to_this_one() {
    let expiring = Index { expire_after: Some(Duration::from_secs(60)), ..index("i", &[("at", Ascending)]) };
    let later = Index { expire_after: Some(Duration::from_secs(90)), ..expiring };
    assert!(!expiring.is(&later.model()));
    assert_eq!(expiring.other_expiry(&later.model()), Some(Duration::from_secs(90)));
    assert_eq!(expiring.other_expiry(&expiring.model()), None, "it is the same");
    assert_eq!(expiring.other_expiry(&Index { sparse: true, ..later }.model()), None, "it is sparse, too");
    assert_eq!(expiring.other_expiry(&index("i", &[("at", Ascending)]).model()), None, "that one deletes nothing");
}

#[test]
fn an_index_of_some_documents_is_known_by_which_they_are() {
    let all = index("i", &[("at", Ascending)]);
    let some = Index { filter: Some(|| doc! { "at": { "$type": "date" } }), ..all };
    assert!(some.is(&some.model()));
    assert!(!some.is(&all.model()) && !all.is(&some.model()));
    assert!(some.to_string().ends_with(r#", where { "at": { "$type": "date" } }"#), "{some}");
}
