//! Appends that are acknowledged from memory and written within a minute: what a cache in front of a store does that
//! takes itself for one. Nobody notices until the process is killed.

use std::{collections::HashMap, sync::Arc, time::Duration};

use conversation_core::{
    NewEvent, SessionKey, Store, StoreError,
    store::{AppendOptions, Written},
};
use tokio::sync::Mutex;

use crate::store::Outcome;

/// How long an acknowledged event may wait.
const DELAY: Duration = Duration::from_secs(60);

type Waiting = HashMap<SessionKey, Vec<(NewEvent, AppendOptions)>>;

/// What waits to be written.
#[derive(Debug)]
pub(crate) struct WriteBehind {
    inner: Arc<dyn Store>,
    waiting: Arc<Mutex<Waiting>>,
}

impl WriteBehind {
    pub(crate) fn begin(inner: Arc<dyn Store>) -> Self {
        let waiting: Arc<Mutex<Waiting>> = Arc::default();
        let (store, queue) = (Arc::clone(&inner), Arc::clone(&waiting));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(DELAY).await;
                for (key, events) in queue.lock().await.drain() {
                    write(&*store, &key, events).await;
                }
            }
        });
        Self { inner, waiting }
    }

    pub(crate) async fn append(
        &self,
        key: &SessionKey,
        events: Vec<NewEvent>,
        options: AppendOptions,
    ) -> Result<Vec<Outcome>, StoreError> {
        if options.create_session.is_some() {
            return self.inner.append(key, events, options).await;
        }
        let mut waiting = self.waiting.lock().await;
        let late = self.inner.session(key).await?.ended_at.is_some();
        let queue = waiting.entry(key.clone()).or_default();
        let mut outcomes = Vec::new();
        for event in events {
            let queued = queue.iter().find(|(queued, _)| queued.event_id == event.event_id);
            outcomes.push(if let Some((queued, options)) = queued {
                Ok(Written::Replayed(queued.clone().into_event(options.now, late)))
            } else if let Ok(stored) = self.inner.event(key, &event.event_id).await {
                Ok(Written::Replayed(stored))
            } else {
                queue.push((event.clone(), options.clone()));
                Ok(Written::New(event.into_event(options.now, late)))
            });
        }
        Ok(outcomes)
    }

    /// Writes what waits for a session.
    pub(crate) async fn flush(&self, key: &SessionKey) {
        let mut waiting = self.waiting.lock().await;
        if let Some(events) = waiting.remove(key) {
            write(&*self.inner, key, events).await;
        }
    }
}

async fn write(store: &dyn Store, key: &SessionKey, events: Vec<(NewEvent, AppendOptions)>) {
    for (event, options) in events {
        // Too late to tell the caller of a fault, which is the point.
        let _ = store.append(key, vec![event], options).await;
    }
}
