//! The results as Markdown.

mod growth;

use crate::args::{Args, Mode, StoreKind};
use crate::contest::{Measured, Turns};
use crate::machine::Machine;
use crate::results::Results;
use crate::round::Round;
use crate::sample::median;
use crate::suite::Outcome;
use crate::{storage, targets};

const HEADER: &str = "\
| operation | by | per second (lowest–highest round) | p50 / p99 ms | CPU-s per 10,000 | mongod | load generator | peak MiB | service ÷ bare |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

const CAVEATS: &str = "\
- The load generator, the service and the database share the processors; the bare driver has no generator beside it.
- A figure is the median of its rounds; a ratio is the median of the ratios of rounds side by side, and what to compare.
- The latency is that of a closed loop: it says how long an answer took at this rate, not at a given one.
- \"append, 100 per request\" counts events; its latency is that of a whole request. So does \"n per commit\".
- Every mongod has 2 GiB of cache, and 0.25 GiB in the series of shards.
- SQLite itself works on one thread, the service reads on several.
- Processor time has a resolution of 10 ms; of the service it includes a log line per request, written to a file.
";

/// The whole report.
pub(crate) fn render(machine: &Machine, args: &Args, results: &Results) -> String {
    let Machine { date, commit, built, processor, memory, load, flush, versions } = machine;
    let Args { mode, seconds, rounds, connections, store: _, members, only: _, settings, save: _ } = args;
    let settings: Vec<String> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let settings = if settings.is_empty() { "its defaults".to_owned() } else { settings.join(" ") };
    let title = match mode {
        None => "Benchmark",
        Some(Mode::Growth(_)) => "Growth",
    };
    let mut text = format!(
        "# {title} of {date}\n\n\
         Commit {commit}, service built {built}; {processor}, {memory:.0} GiB; {versions}; load average at the start {load}; \
         a flush of 4 KiB takes {flush:.2} ms.\n\
         `{}`: {rounds} rounds of {seconds} s, {connections} connections, or tasks of the bare driver, unless said; \
         {members} member(s) of the replica set; the service with {settings}.\n\n\
         ## Targets\n\n{}{}",
        command(),
        if *connections == targets::CONNECTIONS {
            ""
        } else {
            "These are meant for another number of connections.\n\n"
        },
        targets::table(results)
    );
    results.stores.iter().for_each(|outcome| text.push_str(&section(outcome)));
    results.series.iter().for_each(|series| text.push_str(&growth::section(series)));
    if !results.failures.is_empty() {
        text.push_str(&format!("\n## Not measured\n\n- {}\n", results.failures.join("\n- ")));
    }
    text.push_str("\n## Caveats\n\n");
    text.push_str(CAVEATS);
    text
}

/// How this run was asked for.
pub(crate) fn command() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    format!("cargo xtask bench {}", arguments.join(" ")).trim_end().to_owned()
}

fn section(outcome: &Outcome) -> String {
    let Outcome { store, start_up, at_rest, memory_after, operations, weights } = outcome;
    let weights = if weights.is_empty() { String::new() } else { storage::table(weights) };
    let rows: String = operations.iter().map(|measured| rows(*store, measured)).collect();
    format!(
        "\n## {}\n\n{HEADER}{rows}\n\
         Start-up: {:.0} ms to \"listening\" (median of 5), {:.0} ms the first time.\n\
         Memory: {:.1} MiB at rest ({:.1} of its own, {:.1} of files), {:.1} MiB at most, {memory_after:.1} MiB \
         after the last request.\n{}{}{weights}",
        store.name(),
        start_up.median,
        start_up.first,
        at_rest.resident,
        at_rest.anonymous,
        at_rest.file,
        outcome.peak(),
        logged(operations),
        noise(operations),
    )
}

/// What replication carries.
fn logged(operations: &[Measured]) -> String {
    let each = operations.iter().filter_map(|m| Some(format!("{} {:.0}", m.operation, m.oplog?)));
    let each: Vec<String> = each.collect();
    if each.is_empty() { String::new() } else { format!("Oplog, in bytes for each: {}.\n", each.join("; ")) }
}

/// What other processes did meanwhile.
fn noise<'m>(measured: impl IntoIterator<Item = &'m Measured>) -> String {
    let turns = measured.into_iter().flat_map(|m| std::iter::once(&m.service).chain(&m.bare));
    let noise: Vec<f64> = turns.flat_map(|turns| &turns.rounds).map(|round| round.others).collect();
    let (usual, worst) = (median(noise.iter().copied()), noise.iter().copied().fold(0.0, f64::max));
    format!("Noise: other processes kept {usual:.2} processors busy in the median round, {worst:.2} in the worst.\n")
}

fn rows(store: StoreKind, measured: &Measured) -> String {
    let Measured { operation, service, bare, oplog: _ } = measured;
    let store_cpu = |turns: &Turns| match store {
        StoreKind::Mongodb => format!("{:.2}", turns.median().store),
        // It runs within the service.
        StoreKind::Embedded => String::new(),
    };
    let (bench, peak, cpu) = (service.median().bench, service.peak, store_cpu(service));
    let mut rows = format!("| **{operation}** | service | {} | {cpu} | {bench:.2} | {peak:.1} | |\n", figures(service));
    for turns in bare {
        let (figures, cpu, reached) = (figures(turns), store_cpu(turns), measured.ratio(turns));
        rows.push_str(&format!("| | {} | {figures} | {cpu} | | | {reached:.2} |\n", turns.name));
    }
    rows
}

/// Rate, latency and processor time, as three cells.
fn figures(turns: &Turns) -> String {
    let Round { per_second, p50, p99, process, store: _, bench: _, others: _ } = turns.median();
    let rates = || turns.rounds.iter().map(|round| round.per_second);
    let (least, most) = (rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max));
    let rate = format!("{} ({}–{})", grouped(per_second), grouped(least), grouped(most));
    format!("{rate} | {} / {} | {process:.2}", milliseconds(p50), milliseconds(p99))
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

#[cfg(test)]
pub(crate) mod tests;
