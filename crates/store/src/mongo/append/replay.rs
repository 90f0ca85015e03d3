//! Finding events that are stored already, those of concurrent calls together.

use std::{collections::HashMap, time::Duration};

use bson::RawDocumentBuf;
use conversation_core::{Event, SessionId, SessionKey, StoreError};
use mongodb::Collection;

use crate::mongo::{
    coalesce::{Answer, Size, Work},
    documents::{Envelope, read_envelope, read_event},
    errors,
    run::{self, Fault},
};

/// An event that may be stored, as a call has it.
pub(in crate::mongo) struct Asked {
    id: String,
    session_id: SessionId,
    event: Event,
}

impl Asked {
    pub(super) fn new(key: &SessionKey, event: Event) -> Self {
        Self { id: key.event_document_id(&event.event_id), session_id: key.session_id.clone(), event }
    }

    /// The event's `_id`.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The event, as the call has it.
    pub(super) fn into_event(self) -> Event {
        self.event
    }
}

/// The stored event of the same identifier, or the one asked about where there is none.
pub(in crate::mongo) type Found = Result<Event, Event>;

/// Finds the stored events, in the order of `asked`.
pub(super) async fn find(
    limit: Duration,
    events: &Collection<RawDocumentBuf>,
    asked: Vec<Asked>,
) -> Result<Vec<Found>, StoreError> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let projection = Some(Envelope::projection());
    let envelopes = run::find_by_ids(limit, events, ids(&asked), projection, read_envelope).await?;
    let envelopes: HashMap<String, Envelope> = envelopes.into_iter().map(|found| (found.id.clone(), found)).collect();
    let differs =
        |asked: &&Asked| envelopes.get(&asked.id).is_some_and(|found| found.fingerprint() != asked.event.fingerprint);
    let others = whole(limit, events, ids(asked.iter().filter(differs))).await?;
    let answer = |Asked { id, event, .. }: Asked| match envelopes.get(&id) {
        None => Err(event),
        // Equal content: what the client sent need not be fetched.
        Some(stored) if stored.fingerprint() == event.fingerprint => Ok(stored.clone().with(event.payload)),
        // One that is gone since was erased.
        Some(_) => others.get(&id).cloned().ok_or(event),
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

/// Finds stored events.
pub(in crate::mongo) struct Recall {
    pub(in crate::mongo) events: Collection<RawDocumentBuf>,
    pub(in crate::mongo) limit: Duration,
}

impl Work for Recall {
    type Item = Vec<Asked>;
    type Answer = Vec<Found>;

    fn size(asked: &Vec<Asked>) -> Size {
        Size { documents: asked.len(), bytes: 0 }
    }

    async fn run(&self, calls: Vec<Vec<Asked>>) -> Vec<Answer<Self>> {
        let counts: Vec<usize> = calls.iter().map(Vec::len).collect();
        match find(self.limit, &self.events, calls.into_iter().flatten().collect()).await {
            Ok(found) => {
                let mut found = found.into_iter();
                counts.into_iter().map(|count| Ok(found.by_ref().take(count).collect())).collect()
            }
            Err(error) => counts.iter().map(|_| Err(errors::shared(&error))).collect(),
        }
    }

    fn unanswered(fault: &Fault) -> StoreError {
        errors::read(fault)
    }
}
