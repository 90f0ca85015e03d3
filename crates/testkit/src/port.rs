//! Free loopback ports for servers that must know their port before they start.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

/// Below 32768, where Linux begins to hand out ports to outgoing connections. A server that is
/// killed and restarted needs its port back: from the range above, a client that keeps dialling the
/// dead server could be given that very port, and would even connect to itself.
const FIRST: u16 = 16384;
const COUNT: u16 = 16384;

static TAKEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

/// A loopback port that nothing listens on, and that this process has not been given before.
pub fn free_port() -> Result<u16> {
    let mut guard = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let taken = guard.get_or_insert_default();
    // Test binaries run side by side: a random start keeps them from racing for the same port
    // between this probe and the moment the server binds it.
    let start = (RandomState::new().hash_one(std::process::id()) % u64::from(COUNT)) as u16;
    (0..COUNT)
        .map(|step| FIRST + (start + step) % COUNT)
        .find(|port| !taken.contains(port) && TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .inspect(|port| {
            taken.insert(*port);
        })
        .context("free loopback port")
}

#[cfg(test)]
mod tests {
    use super::free_port;
    use std::collections::HashSet;

    #[test]
    fn a_port_is_never_handed_out_twice() -> anyhow::Result<()> {
        let ports = (0..50).map(|_| free_port()).collect::<anyhow::Result<HashSet<u16>>>()?;
        assert_eq!(ports.len(), 50);
        Ok(())
    }
}
