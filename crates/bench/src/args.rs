//! What can be asked of the benchmark.

use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::operations::{OPERATIONS, Operation};

/// Measures the service in release mode, beside the bare driver of each store.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo xtask bench")]
pub(crate) struct Args {
    /// Seconds of each round.
    #[arg(long, default_value_t = 3.0, value_parser = seconds)]
    pub(crate) seconds: f64,

    /// Rounds of each operation, of which the median counts; service and bare driver take turns.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,

    /// Connections to the service, and tasks of the bare driver.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) connections: u32,

    /// Which stores.
    #[arg(long, value_enum, default_value_t = Stores::Both)]
    pub(crate) store: Stores,

    /// Members of the MongoDB replica set.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=7))]
    pub(crate) members: u32,

    /// Only the operations whose names contain this text.
    #[arg(long, default_value = "")]
    pub(crate) only: String,

    /// A setting of the service besides its defaults, such as LOG_LEVEL=warn,conversation_api::app=info; may be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,

    /// Also write the report to load-tests/results.
    #[arg(long)]
    pub(crate) save: bool,
}

impl Args {
    /// How long a round takes.
    pub(crate) fn round(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    /// The operations asked for.
    pub(crate) fn operations(&self) -> impl Iterator<Item = &'static Operation> {
        OPERATIONS.iter().filter(|operation| operation.name.contains(&self.only))
    }
}

/// One store or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stores {
    /// SQLite.
    Embedded,
    /// A replica set.
    Mongodb,
    /// One after the other.
    Both,
}

impl Stores {
    /// Each store asked for.
    pub(crate) fn each(self) -> Vec<StoreKind> {
        match self {
            Self::Embedded => vec![StoreKind::Embedded],
            Self::Mongodb => vec![StoreKind::Mongodb],
            Self::Both => vec![StoreKind::Mongodb, StoreKind::Embedded],
        }
    }
}

/// A store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreKind {
    /// SQLite.
    Embedded,
    /// A replica set.
    Mongodb,
}

impl StoreKind {
    /// Its name in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Embedded => "Embedded store (SQLite)",
            Self::Mongodb => "MongoDB",
        }
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "give a number of seconds".to_owned())?;
    // Processor time is counted in hundredths of a second: a shorter round would round most of it away.
    if (0.5..=3600.0).contains(&seconds) { Ok(seconds) } else { Err("give 0.5 to 3600".into()) }
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("give NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Args, seconds};
    use clap::CommandFactory as _;

    #[test]
    fn the_flags_fit_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_round_too_short_for_the_processor_clock_is_refused() {
        assert_eq!(seconds("0.5"), Ok(0.5));
        assert!(seconds("0.1").is_err() && seconds("NaN").is_err() && seconds("soon").is_err());
    }
}
