//! What an append must know of its session, remembered for a few seconds: that it exists, and whether it has ended.
//!
//! Only what cannot go wrong by being that old is remembered. A session that another process ends meanwhile still takes
//! events within the grace time, which is longer; one that another process erases may take events that no reader sees and
//! the sweep removes, which begins later than anything remembered here can matter.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use conversation_core::{Rules, SessionKey, Status};

use super::{documents::Head, memory::Memory};

/// The longest that anything is remembered.
const LONGEST: Duration = Duration::from_secs(5);
/// How many sessions are remembered; it bounds the memory to about 20 MB.
const GENERATION: usize = 50_000;

/// What is known of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It is there.
    There(Head),
    /// It was erased.
    Erased,
}

/// A memory of sessions. What is remembered is replaced only by what was found later, so that a read that was overtaken
/// by a write does not undo it.
pub(super) struct Heads {
    lifetime: Duration,
    entries: Mutex<Entries>,
}

struct Entries {
    memory: Memory<SessionKey, Entry>,
    turned: Instant,
}

#[derive(Clone, Copy)]
struct Entry {
    known: Known,
    as_of: Instant,
}

impl Heads {
    /// A memory that stays below the grace time for late events.
    pub(super) fn new(rules: &Rules) -> Self {
        let entries = Entries { memory: Memory::new(GENERATION), turned: Instant::now() };
        Self { lifetime: LONGEST.min(rules.late_event_grace / 2), entries: Mutex::new(entries) }
    }

    /// What is remembered of a session.
    pub(super) fn get(&self, key: &SessionKey) -> Option<Known> {
        let entry = *self.lock().memory.get(key)?;
        (entry.as_of.elapsed() < self.lifetime).then_some(entry.known)
    }

    /// Remembers what was true at `as_of`: the moment before a read, or after a write.
    pub(super) fn put(&self, key: &SessionKey, known: Known, as_of: Instant) {
        let mut entries = self.lock();
        if entries.turned.elapsed() >= self.lifetime {
            entries.memory.turn();
            entries.turned = Instant::now();
        }
        if entries.memory.get(key).is_none_or(|entry| entry.as_of <= as_of) {
            entries.memory.put(key.clone(), Entry { known, as_of });
        }
    }

    /// Notes that the session has been made active; nothing else of it is any newer by that.
    pub(super) fn activated(&self, key: &SessionKey) {
        if let Some(Entry { known: Known::There(head), .. }) = self.lock().memory.get_mut(key)
            && head.status == Status::Initiated
        {
            head.status = Status::Active;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use conversation_core::{SessionId, TenantId};

    use super::*;

    fn key(session_id: &str) -> SessionKey {
        SessionKey {
            tenant: TenantId::parse("t").expect("a tenant id"),
            session_id: SessionId::parse(session_id).expect("a session id"),
        }
    }

    const OPEN: Known = Known::There(Head { status: Status::Active, ended_at: None });

    #[test]
    fn a_read_that_was_overtaken_by_a_write_is_forgotten() {
        let heads = Heads::new(&Rules::default());
        let before = Instant::now();
        heads.put(&key("s"), Known::Erased, Instant::now());
        heads.put(&key("s"), OPEN, before);
        assert_eq!(heads.get(&key("s")), Some(Known::Erased));
    }

    #[test]
    fn nothing_is_remembered_for_long_nor_for_longer_than_the_grace_time() {
        let heads = Heads::new(&Rules::default());
        heads.put(&key("s"), OPEN, Instant::now() - LONGEST);
        assert_eq!(heads.get(&key("s")), None);
        heads.put(&key("s"), OPEN, Instant::now());
        assert_eq!(heads.get(&key("s")), Some(OPEN));
        let graceless = Heads::new(&Rules { late_event_grace: Duration::ZERO, ..Rules::default() });
        graceless.put(&key("s"), OPEN, Instant::now());
        assert_eq!(graceless.get(&key("s")), None);
    }
}
