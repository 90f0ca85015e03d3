//! The operations by SQLite itself, on one thread: the service's tables and settings, each commit flushed, no HTTP.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use conversation_core::Rules;
use conversation_store::{EmbeddedSettings, EmbeddedStore};
use rusqlite::{Connection, params};

use crate::contest::{Contender, Work};
use crate::operations::{
    BATCH, ENDED, EVENT_TYPE, HISTORIES, HISTORY, Kind, LANGUAGE, METADATA, OPEN, PAGE, ended, event_id,
    event_of_history, history, open, timestamp,
};
use crate::payload::SPOKEN;
use crate::sample::Sample;

const TENANT: &str = "default";
const FINGERPRINT: [u8; 16] = [7; 16];
const INSERT_SESSION: &str = "INSERT INTO session (tenant, session_id, status, language, started_at, metadata, \
     created_at, updated_at, fingerprint, revision) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5, ?5, ?7, 0)";
const INSERT_EVENT: &str = "INSERT INTO event (session, event_id, kind, payload, timestamp, received_at, late, \
     fingerprint) VALUES (?1, ?2, ?3, ?4, ?5, ?5, 0, ?6) ON CONFLICT DO NOTHING";
const SELECT_PAGE: &str = "SELECT event_id, kind, payload, timestamp, received_at, late, fingerprint FROM event \
     WHERE session = ?1 ORDER BY timestamp, event_id LIMIT ?2";
const SELECT_SESSION: &str = "SELECT session_id, status, language, started_at, ended_at, end_reason, metadata, \
     created_at, updated_at, fingerprint, revision FROM session WHERE tenant = ?1 AND session_id = ?2";

/// A database file of its own.
#[derive(Clone, Debug)]
pub(crate) struct BareSqlite(Arc<Mutex<Writer>>);

#[derive(Debug)]
struct Writer {
    db: Connection,
    number: u64,
}

impl BareSqlite {
    /// Makes the tables as the service does, and stores what the operations need.
    pub(crate) fn prepare(folder: &Path) -> Result<Self> {
        drop(EmbeddedStore::open(&EmbeddedSettings::new(folder), Rules::default()).context("tables")?);
        let db = Connection::open(folder.join("conversations.db")).context("database")?;
        // As the service's writer is set up; that the file has a write-ahead log is kept in the file.
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
        db.set_prepared_statement_cache_capacity(64);
        let mode: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        ensure!(mode == "wal", "the service's tables use the journal mode {mode}");
        let writer = Writer { db, number: 0 };
        writer.seed().context("seed of SQLite")?;
        Ok(Self(Arc::new(Mutex::new(writer))))
    }

    /// An operation, so many per commit.
    pub(crate) fn contender(&self, name: &str, kind: Kind, per_commit: u64) -> Contender {
        let bare = self.clone();
        let work: Work = Box::new(move |time| {
            let bare = bare.clone();
            Box::pin(async move { bare.run(kind, per_commit, time).await })
        });
        Contender { name: name.to_owned(), tasks: 1, pid: std::process::id(), store: Vec::new(), work }
    }

    /// Runs an operation on one thread, so many per commit.
    async fn run(&self, kind: Kind, per_commit: u64, time: Duration) -> Result<Sample> {
        let writer = Arc::clone(&self.0);
        let running = tokio::task::spawn_blocking(move || {
            writer.lock().unwrap_or_else(PoisonError::into_inner).run(kind, per_commit, time)
        });
        running.await.context("thread of SQLite")?
    }
}

impl Writer {
    fn run(&mut self, kind: Kind, per_commit: u64, time: Duration) -> Result<Sample> {
        // So that a batch is of one session, as the service's are.
        self.number = self.number.next_multiple_of(per_commit);
        let (mut sample, started) = (Sample::new()?, Instant::now());
        loop {
            let asked = Instant::now();
            self.db.execute_batch(if is_read(kind) { "BEGIN" } else { "BEGIN IMMEDIATE" })?;
            for number in self.number..self.number + per_commit {
                self.call(kind, number)?;
            }
            self.db.execute_batch("COMMIT")?;
            self.number += per_commit;
            sample.record(asked.elapsed(), per_commit)?;
            if started.elapsed() >= time {
                break;
            }
        }
        Ok(sample.lasting(started.elapsed()))
    }

    fn call(&self, kind: Kind, number: u64) -> Result<()> {
        match kind {
            Kind::Create => self.insert_session(&format!("new-{number:010}"), "initiated")?,
            Kind::Append | Kind::AppendBatch => {
                let session = if kind == Kind::AppendBatch { number / BATCH } else { number };
                let inserted = self.insert_event(HISTORIES + session % OPEN, number)?;
                ensure!(inserted == 1, "an event that was there already");
            }
            Kind::AppendDuplicate => {
                let inserted = self.insert_event(number % HISTORIES, event_of_history(number))?;
                ensure!(inserted == 0, "an event that was to be there already");
            }
            Kind::Read => {
                let rows = self.touch(SELECT_PAGE, params![row_id(number % HISTORIES), PAGE as i64])?;
                ensure!(rows == PAGE, "a page of {rows} events");
            }
            Kind::Complete => {
                let rows = self.touch(SELECT_SESSION, params![TENANT, ended(number)])?;
                ensure!(rows == 1, "{rows} sessions of one identifier");
            }
        }
        Ok(())
    }

    fn insert_session(&self, session_id: &str, status: &str) -> Result<()> {
        let (at, mut insert) = (timestamp(0), self.db.prepare_cached(INSERT_SESSION)?);
        insert.execute(params![TENANT, session_id, status, LANGUAGE, at, METADATA, FINGERPRINT])?;
        Ok(())
    }

    fn insert_event(&self, session: u64, number: u64) -> Result<usize> {
        let mut insert = self.db.prepare_cached(INSERT_EVENT)?;
        let (id, at) = (event_id(number), timestamp(number));
        Ok(insert.execute(params![row_id(session), id, EVENT_TYPE, SPOKEN, at, FINGERPRINT])?)
    }

    /// Runs a query and looks at every value of every row.
    fn touch(&self, query: &str, parameters: impl rusqlite::Params) -> Result<u64> {
        let mut select = self.db.prepare_cached(query)?;
        let (columns, mut count) = (select.column_count(), 0);
        let mut rows = select.query(parameters)?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                std::hint::black_box(row.get_ref(column)?);
            }
            count += 1;
        }
        Ok(count)
    }

    fn seed(&self) -> Result<()> {
        self.db.execute_batch("BEGIN IMMEDIATE")?;
        let histories = (0..HISTORIES).map(|n| (history(n), "active"));
        let open = (0..OPEN).map(|n| (open(n), "active"));
        // The order makes the row numbers that `row_id` tells.
        for (session_id, status) in histories.chain(open).chain((0..ENDED).map(|n| (ended(n), "completed"))) {
            self.insert_session(&session_id, status)?;
        }
        for session in 0..HISTORIES {
            for number in 0..HISTORY {
                self.insert_event(session, number)?;
            }
        }
        Ok(self.db.execute_batch("COMMIT")?)
    }
}

fn is_read(kind: Kind) -> bool {
    matches!(kind, Kind::Read | Kind::Complete)
}

/// The row of the session that was stored as the one of this number.
fn row_id(number: u64) -> i64 {
    number as i64 + 1
}

#[cfg(test)]
mod tests {
    use super::BareSqlite;
    use crate::operations::OPERATIONS;
    use std::time::Duration;

    #[tokio::test]
    async fn every_operation_of_the_table_runs() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let bare = BareSqlite::prepare(folder.path())?;
        for operation in &OPERATIONS {
            for baseline in operation.embedded {
                let sample = bare.run(operation.kind, baseline.per_commit, Duration::from_millis(20)).await?;
                assert!(sample.items() >= baseline.per_commit, "{} {}", operation.name, baseline.name);
            }
        }
        Ok(())
    }
}
