//! A look past the API: documents that no page may show, such as a double under another `_id`.

use std::collections::BTreeMap;

use anyhow::Result;
use futures_util::TryStreamExt as _;
use mongodb::{
    Client, Database,
    bson::{Document, doc},
};

use crate::{
    finding::{Fault, Finding},
    report::Report,
};

/// So many sessions are asked for at once.
const SESSIONS: usize = 500;

/// Counts the documents of every event, and compares with `listed`, the number of events that the API listed by session.
pub(crate) async fn look(uri: &str, database: &str, listed: &BTreeMap<&str, usize>, report: &mut Report) -> Result<()> {
    let database = Client::with_uri_str(uri).await?.database(database);
    let ids: Vec<&str> = listed.keys().copied().collect();
    let mut total = 0;
    for ids in ids.chunks(SESSIONS) {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (session, event, count) in documents(&database, ids).await? {
            total += count as u64;
            *counts.entry(session.clone()).or_default() += count;
            if count > 1 {
                let message = format!("the database has {count} documents of it");
                report.findings.push(Finding { fault: Fault::EventDoubled, session, event: Some(event), message });
            }
        }
        for id in ids {
            let (stored, listed) = (counts.get(*id).copied().unwrap_or(0), listed[id]);
            if stored != listed {
                let message = format!("the database has {stored} events of it and the API lists {listed}");
                let session = (*id).to_owned();
                report.findings.push(Finding { fault: Fault::Total, session, event: None, message });
            }
        }
    }
    report.events_in_database = Some(total);
    for id in unknown_sessions(&database, listed).await? {
        let message = "the database has it and the ledger does not".to_owned();
        report.findings.push(Finding { fault: Fault::SessionNotSent, session: id, event: None, message });
    }
    Ok(())
}

/// How many documents there are of each event.
async fn documents(database: &Database, sessions: &[&str]) -> Result<Vec<(String, String, usize)>> {
    let stages = [
        doc! { "$match": { "sessionId": { "$in": sessions } } },
        doc! { "$group": { "_id": { "session": "$sessionId", "event": "$eventId" }, "count": { "$sum": 1 } } },
    ];
    let found = database.collection::<Document>("events").aggregate(stages).await?;
    found
        .map_err(anyhow::Error::from)
        .and_then(async |group| {
            let id = group.get_document("_id")?;
            let count = usize::try_from(group.get_i32("count")?)?;
            Ok((id.get_str("session")?.to_owned(), id.get_str("event")?.to_owned(), count))
        })
        .try_collect()
        .await
}

/// Sessions that begin as those of these runs do, `k6-RUN-`, and are none of theirs.
async fn unknown_sessions(database: &Database, listed: &BTreeMap<&str, usize>) -> Result<Vec<String>> {
    let mut runs: Vec<&str> = listed.keys().filter_map(|id| Some(&id[..=id.rfind('-')?])).collect();
    runs.dedup();
    let mut unknown = Vec::new();
    for run in runs {
        // The character after `-` ends the range, so that the index on `_id` serves it.
        let (from, to) = (format!("default/{run}"), format!("default/{}.", run.trim_end_matches('-')));
        let range = doc! { "_id": { "$gte": from, "$lt": to } };
        let found = database.collection::<Document>("sessions").find(range).projection(doc! { "sessionId": 1 }).await?;
        let found: Vec<Document> = found.try_collect().await?;
        let ids = found.iter().filter_map(|session| session.get_str("sessionId").ok());
        unknown.extend(ids.filter(|id| !listed.contains_key(id)).map(str::to_owned));
    }
    Ok(unknown)
}
