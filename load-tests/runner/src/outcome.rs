//! How a run went: k6's thresholds, what was broken, what the auditor found.

use std::fmt;

use conversation_auditor::Report;

use crate::{k6::Summary, load::Load, profile::Profile};

/// The outcome of a run.
#[derive(Debug)]
pub struct Outcome {
    /// What was run.
    pub load: Load,
    /// What was broken meanwhile, in sentences.
    pub broken: Vec<String>,
    /// What k6 measured.
    pub summary: Summary,
    /// What the auditor found.
    pub audit: Report,
}

impl Outcome {
    /// Whether all that was to hold did, and the auditor found nothing.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.audit.is_clean() && self.missed().is_empty()
    }

    /// The checks that did not always hold, which the threshold on checks does not name.
    fn failed_checks(&self) -> impl Iterator<Item = String> {
        let failed = self.summary.checks.iter().filter(|check| check.fails > 0);
        failed.map(|check| {
            format!("not always so: {} ({} of {} failed)", check.name, check.fails, check.passes + check.fails)
        })
    }

    /// The thresholds that were missed. In search of the breaking point, a missed objective is what is looked for.
    #[must_use]
    pub fn missed(&self) -> Vec<String> {
        let is_break = |metric: &str| metric.starts_with("http_req_duration") || metric == "dropped_iterations";
        let missed = self.summary.thresholds.iter().filter(|threshold| !threshold.ok);
        missed
            .filter(|threshold| !(self.load.profile == Profile::Breakpoint && is_break(&threshold.metric)))
            .map(|threshold| format!("{} {}", threshold.metric, threshold.threshold))
            .collect()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Load { profile, fault, store, sessions_per_day, duration, settings } = &self.load;
        let verdict = if self.passed() { "passed" } else { "FAILED" };
        writeln!(out, "{}: {verdict}", profile.name())?;
        write!(out, "store {store:?}, {sessions_per_day} sessions per day, {duration}")?;
        if let Some(fault) = fault {
            write!(out, ", fault {}", fault.name())?;
        }
        for (name, value) in settings {
            write!(out, ", {name}={value}")?;
        }
        writeln!(out)?;
        for sentence in &self.broken {
            writeln!(out, "- {sentence}")?;
        }
        for missed in self.missed() {
            writeln!(out, "- missed: {missed}")?;
        }
        if let Some(reached) = self.summary.reached_sessions_per_day {
            let objectives: Vec<&str> = self.summary.thresholds.iter().filter(|t| !t.ok).map(|t| &*t.metric).collect();
            writeln!(
                out,
                "- it ended early, at a rate of {reached:.0} sessions per day, by {}",
                objectives.join(", ")
            )?;
        }
        for failed in self.failed_checks() {
            writeln!(out, "- {failed}")?;
        }
        write!(out, "\n{}", self.audit)
    }
}
