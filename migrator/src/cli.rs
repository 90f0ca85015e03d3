//! The commands and their options.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};

use serde::{Deserialize, Serialize};

use crate::{capacity::inputs::Inputs, exit::Exit};

/// Plans, applies and verifies the schema of the conversation service on MongoDB.
///
/// Exit status: 0 nothing to do, 2 changes pending, 3 drift, 4 blocked, 1 error, 64 a command line that cannot be used.
#[derive(Debug, Parser)]
#[command(name = "conversation-migrator", version, max_term_width = 120)]
pub struct Cli {
    /// The deployment.
    #[command(flatten)]
    pub deployment: Deployment,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Which deployment, and how to reach it.
#[derive(Args, Debug)]
pub struct Deployment {
    /// The connection string of a replica set or a sharded cluster; TLS files are its tlsCAFile and
    /// tlsCertificateKeyFile options.
    #[arg(long, env = "MONGODB_URI", hide_env_values = true, global = true)]
    pub mongodb_uri: Option<String>,
    /// A file that holds the connection string, as secrets are mounted.
    #[arg(long, env = "MONGODB_URI_FILE", global = true)]
    pub mongodb_uri_file: Option<PathBuf>,
    /// The database.
    #[arg(long, env = "MONGODB_DATABASE", default_value = "conversations", global = true)]
    pub mongodb_database: String,
    /// How long to look for a server that can answer, in seconds.
    #[arg(long, env = "MONGODB_SERVER_SELECTION_SECONDS", default_value_t = 10, global = true)]
    pub server_selection_seconds: u64,
    /// What this deployment adds to the schema: retention, indexes and more, as docs/declaration.md has it. A plan file has
    /// its own.
    #[arg(long, env = "SCHEMA_DECLARATION", value_name = "JSON", global = true)]
    pub declaration: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Shows the steps from what is there to what is declared.
    Plan(PlanOptions),
    /// Makes the steps, one after the other, under a lease; safe to repeat and to interrupt.
    Apply(ApplyOptions),
    /// Tells whether the deployment is as declared.
    Verify(VerifyOptions),
    /// Shards what a deployment that began as a replica set has on one shard; says first what it costs.
    Shard(ApplyOptions),
    /// Moves a collection to its declared shard key while it is in use; checks first what that needs.
    Reshard(ReshardOptions),
    /// Tells from the data how well the shard key spreads it, which indexes are used, which session is the largest; or,
    /// with --sessions-per-day or --processors and without a database, what a load needs and what a machine carries.
    Advise(AdviseOptions),
    /// Shows the applied version, the lease, the journal and what is running.
    Status {
        /// The form of the answer.
        #[arg(long, value_enum, default_value_t = Output::Table)]
        output: Output,
    },
}

impl Command {
    /// Its name, as it is written.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Plan(_) => "plan",
            Self::Apply(_) => "apply",
            Self::Verify(_) => "verify",
            Self::Shard(_) => "shard",
            Self::Reshard(_) => "reshard",
            Self::Advise(_) => "advise",
            Self::Status { .. } => "status",
        }
    }

    /// How it tells what it found, if it finds what a plan has.
    #[must_use]
    pub const fn reporting(&self) -> Option<&Reporting> {
        match self {
            Self::Plan(options) => Some(&options.reporting),
            Self::Apply(options) | Self::Shard(options) => Some(&options.planning.reporting),
            Self::Verify(options) => Some(&options.reporting),
            Self::Reshard(_) | Self::Advise(_) | Self::Status { .. } => None,
        }
    }
}

/// How a command tells what it found.
#[derive(Args, Clone, Debug, Default)]
pub struct Reporting {
    /// The form of the answer.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
    /// Also writes what was found to this file, as JSON of at most 4096 bytes, whether the command succeeds or fails.
    #[arg(long, env = "SUMMARY_FILE", value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// Ends with status 0 for these outcomes too, as a job must that has done its part.
    #[arg(long, value_enum, value_name = "OUTCOME", value_delimiter = ',')]
    pub exit_zero_on: Vec<Outcome>,
}

impl Reporting {
    /// The exit status of an outcome, and of whether the schema is one of a later release.
    #[must_use]
    pub fn status(&self, exit: Exit, newer: bool) -> Exit {
        let is_none = |outcome: &Outcome| outcome.exit() == exit && (newer || *outcome != Outcome::Newer);
        if self.exit_zero_on.iter().any(is_none) { Exit::Clean } else { exit }
    }
}

/// An outcome that is no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Outcome {
    /// Steps are pending.
    Pending,
    /// Something was changed by hand.
    Drift,
    /// Something must be decided by a person first.
    Blocked,
    /// Blocked, because the schema is one of a later release, which was here before a rollback.
    Newer,
}

impl Outcome {
    const fn exit(self) -> Exit {
        match self {
            Self::Pending => Exit::Pending,
            Self::Drift => Exit::Drift,
            Self::Blocked | Self::Newer => Exit::Blocked,
        }
    }
}

/// What is verified.
#[derive(Args, Clone, Debug, Default)]
pub struct VerifyOptions {
    /// Also looks for orphaned documents on a sharded cluster, which counts every document.
    #[arg(long)]
    pub orphans: bool,
    /// How the answer is told.
    #[command(flatten)]
    pub reporting: Reporting,
}

/// Shards that belong together, as those of one region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// Its name.
    pub name: String,
    /// Its shards.
    pub shards: Vec<String>,
}

impl std::str::FromStr for Zone {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, shards) = text.split_once('=').ok_or("give NAME=SHARD,SHARD")?;
        let shards: Vec<String> =
            shards.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect();
        if name.trim().is_empty() || shards.is_empty() {
            return Err("give NAME=SHARD,SHARD");
        }
        Ok(Self { name: name.trim().to_owned(), shards })
    }
}

/// What a plan may do.
#[derive(Args, Clone, Debug, Default)]
pub struct PlanOptions {
    /// Drops this index, which is not declared; named once for each.
    #[arg(long, value_name = "COLLECTION.INDEX")]
    pub allow_drop: Vec<String>,
    /// Keeps the whole database on these shards, as those of one region; give each region a database of its own.
    #[arg(long, value_name = "NAME=SHARD,SHARD")]
    pub zone: Option<Zone>,
    /// Drops also an index that queries may still use.
    #[arg(long)]
    pub ignore_index_use: bool,
    /// How the answer is told.
    #[command(flatten)]
    pub reporting: Reporting,
}

/// How a plan is applied.
#[derive(Args, Clone, Debug, Default)]
pub struct ApplyOptions {
    /// Applies this plan, as `plan --output json` wrote it, and refuses when the deployment has moved since.
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// Applies only the plan that has this approval, which plan shows; it may then be destructive.
    #[arg(long, value_name = "APPROVAL", conflicts_with = "plan")]
    pub expect: Option<String>,
    /// Makes destructive steps without an approval: drops that the declaration allows, and deletion by age where documents
    /// are.
    #[arg(long)]
    pub allow_destructive: bool,
    /// Asks nothing; needed where there is no terminal.
    #[arg(long)]
    pub yes: bool,
    /// Makes only these steps.
    #[arg(long, value_name = "STEP")]
    pub only: Vec<String>,
    /// Leaves out these steps.
    #[arg(long, value_name = "STEP")]
    pub skip: Vec<String>,
    /// Stops after so many seconds; what the server is at goes on by itself.
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,
    /// Waits so many seconds for a lease that another runner holds.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub wait: u64,
    /// How long the lease outlives a runner that was killed, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub lease_seconds: u64,
    /// What the plan may do.
    #[command(flatten)]
    pub planning: PlanOptions,
}

impl ApplyOptions {
    /// How long the whole may take.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.timeout.map_or(Duration::MAX, Duration::from_secs)
    }
}

/// What is resharded.
#[derive(Args, Clone, Debug)]
pub struct ReshardOptions {
    /// The collection.
    #[arg(long)]
    pub collection: String,
    /// The form of the answer.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
    /// Only checks what it would need.
    #[arg(long)]
    pub preflight: bool,
    /// Asks nothing; needed where there is no terminal.
    #[arg(long)]
    pub yes: bool,
}

/// What advice is given on.
#[derive(Args, Clone, Debug)]
pub struct AdviseOptions {
    /// The form of the answer.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
    /// The same as --output json.
    #[arg(long, conflicts_with = "output")]
    json: bool,
    /// Costs measured on other machines, in the form of migrator/costs.json.
    #[arg(long, value_name = "FILE", help_heading = "Capacity")]
    pub costs: Option<PathBuf>,
    /// The load.
    #[command(flatten)]
    pub load: Inputs,
}

impl AdviseOptions {
    /// The form of the answer.
    #[must_use]
    pub fn output(&self) -> Output {
        if self.json { Output::Json } else { self.output }
    }
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
    /// For a review.
    Markdown,
}
