//! What was measured, read from the one committed table `migrator/costs.json`. Whoever measures anew replaces that file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::range::Range;

/// The committed table. It is part of the binary, so that advice needs no file beside it.
const COMMITTED: &str = include_str!("../../costs.json");

/// A measured cost with its error bars; the unit is the end of its name.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// What is most likely.
    pub value: f64,
    /// What it is at the least.
    pub low: f64,
    /// What it is at the most.
    pub high: f64,
    /// Which of [`Costs::sources`] measured it.
    pub source: String,
}

/// All costs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// What was measured, where and when.
    pub measured: Measured,
    /// How each cost was measured, by name.
    pub sources: BTreeMap<String, Source>,
    /// What one call of each operation costs.
    pub operations: Operations,
    /// What a session weighs in MongoDB.
    pub sessions: Stored,
    /// What an event with a payload of [`Costs::payload_bytes`] weighs.
    pub events: Stored,
    /// The payload of the measured events, as JSON without white space.
    pub payload_bytes: Cost,
    /// The most bytes of a leaf page of an index.
    pub index_leaf_bytes: Cost,
    /// The share of a member's memory that its cache takes.
    pub cache_share: Cost,
}

/// What was measured, where and when.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The day.
    pub date: String,
    /// The commit of the service.
    pub commit: String,
    /// The machine and the servers.
    pub machine: String,
}

/// How a cost was measured.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What repeats the measurement; empty for an assumption.
    pub command: String,
    /// The committed file of results, if there is one.
    #[serde(default)]
    pub results: Option<String>,
    /// How value, low and high were taken from it.
    pub method: String,
}

/// What one call of each operation costs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operations {
    /// Creating a session.
    pub create: Operation,
    /// Appending one event.
    pub append: Operation,
    /// Completing a session.
    pub complete: Operation,
    /// Reading a page of 50 events with its session, by a cursor.
    pub read: Operation,
}

/// What one call of an operation costs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// Processor seconds of the service for 10,000 calls.
    pub service_cpu_s_per_10k: Cost,
    /// Processor seconds of a primary without secondaries for 10,000 calls.
    pub primary_cpu_s_per_10k: Cost,
    /// Processor seconds of a primary with two secondaries for 10,000 calls.
    pub replicated_cpu_s_per_10k: Cost,
    /// Processor seconds of each secondary for 10,000 calls.
    pub secondary_cpu_s_per_10k: Cost,
    /// Processor seconds of the benchmark's load generator for 10,000 calls.
    pub generator_cpu_s_per_10k: Cost,
    /// Bytes in the oplog.
    pub oplog_bytes: Cost,
    /// Bytes between client and service, both ways, with HTTP's heads and without TLS.
    pub client_network_bytes: Cost,
    /// Bytes between service and primary, both ways, uncompressed.
    pub store_network_bytes: Cost,
}

/// What a document weighs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// Bytes of BSON, which is what the cache holds.
    pub bson_bytes: Cost,
    /// Bytes on disk, compressed by the server.
    pub disk_bytes: Cost,
    /// Bytes of all its index entries, on disk.
    pub index_bytes: Cost,
}

impl Cost {
    /// The cost as a figure.
    #[must_use]
    pub const fn range(&self) -> Range {
        Range { low: self.low, expected: self.value, high: self.high }
    }
}

impl Costs {
    /// Reads a table.
    ///
    /// # Errors
    /// A sentence that names the first fault: a cost that is missing, unknown, negative, outside of its own error bars,
    /// or without a source.
    pub fn parse(text: &str) -> Result<Self, String> {
        let costs: Self = serde_json::from_str(text).map_err(|fault| fault.to_string())?;
        for (name, cost) in costs.all() {
            let Cost { value, low, high, source } = cost;
            if !(0.0 <= *low && low <= value && value <= high && high.is_finite()) {
                return Err(format!("{name}: 0 ≤ low ≤ value ≤ high does not hold"));
            }
            if !costs.sources.contains_key(source) {
                return Err(format!("{name}: there is no source {source}"));
            }
        }
        Ok(costs)
    }

    /// The table that this build was made with.
    ///
    /// # Panics
    /// Never in a release: a test reads the same text.
    #[must_use]
    pub fn committed() -> Self {
        Self::parse(COMMITTED).expect("a test proves the committed table complete")
    }

    /// Every cost with its name.
    #[must_use]
    pub fn all(&self) -> Vec<(String, &Cost)> {
        // Without `..`, so that a new cost cannot be left out of the documentation.
        let Self {
            measured: _,
            sources: _,
            operations,
            sessions,
            events,
            payload_bytes,
            index_leaf_bytes,
            cache_share,
        } = self;
        let operations = operations.all().into_iter().flat_map(|(name, operation)| operation.all(name));
        let single =
            [("payload_bytes", payload_bytes), ("index_leaf_bytes", index_leaf_bytes), ("cache_share", cache_share)];
        operations
            .chain(sessions.all("session"))
            .chain(events.all("event"))
            .chain(single.map(|(name, cost)| (name.to_owned(), cost)))
            .collect()
    }
}

impl Operations {
    /// Every operation with its name.
    #[must_use]
    pub const fn all(&self) -> [(&'static str, &Operation); 4] {
        let Self { create, append, complete, read } = self;
        [("create", create), ("append", append), ("complete", complete), ("read", read)]
    }
}

impl Operation {
    fn all(&self, of: &str) -> Vec<(String, &Cost)> {
        let Self {
            service_cpu_s_per_10k,
            primary_cpu_s_per_10k,
            replicated_cpu_s_per_10k,
            secondary_cpu_s_per_10k,
            generator_cpu_s_per_10k,
            oplog_bytes,
            client_network_bytes,
            store_network_bytes,
        } = self;
        let costs = [
            ("service_cpu_s_per_10k", service_cpu_s_per_10k),
            ("primary_cpu_s_per_10k", primary_cpu_s_per_10k),
            ("replicated_cpu_s_per_10k", replicated_cpu_s_per_10k),
            ("secondary_cpu_s_per_10k", secondary_cpu_s_per_10k),
            ("generator_cpu_s_per_10k", generator_cpu_s_per_10k),
            ("oplog_bytes", oplog_bytes),
            ("client_network_bytes", client_network_bytes),
            ("store_network_bytes", store_network_bytes),
        ];
        costs.map(|(name, cost)| (format!("{of}.{name}"), cost)).to_vec()
    }
}

impl Stored {
    fn all(&self, of: &str) -> Vec<(String, &Cost)> {
        let Self { bson_bytes, disk_bytes, index_bytes } = self;
        let costs = [("bson_bytes", bson_bytes), ("disk_bytes", disk_bytes), ("index_bytes", index_bytes)];
        costs.map(|(name, cost)| (format!("{of}.{name}"), cost)).to_vec()
    }
}

#[cfg(test)]
mod tests;
