//! What the bounds, the deadline and a broken batch mean to callers, with work that does as the tests say.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use tokio::sync::{Semaphore, mpsc};

use super::*;

/// An item of 50 documents; any other has one.
const LARGE: usize = 1_000;

/// Doubles numbers when it is let, tells how many came together, and panics at zero.
struct Doubling {
    gate: Arc<Semaphore>,
    batches: mpsc::UnboundedSender<usize>,
    at_once: AtomicUsize,
    most_at_once: Arc<AtomicUsize>,
}

impl Work for Doubling {
    type Item = usize;
    type Answer = usize;

    fn size(item: &usize) -> Size {
        Size { documents: if *item == LARGE { 50 } else { 1 }, bytes: 1 }
    }

    async fn run(&self, items: Vec<usize>) -> Vec<Answer<Self>> {
        let _ = self.batches.send(items.len());
        self.most_at_once.fetch_max(self.at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        self.gate.acquire().await.expect("an open gate").forget();
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        assert!(!items.contains(&0), "as asked");
        items.into_iter().map(|number| Ok(number * 2)).collect()
    }

    fn unanswered(fault: &Fault) -> StoreError {
        StoreError::OutcomeUnknown(Box::new(fault.clone()))
    }
}

struct Stand {
    coalescer: Arc<Coalescer<Doubling>>,
    gate: Arc<Semaphore>,
    batches: mpsc::UnboundedReceiver<usize>,
    most_at_once: Arc<AtomicUsize>,
}

fn stand(bounds: CoalesceBounds, limit: Duration) -> Stand {
    let (gate, most_at_once) = (Arc::new(Semaphore::new(0)), Arc::<AtomicUsize>::default());
    let (sender, batches) = mpsc::unbounded_channel();
    let work = Doubling {
        gate: Arc::clone(&gate),
        batches: sender,
        at_once: AtomicUsize::new(0),
        most_at_once: Arc::clone(&most_at_once),
    };
    Stand { coalescer: Arc::new(Coalescer::new(work, bounds, limit)), gate, batches, most_at_once }
}

const BOUNDS: CoalesceBounds = CoalesceBounds { slots: 1, batch: 3, queue: 5 };
const LONG: Duration = Duration::from_secs(60);

impl Stand {
    /// Starts a call, and lets it get as far as it can.
    async fn call(&self, number: usize) -> tokio::task::JoinHandle<Answer<Doubling>> {
        let coalescer = Arc::clone(&self.coalescer);
        let call = tokio::spawn(async move { coalescer.run(number).await });
        tokio::task::yield_now().await;
        call
    }
}

#[tokio::test]
async fn an_idle_coalescer_sends_a_call_at_once_and_later_ones_together() {
    let mut stand = stand(BOUNDS, LONG);
    let mut calls = Vec::new();
    for number in 1..=5 {
        calls.push(stand.call(number).await);
    }
    assert_eq!(stand.batches.recv().await, Some(1));
    stand.gate.add_permits(3);
    let answers: Vec<_> = join_all(calls).await.into_iter().map(|answer| answer.expect("joined").ok()).collect();
    assert_eq!(answers, [2, 4, 6, 8, 10].map(Some));
    assert_eq!((stand.batches.recv().await, stand.batches.recv().await), (Some(3), Some(1)));
}

#[tokio::test]
async fn no_more_batches_than_slots_are_on_their_way() {
    let stand = stand(CoalesceBounds { slots: 2, batch: 1, queue: 100 }, LONG);
    let mut calls = Vec::new();
    for number in 1..=20 {
        calls.push(stand.call(number).await);
    }
    stand.gate.add_permits(20);
    assert!(join_all(calls).await.into_iter().all(|answer| answer.expect("joined").is_ok()));
    assert_eq!(stand.most_at_once.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_large_batch_that_is_stuck_does_not_hold_up_what_has_a_slot() {
    let mut stand = stand(CoalesceBounds { slots: 2, batch: 100, queue: 100 }, LONG);
    let large = stand.call(LARGE).await;
    assert_eq!(stand.batches.recv().await, Some(1));
    let small = stand.call(1).await;
    assert!(stand.batches.try_recv().is_err(), "it waits for others to share its batch");
    assert_eq!(stand.batches.recv().await, Some(1), "but not for long");
    assert!(!large.is_finished() && !small.is_finished());
    stand.gate.add_permits(2);
    assert!(large.await.expect("joined").is_ok() && small.await.expect("joined").is_ok());
}

#[tokio::test]
async fn what_does_not_fit_into_the_queue_is_refused_at_once() {
    let stand = stand(BOUNDS, LONG);
    let mut calls = Vec::new();
    for number in 1..=6 {
        calls.push(stand.call(number).await);
    }
    assert!(matches!(stand.coalescer.run(7).await, Err(StoreError::Overloaded)));
    stand.gate.add_permits(10);
    assert!(join_all(calls).await.into_iter().all(|answer| answer.expect("joined").is_ok()));
    assert_eq!(stand.coalescer.run(7).await.ok(), Some(14), "there is room again");
}

#[tokio::test]
async fn at_the_deadline_what_waits_was_not_done_and_what_left_is_in_doubt() {
    let mut stand = stand(BOUNDS, Duration::from_millis(50));
    let (left, waits) = (stand.call(1).await, stand.call(2).await);
    assert!(matches!(left.await.expect("joined"), Err(StoreError::OutcomeUnknown(_))));
    assert!(matches!(waits.await.expect("joined"), Err(StoreError::Overloaded)));
    stand.gate.add_permits(2);
    assert_eq!(stand.coalescer.run(3).await.ok(), Some(6));
    assert_eq!((stand.batches.recv().await, stand.batches.recv().await), (Some(1), Some(1)), "2 was never sent");
}

#[tokio::test]
async fn a_panic_costs_its_own_batch_only() {
    let stand = stand(BOUNDS, LONG);
    let (broken, next) = (stand.call(0).await, stand.call(1).await);
    stand.gate.add_permits(2);
    assert!(matches!(broken.await.expect("joined"), Err(StoreError::OutcomeUnknown(_))));
    assert_eq!(next.await.expect("joined").ok(), Some(2));
}

#[tokio::test]
async fn callers_that_hung_up_before_their_batch_left_are_left_out() {
    let mut stand = stand(BOUNDS, LONG);
    let (first, gone, last) = (stand.call(1).await, stand.call(2).await, stand.call(3).await);
    gone.abort();
    let _ = gone.await;
    stand.gate.add_permits(2);
    assert!(first.await.expect("joined").is_ok() && last.await.expect("joined").is_ok());
    assert_eq!((stand.batches.recv().await, stand.batches.recv().await), (Some(1), Some(1)));
}
