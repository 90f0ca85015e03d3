//! What a run found, short enough for where Kubernetes keeps the last words of a container.

use std::{fs, io, path::Path};

use conversation_store::mongo::schema;
use serde::Serialize;

use crate::{
    exit::Exit,
    plan::{Finding, Plan, Risk, Step},
};

/// The most bytes of a termination message; Kubernetes cuts off the rest, and with it the end of the JSON.
pub const LIMIT: usize = 4096;
/// The most characters of an error: its sentence, and not a server's whole answer.
const ERROR_CHARS: usize = 1024;

/// The summary of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Which command ran.
    pub command: &'static str,
    /// How it ended.
    pub outcome: &'static str,
    /// Why it failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The version of the schema that this release declares.
    pub schema_version: i32,
    /// The checksum of that.
    pub schema_checksum: String,
    /// What approves the steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
    /// What is left to do.
    pub steps: Vec<Left>,
    /// Those of the steps by which something is lost if they were a mistake.
    pub destructive: Vec<String>,
    /// What was changed by hand.
    pub drift: Vec<Finding>,
    /// What a person must decide first.
    pub blocked: Vec<Finding>,
    /// Whether the schema is one of a later release, of which this one can say nothing more.
    pub newer: bool,
    /// How many entries of these lists were left out.
    pub omitted: usize,
}

/// A step that is left to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Left {
    /// Its name.
    pub id: String,
    /// Why.
    pub why: String,
    /// What can go wrong meanwhile.
    pub risk: Risk,
}

impl Summary {
    /// The summary of a command that failed.
    #[must_use]
    pub fn of_error(command: &'static str, error: String) -> Self {
        Self { error: Some(error), ..Self::of(command, Exit::Error, None) }
    }

    /// The summary of a command that ended, with the plan that it saw last.
    #[must_use]
    pub fn of(command: &'static str, exit: Exit, plan: Option<&Plan>) -> Self {
        let left = |Step { id, why, risk, .. }: &Step| Left { id: id.clone(), why: why.clone(), risk: *risk };
        Self {
            command,
            outcome: exit.name(),
            error: None,
            schema_version: schema::VERSION,
            schema_checksum: schema::checksum(),
            approval: plan.map(|plan| plan.approval.clone()),
            steps: plan.iter().flat_map(|plan| &plan.steps).map(left).collect(),
            destructive: plan.iter().flat_map(|plan| plan.destructive()).map(|step| step.id.clone()).collect(),
            drift: plan.map(|plan| plan.drift.clone()).unwrap_or_default(),
            blocked: plan.map(|plan| plan.blocked.clone()).unwrap_or_default(),
            newer: plan.is_some_and(Plan::is_newer),
            omitted: 0,
        }
    }

    /// Writes it where it fits.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(self, file: &Path) -> io::Result<()> {
        fs::write(file, fitted(self, LIMIT))
    }
}

/// A summary as JSON of at most `limit` bytes. What is left out is the end of whichever list takes the most room, so that a
/// long one does not push out the short ones.
#[must_use]
pub fn fitted(mut summary: Summary, limit: usize) -> String {
    summary.error = summary.error.map(|error| error.chars().take(ERROR_CHARS).collect());
    loop {
        let text = json(&summary);
        if text.len() <= limit {
            return text;
        }
        if summary.shorten() {
            summary.omitted += 1;
        } else if summary.error.as_mut().and_then(String::pop).is_none() {
            return text;
        }
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl Summary {
    /// Leaves out the last entry of the largest list; false when all are empty.
    fn shorten(&mut self) -> bool {
        let Self { steps, destructive, drift, blocked, .. } = self;
        let sizes = [json(steps), json(destructive), json(drift), json(blocked)].map(|text| text.len());
        match (0..sizes.len()).max_by_key(|list| sizes[*list]) {
            Some(0) => steps.pop().is_some(),
            Some(1) => destructive.pop().is_some(),
            Some(2) => drift.pop().is_some(),
            _ => blocked.pop().is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn finding(number: usize, problem: &str) -> Finding {
        Finding { subject: format!("index events.x{number}"), problem: problem.into(), remedy: "drop it".into() }
    }

    fn summary(steps: usize, drift: usize, blocked: usize, text: &str) -> Summary {
        let left = |n| Left { id: format!("create-index events.x{n}"), why: text.into(), risk: Risk::Low };
        Summary {
            steps: (0..steps).map(left).collect(),
            drift: (0..drift).map(|n| finding(n, text)).collect(),
            blocked: (0..blocked).map(|n| finding(n, text)).collect(),
            ..Summary::of("plan", Exit::Blocked, None)
        }
    }

    #[test]
    fn two_hundred_findings_are_cut_to_fit_and_the_others_stay() {
        let text = fitted(summary(3, 200, 2, "is not declared; every write pays for it"), LIMIT);
        let cut: Value = serde_json::from_str(&text).expect("JSON");
        let count = |list: &str| cut[list].as_array().expect("a list").len();
        assert!(text.len() <= LIMIT && text.len() > LIMIT - 300, "{}", text.len());
        assert_eq!((count("steps"), count("blocked")), (3, 2));
        assert_eq!(cut["omitted"].as_u64(), Some((200 - count("drift")) as u64));
    }

    #[test]
    fn a_schema_of_a_later_release_is_told_apart_whatever_is_cut() {
        let told = |subject: &str| {
            let later = Finding { subject: subject.into(), ..finding(0, "is of a later release") };
            let plan = Plan { blocked: vec![later], ..Plan::default() };
            let summary = Summary::of("plan", Exit::Blocked, Some(&plan));
            let cut: Value = serde_json::from_str(&fitted(summary, 0)).expect("JSON");
            (cut["newer"].clone(), cut["blocked"].clone())
        };
        assert_eq!(told("schema version"), (true.into(), Value::Array(Vec::new())));
        assert_eq!(told("set-validator events").0, false);
    }

    #[test]
    fn what_fits_is_whole() {
        let text = fitted(Summary::of_error("apply", "no server of a:1 could be reached".into()), LIMIT);
        let whole: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(whole["outcome"], "error");
        assert_eq!(whole["error"], "no server of a:1 could be reached");
        assert_eq!((whole["omitted"].as_u64(), whole["approval"].is_null()), (Some(0), true));
    }

    proptest! {
        #[test]
        fn whatever_was_found_it_is_json_that_fits_and_counts_what_is_missing(
            steps in 0..30_usize,
            drift in 0..30_usize,
            blocked in 0..30_usize,
            text in ".{0,200}",
            error in proptest::option::of(".{0,3000}"),
        ) {
            let whole = Summary { error: error.clone(), ..summary(steps, drift, blocked, &text) };
            let cut = fitted(whole, LIMIT);
            prop_assert!(cut.len() <= LIMIT);
            let cut: Value = serde_json::from_str(&cut).expect("JSON");
            let left: usize = ["steps", "drift", "blocked"].iter().map(|l| cut[*l].as_array().map_or(0, Vec::len)).sum();
            prop_assert_eq!(cut["omitted"].as_u64(), Some((steps + drift + blocked - left) as u64));
            let told = cut["error"].as_str().unwrap_or_default();
            prop_assert!(error.unwrap_or_default().starts_with(told));
        }
    }
}
