//! What was applied, who is at it, and how far.

use anyhow::Result;
use bson::DateTime;
use serde::Serialize;

use crate::{
    apply::{
        self, Entry, Held,
        progress::{self, Running},
    },
    connect::Connection,
    observe::{Observation, Record},
    render::Table,
};

/// The state of migrations.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The schema that was last applied.
    pub applied: Option<Record>,
    /// The last holder of the lease.
    pub lease: Option<Held>,
    /// Whether that lease is in force.
    pub lease_is_live: bool,
    /// The newest steps.
    pub journal: Vec<Entry>,
    /// What the servers are at.
    pub running: Vec<Running>,
}

impl Status {
    /// Looks at a deployment.
    ///
    /// # Errors
    /// When it does not answer or a right is missing.
    pub async fn of(connection: &Connection) -> Result<Self> {
        let applied = Observation::of(connection).await?.record;
        let (lease, journal) = apply::observe(connection).await?;
        let running = progress::running(&connection.client, connection.database.name()).await?;
        let lease_is_live = lease.as_ref().is_some_and(|held| held.is_live(DateTime::now()));
        Ok(Self { applied, lease, lease_is_live, journal, running })
    }

    /// The status as tables.
    #[must_use]
    pub fn tables(&self) -> Vec<Table> {
        let applied = self.applied.iter().map(|r| vec![r.version.to_string(), r.checksum.clone()]).collect();
        let live = if self.lease_is_live { "yes" } else { "no" };
        let lease = |held: &Held| vec![held.holder.clone(), held.since.clone(), held.until.clone(), live.to_owned()];
        let entry = |e: &Entry| {
            vec![
                e.at.clone(),
                e.step.clone(),
                format!("{:?}", e.state).to_lowercase(),
                e.error.clone().unwrap_or_default(),
            ]
        };
        let running = |r: &Running| vec![r.namespace.clone(), r.what.clone(), r.done.to_string(), r.total.to_string()];
        vec![
            Table { title: "Applied schema".into(), head: vec!["version", "checksum"], rows: applied },
            Table {
                title: "Lease".into(),
                head: vec!["holder", "since", "until", "in force"],
                rows: self.lease.iter().map(lease).collect(),
            },
            Table {
                title: "Journal, newest first".into(),
                head: vec!["at", "step", "state", "error"],
                rows: self.journal.iter().map(entry).collect(),
            },
            Table {
                title: "Running".into(),
                head: vec!["collection", "what", "done", "of"],
                rows: self.running.iter().map(running).collect(),
            },
        ]
    }
}
