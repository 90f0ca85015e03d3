//! Advice from the real data: how well the shard key spreads it, which queries reach every shard, which session is the
//! largest, which index is dead weight.

mod key;
mod queries;

use anyhow::Result;
use bson::{DateTime, Document, doc};
use conversation_store::mongo::schema;
use futures_util::TryStreamExt;
use serde::Serialize;

pub use key::KeyReport;
pub use queries::{QUERIES, Query};

use crate::{
    connect::Connection,
    declaration::Declared,
    observe::{Collection, Observation},
    render::Table,
};

/// How many events are looked at: enough to tell one percent from two, few enough to be read in a second or two.
const SAMPLE: i32 = 10_000;
/// How many of the sample's most frequent sessions are counted exactly.
const LARGEST: usize = 5;
const DAY_MILLIS: i64 = 24 * 3600 * 1000;

/// What the data says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Advice {
    /// How well the shard key spreads the events.
    pub shard_key: KeyReport,
    /// What the server itself says of the shard key, where it can (7.0 and later).
    pub server_analysis: Option<Document>,
    /// The declared queries, and whether each reaches one shard.
    pub queries: Vec<QueryReport>,
    /// The largest sessions found, by number of events.
    pub largest_sessions: Vec<Largest>,
    /// The indexes and what they are used for.
    pub indexes: Vec<IndexReport>,
}

/// Whether a declared query reaches one shard.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueryReport {
    /// The query.
    pub query: &'static str,
    /// Whether it names the shard key.
    pub one_shard: bool,
}

/// A large session.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Largest {
    /// Which.
    pub session_id: String,
    /// How many events it has.
    pub events: u64,
}

/// An index and its use.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexReport {
    /// The collection and the index.
    pub index: String,
    /// How often it was used.
    pub operations: i64,
    /// For how many days that was counted.
    pub watched_days: i64,
    /// What to think of it.
    pub verdict: &'static str,
}

impl Advice {
    /// Looks at the data.
    ///
    /// # Errors
    /// When the deployment does not answer or a right is missing.
    pub async fn of(connection: &Connection, declared: &Declared) -> Result<Self> {
        let observed = Observation::of(connection).await?;
        let events = connection.database.collection::<Document>(schema::EVENTS);
        let look = [
            doc! { "$sample": { "size": SAMPLE } },
            doc! { "$project": { "sessionId": 1, "receivedAt": 1 } },
            doc! { "$sort": { "receivedAt": 1 } },
        ];
        let sample: Vec<Document> = events.aggregate(look).await?.try_collect().await?;
        let sample: Vec<&str> = sample.iter().filter_map(|event| event.get_str("sessionId").ok()).collect();
        let mut largest_sessions = Vec::new();
        for session_id in key::most_frequent(&sample, LARGEST) {
            let events = events.count_documents(doc! { "sessionId": session_id }).await?;
            largest_sessions.push(Largest { session_id: session_id.to_owned(), events });
        }
        largest_sessions.sort_by_key(|largest| std::cmp::Reverse(largest.events));
        Ok(Self {
            shard_key: KeyReport::of(&sample),
            server_analysis: analysis(connection).await,
            queries: QUERIES
                .iter()
                .map(|query| QueryReport { query: query.name, one_shard: query.is_targeted() })
                .collect(),
            largest_sessions,
            indexes: observed
                .collections
                .iter()
                .flat_map(|(name, c)| indexes(declared, name, c, DateTime::now()))
                .collect(),
        })
    }

    /// The advice as tables.
    #[must_use]
    pub fn tables(&self) -> Vec<Table> {
        let yes_no = |yes: bool| if yes { "one shard" } else { "every shard" }.to_owned();
        let queries = self.queries.iter().map(|query| vec![query.query.to_owned(), yes_no(query.one_shard)]).collect();
        let scattered = self.queries.iter().filter(|query| !query.one_shard).count();
        let everywhere = format!("Declared queries, {scattered} of {} scatter-gather", self.queries.len());
        let largest = |l: &Largest| vec![l.session_id.clone(), l.events.to_string()];
        let index = |i: &IndexReport| {
            vec![i.index.clone(), i.operations.to_string(), i.watched_days.to_string(), i.verdict.to_owned()]
        };
        vec![
            Table {
                title: "Shard key sessionId, by a sample".into(),
                head: vec!["measure", "value", "meaning"],
                rows: self.shard_key.rows(),
            },
            Table { title: everywhere, head: vec!["query", "reaches"], rows: queries },
            Table {
                title: "Largest sessions found".into(),
                head: vec!["session", "events"],
                rows: self.largest_sessions.iter().map(largest).collect(),
            },
            Table {
                title: "Indexes".into(),
                head: vec!["index", "operations", "days watched", "verdict"],
                rows: self.indexes.iter().map(index).collect(),
            },
        ]
    }
}

/// The server's own analysis; servers before 7.0 have none.
async fn analysis(connection: &Connection) -> Option<Document> {
    let namespace = format!("{}.{}", connection.database.name(), schema::EVENTS);
    let ask = doc! { "analyzeShardKey": namespace, "key": { "sessionId": "hashed" }, "readWriteDistribution": false };
    connection.client.database("admin").run_command(ask).await.ok()
}

fn indexes(declared: &Declared, name: &str, collection: &Collection, now: DateTime) -> Vec<IndexReport> {
    let declared = declared.collections.iter().find(|declared| declared.name == name);
    let report = |(index, found): (&String, &crate::observe::Use)| {
        let watched_days = (now.timestamp_millis() - found.since.timestamp_millis()) / DAY_MILLIS;
        let needed = index == "_id_" || declared.is_some_and(|d| d.indexes.iter().any(|i| i.name == index));
        let verdict = match (found.operations > 0, needed, watched_days >= 7) {
            (true, _, _) => "used",
            (false, true, _) => "declared, and not used so far",
            (false, false, true) => "dead weight: not declared and not used for a week or more",
            (false, false, false) => "not declared and not used so far; watch it for a week",
        };
        IndexReport { index: format!("{name}.{index}"), operations: found.operations, watched_days, verdict }
    };
    collection.uses.iter().map(report).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Use;

    #[test]
    fn an_index_is_dead_weight_only_when_nobody_needs_or_uses_it() {
        let now = DateTime::from_millis(100 * DAY_MILLIS);
        let since = |days: i64| DateTime::from_millis((100 - days) * DAY_MILLIS);
        let mut collection = Collection::default();
        for (name, operations, days) in [("timeline", 0, 30), ("old", 0, 30), ("new", 0, 2), ("busy", 9, 30)] {
            collection.uses.insert(name.to_owned(), Use { operations, since: since(days) });
        }
        let verdicts: Vec<String> = indexes(&Declared::by_release(), "events", &collection, now)
            .into_iter()
            .map(|report| format!("{}: {}", report.index, report.verdict.split([':', ',']).next().unwrap_or_default()))
            .collect();
        assert_eq!(
            verdicts,
            [
                "events.busy: used",
                "events.new: not declared and not used so far; watch it for a week",
                "events.old: dead weight",
                "events.timeline: declared",
            ]
        );
    }
}
