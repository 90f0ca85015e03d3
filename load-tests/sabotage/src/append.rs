//! Appends that are doubled, dropped or altered.

use std::sync::atomic::Ordering;

use conversation_core::{
    JsonObject, NewEvent, SessionKey, StoreError,
    store::{AppendOptions, Written},
};
use mongodb::bson::doc;

use crate::{
    config::Fault,
    store::{Outcome, Sabotaged},
};

/// One event in so many is hit.
const HIT: u64 = 20;

impl Sabotaged {
    pub(crate) async fn append_with_fault(
        &self,
        key: &SessionKey,
        mut events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> Result<Vec<Outcome>, StoreError> {
        let number = self.appended.fetch_add(1, Ordering::Relaxed);
        match self.fault {
            Fault::DeduplicationOff => {
                let outcomes = self.inner.append(key, events, options).await?;
                let mut doubled = Vec::new();
                for outcome in outcomes {
                    doubled.push(match outcome {
                        Ok(Written::Replayed(event)) => {
                            self.store_again(&key.event_document_id(&event.event_id), number).await?;
                            Ok(Written::New(event))
                        }
                        other => other,
                    });
                }
                Ok(doubled)
            }
            // The session must be there all the same, and what is there already is no new event.
            Fault::Drops if number % HIT == HIT - 1 && options.create_session.is_none() => {
                self.inner.session(key).await?;
                let mut outcomes = Vec::new();
                for event in events {
                    outcomes.push(match self.inner.event(key, &event.event_id).await {
                        Ok(stored) => Ok(Written::Replayed(stored)),
                        Err(_) => Ok(Written::New(event.into_event(options.now, false))),
                    });
                }
                Ok(outcomes)
            }
            Fault::Alters if number % HIT == HIT - 1 => {
                for event in &mut events {
                    event.payload = JsonObject::empty();
                }
                self.inner.append(key, events, options).await
            }
            _ => self.inner.append(key, events, options).await,
        }
    }

    async fn store_again(&self, id: &str, number: u64) -> Result<(), StoreError> {
        let documents =
            self.documents.as_ref().ok_or_else(|| StoreError::Corrupt("this fault needs MongoDB".into()))?;
        let fault = |cause: mongodb::error::Error| StoreError::Corrupt(cause.into());
        if let Some(mut document) = documents.find_one(doc! { "_id": id }).await.map_err(fault)? {
            document.insert("_id", format!("{id}#{number}"));
            documents.insert_one(document).await.map_err(fault)?;
        }
        Ok(())
    }
}
