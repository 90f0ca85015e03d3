//! Storing new sessions, those of concurrent calls together.

use std::time::Duration;

use bson::RawDocumentBuf;
use conversation_core::StoreError;
use mongodb::Collection;

use crate::mongo::{
    coalesce::{Answer, Size, Work},
    errors,
    insert::{Fate, insert},
    run::Fault,
};

/// Inserts the documents of sessions.
pub(in crate::mongo) struct Creation {
    pub(in crate::mongo) sessions: Collection<RawDocumentBuf>,
    pub(in crate::mongo) limit: Duration,
}

impl Work for Creation {
    type Item = RawDocumentBuf;
    type Answer = Fate;

    fn size(document: &RawDocumentBuf) -> Size {
        Size { documents: 1, bytes: document.as_bytes().len() }
    }

    async fn run(&self, documents: Vec<RawDocumentBuf>) -> Vec<Answer<Self>> {
        let count = documents.len();
        match insert(self.limit, &self.sessions, documents).await {
            Ok(fates) => fates.into_iter().map(Ok).collect(),
            Err(fault) => (0..count).map(|_| Err(errors::write(&fault))).collect(),
        }
    }

    fn unanswered(fault: &Fault) -> StoreError {
        errors::write(fault)
    }
}
