//! A few connections that read committed data, each used by one operation at a time.

use std::sync::{Arc, Mutex, PoisonError};

use conversation_core::StoreError;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::errors;

/// The reading connections.
pub(super) struct Readers {
    free: Arc<Semaphore>,
    connections: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new(connections: Vec<Connection>) -> Self {
        Self { free: Arc::new(Semaphore::new(connections.len())), connections: Arc::new(Mutex::new(connections)) }
    }

    /// Runs `work` on one snapshot of the committed data, off the async threads.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let stopped = |_| StoreError::Unavailable("the reader stopped".into());
        let permit = Arc::clone(&self.free).acquire_owned().await.map_err(|_| stopped(()))?;
        let connections = Arc::clone(&self.connections);
        let task = tokio::task::spawn_blocking(move || {
            let lent = connections.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let db = lent.ok_or_else(|| StoreError::Unavailable("no connection is free".into()))?;
            let outcome = on_snapshot(&db, work);
            connections.lock().unwrap_or_else(PoisonError::into_inner).push(db);
            drop(permit);
            outcome
        });
        task.await.unwrap_or_else(|_| Err(stopped(())))
    }
}

fn on_snapshot<T>(db: &Connection, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
    let snapshot = db.unchecked_transaction().map_err(errors::of_statement)?;
    let outcome = work(&snapshot);
    // Dropping the transaction rolls it back, which for a reader only lets go of the snapshot.
    drop(snapshot);
    outcome
}
