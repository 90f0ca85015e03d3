//! From a load and the costs to processors, shards, disk, memory and network. Every formula is in docs/capacity.md.

use super::{
    answer::{Capacity, Disk, Memory, Network, Oplog, PerMillion, Service, Shards, ToPrice},
    costs::Costs,
    inputs::Inputs,
    range::Range,
    session::Session,
};

const DAY_SECONDS: f64 = 86_400.0;
const DAY_HOURS: f64 = 24.0;
const HOUR_SECONDS: f64 = 3_600.0;
/// Days of a month, over four years.
const MONTH_DAYS: f64 = 365.25 / 12.0;
const MILLION: f64 = 1e6;
const GIB: f64 = 1_073_741_824.0;
const MIB: f64 = 1_048_576.0;
/// What one member's cache leaves to the system before it takes its share, in GiB: MongoDB's own rule.
const NOT_CACHE_GIB: f64 = 1.0;
/// MongoDB's own size of the oplog: this share of the disk, and no more than this.
const OPLOG_DISK_SHARE: f64 = 0.05;
const OPLOG_MOST_GIB: f64 = 50.0;

impl Capacity {
    /// What so many sessions a day need.
    #[must_use]
    pub fn of(sessions_per_day: f64, inputs: &Inputs, costs: &Costs) -> Self {
        let session = Session::of(inputs, costs);
        let mean = sessions_per_day / DAY_SECONDS;
        let peak = mean * inputs.peak_factor;

        let service = service(session.service_cpu() * peak, inputs);
        let disk = disk(&session, mean, inputs);
        let memory = memory(&session, sessions_per_day, inputs, costs);
        let shards = shards(session.primary_cpu() * peak, disk.copy_gib, memory.working_set_gib, inputs, costs);
        let disk = Disk { per_member_gib: disk.copy_gib / shards.shards.expected, ..disk };
        Self {
            inputs: inputs.clone(),
            measured: costs.measured.clone(),
            rates: session.rates(mean, peak),
            service,
            shards,
            disk,
            memory,
            oplog: oplog(&session, mean, peak, shards.shards.expected, inputs),
            network: Network {
                clients_mib_per_second: session.client_network() * (peak / MIB),
                store_mib_per_second: session.store_network() * (peak / MIB),
                replication_mib_per_second: session.oplog_bytes() * (peak * (inputs.members - 1.0) / MIB),
            },
            to_price: to_price(&service, &shards, &disk, inputs),
            per_million_sessions: per_million(&session, inputs),
        }
    }
}

fn service(busy_processors: Range, inputs: &Inputs) -> Service {
    let needed = (busy_processors / (inputs.pod_cpus * inputs.utilisation)).map(at_least_one);
    Service { busy_processors, pods: needed + Range::exactly(inputs.spare_pods) }
}

fn disk(session: &Session<'_>, mean: f64, inputs: &Inputs) -> Disk {
    let kept = mean * DAY_SECONDS * inputs.retention_days;
    let documents_gib = session.stored(|stored| &stored.disk_bytes) * (kept / GIB);
    let indexes_gib = session.indexes() * (kept / GIB);
    let hours = mean_hours(inputs.oplog_hours, inputs.peak_factor);
    let oplog_gib = session.oplog_bytes() * (mean * HOUR_SECONDS * hours / GIB);
    let copy_gib = documents_gib + indexes_gib + oplog_gib;
    let all_members_gib = copy_gib * inputs.members;
    Disk { documents_gib, indexes_gib, oplog_gib, copy_gib, per_member_gib: copy_gib, all_members_gib }
}

/// The documents of the sessions that began within the working set's hours, and the leaf pages that they touch. Keys are
/// hashed or random, so each session on a page is one of these with the same chance.
fn memory(session: &Session<'_>, sessions_per_day: f64, inputs: &Inputs, costs: &Costs) -> Memory {
    let days = (mean_hours(inputs.working_set_hours, inputs.peak_factor) / DAY_HOURS).min(inputs.retention_days);
    let recent = days / inputs.retention_days;
    let sessions_on_a_page = session.entries_beside_each_other().into_whole(costs.index_leaf_bytes.value);
    // 1 - (1 - recent)^sessions, in a form that keeps its digits when `recent` is tiny.
    let touched_share = sessions_on_a_page.map(|sessions| -(sessions.max(1.0) * (-recent).ln_1p()).exp_m1());
    let all_indexes = session.indexes() * (sessions_per_day * inputs.retention_days / GIB);
    // A larger session has fewer neighbours on its page: the ends of the share and of the bytes go against each other.
    let expected = all_indexes.expected * touched_share.expected;
    let indexes_gib = Range {
        // Where the two nearly cancel, what is expected may be the least or the most.
        low: (all_indexes.low * touched_share.high).min(expected),
        expected,
        high: (all_indexes.high * touched_share.low).max(expected),
    };
    let documents_gib = session.stored(|stored| &stored.bson_bytes) * (sessions_per_day * days / GIB);
    Memory { documents_gib, touched_share, indexes_gib, working_set_gib: documents_gib + indexes_gib }
}

fn shards(busy_processors: Range, copy: Range, working_set: Range, inputs: &Inputs, costs: &Costs) -> Shards {
    let cache = (inputs.shard_ram_gib - NOT_CACHE_GIB) * costs.cache_share.value;
    let by_processors = busy_processors / (inputs.shard_cpus * inputs.utilisation);
    let by_disk = copy / (inputs.shard_disk_gib * inputs.disk_fill);
    let by_memory = working_set / cache;
    let needs = [("processors", by_processors), ("disk", by_disk), ("memory", by_memory)];
    let (binds, _) = needs.into_iter().max_by(|a, b| a.1.expected.total_cmp(&b.1.expected)).unwrap_or(needs[0]);
    let [by_processors, by_disk, by_memory] = needs.map(|(_, need)| need.map(at_least_one));
    let shards = by_processors.max(by_disk).max(by_memory);
    Shards { busy_processors, by_processors, by_disk, by_memory, shards, binds }
}

fn oplog(session: &Session<'_>, mean: f64, peak: f64, shards: f64, inputs: &Inputs) -> Oplog {
    let hourly = |rate: f64| session.oplog_bytes() * (rate * HOUR_SECONDS / GIB);
    let default_size = (inputs.shard_disk_gib * OPLOG_DISK_SHARE).min(OPLOG_MOST_GIB) * shards;
    let default_window_hours = hourly(mean).into_whole(default_size);
    Oplog { mean_gib_per_hour: hourly(mean), peak_gib_per_hour: hourly(peak), default_window_hours }
}

fn to_price(service: &Service, shards: &Shards, disk: &Disk, inputs: &Inputs) -> ToPrice {
    let members = shards.shards * inputs.members;
    ToPrice {
        vcpu: service.pods * inputs.pod_cpus + members * inputs.shard_cpus,
        ram_gib: service.pods * (inputs.pod_ram_mib / 1024.0) + members * inputs.shard_ram_gib,
        disk_gib_months: disk.all_members_gib / inputs.disk_fill,
    }
}

fn per_million(session: &Session<'_>, inputs: &Inputs) -> PerMillion {
    let stored_gib = (session.stored(|stored| &stored.disk_bytes) + session.indexes()) * (MILLION / GIB);
    let hours = MILLION / HOUR_SECONDS;
    PerMillion {
        service_cpu_hours: session.service_cpu() * hours,
        primary_cpu_hours: session.primary_cpu() * hours,
        secondaries_cpu_hours: session.secondaries_cpu() * hours,
        stored_gib,
        oplog_gib: session.oplog_bytes() * (MILLION / GIB),
        disk_gib_months: stored_gib * (inputs.members * inputs.retention_days / MONTH_DAYS),
    }
}

/// How many hours of the mean a window holds at the most: a short one may lie wholly in the peak, but none of less than a
/// day holds more than the whole day does.
fn mean_hours(hours: f64, peak_factor: f64) -> f64 {
    (hours * peak_factor).min(hours.max(DAY_HOURS))
}

/// Whole pods or shards, and never none.
fn at_least_one(share: f64) -> f64 {
    share.ceil().max(1.0)
}
