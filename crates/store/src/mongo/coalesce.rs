//! Group commit towards the database: calls that arrive while others are on their way share the next round trip.
//!
//! A call that finds nothing on its way leaves at once, so an idle service adds no delay. A further batch leaves beside those
//! on their way, up to the number of slots, when it is as large as they are on average; else its calls wait for the next one
//! to arrive, because a second stream of batches of one or two would cost the database more than it gains. But none waits
//! longer than [`PATIENCE`] for that: a batch that is stuck must not hold up those for whom there is a slot. What waits is
//! bounded: beyond that a call is refused at once, because it would only time out later. Each call has its own answer. One
//! that waits past its deadline is taken out if it has not left, so that "nothing was done" is true of it.

use std::{
    collections::VecDeque,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use conversation_core::StoreError;
use tokio::{runtime::Handle, sync::oneshot, time::Instant};

use super::run::Fault;

/// The most bytes of documents in one batch: enough that the round trip is nothing beside them.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// How long a call waits for others although there is a slot: a few times what a batch takes.
const PATIENCE: Duration = Duration::from_millis(20);
/// The most bytes of documents that wait.
const QUEUE_BYTES: usize = 32 * 1024 * 1024;

/// How much is on its way and how much waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoalesceBounds {
    /// The most batches on their way at once.
    pub slots: usize,
    /// The most documents in a batch; a single call with more than that makes a batch of its own.
    pub batch: usize,
    /// The most documents that wait.
    pub queue: usize,
}

impl Default for CoalesceBounds {
    fn default() -> Self {
        Self { slots: 3, batch: 1_000, queue: 20_000 }
    }
}

/// How much of a batch a call takes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    pub(super) documents: usize,
    pub(super) bytes: usize,
}

impl Size {
    fn plus(self, other: Self) -> Self {
        Self { documents: self.documents + other.documents, bytes: self.bytes + other.bytes }
    }

    fn minus(self, other: Self) -> Self {
        Self { documents: self.documents - other.documents, bytes: self.bytes - other.bytes }
    }

    const fn fits(self, documents: usize, bytes: usize) -> bool {
        self.documents <= documents && self.bytes <= bytes
    }
}

/// What a caller is told.
pub(super) type Answer<W> = Result<<W as Work>::Answer, StoreError>;

/// What is done with a batch.
pub(super) trait Work: Send + Sync + 'static {
    /// What a call gives.
    type Item: Send + 'static;
    /// What a call gets.
    type Answer: Send + 'static;

    /// How much of a batch the call takes.
    fn size(item: &Self::Item) -> Size;

    /// Does the work for all of `items` and answers each, in their order. It must end by itself, within a time limit.
    fn run(&self, items: Vec<Self::Item>) -> impl Future<Output = Vec<Answer<Self>>> + Send;

    /// What it means to a caller when its batch has left and there is no answer.
    fn unanswered(fault: &Fault) -> StoreError;
}

/// Gathers calls into batches.
pub(super) struct Coalescer<W: Work>(Arc<Inner<W>>);

struct Inner<W: Work> {
    work: W,
    bounds: CoalesceBounds,
    limit: Duration,
    runtime: Handle,
    queue: Mutex<Queue<W>>,
}

struct Queue<W: Work> {
    waiting: VecDeque<Waiting<W>>,
    size: Size,
    /// How many batches are on their way, and how many documents they have.
    batches: usize,
    documents: usize,
    tickets: u64,
}

/// Calls that leave together.
struct Batch<W: Work> {
    calls: Vec<Waiting<W>>,
    documents: usize,
}

struct Waiting<W: Work> {
    ticket: u64,
    item: W::Item,
    caller: oneshot::Sender<Answer<W>>,
}

impl<W: Work> Coalescer<W> {
    /// Gathers calls for `work`; each waits up to `limit`. To be called within the runtime that is to do the work.
    pub(super) fn new(work: W, bounds: CoalesceBounds, limit: Duration) -> Self {
        let queue = Queue { waiting: VecDeque::new(), size: Size::default(), batches: 0, documents: 0, tickets: 0 };
        Self(Arc::new(Inner { work, bounds, limit, runtime: Handle::current(), queue: Mutex::new(queue) }))
    }

    /// Does the work for `item` together with that for others.
    ///
    /// # Errors
    /// `Overloaded` when nothing was done because too much waits, at once or at the deadline; else the work's own.
    pub(super) async fn run(&self, item: W::Item) -> Answer<W> {
        let Inner { limit, .. } = *self.0;
        let (ticket, mut answer) = self.0.enqueue(item)?;
        let deadline = Instant::now() + limit;
        let lost = |_| Err(W::unanswered(&Fault::Lost));
        if let Ok(received) = tokio::time::timeout(PATIENCE.min(limit), &mut answer).await {
            return received.unwrap_or_else(lost);
        }
        self.0.hurry(ticket);
        match tokio::time::timeout_at(deadline, answer).await {
            Ok(received) => received.unwrap_or_else(lost),
            Err(_) if self.0.withdraw(ticket) => Err(StoreError::Overloaded),
            Err(_) => Err(W::unanswered(&Fault::Deadline(limit))),
        }
    }
}

impl<W: Work> Inner<W> {
    fn enqueue(self: &Arc<Self>, item: W::Item) -> Result<(u64, oneshot::Receiver<Answer<W>>), StoreError> {
        let (caller, answer) = oneshot::channel();
        let size = W::size(&item);
        let mut queue = self.lock();
        if !queue.waiting.is_empty() && !queue.size.plus(size).fits(self.bounds.queue, QUEUE_BYTES) {
            return Err(StoreError::Overloaded);
        }
        queue.tickets += 1;
        let ticket = queue.tickets;
        queue.size = queue.size.plus(size);
        queue.waiting.push_back(Waiting { ticket, item, caller });
        let batch = queue.next(&self.bounds);
        drop(queue);
        self.send(batch);
        Ok((ticket, answer))
    }

    /// Sends what waits, if a call is among it and there is a slot, however little it is.
    fn hurry(self: &Arc<Self>, ticket: u64) {
        let mut queue = self.lock();
        let waits = queue.waiting.binary_search_by_key(&ticket, |call| call.ticket).is_ok();
        let batch = if waits { queue.take(&self.bounds) } else { None };
        drop(queue);
        self.send(batch);
    }

    fn send(self: &Arc<Self>, batch: Option<Batch<W>>) {
        let Some(Batch { calls, documents }) = batch else { return };
        // Made ahead of the task, so that the slot is let go of even if the task is never run.
        let slot = Slot { of: Arc::clone(self), documents };
        self.runtime.spawn(async move {
            let (items, callers): (Vec<_>, Vec<_>) = calls.into_iter().map(|call| (call.item, call.caller)).unzip();
            let answers = slot.of.work.run(items).await;
            drop(slot);
            for (caller, answer) in callers.into_iter().zip(answers) {
                // A caller that went away misses its answer; the work is done all the same.
                let _ = caller.send(answer);
            }
        });
    }

    /// Takes a call out that has not left yet.
    fn withdraw(&self, ticket: u64) -> bool {
        let mut queue = self.lock();
        let Ok(at) = queue.waiting.binary_search_by_key(&ticket, |call| call.ticket) else { return false };
        let Some(call) = queue.waiting.remove(at) else { return false };
        queue.size = queue.size.minus(W::size(&call.item));
        true
    }

    fn lock(&self) -> MutexGuard<'_, Queue<W>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Work> Queue<W> {
    /// The next batch, if there is a slot and it is as large as those on their way are on average.
    fn next(&mut self, bounds: &CoalesceBounds) -> Option<Batch<W>> {
        let worth_it = self.size.documents * self.batches >= self.documents;
        if worth_it { self.take(bounds) } else { None }
    }

    /// The next batch, if there is a slot: the calls that have waited longest, but not those whose callers went away.
    fn take(&mut self, bounds: &CoalesceBounds) -> Option<Batch<W>> {
        if self.batches >= bounds.slots {
            return None;
        }
        let (mut calls, mut taken) = (Vec::new(), Size::default());
        while let Some(next) = self.waiting.front() {
            let size = W::size(&next.item);
            if !calls.is_empty() && !taken.plus(size).fits(bounds.batch, BATCH_BYTES) {
                break;
            }
            self.size = self.size.minus(size);
            if let Some(call) = self.waiting.pop_front().filter(|call| !call.caller.is_closed()) {
                taken = taken.plus(size);
                calls.push(call);
            }
        }
        if calls.is_empty() {
            return None;
        }
        self.batches += 1;
        self.documents += taken.documents;
        Some(Batch { calls, documents: taken.documents })
    }
}

/// The right to have a batch on its way; handed on to what waits when it is let go of, also by a panic.
struct Slot<W: Work> {
    of: Arc<Inner<W>>,
    documents: usize,
}

impl<W: Work> Drop for Slot<W> {
    fn drop(&mut self) {
        let mut queue = self.of.lock();
        queue.batches -= 1;
        queue.documents -= self.documents;
        let batch = queue.next(&self.of.bounds);
        drop(queue);
        self.of.send(batch);
    }
}

#[cfg(test)]
mod tests;
