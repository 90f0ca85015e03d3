//! The results as Markdown.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::args::{Args, StoreKind};
use crate::contest::{Measured, Outcome};
use crate::machine::Machine;
use crate::round::{Round, ratio};
use crate::sample::median;
use crate::storage;

const HEADER: &str = "\
| operation | by | per second (lowest–highest round) | p50 / p99 ms | CPU-s per 10,000 | mongod | load generator | peak MiB | service ÷ bare |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

const CAVEATS: &str = "\
- The load generator, the service and the database share the processors; the bare driver has no generator beside it.
- A figure is the median of its rounds; a ratio is the median of the ratios of rounds side by side, and what to compare.
- The latency is that of a closed loop: it says how long an answer took at this rate, not at a given one.
- \"append, 100 per request\" counts events; its latency is that of a whole request. So does \"n per commit\".
- Every mongod has 0.25 GiB of cache, and no load lasts long enough to say how the figures change with size.
- SQLite itself works on one thread, the service reads on several.
- Processor time has a resolution of 10 ms; of the service it includes a log line per request, written to a file.
";

/// The whole report.
pub(crate) fn render(machine: &Machine, args: &Args, outcomes: &[Outcome]) -> String {
    let Machine { date, commit, built, processor, memory, load, flush, versions } = machine;
    let Args { seconds, rounds, connections, store: _, members, only: _, settings, save: _ } = args;
    let command: Vec<String> = std::env::args().skip(1).collect();
    let settings: Vec<String> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let settings = if settings.is_empty() { "its defaults".to_owned() } else { settings.join(" ") };
    let mut text = format!(
        "# Benchmark of {date}\n\n\
         Commit {commit}, service built {built}; {processor}, {memory:.0} GiB; {versions}; load average at the start {load}; \
         a flush of 4 KiB takes {flush:.2} ms.\n\
         `cargo xtask bench {}`: {rounds} rounds of {seconds} s, {connections} connections, or tasks of the bare driver; \
         {members} member(s) of the replica set; the service with {settings}.\n",
        command.join(" ")
    );
    for outcome in outcomes {
        text.push_str(&section(outcome));
    }
    text.push_str("\n## Caveats\n\n");
    text.push_str(CAVEATS);
    text
}

fn section(outcome: &Outcome) -> String {
    let Outcome { store, start_up, at_rest, memory_after, operations, weights } = outcome;
    let weights = if weights.is_empty() { String::new() } else { storage::table(weights) };
    let rows: String = operations.iter().map(|measured| rows(*store, measured)).collect();
    let peak = operations.iter().map(|measured| measured.peak).fold(0.0, f64::max);
    let rounds = operations.iter().flat_map(|m| m.service.iter().chain(m.bare.iter().flat_map(|(_, rounds)| rounds)));
    let noise: Vec<f64> = rounds.map(|round| round.others).collect();
    let (usual, worst) = (median(noise.iter().copied()), noise.iter().copied().fold(0.0, f64::max));
    format!(
        "\n## {}\n\n{HEADER}{rows}\n\
         Start-up: {:.0} ms to \"listening\" (median of 5), {:.0} ms the first time.\n\
         Memory: {:.1} MiB at rest ({:.1} of its own, {:.1} of files), {peak:.1} MiB at most, {memory_after:.1} MiB \
         after the last request.\n\
         Noise: other processes kept {usual:.2} processors busy in the median round, {worst:.2} in the worst.\n{weights}",
        store.name(),
        start_up.median,
        start_up.first,
        at_rest.resident,
        at_rest.anonymous,
        at_rest.file,
    )
}

fn rows(store: StoreKind, measured: &Measured) -> String {
    let Measured { operation, service, peak, bare } = measured;
    let bench = Round::median(service).bench;
    let (figures, store_cpu) = figures(store, service);
    let mut rows =
        format!("| **{}** | service | {figures} | {store_cpu} | {bench:.2} | {peak:.1} | |\n", operation.name);
    for (baseline, rounds) in bare {
        let (figures, store_cpu) = self::figures(store, rounds);
        let reached = ratio(service, rounds);
        let target = match baseline.target {
            None => String::new(),
            Some(target) if reached >= target => format!(" (≥ {target} met)"),
            Some(target) => format!(" (≥ {target} **missed**)"),
        };
        rows.push_str(&format!("| | {} | {figures} | {store_cpu} | | | {reached:.2}{target} |\n", baseline.name));
    }
    rows
}

fn figures(store: StoreKind, rounds: &[Round]) -> (String, String) {
    let Round { per_second, p50, p99, process, store: store_cpu, bench: _, others: _ } = Round::median(rounds);
    let rates = || rounds.iter().map(|round| round.per_second);
    let (least, most) = (rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max));
    let store_cpu = match store {
        StoreKind::Mongodb => format!("{store_cpu:.2}"),
        // It runs within the service.
        StoreKind::Embedded => String::new(),
    };
    let rate = format!("{} ({}–{})", grouped(per_second), grouped(least), grouped(most));
    (format!("{rate} | {} / {} | {process:.2}", milliseconds(p50), milliseconds(p99)), store_cpu)
}

/// With two digits that mean something, also for what takes microseconds.
fn milliseconds(time: f64) -> String {
    if time < 0.1 { format!("{time:.4}") } else { format!("{time:.2}") }
}

/// A whole number with its thousands set apart.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Where reports are kept.
pub(crate) fn results_folder() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    // This crate is at crates/bench, two levels below the root.
    manifest.ancestors().nth(2).unwrap_or(manifest).join("load-tests/results")
}

/// Keeps a report under the name of its day and commit.
pub(crate) fn save(folder: &Path, machine: &Machine, report: &str) -> Result<PathBuf> {
    fs::create_dir_all(folder).context("folder of results")?;
    let path = folder.join(format!("bench-{}-{}.md", machine.date, machine.commit));
    fs::write(&path, report).with_context(|| path.display().to_string())?;
    Ok(path)
}

#[cfg(test)]
mod tests;
