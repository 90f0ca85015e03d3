//! The answers as tables for people.

use super::{
    answer::{Capacity, Disk, Memory, Network, Oplog, PerMillion, Service, Shards, ToPrice},
    breakpoint::{Breakpoint, Shares},
    range::Range,
};
use crate::render::Table;

const HEAD: [&str; 5] = ["what", "low", "expected", "high", "unit"];

type Row<'r> = (&'r str, Range, &'r str);

impl Capacity {
    /// The answer as tables.
    #[must_use]
    pub fn tables(&self) -> Vec<Table> {
        let Self { inputs, measured, rates, service, shards, disk, memory, oplog, network, to_price, .. } = self;
        let rates = rates
            .iter()
            .map(|rate| vec![rate.operation.to_owned(), figure(rate.mean_per_second), figure(rate.peak_per_second)]);
        let sessions = figure(inputs.sessions_per_day.unwrap_or_default());
        let title = |text: String| format!("{text} (costs of {}, {})", measured.commit, measured.date);
        let binds = format!("Shards of {} members, bound by {}", figure(inputs.members), shards.binds);
        vec![
            Table {
                title: title(format!("Calls, {sessions} sessions a day")),
                head: vec!["operation", "mean a second", "peak a second"],
                rows: rates.collect(),
            },
            table("Service, at the peak", service_rows(service)),
            table(&binds, shard_rows(shards)),
            table("Disk", disk_rows(disk)),
            table("Memory of the primaries", memory_rows(memory)),
            table("Oplog", oplog_rows(oplog)),
            table("Network, at the peak", network_rows(network)),
            table("To price", price_rows(to_price)),
            table("For a million sessions", million_rows(&self.per_million_sessions)),
        ]
    }
}

impl Breakpoint {
    /// The answer as a table.
    #[must_use]
    pub fn tables(&self) -> Vec<Table> {
        let Self { inputs, measured, sessions_per_second, sessions_per_day, requests_per_second, .. } = self;
        let Shares { generator, service, primary, secondaries } = self.cpu_seconds_per_thousand;
        let title = format!(
            "One machine of {} processors is saturated at (costs of {}, {})",
            figure(inputs.processors.unwrap_or_default()),
            measured.commit,
            measured.date
        );
        let rows = [
            ("sessions", *sessions_per_second, "a second"),
            ("sessions", *sessions_per_day, "a day"),
            ("requests", *requests_per_second, "a second"),
            ("load generator", generator, "CPU-s for 1,000 sessions"),
            ("service", service, "CPU-s for 1,000 sessions"),
            ("primary", primary, "CPU-s for 1,000 sessions"),
            ("secondaries", secondaries, "CPU-s for 1,000 sessions"),
        ];
        vec![table(&title, rows.to_vec())]
    }
}

fn service_rows(service: &Service) -> Vec<Row<'_>> {
    let Service { busy_processors, pods } = *service;
    vec![("processors busy", busy_processors, "CPUs"), ("pods, with spare ones", pods, "pods")]
}

fn shard_rows(shards: &Shards) -> Vec<Row<'_>> {
    let Shards { busy_processors, by_processors, by_disk, by_memory, shards, binds: _ } = *shards;
    vec![
        ("processors busy, primaries", busy_processors, "CPUs"),
        ("by processors", by_processors, "shards"),
        ("by disk", by_disk, "shards"),
        ("by memory", by_memory, "shards"),
        ("shards", shards, "shards"),
    ]
}

fn disk_rows(disk: &Disk) -> Vec<Row<'_>> {
    let Disk { documents_gib, indexes_gib, oplog_gib, copy_gib, per_member_gib, all_members_gib } = *disk;
    vec![
        ("documents, compressed", documents_gib, "GiB"),
        ("indexes", indexes_gib, "GiB"),
        ("oplog", oplog_gib, "GiB"),
        ("one copy", copy_gib, "GiB"),
        ("each member", per_member_gib, "GiB"),
        ("all members", all_members_gib, "GiB"),
    ]
}

fn memory_rows(memory: &Memory) -> Vec<Row<'_>> {
    let Memory { documents_gib, touched_share, indexes_gib, working_set_gib } = *memory;
    vec![
        ("documents", documents_gib, "GiB"),
        ("leaf pages touched", touched_share * 100.0, "% of all"),
        ("these pages", indexes_gib, "GiB"),
        ("working set", working_set_gib, "GiB"),
    ]
}

fn oplog_rows(oplog: &Oplog) -> Vec<Row<'_>> {
    let Oplog { mean_gib_per_hour, peak_gib_per_hour, default_window_hours } = *oplog;
    vec![
        ("mean", mean_gib_per_hour, "GiB an hour"),
        ("peak", peak_gib_per_hour, "GiB an hour"),
        ("window of MongoDB's default size", default_window_hours, "hours"),
    ]
}

fn network_rows(network: &Network) -> Vec<Row<'_>> {
    let Network { clients_mib_per_second, store_mib_per_second, replication_mib_per_second } = *network;
    vec![
        ("clients and pods", clients_mib_per_second, "MiB a second"),
        ("pods and primaries", store_mib_per_second, "MiB a second"),
        ("primaries to secondaries", replication_mib_per_second, "MiB a second"),
    ]
}

fn price_rows(to_price: &ToPrice) -> Vec<Row<'_>> {
    let ToPrice { vcpu, ram_gib, disk_gib_months } = *to_price;
    vec![("processors", vcpu, "vCPU"), ("memory", ram_gib, "GiB"), ("disk", disk_gib_months, "GiB-months a month")]
}

fn million_rows(million: &PerMillion) -> Vec<Row<'_>> {
    let PerMillion {
        service_cpu_hours,
        primary_cpu_hours,
        secondaries_cpu_hours,
        stored_gib,
        oplog_gib,
        disk_gib_months,
    } = *million;
    vec![
        ("service", service_cpu_hours, "CPU-hours"),
        ("primaries", primary_cpu_hours, "CPU-hours"),
        ("secondaries", secondaries_cpu_hours, "CPU-hours"),
        ("one copy, without oplog", stored_gib, "GiB"),
        ("oplog", oplog_gib, "GiB"),
        ("all copies, for as long as kept", disk_gib_months, "GiB-months"),
    ]
}

fn table(title: &str, rows: Vec<Row<'_>>) -> Table {
    let row = |(what, range, unit): Row<'_>| {
        vec![what.to_owned(), figure(range.low), figure(range.expected), figure(range.high), unit.to_owned()]
    };
    Table { title: title.to_owned(), head: HEAD.to_vec(), rows: rows.into_iter().map(row).collect() }
}

/// Three significant digits, and all of a whole number's: more would claim what error bars deny.
pub(super) fn figure(value: f64) -> String {
    let digits = value.abs().max(f64::MIN_POSITIVE).log10().floor();
    let decimals = if value.fract() == 0.0 { 0.0 } else { (2.0 - digits).clamp(0.0, 4.0) };
    let text = format!("{value:.0$}", decimals as usize);
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let grouped: Vec<&str> =
        whole.as_bytes().rchunks(3).rev().map(|three| std::str::from_utf8(three).unwrap_or_default()).collect();
    fraction.map_or_else(|| grouped.join(","), |fraction| format!("{}.{fraction}", grouped.join(",")))
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn figures_have_three_digits_that_count() {
        let shown = [0.0, 0.012_34, 1.234, 12.34, 123.4, 1234.5, 1_000_000.0, 0.000_012].map(figure);
        assert_eq!(shown, ["0", "0.0123", "1.23", "12.3", "123", "1,234", "1,000,000", "0.0000"]);
    }
}
