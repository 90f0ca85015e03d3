//! What a deployment may add, and what it is told when it may not.

use std::time::Duration;

use conversation_store::mongo::schema::{self, DECLARED};
use proptest::prelude::*;

use super::*;

const WHOLE: &str = r#"{"retention":{"days":90},"indexes":[{"collection":"sessions","name":"by_agent",
    "keys":[{"field":"metadata.agent","order":"ascending"}],"sparse":true}],
    "shardKeys":{"sessions":[{"field":"sessionId","order":"hashed"}]},"zone":{"name":"eu","shards":["a","b"]},
    "chunksPerShard":8,"allowDrop":["events.old"],"ignoreIndexUse":true}"#;

fn parsed(text: &str) -> Declaration {
    Declaration::parse(text).expect("a declaration")
}

fn faults(text: &str) -> Vec<String> {
    let faults = Declared::of(parsed(text)).faults;
    assert!(faults.iter().all(|fault| !fault.remedy.is_empty()), "{faults:?}");
    faults.into_iter().map(|fault| format!("{}: {}", fault.subject, fault.problem)).collect()
}

#[test]
fn all_that_can_be_declared_is_read_and_written_alike() {
    let declared = parsed(WHOLE);
    assert_eq!(parsed(&serde_json::to_string(&declared).expect("JSON")), declared);
    assert_eq!(Declared::of(declared).faults, []);
    assert!(parsed(" ").is_empty() && parsed("{}").is_empty());
}

#[test]
fn what_is_not_known_is_named_with_its_place() {
    for (text, expected) in [
        (r#"{"retantion":{"days":9}}"#, "unknown field `retantion`"),
        (r#"{"retention":{"days":9,"hours":2}}"#, "unknown field `hours`"),
        (r#"{"retention":{"days":-1}}"#, "retention.days"),
        (
            r#"{"indexes":[{"collection":"events","name":"i","keys":[{"field":"a","order":"up"}]}]}"#,
            "indexes[0].keys[0]",
        ),
        (r#"{"indexes":[{"name":"i","keys":[]}]}"#, "missing field `collection`"),
        ("[]", "its beginning"),
        ("{} {}", "its end"),
        ("retention: 9", "its beginning"),
        ("{", "the top"),
    ] {
        let told = Declaration::parse(text).expect_err(text).to_string();
        assert!(told.contains(expected) && told.contains("SCHEMA_DECLARATION"), "{expected} in {told}");
    }
}

#[test]
fn nothing_added_is_what_the_release_declares() {
    let declared = Declared::by_release();
    assert_eq!(declared.additions(), None);
    let names = |collection: &schema::Collection| collection.indexes.iter().map(|i| i.name).collect::<Vec<_>>();
    assert!(declared.collections.iter().map(names).eq(DECLARED.iter().map(names)));
}

#[test]
fn additions_join_the_indexes_of_the_release() {
    let declared = Declared::of(parsed(WHOLE));
    let told: Vec<String> = declared.added.iter().map(|(of, index)| format!("{of}.{} {index}", index.name)).collect();
    assert_eq!(
        told,
        [
            r#"events.retention { "receivedAt": 1 }, expiring after 7776000 s"#,
            r#"sessions.retention { "updatedAt": 1 }, expiring after 7948800 s, where { "endedAt": { "$type": "date" } }"#,
            r#"sessions.by_agent { "metadata.agent": 1 }, sparse"#,
        ]
    );
    for (collection, added) in &declared.added {
        let merged = declared.collections.iter().find(|merged| merged.name == *collection).expect("merged");
        assert!(merged.indexes.iter().any(|index| index.is(&added.model())), "{added}");
    }
    assert_eq!(declared.chunks_per_shard(), 8);
    assert_ne!(declared.additions(), Declared::of(parsed(&WHOLE.replace("90", "91"))).additions());
    assert_eq!(declared.additions(), Declared::of(parsed(&WHOLE.replace("events.old", "events.older"))).additions());
}

#[test]
fn what_cannot_be_added_is_refused_by_its_field() {
    let index = |fields: &str| format!(r#"{{"indexes":[{{"collection":"sessions","name":"i",{fields}}}]}}"#);
    let keys = r#""keys":[{"field":"a"}]"#;
    for (text, expected) in [
        (r#"{"retention":{"days":0}}"#.to_owned(), "retention.days"),
        (r#"{"retention":{"days":10001}}"#.to_owned(), "retention.days"),
        (r#"{"chunksPerShard":0}"#.to_owned(), "chunksPerShard"),
        (r#"{"chunksPerShard":1025}"#.to_owned(), "chunksPerShard"),
        (r#"{"zone":{"name":"eu","shards":[]}}"#.to_owned(), "zone"),
        (r#"{"allowDrop":["old"]}"#.to_owned(), "allowDrop[0]: old names no index"),
        (r#"{"allowDrop":["others.old"]}"#.to_owned(), "others is no collection"),
        (r#"{"shardKeys":{"events":[{"field":"eventId"}]}}"#.to_owned(), "reaches one shard"),
        (r#"{"shardKeys":{"others":[]}}"#.to_owned(), "others is no collection"),
        (index(keys).replace("sessions", "others"), "indexes[0].collection"),
        (index(keys).replace("\"i\"", "\"tenant_sessions\""), "indexes[0].name"),
        (index(keys).replace("\"i\"", "\"retention\""), "indexes[0].name"),
        (index(keys).replace("\"i\"", "\"a.b\""), "indexes[0].name"),
        (index(r#""keys":[]"#), "indexes[0].keys: an index has"),
        (index(r#""keys":[{"field":"a..b"}]"#), "indexes[0].keys[0].field"),
        (index(r#""keys":[{"field":"metadata.$**"}]"#), "indexes[0].keys[0].field"),
        (index(r#""keys":[{"field":"a"},{"field":"a"}]"#), "indexes[0].keys[1].field: a is there twice"),
        (index(r#""keys":[{"field":"sweepAfter"}]"#), "sessions.tombstone_sweep has these keys"),
        (index(r#""keys":[{"field":"metadata.a","order":"hashed"}]"#), "indexes[0].keys[0].order"),
        (index(&format!("{keys},\"unique\":true")), "indexes[0].unique"),
    ] {
        let told = faults(&text);
        assert!(told.len() == 1 && told[0].contains(expected), "{expected} in {told:?}");
    }
    let twice = r#"{"indexes":[{"collection":"events","name":"i","keys":[{"field":"a"}]},
        {"collection":"events","name":"i","keys":[{"field":"a"}]}]}"#;
    assert_eq!(faults(twice).len(), 2, "the second has the name and the keys of the first");
}

proptest! {
    #[test]
    fn a_session_outlives_its_events_by_two_days(days in 1..=MOST_DAYS) {
        let declared = Declared::of(Declaration { retention: Some(Retention { days }), ..Declaration::default() });
        let [(_, events), (_, sessions)] = &declared.added[..] else { panic!("{:?}", declared.added) };
        let (events, sessions) = (events.expire_after.expect("it expires"), sessions.expire_after.expect("it expires"));
        prop_assert_eq!(events, Duration::from_secs(u64::from(days) * 86_400));
        prop_assert_eq!(sessions.checked_sub(events), Some(Duration::from_secs(2 * 86_400)));
        prop_assert!(i32::try_from(sessions.as_secs()).is_ok(), "the server takes it");
    }

    #[test]
    fn whatever_is_declared_is_refused_or_added(text in "[a-z.$_]{0,6}", name in "[a-z_. ]{0,8}", days in 0_u32..20_000) {
        let index = AdditionalIndex {
            collection: "events".into(),
            name,
            keys: vec![Key { field: text, order: Order::Descending }],
            sparse: false,
            unique: false,
        };
        let retention = Some(Retention { days });
        let declared = Declared::of(Declaration { retention, indexes: vec![index], ..Declaration::default() });
        let refused = |field: &str| declared.faults.iter().any(|fault| fault.subject.contains(field));
        let added = |name: &str| declared.added.iter().any(|(_, index)| index.name == name);
        let name = declared.declaration.indexes[0].name.clone();
        prop_assert!(added(RETENTION) != refused("retention.days"));
        prop_assert!(name == RETENTION || added(&name) != refused("indexes[0]"));
    }
}

#[test]
fn the_example_of_the_document_is_a_declaration_with_every_field() {
    let document = include_str!("../../../docs/declaration.md");
    let (_, example) = document.split_once("```json\n").expect("an example");
    let (example, _) = example.split_once("```").expect("its end");
    assert_eq!(Declared::of(parsed(example)).faults, []);
    let written: serde_json::Value = serde_json::from_str(example).expect("JSON");
    let all = serde_json::to_value(parsed(WHOLE)).expect("JSON");
    let fields = |value: &serde_json::Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    let (mut written, mut all) = (fields(&written), fields(&all));
    written.sort_unstable();
    all.sort_unstable();
    assert_eq!(written, all);
}
