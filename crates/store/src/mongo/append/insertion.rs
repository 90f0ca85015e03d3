//! Storing new events, those of concurrent calls together; and for those that are there already, finding the stored ones.

use std::{mem, time::Duration};

use bson::RawDocumentBuf;
use conversation_core::{Event, SessionKey, StoreError, store::Written};
use mongodb::Collection;
use thiserror::Error;

use super::{
    Outcome,
    replay::{self, Asked},
};
use crate::mongo::{
    coalesce::{Answer, Size, Work},
    documents::write_event,
    errors,
    insert::{Fate, insert},
    run::Fault,
};

/// An event is there by its `_id`, yet no majority has it: it is being erased, or has not spread yet.
#[derive(Debug, Error)]
#[error("an insert met an event that could not be read back")]
struct Vanishing;

/// Inserts the documents of events.
pub(in crate::mongo) struct Insertion {
    pub(in crate::mongo) events: Collection<RawDocumentBuf>,
    pub(in crate::mongo) limit: Duration,
}

/// The events of one call, with their documents.
pub(in crate::mongo) struct Events {
    key: SessionKey,
    events: Vec<Event>,
    documents: Vec<RawDocumentBuf>,
    size: Size,
}

impl Events {
    /// Makes the documents, in the caller's own task.
    pub(super) fn new(key: &SessionKey, events: Vec<Event>) -> Result<Self, StoreError> {
        let documents = events.iter().map(|event| write_event(key, event)).collect::<Result<Vec<_>, _>>()?;
        let bytes = documents.iter().map(|document| document.as_bytes().len()).sum();
        let size = Size { documents: documents.len(), bytes };
        Ok(Self { key: key.clone(), events, documents, size })
    }
}

impl Work for Insertion {
    type Item = Events;
    type Answer = Vec<Outcome>;

    fn size(events: &Events) -> Size {
        events.size
    }

    async fn run(&self, mut calls: Vec<Events>) -> Vec<Answer<Self>> {
        let documents = calls.iter_mut().flat_map(|call| mem::take(&mut call.documents)).collect();
        let mut fates = match insert(self.limit, &self.events, documents).await {
            Ok(fates) => fates.into_iter(),
            // It failed as a whole, and so does every call: "rejected" would not be true of events that may be stored.
            Err(fault) => return calls.iter().map(|_| Err(errors::write(&fault))).collect(),
        };
        let (mut met, mut places) = (Vec::new(), Vec::new());
        let mut answers: Vec<Vec<Outcome>> = Vec::with_capacity(calls.len());
        for Events { key, events, .. } in calls {
            let (call, mut outcomes) = (answers.len(), Vec::with_capacity(events.len()));
            for event in events {
                outcomes.push(match fates.next() {
                    Some(Fate::Stored) => Ok(Written::New(event)),
                    Some(Fate::Failed(error)) => Err(error),
                    Some(Fate::Duplicate) | None => {
                        places.push((call, outcomes.len()));
                        met.push(Asked::new(&key, event));
                        Err(errors::in_doubt(Vanishing))
                    }
                });
            }
            answers.push(outcomes);
        }
        // What was inserted stays inserted, whatever becomes of the duplicates.
        for ((call, place), outcome) in places.into_iter().zip(self.stored(met).await) {
            answers[call][place] = outcome;
        }
        answers.into_iter().map(Ok).collect()
    }

    fn unanswered(fault: &Fault) -> StoreError {
        errors::write(fault)
    }
}

impl Insertion {
    /// The stored events that an insert met.
    async fn stored(&self, met: Vec<Asked>) -> Vec<Outcome> {
        let count = met.len();
        match replay::find(self.limit, &self.events, met).await {
            Ok(found) => found
                .into_iter()
                .map(|found| found.map(Written::Replayed).map_err(|_| errors::in_doubt(Vanishing)))
                .collect(),
            Err(error) => (0..count).map(|_| Err(errors::in_doubt(error.to_string()))).collect(),
        }
    }
}
