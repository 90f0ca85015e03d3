//! Compares what a load test sent and was answered (its ledger) with what is stored: nothing lost, nothing doubled,
//! nothing that was not sent, in the right order.

pub mod args;
mod database;
mod digest;
mod finding;
mod judge;
pub mod ledger;
mod report;
mod sent;
mod stored;
mod walk;

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

pub use args::Args;
pub use finding::{Fault, Finding};
pub use report::Report;

use sent::SentSession;
use walk::Walker;

/// Reads the ledgers, walks every session of theirs through the API, and, if asked, looks into the database.
///
/// # Errors
/// When the audit itself could not be made: a ledger that cannot be read, a service that does not answer.
pub async fn audit(args: &Args) -> Result<Report> {
    let sessions = sent(&args.ledgers)?;
    let walker = Walker::new(&args.url, args.page_size)?;
    let mut report = Report::default();
    let mut counts = BTreeMap::new();
    let mut walks = stream::iter(&sessions)
        .map(|(id, sent)| {
            let walk = walker.session(id);
            async move { anyhow::Ok((id, sent, walk.await.with_context(|| format!("walk of session {id}"))?)) }
        })
        .buffer_unordered(args.connections);
    while let Some((id, sent, stored)) = walks.try_next().await? {
        report.count(sent, stored.as_ref());
        counts.insert(id.as_str(), stored.as_ref().map_or(0, |stored| stored.events.len()));
        judge::session(id, sent, stored.as_ref(), &mut report);
    }
    if let Some(uri) = &args.mongodb_uri {
        database::look(uri, &args.mongodb_database, &counts, &mut report).await.context("look into the database")?;
    }
    report.sort();
    Ok(report)
}

fn sent(ledgers: &[impl AsRef<Path>]) -> Result<BTreeMap<String, SentSession>> {
    let mut sessions = BTreeMap::new();
    for path in ledgers {
        let path = path.as_ref();
        for line in ledger::read(path).with_context(|| format!("ledger {}", path.display()))? {
            SentSession::note(&mut sessions, line)?;
        }
    }
    ensure!(!sessions.is_empty(), "the ledgers hold no call: was k6 run with --console-output=FILE --log-format=raw?");
    Ok(sessions)
}
