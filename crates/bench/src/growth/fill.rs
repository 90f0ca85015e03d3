//! Fills a database by the bare driver with what the service would have stored, only faster.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use mongodb::bson::RawDocumentBuf;
use tokio::task::JoinSet;

use crate::bare_mongo::{BareMongo, event, session};
use crate::payload::{Payload, mix};

/// Events of one call of the driver.
const CHUNK: u64 = 1_000;
/// Calls at once.
const TASKS: u32 = 4;

/// Events of a conversation.
pub(super) const CONVERSATION: u64 = 22;
/// Conversations that go on at the same time.
const AT_ONCE: u64 = 1_000;

/// So many sessions with so many events each.
#[derive(Clone)]
pub(super) struct Filling {
    /// How many sessions.
    pub(super) sessions: u64,
    /// How many events in each; their numbers begin with 0.
    pub(super) each: u64,
    /// The identifier of each session.
    pub(super) id: Arc<dyn Fn(u64) -> String + Send + Sync>,
}

impl Filling {
    /// Conversations with so many events in all, or a few more.
    pub(super) fn conversations(events: u64) -> Self {
        Self { sessions: events.div_ceil(CONVERSATION), each: CONVERSATION, id: Arc::new(conversation) }
    }

    /// Stores it.
    pub(super) async fn store(&self, bare: &Arc<BareMongo>) -> Result<()> {
        let (next, payload) = (Arc::new(AtomicU64::new(0)), Payload::spoken());
        let mut running = JoinSet::new();
        for _ in 0..TASKS {
            let (filling, bare, next, payload) = (self.clone(), Arc::clone(bare), Arc::clone(&next), payload.clone());
            running.spawn(async move {
                while let Some((sessions, events)) = filling.chunk(next.fetch_add(1, Ordering::Relaxed), &payload)? {
                    bare.store(sessions, events).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(ended) = running.join_next().await {
            ended.context("task that fills")??;
        }
        Ok(())
    }

    /// The sessions that begin in this chunk, and its events; none behind the last one.
    fn chunk(&self, number: u64, payload: &Payload) -> Result<Option<(Vec<RawDocumentBuf>, Vec<RawDocumentBuf>)>> {
        let end = self.sessions * self.each;
        let events = number * CHUNK..end.min((number + 1) * CHUNK);
        if events.is_empty() {
            return Ok(None);
        }
        let begun = events.clone().filter(|event| event % self.each == 0);
        let begun = begun.map(|event| RawDocumentBuf::try_from(&session(&(self.id)(event / self.each), "active")));
        let sessions = begun.collect::<Result<_, _>>().context("session")?;
        let events = events.map(|number| event(&(self.id)(number / self.each), number % self.each, &payload.bson));
        Ok(Some((sessions, events.collect())))
    }
}

/// The identifier of a conversation: without order in it, as real ones are, so that they spread over an index.
pub(super) fn conversation(number: u64) -> String {
    format!("call-{:016x}", mix(number))
}

/// The conversation, of so many, that the append of this number is for: some go on at once, and when each of them has had
/// its share the next ones do.
pub(super) fn going_on(number: u64, sessions: u64) -> u64 {
    (number / (AT_ONCE * CONVERSATION) * AT_ONCE + number % AT_ONCE) % sessions
}

#[cfg(test)]
mod tests {
    use super::{CONVERSATION, Filling, going_on};
    use crate::payload::Payload;
    use std::collections::BTreeSet;

    #[test]
    fn chunks_hold_every_session_and_event_once() {
        let filling = Filling::conversations(2_500);
        assert_eq!((filling.sessions, filling.each), (114, CONVERSATION));
        let (mut ids, mut chunk, payload) = (BTreeSet::new(), 0, Payload::spoken());
        let mut stored = [0, 0];
        while let Some((sessions, events)) = filling.chunk(chunk, &payload).expect("documents") {
            stored = [stored[0] + sessions.len(), stored[1] + events.len()];
            ids.extend(
                sessions.iter().chain(&events).map(|document| document.get_str("_id").expect("text").to_owned()),
            );
            chunk += 1;
        }
        assert_eq!((chunk, stored, ids.len()), (3, [114, 2_508], 2_622));
    }

    #[test]
    fn a_conversation_gets_its_share_before_others_begin() {
        let first: BTreeSet<u64> = (0..22_000).map(|number| going_on(number, 5_000)).collect();
        assert_eq!(first, (0..1_000).collect());
        assert_eq!(going_on(22_000, 5_000), 1_000);
        assert!((0..200_000).all(|number| going_on(number, 300) < 300));
    }
}
