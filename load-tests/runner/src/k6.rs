//! k6 as a process: its settings, its ledger, its summary.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use conversation_testkit::{Process, until};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::profile::Profile;

/// The status with which k6 tells that a threshold was missed.
const THRESHOLDS_MISSED: i32 = 99;
/// An acknowledgement in the ledger, as any event has it.
const ACKNOWLEDGED: &str = r#""outcome":"acknowledged","status":201"#;
/// Every line that tells of a delivery, and those that tell of one without doubt.
const UNKNOWN: &str = r#""unknown":"#;
const NONE_UNKNOWN: &str = r#""unknown":0"#;
/// So many acknowledgements show that calls are made.
const SOME: usize = 20;
/// An election, and the clients' longest pause between attempts.
const PATIENCE: Duration = Duration::from_secs(60);

/// A k6 at work.
#[derive(Debug)]
pub struct K6 {
    process: Process,
    profile: Profile,
    folder: PathBuf,
}

/// What k6 wrote at its end: `load-tests/lib/summary.js` says what is in it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Summary {
    /// Whether every threshold and every check held.
    pub passed: bool,
    /// The thresholds.
    pub thresholds: Vec<Threshold>,
    /// The checks.
    pub checks: Vec<Check>,
    /// The rate at which a missed objective ended the run, if one did.
    #[serde(rename = "reachedSessionsPerDay")]
    pub reached_sessions_per_day: Option<f64>,
    /// All the rest.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Value>,
}

/// What was to hold.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Threshold {
    /// Of which metric.
    pub metric: String,
    /// What of it.
    pub threshold: String,
    /// Whether it held.
    pub ok: bool,
}

/// What was asked of every answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Check {
    /// In a sentence.
    pub name: String,
    /// How often it was so.
    pub passes: u64,
    /// How often it was not.
    pub fails: u64,
}

impl K6 {
    /// Starts a profile with these settings; what it writes goes to `folder`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(binary: &Path, profile: Profile, settings: &BTreeMap<String, String>, folder: &Path) -> Result<Self> {
        Self::start_with(binary, profile, settings, folder, &[])
    }

    /// [`K6::start`] with further arguments, such as an output for metrics.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_with(
        binary: &Path,
        profile: Profile,
        settings: &BTreeMap<String, String>,
        folder: &Path,
        arguments: &[&str],
    ) -> Result<Self> {
        let script = modules().join("profiles").join(format!("{}.js", profile.name()));
        let mut command = Command::new(binary);
        command
            .args(["run", "--quiet", "--no-color", "--log-format=raw"])
            .arg(format!("--console-output={}", ledger(folder).display()))
            .args(arguments)
            .arg(script)
            .envs(settings)
            .env("SUMMARY_DIR", folder)
            // It must ask nobody for extensions, and tell nobody of its use.
            .env("K6_AUTO_EXTENSION_RESOLUTION", "false")
            .env("K6_NO_USAGE_REPORT", "true");
        let process = Process::start(&mut command, &folder.join("k6.log"))?;
        Ok(Self { process, profile, folder: folder.to_owned() })
    }

    /// Where it writes what it sent.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        ledger(&self.folder)
    }

    /// Whether it is still at work.
    ///
    /// # Errors
    /// When the process cannot be asked.
    pub fn is_running(&self) -> Result<bool> {
        Ok(self.process.exit_status()?.is_none())
    }

    /// Waits until more is acknowledged than has been, which is how one sees that calls go on.
    ///
    /// # Errors
    /// When that takes too long, or k6 ends before.
    pub async fn until_more_acknowledged(&self) -> Result<()> {
        self.until_written("calls to go on", |lines| lines.matches(ACKNOWLEDGED).count() >= SOME).await
    }

    /// Waits until a request was repeated, from now on, because the outcome of an attempt was unknown.
    ///
    /// # Errors
    /// As above.
    pub async fn until_one_was_in_doubt(&self) -> Result<()> {
        let count = |lines: &str, text: &str| lines.matches(text).count();
        self.until_written("a request in doubt", |lines| count(lines, UNKNOWN) > count(lines, NONE_UNKNOWN)).await
    }

    /// Waits until what is written to the ledger from now on is enough.
    async fn until_written(&self, what: &str, is_enough: impl Fn(&str) -> bool) -> Result<()> {
        let from = fs::metadata(self.ledger()).map_or(0, |ledger| ledger.len());
        let enough = async || match is_enough(&self.ledger_from(from).unwrap_or_default()) {
            true => Some(true),
            false => self.is_running().ok().filter(|running| !running),
        };
        if until(PATIENCE, what, enough).await? {
            return Ok(());
        }
        bail!("the load was over while waiting for {what}: give a longer --duration")
    }

    /// Kills it (-9), as when the load generator is lost.
    ///
    /// # Errors
    /// When that fails.
    pub fn kill(&self) -> Result<()> {
        self.process.kill()
    }

    /// The whole lines of the ledger from this byte on.
    fn ledger_from(&self, from: u64) -> Result<String> {
        let mut ledger = File::open(self.ledger())?;
        ledger.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        ledger.read_to_end(&mut bytes)?;
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1));
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Waits for its end and reads its summary.
    ///
    /// # Errors
    /// When it takes longer than `deadline`, or fails otherwise than by a threshold.
    pub async fn finish(&self, deadline: Duration) -> Result<Summary> {
        let status: ExitStatus = self.process.wait(deadline).await?;
        if !matches!(status.code(), Some(0 | THRESHOLDS_MISSED)) {
            bail!("k6 ended with {status}:\n{}", self.process.log());
        }
        let path = self.folder.join(format!("{}.json", self.profile.name()));
        let text = fs::read_to_string(&path).with_context(|| format!("summary {}", path.display()))?;
        serde_json::from_str(&text).context("summary of k6")
    }

    /// What it said.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }
}

fn ledger(folder: &Path) -> PathBuf {
    folder.join("ledger.ndjson")
}

/// `load-tests`, above this crate.
fn modules() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}
