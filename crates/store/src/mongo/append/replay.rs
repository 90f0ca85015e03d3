//! Answering events that are stored already with what is stored.

use std::{collections::HashMap, time::Duration};

use bson::RawDocumentBuf;
use conversation_core::{Event, SessionId, SessionKey, StoreError, store::Written};
use mongodb::Collection;

use super::Outcome;
use crate::mongo::{
    documents::{Envelope, read_envelope, read_event},
    errors, run,
};

/// An event that may be stored, as a call has it.
pub(super) struct Asked {
    id: String,
    session_id: SessionId,
    event: Event,
}

impl Asked {
    pub(super) fn new(key: &SessionKey, event: Event) -> Self {
        Self { id: key.event_document_id(&event.event_id), session_id: key.session_id.clone(), event }
    }
}

/// Answers each event with the stored one of the same identifier, or with `absent`.
pub(super) async fn replay(
    limit: Duration,
    events: &Collection<RawDocumentBuf>,
    asked: Vec<Asked>,
    absent: impl Fn() -> StoreError,
) -> Result<Vec<Outcome>, StoreError> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let projection = Some(Envelope::projection());
    let envelopes = run::find_by_ids(limit, events, ids(&asked), projection, read_envelope).await?;
    let envelopes: HashMap<String, Envelope> = envelopes.into_iter().map(|found| (found.id.clone(), found)).collect();
    let differs =
        |asked: &&Asked| envelopes.get(&asked.id).is_some_and(|found| found.fingerprint() != asked.event.fingerprint);
    let others = whole(limit, events, ids(asked.iter().filter(differs))).await?;
    let answer = |asked: Asked| match envelopes.get(&asked.id) {
        None => Err(absent()),
        // Equal content: what the client sent need not be fetched.
        Some(stored) if stored.fingerprint() == asked.event.fingerprint => {
            Ok(Written::Replayed(stored.clone().with(asked.event.payload)))
        }
        Some(_) => others.get(&asked.id).cloned().map(Written::Replayed).ok_or_else(&absent),
    };
    Ok(asked.into_iter().map(answer).collect())
}

async fn whole(
    limit: Duration,
    events: &Collection<RawDocumentBuf>,
    ids: Vec<(String, &SessionId)>,
) -> Result<HashMap<String, Event>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = run::find_by_ids(limit, events, ids, None, |document| {
        Ok((document.get_str("_id").map_err(errors::corrupt)?.to_owned(), read_event(document)?))
    });
    Ok(found.await?.into_iter().collect())
}

fn ids<'a>(asked: impl IntoIterator<Item = &'a Asked>) -> Vec<(String, &'a SessionId)> {
    asked.into_iter().map(|asked| (asked.id.clone(), &asked.session_id)).collect()
}
