//! What the model answers, as data: the JSON of `advise` has these fields.

use serde::Serialize;

use super::{costs::Measured, inputs::Inputs, range::Range};

/// What a load needs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Capacity {
    /// The load, and what carries it.
    pub inputs: Inputs,
    /// The costs it rests on.
    pub measured: Measured,
    /// How many calls of each operation.
    pub rates: Vec<Rate>,
    /// The pods of the service.
    pub service: Service,
    /// The shards.
    pub shards: Shards,
    /// What one copy of the data takes on disk.
    pub disk: Disk,
    /// What should be in memory.
    pub memory: Memory,
    /// The oplog of all shards.
    pub oplog: Oplog,
    /// Bytes on the network at the peak.
    pub network: Network,
    /// What a team can price.
    pub to_price: ToPrice,
    /// What grows with the sessions, for a million of them.
    pub per_million_sessions: PerMillion,
}

/// Calls of an operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rate {
    /// Which operation.
    pub operation: &'static str,
    /// A second, as the mean of the day.
    pub mean_per_second: f64,
    /// A second, at the peak.
    pub peak_per_second: f64,
}

/// The pods of the service.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Processors busy at the peak, in all.
    pub busy_processors: Range,
    /// Pods, the spare ones with them.
    pub pods: Range,
}

/// The shards.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shards {
    /// Processors of all primaries that are busy at the peak.
    pub busy_processors: Range,
    /// Shards that the processors need.
    pub by_processors: Range,
    /// Shards that the disk needs.
    pub by_disk: Range,
    /// Shards that the memory needs.
    pub by_memory: Range,
    /// The most of these.
    pub shards: Range,
    /// Which of these is expected to bind.
    pub binds: &'static str,
}

/// One copy of the data on disk, in GiB.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Disk {
    /// Sessions and events, compressed.
    pub documents_gib: Range,
    /// Their indexes.
    pub indexes_gib: Range,
    /// The oplog of the window that was asked for.
    pub oplog_gib: Range,
    /// All of it.
    pub copy_gib: Range,
    /// Of each member, on the expected number of shards.
    pub per_member_gib: Range,
    /// Of all members.
    pub all_members_gib: Range,
}

/// What should be in the caches of the primaries, in GiB.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    /// Documents of the working set, uncompressed.
    pub documents_gib: Range,
    /// The share of all leaf pages of indexes that the working set touches.
    pub touched_share: Range,
    /// These pages.
    pub indexes_gib: Range,
    /// Both.
    pub working_set_gib: Range,
}

/// The oplog of all shards.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Oplog {
    /// GiB an hour as the mean of the day.
    pub mean_gib_per_hour: Range,
    /// GiB an hour at the peak.
    pub peak_gib_per_hour: Range,
    /// How many hours of the mean MongoDB's default size holds, on the expected number of shards.
    pub default_window_hours: Range,
}

/// MiB a second at the peak, both ways, before compression and TLS.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// Between clients and pods.
    pub clients_mib_per_second: Range,
    /// Between pods and primaries.
    pub store_mib_per_second: Range,
    /// From primaries to secondaries.
    pub replication_mib_per_second: Range,
}

/// Units that every provider has a price for: machines as they are rented, whatever their use.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToPrice {
    /// Processors of pods and members.
    pub vcpu: Range,
    /// Memory of pods and members, in GiB.
    pub ram_gib: Range,
    /// Disk of all members, filled as far as asked for; each GiB for a month, every month.
    pub disk_gib_months: Range,
}

/// What a million sessions cost, on whatever machines.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PerMillion {
    /// Processor hours of the service.
    pub service_cpu_hours: Range,
    /// Processor hours of the primaries.
    pub primary_cpu_hours: Range,
    /// Processor hours of all secondaries.
    pub secondaries_cpu_hours: Range,
    /// One copy of documents and indexes, in GiB.
    pub stored_gib: Range,
    /// Oplog, in GiB.
    pub oplog_gib: Range,
    /// All copies for as long as they are kept, in GiB times months.
    pub disk_gib_months: Range,
}
