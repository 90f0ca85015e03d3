//! What one session costs: the sum over its calls and its documents.

use super::{
    answer::Rate,
    costs::{Cost, Costs, Operation, Stored},
    inputs::Inputs,
    range::Range,
};

/// The unit that processor time is measured in.
const PER_CALLS: f64 = 10_000.0;
/// The indexes of `events` that every event has an entry in: `_id` and `timeline`.
const INDEXES_OF_EVENTS: f64 = 2.0;
/// The indexes of `sessions` that every session has an entry in; those of tombstones have nearly none.
const INDEXES_OF_SESSIONS: f64 = 4.0;

/// One session.
#[derive(Debug)]
pub(super) struct Session<'c> {
    calls: [(&'static str, f64, &'c Operation); 4],
    costs: &'c Costs,
    events: f64,
    members: f64,
    /// How much larger payloads are than the measured ones, in bytes.
    larger: f64,
}

impl<'c> Session<'c> {
    pub(super) fn of(inputs: &Inputs, costs: &'c Costs) -> Self {
        let [create, append, complete, read] = costs.operations.all();
        let calls = [
            (create.0, 1.0, create.1),
            (append.0, inputs.events_per_session, append.1),
            (complete.0, 1.0, complete.1),
            (read.0, inputs.reads_per_session, read.1),
        ];
        let measured = costs.payload_bytes.value;
        let larger = inputs.payload_bytes.unwrap_or(measured) - measured;
        Self { calls, costs, events: inputs.events_per_session, members: inputs.members, larger }
    }

    /// Calls of all operations.
    pub(super) fn requests(&self) -> f64 {
        self.calls.iter().map(|(_, times, _)| times).sum()
    }

    /// Calls of each operation, when so many sessions begin in a second.
    pub(super) fn rates(&self, mean: f64, peak: f64) -> Vec<Rate> {
        let rate = |&(operation, times, _): &(&'static str, f64, _)| Rate {
            operation,
            mean_per_second: mean * times,
            peak_per_second: peak * times,
        };
        self.calls.iter().map(rate).collect()
    }

    fn sum(&self, cost: impl Fn(&Operation) -> Range) -> Range {
        self.calls.iter().map(|(_, times, operation)| cost(operation) * *times).sum()
    }

    /// Processor seconds of the service.
    pub(super) fn service_cpu(&self) -> Range {
        self.sum(|operation| operation.service_cpu_s_per_10k.range()) / PER_CALLS
    }

    /// Processor seconds of the primary, which has more to do when others replicate from it.
    pub(super) fn primary_cpu(&self) -> Range {
        let alone = self.members < 2.0;
        let cost =
            |o: &Operation| if alone { o.primary_cpu_s_per_10k.range() } else { o.replicated_cpu_s_per_10k.range() };
        self.sum(cost) / PER_CALLS
    }

    /// Processor seconds of all secondaries.
    pub(super) fn secondaries_cpu(&self) -> Range {
        self.sum(|operation| operation.secondary_cpu_s_per_10k.range()) * ((self.members - 1.0) / PER_CALLS)
    }

    /// Processor seconds of the benchmark's load generator.
    pub(super) fn generator_cpu(&self) -> Range {
        self.sum(|operation| operation.generator_cpu_s_per_10k.range()) / PER_CALLS
    }

    /// Bytes in the oplog.
    pub(super) fn oplog_bytes(&self) -> Range {
        self.sum(|operation| operation.oplog_bytes.range()) + self.larger_payloads()
    }

    /// Bytes between clients and the service. A payload travels twice, in the request and in the answer.
    pub(super) fn client_network(&self) -> Range {
        self.sum(|operation| operation.client_network_bytes.range()) + self.larger_payloads() * 2.0
    }

    /// Bytes between the service and its primary.
    pub(super) fn store_network(&self) -> Range {
        self.sum(|operation| operation.store_network_bytes.range()) + self.larger_payloads()
    }

    /// Bytes of its documents, on disk or as BSON. What a larger payload adds compresses as the rest does.
    pub(super) fn stored(&self, weight: impl Fn(&Stored) -> &Cost) -> Range {
        let Costs { sessions, events, .. } = self.costs;
        let (event, bson) = (weight(events).range(), events.bson_bytes.range());
        let growth = |bson: f64| 1.0 + self.larger / bson;
        let grown = Range {
            low: event.low * growth(bson.low),
            expected: event.expected * growth(bson.expected),
            high: event.high * growth(bson.high),
        };
        weight(sessions).range() + grown * self.events
    }

    /// Bytes of its entries in all indexes.
    pub(super) fn indexes(&self) -> Range {
        self.costs.sessions.index_bytes.range() + self.costs.events.index_bytes.range() * self.events
    }

    /// Bytes of its entries in one index, of the collection that has more of them: those lie beside each other.
    pub(super) fn entries_beside_each_other(&self) -> Range {
        let of_events = self.costs.events.index_bytes.range() * (self.events / INDEXES_OF_EVENTS);
        of_events.max(self.costs.sessions.index_bytes.range() / INDEXES_OF_SESSIONS)
    }

    fn larger_payloads(&self) -> Range {
        Range::exactly(self.larger * self.events)
    }
}
