//! What is planned for which observation.

mod additions;
mod approving;

use std::time::Duration;

use bson::{DateTime, doc};
use conversation_store::mongo::schema::{self, DECLARED, Index, KeyKind, checksum};
use mongodb::{IndexModel, options::IndexOptions};

use super::*;
use crate::{
    cli::PlanOptions,
    declaration::Declared,
    observe::{Collection, Observation, Record, Use},
};

fn empty(sharded: bool) -> Observation {
    let shards = if sharded { vec!["s0".to_owned(), "s1".to_owned()] } else { Vec::new() };
    Observation { cluster: "c".into(), database: "d".into(), sharded, shards, ..Observation::default() }
}

fn as_declared(sharded: bool) -> Observation {
    let mut observed = empty(sharded);
    observed.record = Some(Record { version: schema::VERSION, checksum: checksum(), additions: None });
    for declared in DECLARED {
        let collection = Collection {
            indexes: declared.indexes.iter().map(Index::model).collect(),
            shard_key: sharded.then(|| schema::document(declared.shard_key)),
            validator: Some((declared.validator)()),
            validation_refuses: true,
            ..Collection::default()
        };
        observed.collections.insert(declared.name.into(), collection);
    }
    observed
}

fn events(observed: &mut Observation) -> &mut Collection {
    observed.collections.get_mut(schema::EVENTS).expect("declared")
}

fn planned(observed: &Observation) -> Plan {
    build(&Declared::by_release(), observed, &PlanOptions::default())
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.id.as_str()).collect()
}

fn index(name: &str, keys: bson::Document) -> IndexModel {
    IndexModel::builder().keys(keys).options(IndexOptions::builder().name(name.to_owned()).build()).build()
}

#[test]
fn what_is_as_declared_needs_nothing() {
    for sharded in [false, true] {
        let plan = planned(&as_declared(sharded));
        assert_eq!((plan.exit(), ids(&plan)), (Exit::Clean, vec![]));
    }
}

#[test]
fn an_empty_cluster_is_made_step_by_step() {
    let plan = planned(&empty(true));
    assert_eq!(plan.exit(), Exit::Pending);
    assert_eq!(
        ids(&plan),
        [
            "create-collection sessions",
            "create-index sessions.session",
            "create-index sessions.tenant_sessions",
            "create-index sessions.tenant_sessions_by_status",
            "create-index sessions.tombstone_expiry",
            "create-index sessions.tombstone_sweep",
            "shard-collection sessions",
            "create-collection events",
            "create-index events.timeline",
            "shard-collection events",
            "record-version",
        ]
    );
    let sharding = plan.steps.iter().find(|step| step.id == "shard-collection events").expect("planned");
    assert_eq!(sharding.action, Action::ShardCollection { collection: "events".into(), chunks: Some(8) });
}

#[test]
fn a_replica_set_has_no_use_for_sharding() {
    let plan = planned(&empty(false));
    assert!(!ids(&plan).iter().any(|id| id.starts_with("shard")));
    assert_eq!(plan.not_applicable.len(), 2);
}

#[test]
fn what_was_undone_by_hand_is_drift_and_is_mended() {
    let mut observed = as_declared(false);
    events(&mut observed).indexes.clear();
    let plan = planned(&observed);
    assert_eq!(plan.exit(), Exit::Drift);
    assert_eq!(ids(&plan), ["create-index events.timeline", "record-version"]);
    assert_eq!(plan.drift[0].remedy, "apply makes it so again");
}

#[test]
fn an_index_that_is_to_be_dropped_is_not_told_to_come_again() {
    let mut observed = as_declared(false);
    events(&mut observed).indexes.push(index("extra", doc! { "type": 1 }));
    let options =
        PlanOptions { allow_drop: vec!["events.extra".into()], ignore_index_use: true, ..PlanOptions::default() };
    let plan = build(&Declared::by_release(), &observed, &options);
    assert_eq!(plan.drift[0].subject, "drop-index events.extra");
    assert_eq!(plan.drift[0].remedy, "apply drops it, as it is allowed to go");
}

#[test]
fn an_index_that_is_not_declared_is_dropped_only_by_name_and_only_when_unused() {
    let mut observed = as_declared(false);
    let collection = events(&mut observed);
    collection.indexes.push(index("extra", doc! { "type": 1 }));
    let old = DateTime::from_millis(0);
    assert_eq!(planned(&observed).exit(), Exit::Drift);

    let allowed = PlanOptions { allow_drop: vec!["events.extra".into()], ..PlanOptions::default() };
    for (found, exit) in [
        (Use { operations: 0, since: old }, Exit::Pending),
        (Use { operations: 3, since: old }, Exit::Blocked),
        (Use { operations: 0, since: DateTime::now() }, Exit::Blocked),
    ] {
        events(&mut observed).uses.insert("extra".into(), found);
        let plan = build(&Declared::by_release(), &Observation { record: None, ..observed.clone() }, &allowed);
        assert_eq!(plan.exit(), exit, "{found:?}");
        let forced = PlanOptions { ignore_index_use: true, ..allowed.clone() };
        let plan = build(&Declared::by_release(), &Observation { record: None, ..observed.clone() }, &forced);
        assert_eq!(plan.steps[0].id, "drop-index events.extra");
        assert_eq!(plan.steps[0].risk, Risk::High);
    }
}

#[test]
fn an_index_that_is_still_being_built_is_waited_for() {
    let mut observed = as_declared(false);
    observed.record = None;
    events(&mut observed).building.push("timeline".into());
    let plan = planned(&observed);
    assert_eq!(ids(&plan), ["create-index events.timeline", "record-version"]);
    assert!(plan.steps[0].why.contains("still being built"), "{:?}", plan.steps);
}

#[test]
fn an_index_of_the_same_name_with_other_keys_blocks() {
    let mut observed = as_declared(false);
    events(&mut observed).indexes = vec![index("timeline", doc! { "sessionId": 1 })];
    let plan = planned(&observed);
    assert_eq!(plan.exit(), Exit::Blocked);
    assert!(plan.blocked[0].remedy.contains("--allow-drop events.timeline"), "{:?}", plan.blocked);
}

#[test]
fn a_collection_that_is_distributed_otherwise_blocks() {
    let mut observed = as_declared(true);
    events(&mut observed).shard_key = Some(doc! { "_id": 1 });
    let plan = planned(&observed);
    assert_eq!(plan.exit(), Exit::Blocked);
    assert!(plan.blocked[0].problem.contains("\"_id\""), "{:?}", plan.blocked);
}

#[test]
fn a_zone_takes_whole_collections_to_shards_that_exist() {
    let zoned = |zone: &str| PlanOptions { zone: zone.parse().ok(), ..PlanOptions::default() };
    let mut observed = as_declared(true);
    let plan = build(&Declared::by_release(), &observed, &zoned("eu=s1"));
    assert!(ids(&plan).contains(&"pin-to-zone events"), "{:?}", ids(&plan));
    for collection in observed.collections.values_mut() {
        collection.zone = Some("eu".into());
    }
    observed.shard_zones.insert("s1".into(), vec!["eu".into()]);
    assert_eq!(build(&Declared::by_release(), &observed, &zoned("eu=s1")).exit(), Exit::Clean);
    assert_eq!(build(&Declared::by_release(), &observed, &zoned("eu=s7")).exit(), Exit::Blocked);
    assert_eq!("eu".parse::<crate::cli::Zone>(), Err("give NAME=SHARD,SHARD"));
}

#[test]
fn a_validator_that_stored_documents_break_blocks() {
    let mut observed = as_declared(false);
    let collection = events(&mut observed);
    (collection.validator, collection.violations) = (None, 3);
    let plan = planned(&observed);
    assert_eq!(plan.exit(), Exit::Blocked);
    assert!(plan.blocked[0].problem.contains("3 stored documents"), "{:?}", plan.blocked);
}

#[test]
fn a_large_collection_makes_a_build_risky() {
    let mut observed = as_declared(false);
    let collection = events(&mut observed);
    (collection.documents, collection.bytes) = (5_000_000, 1_000_000_000);
    collection.indexes.clear();
    let plan = planned(&observed);
    let Step { cost, risk, .. } = &plan.steps[0];
    assert_eq!((cost.documents, *risk), (5_000_000, Risk::Medium));
}

#[test]
fn a_newer_schema_is_left_alone() {
    let mut observed = as_declared(false);
    observed.record = Some(Record { version: schema::VERSION + 1, checksum: "x".into(), additions: None });
    let plan = planned(&observed);
    assert_eq!((plan.exit(), plan.is_newer()), (Exit::Blocked, true));
    assert_eq!(ids(&plan), Vec::<&str>::new(), "it is not noted as one of this release");
    assert!(!planned(&as_declared(false)).is_newer());
}

#[test]
fn a_plan_that_was_edited_is_not_intact() {
    let plan = planned(&empty(false));
    assert!(plan.is_intact());
    let text = serde_json::to_string(&plan).expect("JSON");
    assert_eq!(serde_json::from_str::<Plan>(&text).expect("a plan"), plan);
    let edited: Plan = serde_json::from_str(&text.replace("tombstone_sweep", "tombstone_swoop")).expect("a plan");
    assert!(!edited.is_intact());
}

const KEYS: schema::Keys = &[("sessionId", KeyKind::Hashed)];
const OTHER: schema::Keys = &[("eventId", KeyKind::Ascending)];

fn declaring(indexes: &'static [Index]) -> Vec<Finding> {
    let collection = schema::Collection { name: "c", indexes, shard_key: KEYS, validator: bson::Document::new };
    let declared = Declared { collections: vec![collection], ..Declared::by_release() };
    build(&declared, &empty(true), &PlanOptions::default()).blocked
}

#[test]
fn a_declaration_that_no_server_can_build_is_refused() {
    const UNIQUE: Index =
        Index { name: "i", keys: OTHER, unique: true, sparse: false, expire_after: None, filter: None };
    assert!(declaring(&[UNIQUE])[0].problem.contains("without the shard key"));
    assert!(declaring(&[Index { keys: KEYS, ..UNIQUE }])[0].problem.contains("unique and hashed"));
    const EXPIRING: Index = Index { unique: false, expire_after: Some(Duration::ZERO), ..UNIQUE };
    assert!(declaring(&[EXPIRING])[0].problem.contains("date"));
    assert!(DECLARED.iter().flat_map(lint::declaration).next().is_none());
}
