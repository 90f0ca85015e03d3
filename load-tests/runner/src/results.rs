//! Keeping what a run showed, under the name of its profile, day and commit.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{load::Load, machine::Machine, outcome::Outcome};

/// Writes the report to `load-tests/results`, as Markdown for people and as JSON for programs.
///
/// # Errors
/// When it cannot be written.
pub fn save(outcome: &Outcome) -> Result<[PathBuf; 2]> {
    let machine = Machine::observe()?;
    let Load { profile, fault, .. } = outcome.load;
    let with = fault.filter(|fault| Some(*fault) != profile.fault()).map(|fault| format!("-with-{}", fault.name()));
    let name = format!("load-{}{}-{}-{}", profile.name(), with.unwrap_or_default(), machine.date, machine.commit);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results");
    let folder = folder.canonicalize().with_context(|| folder.display().to_string())?;
    let paths = ["md", "json"].map(|extension| folder.join(format!("{name}.{extension}")));
    let [markdown, programs] = &paths;
    fs::write(markdown, page(outcome, &machine)).with_context(|| markdown.display().to_string())?;
    let text = serde_json::to_string_pretty(&report(outcome, &machine))?;
    fs::write(programs, text + "\n").with_context(|| programs.display().to_string())?;
    Ok(paths)
}

/// The machine-readable report: what k6 measured and what the auditor found, in one.
fn report(outcome: &Outcome, machine: &Machine) -> Value {
    let Outcome { load, broken, summary, audit } = outcome;
    let Load { profile, fault, store, sessions_per_day, duration, settings } = load;
    json!({
        "passed": outcome.passed(), "commit": machine.commit, "date": machine.date, "machine": machine.description,
        "profile": profile, "fault": fault, "store": store, "sessionsPerDay": sessions_per_day, "duration": duration,
        "settings": settings, "broken": broken, "k6": summary, "audit": audit,
    })
}

fn page(outcome: &Outcome, machine: &Machine) -> String {
    let Machine { date, commit, description } = machine;
    let title = outcome.load.profile.name();
    let metrics = outcome.summary.rest.get("metrics").and_then(Value::as_object);
    let latencies = metrics.into_iter().flatten().filter_map(|(name, values)| {
        let route = name.strip_prefix("http_req_duration{name:")?.strip_suffix('}')?;
        let of = |name: &str| values[name].as_f64().unwrap_or_default();
        Some(format!("| {route} | {:.0} | {:.1} | {:.1} | {:.1} |\n", of("count"), of("med"), of("p(95)"), of("p(99)")))
    });
    let latencies: String = latencies.collect();
    let head = "| Milliseconds | Requests | Median | p95 | p99 |\n| --- | ---: | ---: | ---: | ---: |\n";
    let count = |name: &str| metrics.and_then(|all| all.get(name)?["count"].as_f64()).unwrap_or_default();
    let counts = format!(
        "{} requests in {} iterations, {} retries, {} given up, {} iterations dropped.",
        count("http_reqs"),
        count("iterations"),
        count("retries"),
        count("given_up"),
        count("dropped_iterations")
    );
    let table = if latencies.is_empty() { String::new() } else { format!("{head}{latencies}\n") };
    format!("# Load profile {title}, {date}\n\nCommit {commit}; {description}.\n\n{counts}\n\n{table}{outcome}")
}
