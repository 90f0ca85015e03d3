//! What an audit looked at and what it found: for people as a table, for programs as JSON.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use crate::{
    finding::{Fault, Finding},
    ledger::Outcome,
    sent::SentSession,
    stored::StoredSession,
};

/// So many findings are shown to people; programs get all.
const SHOWN: usize = 50;

/// The outcome of an audit.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Sessions in the ledgers.
    pub sessions: u64,
    /// Those whose call was interrupted.
    pub interrupted: u64,
    /// Different events in the ledgers.
    pub events_sent: u64,
    /// Those that were acknowledged.
    pub events_acknowledged: u64,
    /// Those of which no answer told, of which some may be stored.
    pub events_in_doubt: u64,
    /// Requests beyond the first for an event: retries and repetitions.
    pub repetitions: u64,
    /// Events that the service listed.
    pub events_stored: u64,
    /// Stored events of interrupted calls that the ledger does not have.
    pub unwritten: u64,
    /// Events that were counted in the database itself, if it was looked into.
    pub events_in_database: Option<u64>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// How many findings there are of each kind.
    #[must_use]
    pub fn by_fault(&self) -> BTreeMap<Fault, usize> {
        let mut counts = BTreeMap::new();
        for finding in &self.findings {
            *counts.entry(finding.fault).or_default() += 1;
        }
        counts
    }

    pub(crate) fn count(&mut self, sent: &SentSession, stored: Option<&StoredSession>) {
        self.sessions += 1;
        self.interrupted += u64::from(!sent.closed);
        self.events_stored += stored.map_or(0, |stored| stored.events.len() as u64);
        for sendings in sent.events.values() {
            let any = |outcome| sendings.iter().any(|sent| sent.delivery.outcome == outcome);
            let attempts: u32 = sendings.iter().map(|sent| sent.delivery.attempts).sum();
            self.events_sent += 1;
            self.repetitions += u64::from(attempts.saturating_sub(1));
            self.events_acknowledged += u64::from(any(Outcome::Acknowledged));
            self.events_in_doubt += u64::from(!any(Outcome::Acknowledged) && any(Outcome::InDoubt));
        }
    }

    pub(crate) fn sort(&mut self) {
        self.findings.sort();
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_database = self.events_in_database.map(|count| ("in the database itself", count));
        let rows = [
            ("sessions", self.sessions),
            ("of interrupted calls", self.interrupted),
            ("events sent", self.events_sent),
            ("acknowledged", self.events_acknowledged),
            ("in doubt", self.events_in_doubt),
            ("repetitions", self.repetitions),
            ("events stored", self.events_stored),
            ("of unfinished requests", self.unwritten),
        ];
        writeln!(out, "| Audit | |\n| --- | ---: |")?;
        for (name, count) in rows.into_iter().chain(in_database) {
            writeln!(out, "| {name} | {count} |")?;
        }
        for (fault, count) in self.by_fault() {
            writeln!(out, "| **{}** | {count} |", fault.name())?;
        }
        writeln!(out, "\n{}", if self.is_clean() { "Nothing found." } else { "FINDINGS:" })?;
        for Finding { fault, session, event, message } in self.findings.iter().take(SHOWN) {
            let event = event.as_ref().map(|event| format!(" event {event}")).unwrap_or_default();
            writeln!(out, "- {}: session {session}{event}: {message}", fault.name())?;
        }
        match self.findings.len().checked_sub(SHOWN) {
            Some(more @ 1..) => writeln!(out, "- and {more} more"),
            _ => Ok(()),
        }
    }
}
