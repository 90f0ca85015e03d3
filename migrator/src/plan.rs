//! The plan: a pure function of what is declared and what was observed.

mod approval;
mod build;
mod indexes;
mod lint;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use approval::{Asked, objections};
pub use build::build;

use crate::{
    cli::{PlanOptions, Zone},
    declaration::Declaration,
    exit::Exit,
};

/// The form of plan files; another one is refused.
const FORMAT: u32 = 2;
/// The subject of the finding that the schema is one of a later release.
const NEWER: &str = "schema version";

/// What takes a deployment from what it has to what is declared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// The form of this file.
    pub format: u32,
    /// The deployment that it is for.
    pub cluster: String,
    /// The database that it is for.
    pub database: String,
    /// The version of the schema that it leads to.
    pub schema_version: i32,
    /// The checksum of that schema.
    pub schema_checksum: String,
    /// What the deployment adds to that schema.
    #[serde(default, skip_serializing_if = "Declaration::is_empty")]
    pub declaration: Declaration,
    /// A hash of what is done and where, but not of how much data it touches, by which the plan can be approved.
    pub approval: String,
    /// What is done, in this order.
    pub steps: Vec<Step>,
    /// What was changed by hand.
    pub drift: Vec<Finding>,
    /// What a person must decide first.
    pub blocked: Vec<Finding>,
    /// What this kind of deployment has no use for.
    pub not_applicable: Vec<String>,
    /// A checksum over all of the above, so that a change by hand is noticed.
    pub digest: String,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// Names the step, in `--only`, `--skip` and the journal.
    pub id: String,
    /// What is done.
    pub action: Action,
    /// Why.
    pub why: String,
    /// What it touches.
    pub cost: Cost,
    /// What can go wrong meanwhile.
    pub risk: Risk,
}

/// What a step does. Each is idempotent: done twice it is done once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Action {
    /// Makes a collection.
    CreateCollection {
        /// Its name.
        collection: String,
    },
    /// Builds a declared index.
    CreateIndex {
        /// Where.
        collection: String,
        /// Its name.
        index: String,
        /// Its keys and options, so that an approval of one definition is none of another.
        definition: String,
    },
    /// Changes after how long an index deletes documents.
    SetExpiry {
        /// Where.
        collection: String,
        /// Its name.
        index: String,
        /// After how long, from the date in its field.
        seconds: u64,
    },
    /// Puts the declared validator in force.
    SetValidator {
        /// Where.
        collection: String,
    },
    /// Distributes a collection by the declared key.
    ShardCollection {
        /// Which.
        collection: String,
        /// Into how many chunks, when it is empty.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        chunks: Option<u32>,
    },
    /// Keeps the whole of a collection on the shards of a zone.
    PinToZone {
        /// Which.
        collection: String,
        /// The zone.
        zone: String,
        /// Its shards.
        shards: Vec<String>,
    },
    /// Removes an index.
    DropIndex {
        /// Where.
        collection: String,
        /// Its name.
        index: String,
    },
    /// Notes that the deployment has the declared schema.
    RecordVersion,
}

/// What a step touches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cost {
    /// Documents that are read or moved.
    pub documents: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether writes to the collection wait meanwhile.
    pub writes_pause: bool,
}

/// What can go wrong while a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Risk {
    /// Nothing that a client would notice.
    None,
    /// Slower answers for a short time.
    Low,
    /// Slower answers for as long as it runs.
    Medium,
    /// Something is lost if it was a mistake.
    High,
}

/// Something that is not as declared and that no step of the plan mends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Finding {
    /// What it is about.
    pub subject: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

impl Plan {
    /// Adds the checksum.
    #[must_use]
    pub fn sealed(self) -> Self {
        let plan = Self { format: FORMAT, approval: self.approval_with(&[]), digest: String::new(), ..self };
        Self { digest: plan.checksum(), ..plan }
    }

    /// The options that a plan with these steps was made with.
    #[must_use]
    pub fn options(&self) -> PlanOptions {
        let mut options = PlanOptions::default();
        for step in &self.steps {
            match &step.action {
                Action::DropIndex { collection, index } => {
                    options.allow_drop.push(format!("{collection}.{index}"));
                    options.ignore_index_use = true;
                }
                Action::PinToZone { collection: _, zone, shards } => {
                    options.zone = Some(Zone { name: zone.clone(), shards: shards.clone() });
                }
                _ => {}
            }
        }
        options
    }

    /// Whether the plan is as it was written.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        let unsealed = Self { digest: String::new(), ..self.clone() };
        self.format == FORMAT && self.digest == unsealed.checksum()
    }

    fn checksum(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(&text).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The steps by which something is lost if they were a mistake.
    pub fn destructive(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.risk == Risk::High)
    }

    /// Whether the schema is one of a later release, of which this one can say nothing more.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        self.blocked.iter().any(|finding| finding.subject == NEWER)
    }

    /// What the plan says of the deployment.
    #[must_use]
    pub fn exit(&self) -> Exit {
        Exit::of(!self.blocked.is_empty(), !self.drift.is_empty(), !self.steps.is_empty())
    }
}

#[cfg(test)]
mod tests;
