//! An operator as a process, and what it says of itself over HTTP.

use anyhow::Result;
use conversation_testkit::{Process, until};

use crate::DEADLINE;

/// A running operator; it is killed when dropped.
pub(crate) struct Operator {
    pub(crate) process: Process,
}

impl Operator {
    /// Where its health and metrics are, once it listens.
    fn address(&self) -> Option<String> {
        let log = self.process.log();
        let (_, rest) = log.split_once(r#""address":""#)?;
        Some(rest.split_once('"')?.0.to_owned())
    }

    /// The status and the text that it answers with.
    pub(crate) async fn ask(&self, path: &str) -> Result<(u16, String)> {
        let address = until(DEADLINE, "the operator to listen", async || self.address()).await?;
        let answer = reqwest::get(format!("http://{address}{path}")).await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// Waits until it has looked at an object of each of these kinds.
    pub(crate) async fn has_looked_at(&self, kinds: &[&str]) -> Result<()> {
        let looked = |kind: &&str| {
            format!(r#"conversation_operator_reconcile_duration_seconds_count{{kind="{kind}",outcome="done"}}"#)
        };
        until(DEADLINE, "all to be looked at", async || {
            let metrics = self.ask("/metrics").await.ok()?.1;
            kinds.iter().all(|kind| metrics.contains(&looked(kind))).then_some(())
        })
        .await
    }

    /// How much of something it has counted.
    pub(crate) async fn counted(&self, metric: &str) -> Result<u64> {
        let metrics = self.ask("/metrics").await?.1;
        let line = metrics.lines().find_map(|line| line.strip_prefix(metric)?.strip_prefix(' '));
        Ok(line.map_or(Ok(0), |number| number.parse())?)
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("log of the operator:\n{}", self.process.log());
        }
    }
}
