//! The profiles, the faults, and the stores they run on.

use clap::ValueEnum;
use serde::Serialize;

/// A file of `load-tests/profiles`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// The mean rate, for a short while: does everything work?
    Smoke,
    /// The busiest hours, with bursts at the full hour.
    Load,
    /// Up to three times the peak, and back.
    Stress,
    /// From the mean to twice the peak within moments.
    Spike,
    /// The mean with bursts, for long.
    Soak,
    /// A rise until an objective is missed.
    Breakpoint,
    /// The peak while a primary is killed and another steps down.
    Failover,
    /// The peak while the migrator works.
    Migration,
    /// The peak while Redis is killed.
    RedisDown,
}

impl Profile {
    /// Its name, which is also that of its file.
    #[must_use]
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The fault that it is about.
    #[must_use]
    pub fn fault(self) -> Option<Fault> {
        match self {
            Self::Failover => Some(Fault::Failover),
            Self::Migration => Some(Fault::Migration),
            Self::RedisDown => Some(Fault::RedisDown),
            Self::Smoke | Self::Load | Self::Stress | Self::Spike | Self::Soak | Self::Breakpoint => None,
        }
    }
}

/// What is broken under load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The primary is killed (-9) and started again, then the new one steps down. Needs mongodb.
    Failover,
    /// The migrator reshards and rebuilds an index, and chunks move. Needs sharded.
    Migration,
    /// Redis is killed and started again, if the service takes one.
    RedisDown,
}

impl Fault {
    /// The store without which it makes no sense.
    #[must_use]
    pub fn store(self) -> Option<StoreKind> {
        match self {
            Self::Failover => Some(StoreKind::Mongodb),
            Self::Migration => Some(StoreKind::Sharded),
            Self::RedisDown => None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// A store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum StoreKind {
    /// A MongoDB replica set of three.
    Mongodb,
    /// A MongoDB cluster of two shards, of one member each.
    Sharded,
    /// The embedded store.
    Embedded,
}
