//! The journal: what was begun and what was done, by which plan and which holder of the lease.

use anyhow::{Result, anyhow};
use bson::{Bson, Document, doc};
use futures_util::TryStreamExt;
use serde::Serialize;

use super::migrations;
use crate::{
    connect::{Connection, describe},
    plan::{Plan, Step},
};

/// How many entries are shown.
const NEWEST: i64 = 30;

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// It was begun; its runner is at it or was killed.
    Begun,
    /// It was made.
    Made,
    /// It failed.
    Failed,
}

/// One step in the journal.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Which step.
    pub step: String,
    /// Of which plan.
    pub plan: String,
    /// What became of it.
    pub state: State,
    /// When that was noted.
    pub at: String,
    /// By whom.
    pub holder: String,
    /// Why it failed.
    pub error: Option<String>,
}

fn id(plan: &Plan, step: &Step) -> String {
    format!("journal/{}/{}", plan.digest, step.id)
}

pub(super) async fn begin(connection: &Connection, plan: &Plan, step: &Step, token: i64) -> Result<()> {
    note(connection, plan, step, token, "begun", None).await
}

pub(super) async fn end(
    connection: &Connection,
    plan: &Plan,
    step: &Step,
    token: i64,
    error: Option<String>,
) -> Result<()> {
    let state = if error.is_some() { "failed" } else { "made" };
    note(connection, plan, step, token, state, error).await
}

async fn note(
    connection: &Connection,
    plan: &Plan,
    step: &Step,
    token: i64,
    state: &str,
    error: Option<String>,
) -> Result<()> {
    // An entry of a later holder is never overwritten by an earlier one that woke up.
    let mine = doc! { "_id": id(plan, step), "token": { "$not": { "$gt": token } } };
    let entry = vec![doc! { "$set": {
        "step": &step.id,
        "plan": &plan.digest,
        "state": state,
        "token": token,
        "holder": super::holder(),
        "at": "$$NOW",
        "error": error.map_or(Bson::Null, |text| Bson::from(doc! { "$literal": text })),
    } }];
    let noted = migrations(connection).update_one(mine, entry).upsert(true).await;
    noted.map(drop).map_err(|error| anyhow!(describe("writing the journal", &error)))
}

/// Whether `plan` itself made `step`, or had begun it when it was killed.
pub(super) async fn was_made(connection: &Connection, plan: &Plan, step: &Step) -> Result<bool> {
    Ok(migrations(connection).find_one(doc! { "_id": id(plan, step) }).await?.is_some())
}

pub(super) async fn newest(connection: &Connection) -> Result<Vec<Entry>> {
    let journal = migrations(connection);
    let found = journal.find(doc! { "step": { "$exists": true } }).sort(doc! { "at": -1 }).limit(NEWEST).await?;
    let found: Vec<Document> = found.try_collect().await?;
    Ok(found.iter().filter_map(read).collect())
}

fn read(entry: &Document) -> Option<Entry> {
    let text = |field| entry.get_str(field).ok().map(str::to_owned);
    Some(Entry {
        step: text("step")?,
        plan: text("plan")?,
        state: match entry.get_str("state").ok()? {
            "made" => State::Made,
            "failed" => State::Failed,
            _ => State::Begun,
        },
        at: entry.get_datetime("at").ok()?.to_string(),
        holder: text("holder")?,
        error: text("error"),
    })
}
