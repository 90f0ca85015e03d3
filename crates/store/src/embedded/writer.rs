//! Group commit: one thread owns the writing connection, runs the operations that have gathered in one transaction, and
//! answers each of them only after the commit is flushed. An idle store adds no delay: the first operation starts a batch.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
};

use conversation_core::StoreError;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

use super::errors;

/// One caller's operation, from its queueing to its answer.
trait Operation: Send {
    /// Does the work on the open transaction. False when the transaction must not be committed.
    fn run(&mut self, db: &Connection) -> bool;
    /// Does what can only be done once the transaction is committed.
    fn follow_up(&self, db: &Connection);
    /// Tells the caller, once the fate of the transaction is known.
    fn answer(self: Box<Self>, fate: &Fate);
}

/// An operation with its work and what came of it.
struct Call<W, T> {
    work: Option<W>,
    follow_up: Option<fn(&Connection)>,
    outcome: Option<Result<T, StoreError>>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<W, T> Operation for Call<W, T>
where
    W: FnOnce(&Connection) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn run(&mut self, db: &Connection) -> bool {
        let Some(work) = self.work.take() else { return true };
        let before = db.total_changes();
        let outcome = work(db);
        let spoiled = outcome.is_err() && db.total_changes() != before;
        self.outcome = Some(outcome);
        !spoiled
    }

    fn follow_up(&self, db: &Connection) {
        if let Some(follow_up) = self.follow_up {
            follow_up(db);
        }
    }

    fn answer(self: Box<Self>, fate: &Fate) {
        let answer = match fate {
            Fate::Committed => self.outcome.unwrap_or_else(|| Err(StoreError::Unavailable("not run".into()))),
            // Even a refusal may rest on what another operation of the batch wrote and is now gone.
            Fate::RolledBack(cause) => Err(StoreError::Unavailable(cause.clone().into())),
            Fate::InDoubt(code, cause) => Err(errors::of_commit(*code, cause.clone())),
        };
        // A caller that went away misses its answer; the work is done all the same.
        let _ = self.caller.send(answer);
    }
}

/// What became of a transaction.
enum Fate {
    Committed,
    /// Nothing of it was kept.
    RolledBack(String),
    /// The commit failed.
    InDoubt(Option<ErrorCode>, String),
}

/// The door to the writer thread.
pub(super) struct Writer {
    queue: Mutex<Option<SyncSender<Box<dyn Operation>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread with its connection. At most `queue` operations wait, and at most `batch` share a commit.
    pub(super) fn start(db: Connection, queue: usize, batch: usize) -> Self {
        let (sender, receiver) = sync_channel(queue);
        let thread = thread::Builder::new().name("writer".into()).spawn(move || serve(&db, &receiver, batch)).ok();
        Self { queue: Mutex::new(Some(sender)), thread: Mutex::new(thread) }
    }

    /// Runs `work` in a transaction and returns its result once that is on disk. An error that `work` returns after it
    /// wrote something rolls back the whole batch, so refusals come before the first write.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.queue_up(work, None).await
    }

    /// As [`Writer::run`], and does `follow_up` between the commit and the answer.
    pub(super) async fn run_then<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
        follow_up: fn(&Connection),
    ) -> Result<T, StoreError> {
        self.queue_up(work, Some(follow_up)).await
    }

    async fn queue_up<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
        follow_up: Option<fn(&Connection)>,
    ) -> Result<T, StoreError> {
        let (caller, answer) = oneshot::channel();
        self.enqueue(Box::new(Call { work: Some(work), follow_up, outcome: None, caller }))?;
        answer.await.unwrap_or_else(|_| Err(StoreError::OutcomeUnknown("the writer stopped".into())))
    }

    /// Lets the thread finish what waits, and refuses everything later.
    pub(super) async fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let joined = tokio::task::spawn_blocking(move || thread.map(JoinHandle::join));
        if let Ok(Some(Err(_))) = joined.await {
            tracing::error!("the writer thread had panicked");
        }
    }

    fn enqueue(&self, operation: Box<dyn Operation>) -> Result<(), StoreError> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = queue.as_ref().ok_or_else(|| StoreError::Unavailable("the store is closed".into()))?;
        sender.try_send(operation).map_err(|refused| match refused {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Disconnected(_) => StoreError::Unavailable("the writer stopped".into()),
        })
    }
}

fn serve(db: &Connection, queue: &Receiver<Box<dyn Operation>>, batch: usize) {
    while let Ok(first) = queue.recv() {
        let mut operations = vec![first];
        operations.extend(queue.try_iter().take(batch.saturating_sub(1)));
        let fate = transact(db, &mut operations);
        if matches!(fate, Fate::Committed) {
            operations.iter().for_each(|operation| operation.follow_up(db));
        } else {
            // A failed commit can leave the transaction open. Without an open one this fails, which is as good.
            let _ = db.execute_batch("ROLLBACK");
        }
        for operation in operations {
            operation.answer(&fate);
        }
    }
}

fn transact(db: &Connection, operations: &mut [Box<dyn Operation>]) -> Fate {
    if let Err(cause) = db.execute_batch("BEGIN IMMEDIATE") {
        return Fate::RolledBack(cause.to_string());
    }
    for operation in operations {
        // A panic must not end the thread: every later caller would be refused until a restart.
        match catch_unwind(AssertUnwindSafe(|| operation.run(db))) {
            Ok(true) => {}
            Ok(false) => return Fate::RolledBack("an operation of the same batch failed half-way".into()),
            Err(_) => return Fate::RolledBack("an operation of the same batch panicked".into()),
        }
    }
    match db.execute_batch("COMMIT") {
        Ok(()) => Fate::Committed,
        Err(cause) => Fate::InDoubt(cause.sqlite_error_code(), cause.to_string()),
    }
}
