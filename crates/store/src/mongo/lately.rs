//! Which events this process stored or met lately: only a hint that a call is a retry. The database decides.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::memory::Memory;

/// How many events are remembered, by 8 bytes of each.
const REMEMBERED: usize = 50_000;

/// A memory of events.
#[derive(Debug)]
pub(super) struct Lately {
    hasher: RandomState,
    stored: Mutex<Memory<u64, ()>>,
}

impl Lately {
    pub(super) fn new() -> Self {
        Self { hasher: RandomState::new(), stored: Mutex::new(Memory::new(REMEMBERED)) }
    }

    /// What stands for an event's `_id` here. Two may have the same: then a search is made in vain.
    pub(super) fn digest(&self, id: &str) -> u64 {
        self.hasher.hash_one(id)
    }

    /// Whether any of the events was stored lately.
    pub(super) fn has_any(&self, digests: &[u64]) -> bool {
        let stored = self.lock();
        digests.iter().any(|digest| stored.get(digest).is_some())
    }

    /// Remembers events.
    pub(super) fn stored(&self, digests: impl Iterator<Item = u64>) {
        let mut stored = self.lock();
        digests.for_each(|digest| stored.put(digest, ()));
    }

    fn lock(&self) -> MutexGuard<'_, Memory<u64, ()>> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_stored_is_remembered() {
        let lately = Lately::new();
        let [there, other] = ["t/s/a", "t/s/b"].map(|id| lately.digest(id));
        lately.stored([there].into_iter());
        assert!(lately.has_any(&[other, there]));
        assert!(!lately.has_any(&[other]));
    }
}
