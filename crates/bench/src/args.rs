//! What can be asked of the benchmark.

use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use crate::contest::Pace;
use crate::operations::{OPERATIONS, Operation};
use crate::targets::CONNECTIONS;

/// Measures the service in release mode, beside the bare driver of each store.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo xtask bench")]
pub(crate) struct Args {
    /// What is measured, if not every operation beside the bare driver.
    #[command(subcommand)]
    pub(crate) mode: Option<Mode>,

    /// Seconds of each round.
    #[arg(long, global = true, default_value_t = 3.0, value_parser = seconds)]
    pub(crate) seconds: f64,

    /// Rounds of each operation, of which the median counts; service and bare driver take turns.
    #[arg(long, global = true, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,

    /// Connections to the service, and tasks of the bare driver.
    #[arg(long, global = true, default_value_t = CONNECTIONS, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) connections: u32,

    /// Which stores.
    #[arg(long, global = true, value_enum, default_value_t = Stores::Both)]
    pub(crate) store: Stores,

    /// Members of the MongoDB replica set.
    #[arg(long, global = true, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=7))]
    pub(crate) members: u32,

    /// Only the operations, or series of growth, whose names contain this text.
    #[arg(long, global = true, default_value = "")]
    pub(crate) only: String,

    /// A setting of the service besides its defaults, such as LOG_LEVEL=warn,conversation_api::app=info; may be repeated.
    #[arg(long = "set", global = true, value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,

    /// Also write the report to load-tests/results.
    #[arg(long, global = true)]
    pub(crate) save: bool,
}

impl Args {
    /// How often turns are taken, and how long each is.
    pub(crate) fn pace(&self) -> Pace {
        Pace { rounds: self.rounds, time: Duration::from_secs_f64(self.seconds) }
    }

    /// What the report is called.
    pub(crate) fn kind(&self) -> &'static str {
        match self.mode {
            None => "bench",
            Some(Mode::Growth(_)) => "growth",
        }
    }

    /// The operations asked for.
    pub(crate) fn operations(&self) -> impl Iterator<Item = &'static Operation> {
        OPERATIONS.iter().filter(|operation| operation.name.contains(&self.only))
    }
}

/// Another thing to measure.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Mode {
    /// How the cost changes with events stored, length of sessions, tenants, size of payloads and shards, on MongoDB.
    Growth(Growth),
}

/// How far growth goes.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Growth {
    /// The most events to store; the steps to there begin with 10,000 and are tenfold each.
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(10_000..))]
    pub(crate) up_to: u64,
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
    use super::{Args, Mode, seconds};
    use clap::{CommandFactory as _, Parser as _};

    #[test]
    fn the_flags_fit_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn growth_takes_the_flags_of_all() {
        let args = Args::parse_from(["bench", "growth", "--up-to", "100000", "--rounds", "2", "--save"]);
        assert!(matches!(args.mode, Some(Mode::Growth(growth)) if growth.up_to == 100_000));
        assert_eq!((args.kind(), args.rounds, args.save), ("growth", 2, true));
    }

    #[test]
    fn a_round_too_short_for_the_processor_clock_is_refused() {
        assert_eq!(seconds("0.5"), Ok(0.5));
        assert!(seconds("0.1").is_err() && seconds("NaN").is_err() && seconds("soon").is_err());
    }
}
