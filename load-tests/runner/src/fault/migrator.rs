//! The migrator, and a migration under load.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use conversation_testkit::ShardedCluster;
use mongodb::bson::{Document, doc};

use crate::{k6::K6, stand::DATABASE};

/// How often a chunk moves.
const MOVES: usize = 4;

/// The migrator of a deployment.
#[derive(Clone, Debug)]
pub(crate) struct Migrator {
    binary: PathBuf,
    uri: String,
}

impl Migrator {
    pub(crate) fn new(binary: &Path, uri: &str) -> Self {
        Self { binary: binary.to_owned(), uri: uri.to_owned() }
    }

    /// Runs it, and fails unless everything is as declared afterwards.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Result<()> {
        self.ends_with(0, arguments).await
    }

    /// Makes what is declared, but for the shard key of the events: they are ranged, as they were never declared to be.
    pub(crate) async fn prepare(&self, cluster: &ShardedCluster) -> Result<()> {
        self.ends_with(2, &["apply", "--yes", "--skip", "shard-collection events", "--skip", "record-version"]).await?;
        command(
            cluster,
            doc! { "createIndexes": "events", "indexes": [{ "key": { "sessionId": 1 }, "name": "ranged" }] },
        )
        .await?;
        cluster.shard_collection(&format!("{DATABASE}.events"), doc! { "sessionId": 1 }).await
    }

    /// Reshards the events to the declared key, rebuilds a dropped index, and moves chunks, while calls are made.
    pub(crate) async fn migrate(&self, cluster: &ShardedCluster, k6: &K6) -> Result<Vec<String>> {
        self.run(&["reshard", "--collection", "events", "--yes"]).await?;
        k6.until_more_acknowledged().await?;
        command(cluster, doc! { "dropIndexes": "sessions", "index": "tenant_sessions" }).await?;
        self.run(&["apply", "--yes", "--allow-drop", "events.ranged", "--ignore-index-use"]).await?;
        for turn in 0..MOVES {
            cluster.move_one_chunk(&format!("{DATABASE}.events"), turn).await?;
        }
        k6.until_more_acknowledged().await?;
        self.run(&["verify"]).await?;
        Ok(vec![
            "the events were resharded from {sessionId: 1} to {sessionId: \"hashed\"}".to_owned(),
            "the index tenant_sessions was dropped and built again, and the index ranged was dropped".to_owned(),
            format!("{MOVES} chunks moved to the other shard"),
        ])
    }

    async fn ends_with(&self, status: i32, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new(&self.binary);
        command.args(arguments).env_clear().env("MONGODB_URI", &self.uri).env("MONGODB_DATABASE", DATABASE);
        let output = tokio::task::spawn_blocking(move || command.output()).await?.context("start of the migrator")?;
        if output.status.code() == Some(status) {
            return Ok(());
        }
        let said = [output.stdout, output.stderr].concat();
        bail!("conversation-migrator {}: {}\n{}", arguments.join(" "), output.status, String::from_utf8_lossy(&said))
    }
}

async fn command(cluster: &ShardedCluster, command: Document) -> Result<()> {
    let database = cluster.client().await?.database(DATABASE);
    database.run_command(command).await.context("command through the router").map(drop)
}
