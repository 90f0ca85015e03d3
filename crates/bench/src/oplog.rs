//! How much a primary logs for its secondaries: what replication carries, and what a window of so many hours takes on disk.

use std::time::Duration;

use anyhow::{Context, Result};
use mongodb::bson::{Document, Timestamp, doc};
use mongodb::{Client, Collection};

use crate::contest::Contender;
use crate::storage::number;

/// Short, because the test kit's log of operations holds 64 MB, and large payloads fill that in less than a second.
const TIME: Duration = Duration::from_millis(250);

/// Bytes logged for each item while the contender works for a moment; none when the log lost its beginning meanwhile.
pub(crate) async fn per_item(client: &Client, contender: &Contender) -> Result<Option<f64>> {
    let log = client.database("local").collection("oplog.rs");
    let before = end(&log, -1).await?;
    let items = (contender.work)(TIME).await?.items();
    // The server writes an entry without content now and then.
    let since = doc! { "$match": { "ts": { "$gt": before }, "op": { "$ne": "n" } } };
    let sum = doc! { "$group": { "_id": null, "bytes": { "$sum": { "$bsonSize": "$$ROOT" } } } };
    let mut sums = log.aggregate([since, sum]).await.context("sum of the oplog")?;
    if !sums.advance().await? || end(&log, 1).await? > before {
        return Ok(None);
    }
    let bytes = number(&sums.deserialize_current()?, "bytes");
    Ok(Some(bytes / items.max(1) as f64))
}

/// The time of the newest entry (-1) or of the oldest one (1).
async fn end(log: &Collection<Document>, order: i32) -> Result<Timestamp> {
    let entry = log.find_one(doc! {}).sort(doc! { "$natural": order }).await.context("oplog")?;
    entry.context("an empty oplog")?.get_timestamp("ts").context("time of an entry")
}
