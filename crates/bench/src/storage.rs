//! What stored documents weigh in MongoDB: the sums in DESIGN.md rest on it.

use anyhow::{Context, Result};
use conversation_testkit::ReplicaSet;
use mongodb::bson::{Bson, Document, doc};

/// The weight of a collection.
#[derive(Clone, Debug)]
pub(crate) struct Weight {
    /// Which collection.
    pub(crate) collection: &'static str,
    /// How many documents it has.
    pub(crate) documents: f64,
    /// Bytes of BSON.
    pub(crate) bson: f64,
    /// Bytes on disk without indexes, compressed by the server.
    pub(crate) disk: f64,
    /// Bytes on disk of all indexes, the one on `_id` with them.
    pub(crate) indexes: f64,
}

/// Weighs the collections of a database, once the server has written everything out.
pub(crate) async fn weigh(set: &ReplicaSet, database: &str) -> Result<Vec<Weight>> {
    let client = set.client().await?;
    // Sizes on disk count from the last checkpoint.
    client.database("admin").run_command(doc! { "fsync": 1 }).await.context("checkpoint")?;
    let mut weights = Vec::new();
    for collection in ["sessions", "events"] {
        let stats = client.database(database).run_command(doc! { "collStats": collection }).await;
        let stats = stats.with_context(|| format!("size of {collection}"))?;
        weights.push(Weight {
            collection,
            documents: number(&stats, "count"),
            bson: number(&stats, "size"),
            disk: number(&stats, "storageSize"),
            indexes: number(&stats, "totalIndexSize"),
        });
    }
    Ok(weights)
}

/// The weights as a Markdown table, by document.
pub(crate) fn table(weights: &[Weight]) -> String {
    let row = |Weight { collection, documents, bson, disk, indexes }: &Weight| {
        let each = |bytes: f64| bytes / documents.max(1.0);
        format!("| {collection} | {documents:.0} | {:.0} | {:.0} | {:.0} |\n", each(*bson), each(*disk), each(*indexes))
    };
    let head = "\n| collection | documents | bytes of BSON each | bytes on disk each | bytes of indexes each |\n\
                | --- | ---: | ---: | ---: | ---: |\n";
    format!("{head}{}", weights.iter().map(row).collect::<String>())
}

#[expect(clippy::cast_precision_loss, reason = "sizes of a benchmark are far below 2^53")]
fn number(document: &Document, field: &str) -> f64 {
    match document.get(field) {
        Some(Bson::Int32(n)) => f64::from(*n),
        Some(Bson::Int64(n)) => *n as f64,
        Some(Bson::Double(n)) => *n,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_told_by_document() {
        let weight = Weight { collection: "events", documents: 10.0, bson: 3_000.0, disk: 1_000.0, indexes: 1_500.0 };
        assert!(table(&[weight]).ends_with("| events | 10 | 300 | 100 | 150 |\n"));
    }
}
