//! From observed and declared to steps.

use conversation_store::mongo::schema::{self, Index, checksum, document, same_keys};
use mongodb::IndexModel;

use super::{Action, Cost, Finding, Plan, Risk, Step, lint};
use crate::{
    cli::{PlanOptions, Zone},
    observe::{Collection, Observation},
};

/// The index that every collection has.
const ID_INDEX: &str = "_id_";
/// Chunks for each shard of an empty collection: the balancer can spread them over shards that come later without
/// splitting, and hashed ids fill them evenly.
const CHUNKS_PER_SHARD: usize = 4;
/// From this many documents on, an index build is long enough to be noticed.
const LARGE: u64 = 1_000_000;

/// The plan that takes `observed` to `declared`.
#[must_use]
pub fn build(declared: &[schema::Collection], observed: &Observation, options: &PlanOptions) -> Plan {
    let mut plan = Plan {
        cluster: observed.cluster.clone(),
        database: observed.database.clone(),
        schema_version: schema::VERSION,
        schema_checksum: checksum(),
        ..Plan::default()
    };
    plan.blocked.extend(declared.iter().flat_map(lint::declaration));
    for collection in declared {
        for_collection(&mut plan, collection, observed, options);
    }
    let current = observed.record.as_ref().is_some_and(|r| r.version == schema::VERSION && r.checksum == checksum());
    match &observed.record {
        Some(record) if record.version > schema::VERSION => plan.blocked.push(Finding {
            subject: "schema version".into(),
            problem: format!(
                "the deployment has version {}, this migrator knows up to {}",
                record.version,
                schema::VERSION
            ),
            remedy: "use the migrator of the newer release".into(),
        }),
        Some(record) if record.version == schema::VERSION && record.checksum != checksum() => {
            plan.drift.push(Finding {
                subject: "schema checksum".into(),
                problem: format!(
                    "version {} was applied as {}, this migrator declares {}",
                    record.version,
                    record.checksum,
                    checksum()
                ),
                remedy: "use the migrator of the release that runs, or apply to take over this declaration".into(),
            })
        }
        _ => {}
    }
    if current {
        // Whatever is to be done to a deployment that had this version was undone by hand.
        plan.drift.extend(plan.steps.iter().map(|step| Finding {
            subject: step.id.clone(),
            problem: format!("was applied before and is no longer so: {}", step.why),
            remedy: "apply makes it so again".into(),
        }));
    }
    if !current || !plan.steps.is_empty() {
        plan.steps.push(Step {
            id: "record-version".into(),
            action: Action::RecordVersion,
            why: format!("services of version {} wait for it", schema::VERSION),
            cost: Cost::default(),
            risk: Risk::None,
        });
    }
    plan.sealed()
}

fn for_collection(plan: &mut Plan, declared: &schema::Collection, observed: &Observation, options: &PlanOptions) {
    let name = declared.name;
    let nothing = Collection::default();
    let there = observed.collections.get(name);
    let found = there.unwrap_or(&nothing);
    if there.is_none() {
        let action = Action::CreateCollection { collection: name.into() };
        push(
            plan,
            format!("create-collection {name}"),
            action,
            "it does not exist".into(),
            Cost::default(),
            Risk::None,
        );
    }
    let whole = Cost { documents: found.documents, bytes: found.bytes, writes_pause: false };
    for index in declared.indexes {
        for_index(plan, declared, index, found, whole, options);
    }
    for_unexpected(plan, declared, found, options);
    if found.validator != Some((declared.validator)()) || !found.validation_refuses {
        if found.violations > 0 {
            plan.blocked.push(Finding {
                subject: format!("set-validator {name}"),
                problem: format!("{} stored documents break it", found.violations),
                remedy: "mend or remove them: find them with the declared validator under $nor".into(),
            });
        } else if there.is_some() {
            let why = "the one in force is not the declared one".into();
            let action = Action::SetValidator { collection: name.into() };
            push(plan, format!("set-validator {name}"), action, why, Cost { writes_pause: true, ..whole }, Risk::Low);
        }
    }
    for_shard_key(plan, declared, observed, found, whole);
    if let Some(zone) = &options.zone {
        for_zone(plan, declared, observed, found, zone);
    }
}

/// A hashed key cannot tell regions apart, so a zone takes a whole collection.
fn for_zone(plan: &mut Plan, declared: &schema::Collection, observed: &Observation, found: &Collection, zone: &Zone) {
    let (name, id) = (declared.name, format!("pin-to-zone {}", declared.name));
    if !observed.sharded {
        plan.not_applicable.push(format!("{id}: this is a replica set"));
        return;
    }
    if let Some(stranger) = zone.shards.iter().find(|shard| !observed.shards.contains(shard)) {
        plan.blocked.push(Finding {
            subject: id,
            problem: format!("there is no shard {stranger}"),
            remedy: format!("name some of {}", observed.shards.join(", ")),
        });
        return;
    }
    let tagged = |shard: &String| observed.shard_zones.get(shard).is_some_and(|zones| zones.contains(&zone.name));
    if found.zone.as_ref() == Some(&zone.name) && zone.shards.iter().all(tagged) {
        return;
    }
    let action = Action::PinToZone { collection: name.into(), zone: zone.name.clone(), shards: zone.shards.clone() };
    let cost = Cost { documents: found.documents, bytes: found.bytes, writes_pause: false };
    let why = format!("--zone keeps it on {}; the balancer moves what lies elsewhere", zone.shards.join(", "));
    push(plan, id, action, why, cost, if found.documents == 0 { Risk::None } else { Risk::Medium });
}

fn for_index(
    plan: &mut Plan,
    declared: &schema::Collection,
    index: &Index,
    found: &Collection,
    cost: Cost,
    options: &PlanOptions,
) {
    let (name, id) = (declared.name, format!("create-index {}.{}", declared.name, index.name));
    // One that is still being built is listed too; asking for it once more waits until it is done.
    let ready = |model: &&IndexModel| index.is(model) && !found.building.iter().any(|name| name == name_of(model));
    if found.indexes.iter().any(|model| ready(&model)) {
        return;
    }
    let keys = document(index.keys);
    let conflicting = |model: &&IndexModel| name_of(model) == index.name || same_keys(&keys, &model.keys);
    let goes = |model: &&IndexModel| options.allow_drop.contains(&format!("{name}.{}", name_of(model)));
    let other = found.indexes.iter().filter(conflicting).find(|model| !goes(model) && !index.is(model));
    if let Some(other) = other {
        plan.blocked.push(Finding {
            subject: id,
            problem: format!(
                "an index {} of {name} is there with the keys {} and other options or keys than {index}",
                name_of(other),
                other.keys
            ),
            remedy: format!("drop it with --allow-drop {name}.{}, then apply again", name_of(other)),
        });
        return;
    }
    let building = found.indexes.iter().any(|model| index.is(model));
    let why = if building { format!("{index} is still being built") } else { format!("no index is {index}") };
    let risk = if cost.documents >= LARGE { Risk::Medium } else { Risk::Low };
    let action = Action::CreateIndex { collection: name.into(), index: index.name.into() };
    push(plan, id, action, why, cost, if cost.documents == 0 { Risk::None } else { risk });
}

fn for_unexpected(plan: &mut Plan, declared: &schema::Collection, found: &Collection, options: &PlanOptions) {
    let key = document(declared.shard_key);
    for model in &found.indexes {
        let index = name_of(model);
        // The server makes the index of the shard key by itself where no other begins with it.
        let declared_otherwise = declared.indexes.iter().any(|d| d.name == index && !d.is(model));
        let known = index == ID_INDEX
            || (same_keys(&key, &model.keys) && !declared_otherwise)
            || declared.indexes.iter().any(|d| d.is(model));
        if known {
            continue;
        }
        let full = format!("{}.{index}", declared.name);
        if !options.allow_drop.contains(&full) {
            plan.drift.push(Finding {
                subject: format!("index {full}"),
                problem: format!("{} is not declared; every write pays for it", model.keys),
                remedy: format!("drop it with --allow-drop {full}"),
            });
        } else if let Some(doubt) = lint::may_be_used(found.uses.get(index)).filter(|_| !options.ignore_index_use) {
            plan.blocked.push(Finding {
                subject: format!("drop-index {full}"),
                problem: doubt,
                remedy: "find the queries that use it first, or add --ignore-index-use".into(),
            });
        } else {
            let action = Action::DropIndex { collection: declared.name.into(), index: index.into() };
            let cost = Cost { writes_pause: true, ..Cost::default() };
            // It goes first: an index of the same name may be declared otherwise.
            let why = "--allow-drop names it".into();
            plan.steps.insert(0, Step { id: format!("drop-index {full}"), action, why, cost, risk: Risk::High });
        }
    }
}

fn for_shard_key(
    plan: &mut Plan,
    declared: &schema::Collection,
    observed: &Observation,
    found: &Collection,
    whole: Cost,
) {
    let (name, key) = (declared.name, document(declared.shard_key));
    let id = format!("shard-collection {name}");
    if !observed.sharded {
        plan.not_applicable.push(format!("{id}: this is a replica set"));
        return;
    }
    match &found.shard_key {
        Some(there) if same_keys(&key, there) => {}
        Some(there) => plan.blocked.push(Finding {
            subject: id,
            problem: format!("{name} is distributed by {there}, not by {key}"),
            remedy: format!("see what it takes with reshard --collection {name} --preflight"),
        }),
        None => {
            let empty = found.documents == 0;
            let chunks = u32::try_from(observed.shards.len() * CHUNKS_PER_SHARD).ok().filter(|_| empty);
            let why = format!("it is on one shard only, and is to be distributed by {key}");
            let risk = if empty { Risk::None } else { Risk::Medium };
            let action = Action::ShardCollection { collection: name.into(), chunks };
            push(plan, id, action, why, if empty { Cost::default() } else { whole }, risk);
        }
    }
}

fn push(plan: &mut Plan, id: String, action: Action, why: String, cost: Cost, risk: Risk) {
    plan.steps.push(Step { id, action, why, cost, risk });
}

pub(super) fn name_of(model: &IndexModel) -> &str {
    model.options.as_ref().and_then(|options| options.name.as_deref()).unwrap_or_default()
}
