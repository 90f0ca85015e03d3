//! Contenders that take turns, so that the noise of the machine hits all of them: the service and the bare driver, or one
//! service at several sizes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::memory;
use crate::round::{Round, ratio};
use crate::sample::Sample;
use crate::tasks;

/// Works for so long.
pub(crate) type Work = Box<dyn Fn(Duration) -> Pin<Box<dyn Future<Output = Result<Sample>>>>>;

/// One who takes turns with others.
pub(crate) struct Contender {
    /// Its name in reports.
    pub(crate) name: String,
    /// How many connections or tasks it works with.
    pub(crate) tasks: u32,
    /// The process whose processor time and memory the round is about.
    pub(crate) pid: u32,
    /// The processes of its store.
    pub(crate) store: Vec<u32>,
    /// What it does.
    pub(crate) work: Work,
}

impl Contender {
    /// One that makes calls in tasks of this process.
    pub(crate) fn in_process<C, F>(name: &str, tasks: u32, store: &[u32], numbers: &Arc<AtomicU64>, call: C) -> Self
    where
        C: Fn(u64) -> F + Clone + Send + 'static,
        F: Future<Output = Result<u64>> + Send + 'static,
    {
        let numbers = Arc::clone(numbers);
        let work: Work = Box::new(move |time| Box::pin(tasks::run(tasks, time, Arc::clone(&numbers), call.clone())));
        Self { name: name.to_owned(), tasks, pid: std::process::id(), store: store.to_vec(), work }
    }

    async fn turn(&self, time: Duration) -> Result<(Round, f64)> {
        let round = Round::measure(self.pid, &self.store, (self.work)(time));
        let (round, peak) = memory::peak(self.pid, round).await?;
        Ok((round.with_context(|| self.name.clone())?, peak))
    }
}

/// The turns that one contender had.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turns {
    /// Its name in reports.
    pub(crate) name: String,
    /// How many connections or tasks it worked with.
    pub(crate) tasks: u32,
    /// Its rounds, in their order.
    pub(crate) rounds: Vec<Round>,
    /// The most memory that its process had meanwhile, in MiB.
    pub(crate) peak: f64,
}

impl Turns {
    /// The median of each figure.
    pub(crate) fn median(&self) -> Round {
        Round::median(&self.rounds)
    }

    /// About how many items it did in all its rounds at this pace, the one that does not count with them.
    pub(crate) fn items(&self, pace: Pace) -> f64 {
        let Pace { rounds, time } = pace;
        self.median().per_second * (time * rounds + time / WARM_UP).as_secs_f64()
    }
}

/// How often turns are taken, and how long each is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Rounds of each contender that count.
    pub(crate) rounds: u32,
    /// How long a round is.
    pub(crate) time: Duration,
}

/// The first round of each contender warms caches and connections up, and is thrown away: this part of the others.
const WARM_UP: u32 = 4;

/// Lets all take turns, each round in the same order.
pub(crate) async fn take_turns(contenders: &[Contender], pace: Pace) -> Result<Vec<Turns>> {
    let fresh =
        |contender: &Contender| Turns { name: contender.name.clone(), tasks: contender.tasks, ..Turns::default() };
    let mut all: Vec<Turns> = contenders.iter().map(fresh).collect();
    for number in 0..=pace.rounds {
        let time = if number == 0 { pace.time / WARM_UP } else { pace.time };
        for (contender, turns) in contenders.iter().zip(&mut all) {
            let (round, peak) = contender.turn(time).await?;
            turns.peak = turns.peak.max(peak);
            if number > 0 {
                turns.rounds.push(round);
            }
        }
    }
    Ok(all)
}

/// An operation of the service with what was measured beside it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    /// Which operation.
    pub(crate) operation: String,
    /// By the service.
    pub(crate) service: Turns,
    /// By the bare driver, in each of its ways.
    pub(crate) bare: Vec<Turns>,
    /// Bytes that the primary logs for its secondaries, per item; of writes in MongoDB only.
    pub(crate) oplog: Option<f64>,
}

impl Measured {
    /// Measures the first contender, the service, beside the others.
    pub(crate) async fn beside(operation: &str, contenders: &[Contender], pace: Pace) -> Result<Self> {
        let mut turns = take_turns(contenders, pace).await.with_context(|| operation.to_owned())?.into_iter();
        let service = turns.next().context("a contest without contenders")?;
        Ok(Self { operation: operation.to_owned(), service, bare: turns.collect(), oplog: None })
    }

    /// One of the bare driver's ways.
    pub(crate) fn by(&self, way: &str) -> Option<&Turns> {
        self.bare.iter().find(|turns| turns.name == way)
    }

    /// How many times the rate of one of the bare driver's ways was reached.
    pub(crate) fn ratio(&self, bare: &Turns) -> f64 {
        ratio(&self.service.rounds, &bare.rounds)
    }
}

#[cfg(test)]
mod tests {
    use super::{Contender, Measured, Pace};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    #[tokio::test]
    async fn contenders_take_turns_and_the_first_round_does_not_count() -> anyhow::Result<()> {
        let order = Arc::new(Mutex::new(String::new()));
        let contender = |name: &'static str| {
            let order = Arc::clone(&order);
            let call = move |_| {
                let order = Arc::clone(&order);
                async move {
                    let mut order = order.lock().expect("not poisoned");
                    if !order.ends_with(name) {
                        order.push_str(name);
                    }
                    Ok(1)
                }
            };
            Contender::in_process(name, 1, &[], &Arc::default(), call)
        };
        let pace = Pace { rounds: 2, time: Duration::from_millis(8) };
        let measured = Measured::beside("either", &[contender("a"), contender("b")], pace).await?;
        assert_eq!(*order.lock().expect("not poisoned"), "ababab");
        assert_eq!((measured.service.name.as_str(), measured.bare[0].name.as_str()), ("a", "b"));
        assert_eq!((measured.service.rounds.len(), measured.bare[0].rounds.len()), (2, 2));
        Ok(())
    }
}
