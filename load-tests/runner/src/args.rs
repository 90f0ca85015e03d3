//! What can be asked of a load run.

use clap::Parser;

use crate::profile::{Fault, Profile, StoreKind};

/// Starts the service on a store of its own, runs a k6 profile against it, and audits what is stored.
///
/// Exit status: 0 every threshold held and nothing was found, 1 not so, 2 the run could not be made.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo xtask load", max_term_width = 120)]
pub struct Args {
    /// The profile, of load-tests/profiles.
    #[arg(value_enum)]
    pub profile: Profile,

    /// What is broken meanwhile; the profiles failover, migration and redis-down have theirs.
    #[arg(long, value_enum)]
    pub fault: Option<Fault>,

    /// The mean of the day that is modelled.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub sessions_per_day: u64,

    /// Which store; a fault may need one. Default: mongodb, a replica set of three.
    #[arg(long, value_enum)]
    pub store: Option<StoreKind>,

    /// How long, such as 90s, 10m or 4h. The profiles' own defaults are for machines that do nothing else.
    #[arg(long, default_value = "60s")]
    pub duration: String,

    /// A setting of load-tests/README.md, such as TIME_COMPRESSION=10; may be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    pub settings: Vec<(String, String)>,

    /// Also keeps the report, as Markdown and JSON, in load-tests/results.
    #[arg(long)]
    pub save: bool,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("give NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::Args;
    use clap::CommandFactory as _;

    #[test]
    fn the_flags_fit_together() {
        Args::command().debug_assert();
    }
}
