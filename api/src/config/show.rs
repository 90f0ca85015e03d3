//! Settings as text: those in force, and the table of all that there are for the README.

use clap::{ArgMatches, CommandFactory};

use super::cli::Cli;

/// What stands for a secret.
const MASK: &str = "***";

/// The settings in force as lines of `NAME=value`, fit for an environment file.
pub(super) fn config(matches: &ArgMatches) -> String {
    let command = Cli::command();
    let lines = command.get_arguments().filter_map(|argument| {
        let name = argument.get_env()?.to_string_lossy();
        let given = matches.get_raw(argument.get_id().as_str()).and_then(|mut values| values.next());
        Some(match given {
            None => format!("# {name} is not set\n"),
            Some(_) if argument.is_hide_env_values_set() => format!("{name}={MASK}\n"),
            Some(value) => format!("{name}={}\n", value.to_string_lossy()),
        })
    });
    lines.collect()
}

/// All settings as a Markdown table.
#[must_use]
pub fn table() -> String {
    let command = Cli::command();
    let rows = command.get_arguments().filter_map(|argument| {
        let name = argument.get_env()?.to_string_lossy();
        let flag = argument.get_long()?;
        let default = argument.get_default_values().first();
        let default = default.map(|value| format!("`{}`", value.to_string_lossy())).unwrap_or_default();
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        Some(format!("| `{name}` | `--{flag}` | {default} | {help} |\n"))
    });
    let head = "| Variable | Flag | Default | Meaning |\n| --- | --- | --- | --- |\n";
    head.chars().chain(rows.collect::<String>().chars()).collect()
}
