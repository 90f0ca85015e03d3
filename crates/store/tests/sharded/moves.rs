//! Chunks that move between the shards for as long as a test runs.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use conversation_store::mongo::schema::{EVENTS, SESSIONS};
use conversation_testkit::ShardedCluster;

/// So that the moves, each of which blocks the writers of its chunk for a moment, leave the machine to the tests too.
const PAUSE: Duration = Duration::from_millis(50);

/// The databases of the tests that run now; none before the first test has made the mover start.
static LIVE: Mutex<Option<Vec<String>>> = Mutex::new(None);

/// Moves the chunks of a database until it is dropped.
pub(crate) struct Moving {
    database: String,
}

impl Moving {
    pub(crate) fn start(cluster: &'static ShardedCluster, database: String) -> Self {
        let mut live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
        if live.is_none() {
            // A thread, because a task would end with the runtime of the test that happened to start it.
            thread::spawn(move || mover(cluster));
        }
        live.get_or_insert_default().push(database.clone());
        Self { database }
    }
}

impl Drop for Moving {
    fn drop(&mut self) {
        let mut live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
        live.get_or_insert_default().retain(|database| *database != self.database);
    }
}

fn mover(cluster: &ShardedCluster) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for turn in 0.. {
        let live = LIVE.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default();
        for database in live {
            let collection = if turn % 2 == 0 { SESSIONS } else { EVENTS };
            let namespace = format!("{database}.{collection}");
            // A move may be refused, as while the one before it is still being cleaned up; the next one will do.
            if let Err(error) = runtime.block_on(cluster.move_one_chunk(&namespace, turn / 2)) {
                eprintln!("not moved: {error:#}");
            }
        }
        thread::sleep(PAUSE);
    }
}
