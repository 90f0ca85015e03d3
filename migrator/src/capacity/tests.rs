//! The model against sums made by hand, and what must hold for every load.

use clap::Parser;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    Answers,
    answer::Capacity,
    breakpoint::Breakpoint,
    costs::{Costs, Operation},
    inputs::Inputs,
    range::Range,
};

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    inputs: Inputs,
}

fn inputs(flags: &str) -> Inputs {
    Flags::try_parse_from([&["advise"], &flags.split_whitespace().collect::<Vec<_>>()[..]].concat())
        .expect("valid")
        .inputs
}

/// Costs as round as can be: a processor second for 10,000 calls of each, half of it as the lower end and twice it as
/// the upper; 1,000 bytes of everything.
fn round() -> Costs {
    let cost = |value: f64| json!({"value": value, "low": value / 2.0, "high": value * 2.0, "source": "hand"});
    let cpu = |name: &str| name.contains("cpu_s");
    let mut table: Value = serde_json::from_str(include_str!("../../costs.json")).expect("JSON");
    table["sources"] = json!({"hand": {"command": "", "method": "by hand"}});
    for (_, operation) in table["operations"].as_object_mut().expect("operations") {
        for (name, value) in operation.as_object_mut().expect("costs") {
            *value = cost(if cpu(name) { 1.0 } else { 1000.0 });
        }
    }
    for of in ["sessions", "events"] {
        for (_, value) in table[of].as_object_mut().expect("costs") {
            *value = cost(1000.0);
        }
    }
    for (name, value) in [("payload_bytes", 100.0), ("index_leaf_bytes", 16384.0)] {
        table[name] = cost(value);
    }
    table["cache_share"] = cost(0.5);
    Costs::parse(&table.to_string()).expect("complete")
}

fn near(range: Range, [low, expected, high]: [f64; 3]) {
    for (found, by_hand) in [(range.low, low), (range.expected, expected), (range.high, high)] {
        assert!((found - by_hand).abs() <= 1e-3 * by_hand.abs(), "{range:?} is not {low}, {expected}, {high}");
    }
}

#[test]
fn a_case_computed_by_hand() {
    // 8.64 million sessions a day are 100 a second; with 7 events and 1 read 1,000 calls a second, 4,000 at the peak.
    let inputs =
        inputs("--retention-days 1 --events-per-session 7 --working-set-hours 24 --pod-cpus 0.1 --shard-cpus 0.1");
    let capacity = Capacity::of(8_640_000.0, &inputs, &round());
    let peak: f64 = capacity.rates.iter().map(|rate| rate.peak_per_second).sum();
    assert!((peak - 4000.0).abs() < 1e-9, "{peak}");
    near(capacity.service.busy_processors, [0.2, 0.4, 0.8]);
    // 0.4 / (0.1 × 0.6) = 6.7 pods, and a spare one.
    near(capacity.service.pods, [5.0, 8.0, 15.0]);
    // 8.64 million sessions of 8 documents of 1,000 bytes.
    near(capacity.disk.documents_gib, [32.186, 64.373, 128.746]);
    near(capacity.disk.indexes_gib, [32.186, 64.373, 128.746]);
    // 24 hours of 8.64 million sessions with 10 calls of 1,000 bytes.
    near(capacity.disk.oplog_gib, [40.233, 80.466, 160.93]);
    near(capacity.disk.all_members_gib, [313.82, 627.63, 1255.3]);
    // Everything that is kept is in the working set.
    near(capacity.memory.touched_share, [1.0, 1.0, 1.0]);
    near(capacity.memory.working_set_gib, [64.373, 128.746, 257.49]);
    near(capacity.shards.by_processors, [4.0, 7.0, 14.0]);
    near(capacity.shards.by_memory, [3.0, 5.0, 9.0]);
    assert_eq!(capacity.shards.binds, "processors");
    // 7 shards of 3 members with 2,000 GiB: 50 GiB of oplog each for 80.5 GiB a day.
    near(capacity.oplog.default_window_hours, [52.196, 104.39, 208.78]);
    near(capacity.network.replication_mib_per_second, [3.8147, 7.6294, 15.259]);
    near(capacity.to_price.vcpu, [1.7, 2.9, 5.7]);
    // A million sessions of 10 calls of 0.1 ms.
    near(capacity.per_million_sessions.service_cpu_hours, [0.13889, 0.27778, 0.55556]);
    near(capacity.per_million_sessions.secondaries_cpu_hours, [0.27778, 0.55556, 1.1111]);
}

#[test]
fn the_breakpoint_of_a_machine_computed_by_hand() {
    // 10 calls of 0.1 ms each by generator, service and primary: 3 ms a session on 2 processors.
    let alone = Breakpoint::of(2.0, &inputs("--members 1 --events-per-session 7"), &round());
    near(alone.sessions_per_second, [333.33, 666.67, 1333.3]);
    near(alone.requests_per_second, [3333.3, 6666.7, 13333.0]);
    near(alone.sessions_per_day, [28.8e6, 57.6e6, 115.2e6]);
    // Two secondaries more, and a load generator that takes 0.5 ms a call.
    let flags = "--processors 2 --generator-seconds 5 --events-per-session 7";
    let replicated = Breakpoint::of(2.0, &inputs(flags), &round());
    near(replicated.sessions_per_second, [153.85, 222.22, 285.71]);
}

#[test]
fn the_sums_of_the_first_design_come_out() {
    let capacity = Capacity::of(1e6, &inputs("--reads-per-session 0"), &Costs::committed());
    let writes: f64 = capacity.rates.iter().map(|rate| rate.peak_per_second).sum();
    assert!((writes - 1018.5).abs() < 0.1, "22 writes a session at 4 × the mean: {writes}");
}

#[test]
fn what_was_asked_is_answered_and_no_more() {
    let costs = Costs::committed();
    let asked = |flags: &str| {
        let answers = Answers::to(&inputs(flags), &costs);
        (answers.capacity.is_some(), answers.breakpoint.is_some(), answers.tables().len())
    };
    assert_eq!(asked(""), (false, false, 0));
    assert_eq!(asked("--sessions-per-day 5"), (true, false, 9));
    assert_eq!(asked("--processors 2"), (false, true, 1));
    assert_eq!(asked("--processors 2 --sessions-per-day 5"), (true, true, 10));
}

#[test]
fn a_replicated_primary_works_more_than_one_alone() {
    let costs = Costs::committed();
    for (name, operation) in costs.operations.all() {
        let Operation { primary_cpu_s_per_10k: alone, replicated_cpu_s_per_10k: replicated, .. } = operation;
        assert!(alone.value <= replicated.value, "{name}");
    }
}

/// What must not fall when there is more to do.
fn needs(capacity: &Capacity) -> Vec<Range> {
    let Capacity { service, shards, disk, memory, oplog, network, to_price, .. } = capacity;
    vec![
        service.pods,
        service.busy_processors,
        shards.shards,
        shards.busy_processors,
        disk.copy_gib,
        memory.working_set_gib,
        oplog.peak_gib_per_hour,
        network.clients_mib_per_second,
        network.store_mib_per_second,
        to_price.vcpu,
        to_price.ram_gib,
        to_price.disk_gib_months,
    ]
}

fn any_inputs() -> impl Strategy<Value = Inputs> {
    let load = (0.0..1000.0, 0.0..10.0, 1.0..400.0, 2.0..10_000.0);
    let shape = (1.0..20.0, 0.01..1000.0, 1.0..100.0, 1.0..7.0, 0.05..1.0);
    (load, shape).prop_map(|((events, reads, retention, payload), (peak, working_set, oplog, members, utilisation))| {
        Inputs {
            events_per_session: events,
            reads_per_session: reads,
            retention_days: retention,
            payload_bytes: Some(payload),
            peak_factor: peak,
            working_set_hours: working_set,
            oplog_hours: oplog,
            members: f64::floor(members),
            utilisation,
            ..inputs("")
        }
    })
}

proptest! {
    #[test]
    fn more_of_anything_never_needs_less(before in any_inputs(), sessions in 1.0..1e9_f64, which in 0..6_usize, more in 1.0..3.0_f64) {
        let costs = Costs::committed();
        let mut after = before.clone();
        let mut more_sessions = sessions;
        match which {
            0 => more_sessions *= more,
            1 => after.events_per_session *= more,
            2 => after.reads_per_session *= more,
            3 => after.retention_days *= more,
            4 => after.payload_bytes = before.payload_bytes.map(|bytes| bytes * more),
            _ => after.peak_factor *= more,
        }
        let pairs = needs(&Capacity::of(sessions, &before, &costs)).into_iter().zip(needs(&Capacity::of(more_sessions, &after, &costs)));
        for (number, (less, more)) in pairs.enumerate() {
            for (less, more) in [(less.low, more.low), (less.expected, more.expected), (less.high, more.high)] {
                prop_assert!(more >= less * (1.0 - 1e-9), "need {number}, more of {which}: {less} became {more}");
            }
        }
    }

    #[test]
    fn every_figure_lies_within_its_error_bars(inputs in any_inputs(), sessions in 1.0..1e10_f64, processors in 0.1..1024.0_f64) {
        let costs = Costs::committed();
        let breakpoint = Breakpoint::of(processors, &inputs, &costs);
        let capacity = Capacity::of(sessions, &inputs, &costs);
        let all = needs(&capacity).into_iter().chain([breakpoint.sessions_per_second, capacity.memory.touched_share]);
        for Range { low, expected, high } in all {
            prop_assert!(0.0 <= low && low <= expected && expected <= high && high.is_finite(), "{low} {expected} {high}");
        }
    }
}
