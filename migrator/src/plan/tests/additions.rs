//! What a deployment adds, and takes away again.

use super::*;
use crate::declaration::Declaration;

pub(super) const AGENT: &str = r#"{"indexes":[{"collection":"sessions","name":"by_agent",
    "keys":[{"field":"metadata.agent"}],"sparse":true}]}"#;
pub(super) const KEPT_90_DAYS: &str = r#"{"retention":{"days":90}}"#;

pub(super) fn declared(text: &str) -> Declared {
    Declared::of(Declaration::parse(text).expect("a declaration"))
}

/// A deployment that has what is declared, and so many documents in each collection.
pub(super) fn having(declared: &Declared, documents: u64) -> Observation {
    let mut observed = as_declared(false);
    observed.record = observed.record.map(|record| Record { additions: declared.additions(), ..record });
    for collection in &declared.collections {
        let found = observed.collections.get_mut(collection.name).expect("declared");
        found.indexes = collection.indexes.iter().map(Index::model).collect();
        found.documents = documents;
    }
    observed
}

fn build(declared: &Declared, observed: &Observation) -> Plan {
    super::build(declared, observed, &PlanOptions::default())
}

fn expiring(observed: &mut Observation, seconds: u64) {
    for model in &mut events(observed).indexes {
        let options = model.options.get_or_insert_default();
        options.expire_after = options.expire_after.map(|_| Duration::from_secs(seconds));
    }
}

#[test]
fn what_was_added_is_as_declared() {
    for text in [AGENT, KEPT_90_DAYS] {
        let declared = declared(text);
        let plan = build(&declared, &having(&declared, 7));
        assert_eq!((plan.exit(), ids(&plan)), (Exit::Clean, vec![]), "{text}");
    }
}

#[test]
fn an_addition_is_pending_until_it_was_applied_and_drift_when_it_was_removed_by_hand() {
    let declared = declared(AGENT);
    let plan = build(&declared, &as_declared(false));
    assert_eq!((plan.exit(), ids(&plan)), (Exit::Pending, vec!["create-index sessions.by_agent", "record-version"]));
    let mut removed = having(&declared, 0);
    let sessions = removed.collections.get_mut(schema::SESSIONS).expect("declared");
    sessions.indexes.retain(|model| !model.keys.contains_key("metadata.agent"));
    let plan = build(&declared, &removed);
    assert_eq!((plan.exit(), plan.drift[0].subject.as_str()), (Exit::Drift, "create-index sessions.by_agent"));
}

#[test]
fn what_is_there_already_is_only_noted() {
    let declared = declared(AGENT);
    let observed = Observation { record: as_declared(false).record, ..having(&declared, 7) };
    let plan = build(&declared, &observed);
    assert_eq!((plan.exit(), ids(&plan)), (Exit::Pending, vec!["record-version"]));
}

#[test]
fn an_addition_that_is_taken_out_is_drift_and_goes_only_by_name() {
    let observed = having(&declared(AGENT), 7);
    let plan = build(&Declared::by_release(), &observed);
    assert_eq!((plan.exit(), plan.drift[0].subject.as_str()), (Exit::Drift, "index sessions.by_agent"));
    let dropping = r#"{"allowDrop":["sessions.by_agent"],"ignoreIndexUse":true}"#;
    let plan = build(&declared(dropping), &observed);
    assert_eq!(ids(&plan), ["drop-index sessions.by_agent", "record-version"]);
    let careful = build(&declared(r#"{"allowDrop":["sessions.by_agent"]}"#), &observed);
    assert_eq!(careful.exit(), Exit::Blocked, "its use is not known");
}

#[test]
fn retention_over_documents_is_destructive_and_over_none_is_not() {
    let declared = declared(KEPT_90_DAYS);
    for (documents, risk, destructive) in [(0, Risk::None, 0), (1, Risk::High, 2)] {
        let plan = build(&declared, &having(&Declared::by_release(), documents));
        assert_eq!(ids(&plan), ["create-index sessions.retention", "create-index events.retention", "record-version"]);
        assert_eq!((plan.steps[0].risk, plan.destructive().count()), (risk, destructive));
        assert_eq!(plan.exit(), Exit::Pending);
    }
}

#[test]
fn other_days_change_the_expiry_in_place() {
    let declared = declared(KEPT_90_DAYS);
    for (there, documents, risk) in [(86_400, 7, Risk::Low), (91 * 86_400, 7, Risk::High), (91 * 86_400, 0, Risk::Low)]
    {
        let mut observed = having(&declared, documents);
        expiring(&mut observed, there);
        let plan = build(&declared, &observed);
        assert_eq!(ids(&plan), ["set-expiry events.retention", "record-version"]);
        let Step { action, risk: found, why, .. } = &plan.steps[0];
        let expected =
            Action::SetExpiry { collection: "events".into(), index: "retention".into(), seconds: 90 * 86_400 };
        assert_eq!((action, *found), (&expected, risk));
        assert!(why.contains("90 days after their receivedAt"), "{why}");
        assert_eq!(plan.exit(), Exit::Drift, "nobody declared other days");
        observed.record = observed.record.map(|record| Record { additions: Some("other days".into()), ..record });
        assert_eq!(build(&declared, &observed).exit(), Exit::Pending);
    }
}

#[test]
fn retention_that_is_taken_out_is_told_plainly_and_ends_by_name() {
    let observed = having(&declared(KEPT_90_DAYS), 7);
    let plan = build(&Declared::by_release(), &observed);
    assert_eq!(plan.exit(), Exit::Drift);
    let told = |text: &str| plan.drift.iter().any(|finding| finding.problem.contains(text));
    assert!(told("still deletes documents 90 days after their receivedAt"), "{:?}", plan.drift);
    assert!(told("still deletes documents 92 days after their updatedAt"), "{:?}", plan.drift);
    let ending = declared(r#"{"allowDrop":["events.retention","sessions.retention"]}"#);
    let plan = build(&ending, &observed);
    assert_eq!(ids(&plan), ["drop-index events.retention", "drop-index sessions.retention", "record-version"]);
}

#[test]
fn what_cannot_be_declared_blocks() {
    let plan = build(&declared(r#"{"retention":{"days":0}}"#), &as_declared(false));
    assert_eq!((plan.exit(), plan.blocked[0].subject.as_str()), (Exit::Blocked, "declaration: retention.days"));
    let hashed = r#"{"indexes":[{"collection":"events","name":"i",
        "keys":[{"field":"eventId","order":"hashed"},{"field":"type","order":"hashed"}]}]}"#;
    let plan = build(&declared(hashed), &as_declared(false));
    assert!(plan.blocked[0].problem.contains("two hashed fields"), "{:?}", plan.blocked);
}

#[test]
fn chunks_are_declared_and_the_command_line_has_the_last_word_on_the_zone() {
    let text = r#"{"chunksPerShard":16,"zone":{"name":"eu","shards":["s0"]}}"#;
    let plan = build(&declared(text), &empty(true));
    let chunks = |step: &&Step| matches!(step.action, Action::ShardCollection { chunks: Some(32), .. });
    assert_eq!(plan.steps.iter().filter(chunks).count(), 2, "sixteen on each of two shards");
    let pinned = |plan: &Plan, name: &str| {
        plan.steps.iter().any(|step| matches!(&step.action, Action::PinToZone { zone, .. } if zone == name))
    };
    assert!(pinned(&plan, "eu"));
    let flags = PlanOptions { zone: "us=s1".parse().ok(), ..PlanOptions::default() };
    assert!(pinned(&super::build(&declared(text), &empty(true), &flags), "us"));
    assert_eq!(build(&declared(text), &as_declared(true)).exit(), Exit::Pending, "nobody unpinned it");
}
