//! What stored documents weigh in MongoDB: the sums in DESIGN.md rest on it.

use anyhow::{Context, Result};
use mongodb::Client;
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
    /// Bytes on disk of each index by its name, the one on `_id` with them.
    pub(crate) indexes: Vec<(String, f64)>,
}

impl Weight {
    /// So many bytes, by document.
    pub(crate) fn each(&self, bytes: f64) -> f64 {
        bytes / self.documents.max(1.0)
    }

    /// Bytes on disk of all indexes.
    pub(crate) fn all_indexes(&self) -> f64 {
        self.indexes.iter().map(|(_, bytes)| bytes).sum()
    }
}

/// Weighs the collections of a database, once the server has written everything out.
pub(crate) async fn weigh(client: &Client, database: &str) -> Result<Vec<Weight>> {
    checkpoint(client).await?;
    let mut weights = Vec::new();
    for collection in ["sessions", "events"] {
        let stats = client.database(database).run_command(doc! { "collStats": collection }).await;
        let stats = stats.with_context(|| format!("size of {collection}"))?;
        let sizes = stats.get_document("indexSizes").context("sizes of indexes")?;
        weights.push(Weight {
            collection,
            documents: number(&stats, "count"),
            bson: number(&stats, "size"),
            disk: number(&stats, "storageSize"),
            indexes: sizes.keys().map(|name| (name.clone(), number(sizes, name))).collect(),
        });
    }
    Ok(weights)
}

/// Lets the server write everything out: sizes on disk count from then, and nothing is left to disturb what comes next.
pub(crate) async fn checkpoint(client: &Client) -> Result<()> {
    client.database("admin").run_command(doc! { "fsync": 1 }).await.context("checkpoint").map(drop)
}

/// The weights as a Markdown table, by document.
pub(crate) fn table(weights: &[Weight]) -> String {
    let row = |weight: &Weight| {
        let Weight { collection, documents, bson, disk, indexes } = weight;
        let each: Vec<String> =
            indexes.iter().map(|(name, bytes)| format!("{name} {:.0}", weight.each(*bytes))).collect();
        let [bson, disk, all] = [*bson, *disk, weight.all_indexes()].map(|bytes| weight.each(bytes));
        format!("| {collection} | {documents:.0} | {bson:.0} | {disk:.0} | {all:.0} | {} |\n", each.join(", "))
    };
    let head = "\n| collection | documents | bytes of BSON each | bytes on disk each | bytes of indexes each | of them |\n\
                | --- | ---: | ---: | ---: | ---: | --- |\n";
    format!("{head}{}", weights.iter().map(row).collect::<String>())
}

/// A number of any kind, or 0.
#[expect(clippy::cast_precision_loss, reason = "sizes of a benchmark are far below 2^53")]
pub(crate) fn number(document: &Document, field: &str) -> f64 {
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
        let indexes = vec![("_id_".into(), 500.0), ("timeline".into(), 1_000.0)];
        let weight = Weight { collection: "events", documents: 10.0, bson: 3_000.0, disk: 1_000.0, indexes };
        assert!(table(&[weight]).ends_with("| events | 10 | 300 | 100 | 150 | _id_ 50, timeline 100 |\n"));
    }
}
