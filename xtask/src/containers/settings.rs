//! What our binaries can be told, as the settings table and the migrator's command line have it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use super::text;

const README: &str = "README.md";
const MIGRATOR: &str = "migrator/src/cli.rs";

/// The settings of each binary, by the target of the Dockerfile that holds it.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// The API's variables and their defaults.
    pub(super) api: BTreeMap<String, String>,
    /// The migrator's variables.
    pub(super) migrator: BTreeSet<String>,
    /// The migrator's long options.
    pub(super) migrator_options: BTreeSet<String>,
}

impl Settings {
    pub(super) fn read() -> Result<Self> {
        let settings = Self::of(&text(README)?, &text(MIGRATOR)?);
        // Nothing found would let nothing pass, but the message would blame the wrong file.
        if settings.api.is_empty() || settings.migrator.is_empty() {
            bail!("no settings are to be found in {README} or {MIGRATOR}");
        }
        Ok(settings)
    }

    fn of(readme: &str, migrator: &str) -> Self {
        let table = readme.lines().skip_while(|line| !line.starts_with("<!-- settings")).skip(1);
        let rows = table.take_while(|line| !line.starts_with("<!--")).filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|').map(|cell| cell.trim().trim_matches('`'));
            let (name, _flag, default) = (cells.next()?, cells.next()?, cells.next()?);
            Some((name.to_owned(), default.to_owned()))
        });
        let variables = migrator.split("env = \"").skip(1).filter_map(|rest| rest.split('"').next());
        let fields = migrator.lines().filter_map(|line| {
            let line = line.trim();
            let (name, _) = line.strip_prefix("pub ").unwrap_or(line).split_once(':')?;
            let is_name = name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            is_name.then(|| format!("--{}", name.replace('_', "-")))
        });
        Self {
            api: rows.collect(),
            migrator: variables.map(str::to_owned).collect(),
            migrator_options: fields.collect(),
        }
    }

    /// Whether the binary of this target reads this variable; `None` if there is no such binary.
    pub(super) fn knows(&self, target: &str, variable: &str) -> Option<bool> {
        match target {
            "api" => Some(self.api.contains_key(variable)),
            "migrator" => Some(self.migrator.contains(variable)),
            _ => None,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::Settings;

    const README: &str = "| `NOT_A_SETTING` | x | y |\n<!-- settings: written -->\n| Variable | Flag |\n| --- | --- |\n\
        | `PORT` | `--port` | `3000` | The port |\n| `MANAGEMENT_PORT` | `--m` | `9090` | M |\n\
        | `MONGODB_URI` | `--mongodb-uri` |  | The store |\n| `DATA_DIR` | `--d` | `./data` | D |\n<!-- end -->\n";
    const MIGRATOR: &str = "/// Note: text.\n#[arg(long, env = \"MONGODB_URI\", global = true)]\npub mongodb_uri: X,\n\
        pub lease_seconds: u64,\n    output: Y,\n";

    pub(in super::super) fn settings() -> Settings {
        Settings::of(README, MIGRATOR)
    }

    #[test]
    fn the_table_between_the_marks_is_read_with_its_defaults() {
        let api = settings().api;
        let names: Vec<&str> = api.keys().map(String::as_str).collect();
        assert_eq!(names, ["DATA_DIR", "MANAGEMENT_PORT", "MONGODB_URI", "PORT"]);
        assert_eq!((api["PORT"].as_str(), api["MONGODB_URI"].as_str()), ("3000", ""));
    }

    #[test]
    fn the_variables_and_options_of_the_migrator_are_read() {
        let settings = settings();
        assert_eq!(settings.migrator.iter().collect::<Vec<_>>(), ["MONGODB_URI"]);
        let options: Vec<_> = settings.migrator_options.iter().collect();
        assert_eq!(options, ["--lease-seconds", "--mongodb-uri", "--output"]);
    }
}
