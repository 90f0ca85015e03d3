//! `cargo xtask test`: the whole check, in order, ending at the first step that fails.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::tools::Tool;
use crate::{containers, run, tidy, tools};

const DOCUMENT: &str = "api/openapi.json";

/// How a step went that did not fail.
enum Outcome {
    Passed,
    Skipped(String),
}

type Step = (&'static str, fn(&[Tool]) -> Result<Outcome>);

const STEPS: &[Step] = &[
    ("format", |_| cargo(&["fmt", "--all", "--check"], &[])),
    ("clippy", |_| {
        let lint = ["clippy", "--workspace", "--all-targets", "--"];
        cargo(&[&lint[..], &["-D", "warnings"]].concat(), &[])
    }),
    ("tidy", |_| tidy::command(&[]).map(|()| Outcome::Passed)),
    ("openapi lint", openapi_lint),
    ("containers", |tools| match containers::check(tools)? {
        None => Ok(Outcome::Passed),
        Some(reason) => skip(reason),
    }),
    // Last, being the longest, and all of it: one run names every test that fails.
    ("tests", |tools| cargo(&["test", "--workspace", "--no-fail-fast"], tools)),
];

pub(crate) fn command(_: &[String]) -> Result<()> {
    let mut table = Vec::new();
    let checked = check(&mut table);
    println!();
    for (name, duration, result) in &table {
        println!("{name:14} {:7.1} s  {result}", duration.as_secs_f64());
    }
    checked
}

fn check(table: &mut Vec<(&'static str, Duration, String)>) -> Result<()> {
    let start = Instant::now();
    let tools = tools::ensure();
    let missing: Vec<String> = tools
        .iter()
        .flatten()
        .filter_map(|tool| Some(format!("no {}: {}", tool.name, tool.found.as_ref().err()?)))
        .collect();
    table.push((
        "tools",
        start.elapsed(),
        match &tools {
            Err(_) => "FAILED".to_owned(),
            Ok(_) if missing.is_empty() => "passed".to_owned(),
            Ok(_) => missing.join("; "),
        },
    ));
    let tools = tools?;
    for (name, step) in STEPS {
        println!("\n== {name}");
        let start = Instant::now();
        let outcome = step(&tools);
        let result = match &outcome {
            Ok(Outcome::Passed) => "passed".to_owned(),
            Ok(Outcome::Skipped(reason)) => format!("SKIPPED: {reason}"),
            Err(_) => "FAILED".to_owned(),
        };
        table.push((name, start.elapsed(), result));
        outcome.with_context(|| format!("step {name}"))?;
    }
    Ok(())
}

fn cargo(arguments: &[&str], tools: &[Tool]) -> Result<Outcome> {
    let mut command = run::cargo();
    tools::announce(&mut command, tools);
    run::run(command.args(arguments))?;
    Ok(Outcome::Passed)
}

fn openapi_lint(tools: &[Tool]) -> Result<Outcome> {
    if !run::root().join(DOCUMENT).is_file() {
        return skip(format!("{DOCUMENT} does not exist: run cargo xtask codegen"));
    }
    let redocly = match tools::find(tools, "redocly")? {
        Ok(path) => path,
        Err(reason) => return skip(reason),
    };
    let mut lint = run::at_root(redocly);
    lint.args(["lint", DOCUMENT, "--config", "xtask/redocly.yaml"])
        // A check must not depend on, or report to, anybody's server.
        .env("REDOCLY_TELEMETRY", "off")
        .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    run::run(&mut lint)?;
    Ok(Outcome::Passed)
}

/// A step left out, which continuous integration does not accept.
fn skip(reason: String) -> Result<Outcome> {
    if run::is_ci() {
        bail!(reason);
    }
    println!("skipped: {reason}");
    Ok(Outcome::Skipped(reason))
}
