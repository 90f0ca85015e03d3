//! Indexes that are missing, that delete too early or too late, and that nobody declared.

use std::time::Duration;

use conversation_store::mongo::schema::{self, Index, document, same_keys};
use mongodb::IndexModel;

use super::{Action, Cost, Finding, Plan, Risk, Step, build::push, lint};
use crate::{cli::PlanOptions, observe::Collection};

/// The index that every collection has.
const ID_INDEX: &str = "_id_";
/// From this many documents on, an index build is long enough to be noticed.
const LARGE: u64 = 1_000_000;
const DAY_SECONDS: u64 = 24 * 3600;

pub(super) fn declared(
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
    let goes = |model: &&IndexModel| options.allow_drop.contains(&format!("{name}.{}", name_of(model)));
    let stays = || found.indexes.iter().filter(|model| !goes(model));
    if let Some((model, there)) = stays().find_map(|model| Some((model, index.other_expiry(model)?))) {
        return expiry(plan, name, index, name_of(model), there, cost);
    }
    let keys = document(index.keys);
    let conflicting = |model: &&IndexModel| name_of(model) == index.name || same_keys(&keys, &model.keys);
    if let Some(other) = stays().filter(conflicting).find(|model| !index.is(model)) {
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
    let mut why = if building { format!("{index} is still being built") } else { format!("no index is {index}") };
    let risk = match (cost.documents, by_age(index)) {
        (0, _) => Risk::None,
        (_, Some(after)) => {
            why = format!("{why}; the server deletes {}", deletion(index.keys[0].0, after));
            Risk::High
        }
        (LARGE.., None) => Risk::Medium,
        _ => Risk::Low,
    };
    let action =
        Action::CreateIndex { collection: name.into(), index: index.name.into(), definition: index.to_string() };
    push(plan, id, action, why, cost, risk);
}

/// An index that deletes, after another time than declared. The server changes that in place.
fn expiry(plan: &mut Plan, collection: &str, index: &Index, there: &str, after_there: Duration, cost: Cost) {
    let (field, after) = (index.keys[0].0, index.expire_after.unwrap_or_default());
    let shortens = after < after_there && by_age(index).is_some() && cost.documents > 0;
    let action = Action::SetExpiry { collection: collection.into(), index: there.into(), seconds: after.as_secs() };
    let why = format!("it is to delete {}, and deletes {}", deletion(field, after), deletion(field, after_there));
    let cost = Cost { writes_pause: true, ..Cost::default() };
    let id = format!("set-expiry {collection}.{}", index.name);
    push(plan, id, action, why, cost, if shortens { Risk::High } else { Risk::Low });
}

/// After how long an index deletes what clients wrote. One that deletes at the very date in its field deletes only what the
/// service itself gave such a date.
fn by_age(index: &Index) -> Option<Duration> {
    index.expire_after.filter(|after| *after > Duration::ZERO)
}

/// When documents are deleted, in words.
fn deletion(field: &str, after: Duration) -> String {
    match after.as_secs() {
        0 => format!("documents at their {field}"),
        DAY_SECONDS => format!("documents 1 day after their {field}"),
        seconds if seconds % DAY_SECONDS == 0 => {
            format!("documents {} days after their {field}", seconds / DAY_SECONDS)
        }
        seconds => format!("documents {seconds} s after their {field}"),
    }
}

pub(super) fn unexpected(plan: &mut Plan, declared: &schema::Collection, found: &Collection, options: &PlanOptions) {
    let key = document(declared.shard_key);
    for model in &found.indexes {
        let index = name_of(model);
        // The server makes the index of the shard key by itself where no other begins with it.
        let declared_otherwise = declared.indexes.iter().any(|d| d.name == index && !d.is(model));
        let known = index == ID_INDEX
            || (same_keys(&key, &model.keys) && !declared_otherwise)
            || declared.indexes.iter().any(|d| d.is(model));
        let full = format!("{}.{index}", declared.name);
        let allowed = options.allow_drop.contains(&full);
        let mended = declared.indexes.iter().any(|d| d.other_expiry(model).is_some());
        if known || (mended && !allowed) {
            continue;
        }
        let expiry = model.options.as_ref().and_then(|options| options.expire_after);
        let problem = match model.keys.keys().next().zip(expiry) {
            Some((field, after)) => {
                format!("{} is not declared: the server still deletes {}", model.keys, deletion(field, after))
            }
            None => format!("{} is not declared; every write pays for it", model.keys),
        };
        // What deletes is in use by that; keeping documents must not wait for a week.
        let doubt = lint::may_be_used(found.uses.get(index));
        let doubt = doubt.filter(|_| expiry.is_none() && !options.ignore_index_use);
        if !allowed {
            plan.drift.push(Finding {
                subject: format!("index {full}"),
                problem,
                remedy: format!("drop it with --allow-drop {full}, or allowDrop in the declaration"),
            });
        } else if let Some(doubt) = doubt {
            plan.blocked.push(Finding {
                subject: format!("drop-index {full}"),
                problem: doubt,
                remedy: "find the queries that use it first, or add --ignore-index-use or ignoreIndexUse".into(),
            });
        } else {
            let action = Action::DropIndex { collection: declared.name.into(), index: index.into() };
            let cost = Cost { writes_pause: true, ..Cost::default() };
            let (id, why) = (format!("drop-index {full}"), format!("{problem}; it is allowed to go"));
            // It goes first: an index of the same name may be declared otherwise.
            plan.steps.insert(0, Step { id, action, why, cost, risk: Risk::High });
        }
    }
}

fn name_of(model: &IndexModel) -> &str {
    model.options.as_ref().and_then(|options| options.name.as_deref()).unwrap_or_default()
}
