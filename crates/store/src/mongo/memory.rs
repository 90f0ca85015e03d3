//! A bounded map that forgets what was put in longest ago: two generations, of which the older one goes as a whole.

use std::{collections::HashMap, hash::Hash, mem};

/// A bounded memory.
#[derive(Debug)]
pub(super) struct Memory<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    generation: usize,
}

impl<K: Hash + Eq, V> Memory<K, V> {
    /// Keeps at least the last `generation` entries, and at most twice as many.
    pub(super) fn new(generation: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), generation }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.young.get_mut(key).or_else(|| self.old.get_mut(key))
    }

    pub(super) fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.generation {
            self.turn();
        }
        self.young.insert(key, value);
    }

    /// Forgets the older generation and begins a new one.
    pub(super) fn turn(&mut self) {
        self.old = mem::take(&mut self.young);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_last_is_kept_and_the_memory_is_bounded() {
        let mut memory = Memory::new(100);
        for number in 0..1_000 {
            memory.put(number, number);
            assert!((number.max(99) - 99..=number).all(|kept| memory.get(&kept) == Some(&kept)));
        }
        assert!(memory.young.len() + memory.old.len() <= 200);
    }

    #[test]
    fn a_newer_entry_hides_an_older_one_of_the_same_key() {
        let mut memory = Memory::new(2);
        memory.put('k', 1);
        memory.turn();
        memory.put('k', 2);
        assert_eq!(memory.get(&'k'), Some(&2));
        *memory.get_mut(&'k').expect("there") = 3;
        assert_eq!(memory.get(&'k'), Some(&3));
    }
}
