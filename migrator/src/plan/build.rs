//! From observed and declared to steps.

use conversation_store::mongo::schema::{self, checksum, document, same_keys};

use super::{Action, Cost, Finding, Plan, Risk, Step, indexes, lint};
use crate::{
    cli::{PlanOptions, Zone},
    declaration::Declared,
    observe::{Collection, Observation},
};

/// The plan that takes `observed` to `declared`, with what the `flags` of the command line allow besides.
#[must_use]
pub fn build(declared: &Declared, observed: &Observation, flags: &PlanOptions) -> Plan {
    let options = &declared.options(flags);
    let mut plan = Plan {
        cluster: observed.cluster.clone(),
        database: observed.database.clone(),
        schema_version: schema::VERSION,
        schema_checksum: checksum(),
        declaration: declared.declaration.clone(),
        blocked: declared.faults.clone(),
        ..Plan::default()
    };
    plan.blocked.extend(declared.collections.iter().flat_map(lint::declaration));
    for collection in &declared.collections {
        for_collection(&mut plan, collection, observed, options);
        for_shard_key(&mut plan, collection, observed, declared.chunks_per_shard());
        for_zone(&mut plan, collection, observed, options.zone.as_ref());
    }
    let current = observed.record.as_ref().is_some_and(|r| r.version == schema::VERSION && r.checksum == checksum());
    match &observed.record {
        Some(record) if record.version > schema::VERSION => plan.blocked.push(Finding {
            subject: super::NEWER.into(),
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
    let additions = declared.additions();
    let added = current && observed.record.as_ref().is_some_and(|record| record.additions == additions);
    // Whatever is to be done to a deployment that had this version, or these additions, was undone by hand.
    let undone = plan.steps.iter().filter(|step| if declared.adds(&step.action) { added } else { current });
    let undone = undone.filter(|step| !matches!(step.action, Action::PinToZone { .. })).map(|step| Finding {
        subject: step.id.clone(),
        problem: match step.action {
            Action::DropIndex { .. } => step.why.clone(),
            _ => format!("was applied before and is no longer so: {}", step.why),
        },
        remedy: match step.action {
            Action::DropIndex { .. } => "apply drops it, as it is allowed to go".into(),
            _ => "apply makes it so again".into(),
        },
    });
    plan.drift.extend(undone.collect::<Vec<_>>());
    // One of a later release is not to be noted as one of this.
    if !plan.is_newer() && (!added || !plan.steps.is_empty()) {
        let why = match (current, added) {
            (true, false) => "it notes what this deployment adds".into(),
            _ => format!("services of version {} wait for it", schema::VERSION),
        };
        push(&mut plan, "record-version".into(), Action::RecordVersion, why, Cost::default(), Risk::None);
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
        indexes::declared(plan, declared, index, found, whole, options);
    }
    indexes::unexpected(plan, declared, found, options);
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
}

/// A hashed key cannot tell regions apart, so a zone takes a whole collection.
fn for_zone(plan: &mut Plan, declared: &schema::Collection, observed: &Observation, zone: Option<&Zone>) {
    let Some(zone) = zone.filter(|zone| !zone.shards.is_empty()) else { return };
    let (name, id) = (declared.name, format!("pin-to-zone {}", declared.name));
    let nothing = Collection::default();
    let found = observed.collections.get(name).unwrap_or(&nothing);
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
    let (zone, shards) = (&zone.name, zone.shards.join(", "));
    let why = format!("the zone {zone} keeps it on {shards}; the balancer moves what lies elsewhere");
    push(plan, id, action, why, cost, if found.documents == 0 { Risk::None } else { Risk::Medium });
}

fn for_shard_key(plan: &mut Plan, declared: &schema::Collection, observed: &Observation, chunks_per_shard: u32) {
    let (name, key) = (declared.name, document(declared.shard_key));
    let nothing = Collection::default();
    let found = observed.collections.get(name).unwrap_or(&nothing);
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
            let shards = u32::try_from(observed.shards.len()).unwrap_or(u32::MAX);
            let chunks = empty.then(|| shards.saturating_mul(chunks_per_shard));
            let why = format!("it is on one shard only, and is to be distributed by {key}");
            let risk = if empty { Risk::None } else { Risk::Medium };
            let action = Action::ShardCollection { collection: name.into(), chunks };
            let cost = Cost { documents: found.documents, bytes: found.bytes, writes_pause: false };
            push(plan, id, action, why, if empty { Cost::default() } else { cost }, risk);
        }
    }
}

pub(super) fn push(plan: &mut Plan, id: String, action: Action, why: String, cost: Cost, risk: Risk) {
    plan.steps.push(Step { id, action, why, cost, risk });
}
