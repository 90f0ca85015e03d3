//! Reading sessions, those of concurrent calls together.

use std::{collections::HashMap, time::Duration};

use bson::RawDocumentBuf;
use conversation_core::{SessionKey, StoreError};
use mongodb::Collection;

use crate::mongo::{
    coalesce::{Answer, Size, Work},
    errors,
    run::{self, Fault},
};

/// Finds the documents of sessions.
pub(in crate::mongo) struct Lookup {
    pub(in crate::mongo) sessions: Collection<RawDocumentBuf>,
    pub(in crate::mongo) limit: Duration,
}

impl Work for Lookup {
    type Item = SessionKey;
    type Answer = Option<RawDocumentBuf>;

    fn size(_: &SessionKey) -> Size {
        Size { documents: 1, bytes: 0 }
    }

    async fn run(&self, keys: Vec<SessionKey>) -> Vec<Answer<Self>> {
        match self.find(&keys).await {
            Ok(found) => keys.iter().map(|key| Ok(found.get(key.document_id().as_str()).cloned())).collect(),
            Err(error) => keys.iter().map(|_| Err(errors::shared(&error))).collect(),
        }
    }

    fn unanswered(fault: &Fault) -> StoreError {
        errors::read(fault)
    }
}

impl Lookup {
    async fn find(&self, keys: &[SessionKey]) -> Result<HashMap<String, RawDocumentBuf>, StoreError> {
        let ids = keys.iter().map(|key| (key.document_id(), &key.session_id)).collect();
        let found = run::find_by_ids(self.limit, &self.sessions, ids, None, |document| {
            Ok((document.get_str("_id").map_err(errors::corrupt)?.to_owned(), document.to_owned()))
        });
        Ok(found.await?.into_iter().collect())
    }
}
