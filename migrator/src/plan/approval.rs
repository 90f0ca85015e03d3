//! Whether a plan is approved. What is approved is a set of actions at a place, not the amount of data that they touch: a
//! plan stays approved while documents arrive.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::{Action, Finding, Plan, Step};

/// What a person said beforehand of a plan that is to be applied.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// The approval that the plan must have.
    pub expected: Option<&'a str>,
    /// Whether every destructive step is wanted.
    pub destructive: bool,
    /// The indexes whose drop is wanted, as `COLLECTION.INDEX`.
    pub drops: &'a [String],
}

impl Plan {
    /// The approval of this plan together with steps that were made of it already, each as [`Action::approved`].
    #[must_use]
    pub fn approval_with(&self, made: &[String]) -> String {
        let mut actions: BTreeSet<String> = self.steps.iter().map(|step| step.action.approved()).collect();
        actions.extend(made.iter().cloned());
        let mut hash = Sha256::new();
        for text in [&self.cluster, &self.database, &self.schema_checksum].into_iter().chain(&actions) {
            hash.update(text);
            hash.update([0]);
        }
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Action {
    /// What of an action is approved: all but what depends on whether a collection is still empty.
    #[must_use]
    pub fn approved(&self) -> String {
        let action = match self {
            Self::ShardCollection { collection, chunks: _ } => {
                Self::ShardCollection { collection: collection.clone(), chunks: None }
            }
            other => other.clone(),
        };
        serde_json::to_string(&action).unwrap_or_default()
    }
}

/// Why the `chosen` steps of a plan may not be made, if they may not. `made` are those that an interrupted run has made
/// under the expected approval.
#[must_use]
pub fn objections(plan: &Plan, chosen: &[&Step], asked: Asked<'_>, made: &[String]) -> Vec<Finding> {
    let approval = &plan.approval;
    if let Some(expected) = asked.expected {
        let is_approved = approval == expected || plan.approval_with(made) == expected;
        return if is_approved { Vec::new() } else { vec![another(plan, expected)] };
    }
    let wanted = |step: &&Step| match &step.action {
        Action::DropIndex { collection, index } => asked.drops.contains(&format!("{collection}.{index}")),
        _ => false,
    };
    let destructive = plan.destructive().filter(|step| chosen.contains(step) && !asked.destructive && !wanted(step));
    let unapproved = |step: &Step| Finding {
        subject: step.id.clone(),
        problem: format!("cannot be undone and is not approved: {}", step.why),
        remedy: format!("review the plan, then apply --expect {approval} or --allow-destructive"),
    };
    destructive.map(unapproved).collect()
}

fn another(plan: &Plan, expected: &str) -> Finding {
    Finding {
        subject: "approval".into(),
        problem: format!("{expected} was approved, and the plan is {} by now", plan.approval),
        remedy: format!("review the plan, then apply --expect {}", plan.approval),
    }
}
