//! Whether a deployment is as declared: the plan's own eyes, and what a plan does not mend.

use serde::Serialize;

use crate::{
    exit::Exit,
    observe::{Collection, Observation},
    plan::{Finding, Plan},
};

/// Two shards may differ by this share of a collection's chunks before it counts as unbalanced.
const BALANCE: f64 = 0.1;

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Whether all is as declared.
    pub as_declared: bool,
    /// What a plan would do.
    pub pending: Vec<Finding>,
    /// What was changed by hand.
    pub drift: Vec<Finding>,
    /// What a person must decide.
    pub blocked: Vec<Finding>,
    /// What is on its way or worth knowing, and no reason to fail.
    pub notes: Vec<Finding>,
}

impl Report {
    /// The report on what was observed, with the plan for it.
    #[must_use]
    pub fn of(observed: &Observation, plan: &Plan) -> Self {
        let pending: Vec<Finding> = plan
            .steps
            .iter()
            .map(|step| Finding {
                subject: step.id.clone(),
                problem: step.why.clone(),
                remedy: "conversation-migrator apply".into(),
            })
            .collect();
        let notes =
            observed.collections.iter().flat_map(|(name, collection)| notes(name, collection, observed)).collect();
        let as_declared = pending.is_empty() && plan.drift.is_empty() && plan.blocked.is_empty();
        Self { as_declared, pending, drift: plan.drift.clone(), blocked: plan.blocked.clone(), notes }
    }

    /// What the report says of the deployment.
    #[must_use]
    pub fn exit(&self) -> Exit {
        Exit::of(!self.blocked.is_empty(), !self.drift.is_empty(), !self.pending.is_empty())
    }
}

fn notes(name: &str, collection: &Collection, observed: &Observation) -> Vec<Finding> {
    let mut notes = Vec::new();
    for index in &collection.building {
        notes.push(Finding {
            subject: format!("index {name}.{index}"),
            problem: "is still being built".into(),
            remedy: "wait for it: status shows how far it is".into(),
        });
    }
    if let Some(orphans @ 1..) = collection.orphans {
        notes.push(Finding {
            subject: format!("documents of {name}"),
            problem: format!("{orphans} lie on a shard that does not own them; no query finds them"),
            remedy: "the servers remove what a moved chunk left behind within minutes; else run cleanupOrphaned on the shards".into(),
        });
    }
    if collection.shard_key.is_some() && !is_balanced(collection, observed) {
        let chunks: Vec<String> = collection.chunks.iter().map(|(shard, n)| format!("{shard} {n}")).collect();
        notes.push(Finding {
            subject: format!("chunks of {name}"),
            problem: format!("lie unevenly: {}", chunks.join(", ")),
            remedy: "see that the balancer is on, and give it time".into(),
        });
    }
    notes
}

/// Whether every shard has about as many chunks as any other.
#[must_use]
pub fn is_balanced(collection: &Collection, observed: &Observation) -> bool {
    let of = |shard: &String| collection.chunks.get(shard).copied().unwrap_or(0);
    // A collection that belongs to a zone has no business on the other shards.
    let concerned = |shard: &&String| {
        let zones = observed.shard_zones.get(*shard);
        collection.zone.as_ref().is_none_or(|zone| zones.is_some_and(|zones| zones.contains(zone)))
    };
    let counts: Vec<u64> = observed.shards.iter().filter(concerned).map(of).collect();
    let (most, least) = (counts.iter().max().copied().unwrap_or(0), counts.iter().min().copied().unwrap_or(0));
    #[expect(clippy::cast_precision_loss, reason = "there are far fewer chunks than a double can count")]
    let allowed = (counts.iter().sum::<u64>() as f64 * BALANCE).max(1.0);
    #[expect(clippy::cast_precision_loss, reason = "there are far fewer chunks than a double can count")]
    let differs = (most - least) as f64;
    differs <= allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed() -> Observation {
        let mut observed = Observation { shards: vec!["a".into(), "b".into()], ..Observation::default() };
        observed.shard_zones.insert("a".into(), vec!["eu".into()]);
        observed
    }

    fn with_chunks(a: u64, b: u64) -> Collection {
        Collection { chunks: [("a".to_owned(), a), ("b".to_owned(), b)].into(), ..Collection::default() }
    }

    #[test]
    fn shards_may_differ_by_a_tenth_of_the_chunks() {
        assert!(is_balanced(&with_chunks(10, 10), &observed()));
        assert!(is_balanced(&with_chunks(11, 9), &observed()));
        assert!(!is_balanced(&with_chunks(14, 6), &observed()));
        assert!(is_balanced(&with_chunks(1, 0), &observed()), "one chunk cannot be cut");
    }

    #[test]
    fn a_zone_is_balanced_among_its_own_shards() {
        let pinned = Collection { zone: Some("eu".into()), ..with_chunks(20, 0) };
        assert!(is_balanced(&pinned, &observed()));
    }
}
