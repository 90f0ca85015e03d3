//! How much of everything so many sessions a day need, from measured costs: a pure model that asks no database.
//! docs/capacity.md has its method, its formulae and its limits.

pub mod answer;
pub mod breakpoint;
pub mod costs;
pub mod inputs;
mod model;
pub mod range;
mod session;
mod tables;
#[cfg(test)]
mod tests;

use serde::Serialize;

use self::{answer::Capacity, breakpoint::Breakpoint, costs::Costs, inputs::Inputs};
use crate::render::Table;

/// What is told of a load: as much of it as was asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answers {
    /// What so many sessions a day need.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// Where one machine is saturated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breakpoint: Option<Breakpoint>,
}

impl Answers {
    /// The answers to what was asked.
    #[must_use]
    pub fn to(inputs: &Inputs, costs: &Costs) -> Self {
        Self {
            capacity: inputs.sessions_per_day.map(|sessions| Capacity::of(sessions, inputs, costs)),
            breakpoint: inputs.processors.map(|processors| Breakpoint::of(processors, inputs, costs)),
        }
    }

    /// The answers as tables.
    #[must_use]
    pub fn tables(&self) -> Vec<Table> {
        let capacity = self.capacity.as_ref().map(Capacity::tables).unwrap_or_default();
        let breakpoint = self.breakpoint.as_ref().map(Breakpoint::tables).unwrap_or_default();
        capacity.into_iter().chain(breakpoint).collect()
    }
}
