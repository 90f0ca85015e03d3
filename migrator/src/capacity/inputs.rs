//! What is asked of the service and what it is to run on, with the bounds of each; the flags of `advise`.

use clap::{Args, Command, FromArgMatches};
use serde::Serialize;

/// The load, and what carries it. Numbers may be written as 5000000, 5_000_000 or 5e6.
#[derive(Args, Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[command(next_help_heading = "Capacity", allow_negative_numbers = true)]
pub struct Inputs {
    /// How many sessions begin in a day. With this flag, advise tells what they need, and asks no database.
    #[arg(long, value_name = "N", value_parser = between(1.0, 1e10))]
    pub sessions_per_day: Option<f64>,
    /// How many processors one machine has that everything shares: load generator, service and MongoDB. With this flag,
    /// advise predicts at how many sessions a second it is saturated, and asks no database.
    #[arg(long, value_name = "N", value_parser = between(0.1, 1024.0))]
    pub processors: Option<f64>,
    /// Events in a session, each appended by a request of its own; its creation and its end are counted besides.
    #[arg(long, value_name = "N", default_value = "20", value_parser = between(0.0, 1e6))]
    pub events_per_session: f64,
    /// How often a session is read, one page of up to 50 events each time.
    #[arg(long, value_name = "N", default_value = "1", value_parser = between(0.0, 1e4))]
    pub reads_per_session: f64,
    /// For how many days sessions and events are kept.
    #[arg(long, value_name = "DAYS", default_value = "30", value_parser = between(0.01, 36_500.0))]
    pub retention_days: f64,
    /// Bytes of an event's payload, as JSON without white space [default: as measured].
    #[arg(long, value_name = "BYTES", value_parser = between(2.0, 262_144.0))]
    pub payload_bytes: Option<f64>,
    /// How many times the mean of the day the busiest minutes have.
    #[arg(long, value_name = "FACTOR", default_value = "4", value_parser = between(1.0, 1000.0))]
    pub peak_factor: f64,
    /// For how many hours after its beginning a session's pages are to stay in memory: a call and what follows it soon.
    #[arg(long, value_name = "HOURS", default_value = "1", value_parser = between(0.01, 876_000.0))]
    pub working_set_hours: f64,
    /// For how many hours a member may be away and still catch up from the oplog.
    #[arg(long, value_name = "HOURS", default_value = "24", value_parser = between(1.0, 8_760.0))]
    pub oplog_hours: f64,
    /// Data-bearing members of each shard's replica set, all of one size, so that any can be primary.
    #[arg(long, value_name = "N", default_value = "3", value_parser = whole(1.0, 50.0))]
    pub members: f64,
    /// The share of its processors that a pod or a primary uses at the peak.
    #[arg(long, value_name = "SHARE", default_value = "0.6", value_parser = between(0.05, 1.0))]
    pub utilisation: f64,
    /// The share of its disk that a shard fills; resharding needs free room.
    #[arg(long, value_name = "SHARE", default_value = "0.7", value_parser = between(0.05, 1.0))]
    pub disk_fill: f64,
    /// How many pods may be lost at the peak before the others are used more than that.
    #[arg(long, value_name = "N", default_value = "1", value_parser = whole(0.0, 1000.0))]
    pub spare_pods: f64,
    /// Processors of a pod.
    #[arg(long, value_name = "N", default_value = "2", value_parser = between(0.1, 1024.0))]
    pub pod_cpus: f64,
    /// Memory of a pod, in MiB.
    #[arg(long, value_name = "MIB", default_value = "256", value_parser = between(64.0, 1e6))]
    pub pod_ram_mib: f64,
    /// Processors of each member of a shard.
    #[arg(long, value_name = "N", default_value = "8", value_parser = between(0.1, 1024.0))]
    pub shard_cpus: f64,
    /// Memory of each member of a shard, in GiB.
    #[arg(long, value_name = "GIB", default_value = "64", value_parser = between(2.0, 65_536.0))]
    pub shard_ram_gib: f64,
    /// Disk of each member of a shard, in GiB.
    #[arg(long, value_name = "GIB", default_value = "2000", value_parser = between(10.0, 1e6))]
    pub shard_disk_gib: f64,
    /// With --processors: processor seconds that the load generator uses for 10,000 requests [default: that of
    /// `cargo xtask bench`].
    #[arg(long, value_name = "SECONDS", requires = "processors", value_parser = between(0.0, 1000.0))]
    pub generator_seconds: Option<f64>,
}

impl Inputs {
    /// Whether anything is asked that needs no database.
    #[must_use]
    pub const fn asks(&self) -> bool {
        self.sessions_per_day.is_some() || self.processors.is_some()
    }
}

impl Default for Inputs {
    fn default() -> Self {
        // The flags are the one place where defaults stand.
        let none = Self::augment_args(Command::new("advise")).get_matches_from(["advise"]);
        Self::from_arg_matches(&none).expect("every flag has a default or may be left out")
    }
}

/// Reads a number within bounds, with `_` between its digits and an exponent if it likes.
fn between(least: f64, most: f64) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync + 'static {
    move |text| {
        read(text)
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| format!("give a number from {least} to {most}, such as 5000, 5_000 or 5e3"))
    }
}

/// The same without a fraction.
fn whole(least: f64, most: f64) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync + 'static {
    move |text| {
        read(text)
            .filter(|number| (least..=most).contains(number) && number.fract() == 0.0)
            .ok_or_else(|| format!("give a whole number from {least} to {most}"))
    }
}

fn read(text: &str) -> Option<f64> {
    text.replace('_', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Inputs, between, whole};

    #[test]
    fn a_number_is_read_in_every_spelling() {
        for text in ["5000000", "5_000_000", "5e6", "5E+6", "5000000.0"] {
            assert_eq!(between(1.0, 1e10)(text), Ok(5e6), "{text}");
        }
    }

    #[test]
    fn members_are_whole() {
        assert_eq!(whole(1.0, 50.0)("3"), Ok(3.0));
        assert_eq!(whole(1.0, 50.0)("2.5"), Err("give a whole number from 1 to 50".to_owned()));
    }

    #[test]
    fn without_a_flag_nothing_is_asked() {
        assert!(!Inputs::default().asks());
    }

    #[test]
    fn what_is_no_number_within_the_bounds_is_refused_with_the_bounds() {
        for text in ["", "_", "many", "0", "101", "-5", "NaN", "inf", "5 000"] {
            let refused = between(1.0, 100.0)(text).expect_err(text);
            assert!(refused.starts_with("give a number from 1 to 100"), "{refused}");
        }
    }
}
