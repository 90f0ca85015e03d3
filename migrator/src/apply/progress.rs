//! How far the server is with what takes long: index builds, and moving data to other shards.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use bson::{Document, doc};
use futures_util::TryStreamExt;
use mongodb::{Client, options::ReadConcern};

use super::Watcher;
use crate::{connect::Connection, observe::number};

/// How often the server is asked.
const EVERY: Duration = Duration::from_secs(1);

/// Something that the server is at.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Running {
    /// What, in the server's words.
    pub what: String,
    /// The collection.
    pub namespace: String,
    /// How much is done.
    pub done: u64,
    /// Of how much; 0 when the server does not say.
    pub total: u64,
}

/// Awaits `work`, and tells how far it is every now and then.
pub(crate) async fn watched<T>(
    connection: &Connection,
    step: &str,
    watch: Watcher<'_>,
    work: impl Future<Output = T>,
) -> T {
    let began = Instant::now();
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            outcome = &mut work => return outcome,
            () = tokio::time::sleep(EVERY) => {
                // Progress is a courtesy: a user that may not see it still gets the work done.
                for running in running(&connection.client, connection.database.name()).await.unwrap_or_default() {
                    watch(format!("  {step}: {}", describe(&running, began.elapsed())));
                }
            }
        }
    }
}

/// What the server is at in a database that takes long.
///
/// # Errors
/// When the user may not see it.
pub async fn running(client: &Client, database: &str) -> mongodb::error::Result<Vec<Running>> {
    let look = [
        doc! { "$currentOp": { "allUsers": true, "idleConnections": false } },
        doc! { "$match": { "ns": { "$regex": format!("^{database}\\.") }, "$or": [
            { "msg": { "$regex": "Index Build" } },
            { "desc": { "$regex": "ReshardingMetrics|ShardingCatalogManager" } },
            { "command.shardCollection": { "$exists": true } },
        ] } },
    ];
    // What a server is at has no read concern.
    let admin = client.database("admin");
    let found = admin.aggregate(look).read_concern(ReadConcern::local()).await?;
    let found: Vec<Document> = found.try_collect().await?;
    let read = |operation: &Document| {
        let none = Document::new();
        let progress = operation.get_document("progress").unwrap_or(&none);
        let text = |field| operation.get_str(field).unwrap_or_default().to_owned();
        let what = if text("msg").is_empty() { text("desc") } else { text("msg") };
        Running { what, namespace: text("ns"), done: number(progress, "done"), total: number(progress, "total") }
    };
    Ok(found.iter().map(read).collect())
}

/// Progress in words, with the rate and the time left by it.
fn describe(running: &Running, elapsed: Duration) -> String {
    let Running { what, done, total, .. } = running;
    if *total == 0 {
        return what.clone();
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let (done_f, total_f) = (*done as f64, *total as f64);
    let rate = done_f / elapsed.as_secs_f64().max(0.001);
    let left =
        if rate > 0.0 { format!("{:.0} s left", (total_f - done_f).max(0.0) / rate) } else { "no rate yet".into() };
    format!("{what}: {done} of {total} ({:.0} %), {rate:.0}/s, {left}", 100.0 * done_f / total_f.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_tells_rate_and_time_left() {
        let running = Running { what: "Index Build".into(), namespace: "d.c".into(), done: 250, total: 1000 };
        let text = describe(&running, Duration::from_secs(5));
        assert_eq!(text, "Index Build: 250 of 1000 (25 %), 50/s, 15 s left");
        assert_eq!(describe(&Running { total: 0, ..running }, Duration::ZERO), "Index Build");
    }
}
