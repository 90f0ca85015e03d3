//! At how many sessions a second one machine is saturated that load generator, service and MongoDB share.

use serde::Serialize;

use super::{
    costs::{Costs, Measured},
    inputs::Inputs,
    range::Range,
    session::Session,
};

const DAY_SECONDS: f64 = 86_400.0;
/// The unit that the load generator's processor time is given in.
const PER_CALLS: f64 = 10_000.0;

/// Where one machine is saturated: every processor busy, at a constant rate, with the load's own mix of operations.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Breakpoint {
    /// The load, and what carries it.
    pub inputs: Inputs,
    /// The costs it rests on.
    pub measured: Measured,
    /// Sessions begun in a second.
    pub sessions_per_second: Range,
    /// Sessions in a day at that rate.
    pub sessions_per_day: Range,
    /// Requests a second.
    pub requests_per_second: Range,
    /// Processor seconds that 1,000 sessions take of each.
    pub cpu_seconds_per_thousand: Shares,
}

/// Processor seconds of each.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shares {
    /// Of the load generator.
    pub generator: Range,
    /// Of the service.
    pub service: Range,
    /// Of the primary.
    pub primary: Range,
    /// Of all secondaries.
    pub secondaries: Range,
}

impl Breakpoint {
    /// Where so many processors are saturated.
    #[must_use]
    pub fn of(processors: f64, inputs: &Inputs, costs: &Costs) -> Self {
        let session = Session::of(inputs, costs);
        let generator = |seconds: f64| Range::exactly(seconds * session.requests() / PER_CALLS);
        let shares = [
            inputs.generator_seconds.map_or_else(|| session.generator_cpu(), generator),
            session.service_cpu(),
            session.primary_cpu(),
            session.secondaries_cpu(),
        ];
        let sessions_per_second = shares.into_iter().sum::<Range>().into_whole(processors);
        let [generator, service, primary, secondaries] = shares.map(|share| share * 1000.0);
        Self {
            inputs: inputs.clone(),
            measured: costs.measured.clone(),
            sessions_per_second,
            sessions_per_day: sessions_per_second * DAY_SECONDS,
            requests_per_second: sessions_per_second * session.requests(),
            cpu_seconds_per_thousand: Shares { generator, service, primary, secondaries },
        }
    }
}
