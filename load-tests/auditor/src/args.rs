//! What can be asked of the auditor.

use std::path::PathBuf;

use clap::Parser;

/// Compares what k6 sent and was answered with what is stored.
///
/// Exit status: 0 nothing found, 1 something found, 2 the audit could not be made.
#[derive(Clone, Debug, Parser)]
#[command(name = "conversation-auditor", version, max_term_width = 120)]
pub struct Args {
    /// The ledgers: one of each k6 process, as `--console-output` and `--log-format=raw` wrote them.
    #[arg(required = true)]
    pub ledgers: Vec<PathBuf>,

    /// Where the service is.
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    pub url: String,

    /// Also counts the documents in this MongoDB, so that a double that no page shows is found.
    #[arg(long, env = "MONGODB_URI", hide_env_values = true)]
    pub mongodb_uri: Option<String>,

    /// Its database.
    #[arg(long, env = "MONGODB_DATABASE", default_value = "conversations")]
    pub mongodb_database: String,

    /// Events in a page. Few, so that most sessions are walked over several pages.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub page_size: u16,

    /// Sessions that are walked at once.
    #[arg(long, default_value_t = 8, value_parser = connections)]
    pub connections: usize,

    /// Writes the report as JSON instead of a table.
    #[arg(long)]
    pub json: bool,
}

fn connections(text: &str) -> Result<usize, String> {
    let count = text.parse().map_err(|_| "give a number".to_owned())?;
    if (1..=256).contains(&count) { Ok(count) } else { Err("give 1 to 256".into()) }
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
