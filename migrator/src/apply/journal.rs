//! The journal: what was begun and what was done, by which plan and which holder of the lease.

use anyhow::{Result, anyhow};
use bson::{Bson, Document, doc};
use futures_util::TryStreamExt;
use serde::Serialize;

use super::{Run, migrations};
use crate::{
    connect::{Connection, describe},
    plan::{Action, Plan, Step},
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

pub(super) async fn begin(run: &Run<'_>, step: &Step, token: i64) -> Result<()> {
    note(run, step, token, "begun", None).await
}

pub(super) async fn end(run: &Run<'_>, step: &Step, token: i64, error: Option<String>) -> Result<()> {
    let state = if error.is_some() { "failed" } else { "made" };
    note(run, step, token, state, error).await
}

async fn note(run: &Run<'_>, step: &Step, token: i64, state: &str, error: Option<String>) -> Result<()> {
    let Run { connection, plan, options, .. } = run;
    // An entry of a later holder is never overwritten by an earlier one that woke up.
    let mine = doc! { "_id": id(plan, step), "token": { "$not": { "$gt": token } } };
    let entry = vec![doc! { "$set": {
        "step": &step.id,
        "plan": &plan.digest,
        "approval": options.expect.as_ref().unwrap_or(&plan.approval),
        "action": step.action.approved(),
        "state": state,
        "token": token,
        "holder": super::holder(),
        "at": "$$NOW",
        "error": error.map_or(Bson::Null, |text| Bson::from(doc! { "$literal": text })),
    } }];
    let noted = migrations(connection).update_one(mine, entry).upsert(true).await;
    noted.map(drop).map_err(|error| anyhow!(describe("writing the journal", &error)))
}

/// What an unfinished run has made or begun under an approval, each as [`crate::plan::Action::approved`].
pub(super) async fn made_under(connection: &Connection, approval: &str) -> Result<Vec<String>> {
    let of_approval = doc! { "approval": approval, "action": { "$type": "string" } };
    let entries = migrations(connection).find(of_approval).sort(doc! { "at": 1 }).await?;
    let entries: Vec<Document> = entries.try_collect().await?;
    let last = Action::RecordVersion.approved();
    let says = |entry: &Document, field, word| entry.get_str(field).is_ok_and(|found| found == word);
    let ended = |entry: &Document| says(entry, "action", last.as_str()) && says(entry, "state", "made");
    // A run that went to its end is over: its approval covers no other one half-way.
    let unfinished = entries.iter().rposition(ended).map_or(0, |end| end + 1);
    Ok(entries[unfinished..].iter().filter_map(|entry| Some(entry.get_str("action").ok()?.to_owned())).collect())
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
