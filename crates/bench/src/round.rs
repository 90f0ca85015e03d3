//! One round: what was done, and what it cost whom.

use std::future::Future;
use std::time::Instant;

use anyhow::Result;

use crate::cpu;
use crate::sample::{Sample, median};

/// The figures of one round, or the medians of several.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Round {
    /// Events or sessions a second.
    pub(crate) per_second: f64,
    /// Half of the calls took less, in milliseconds.
    pub(crate) p50: f64,
    /// 99 of 100 calls took less, in milliseconds.
    pub(crate) p99: f64,
    /// Processor seconds per 10,000 of whom the round is about: the service, or the process with the bare driver.
    pub(crate) process: f64,
    /// The same of the store's own processes.
    pub(crate) store: f64,
    /// The same of this process, which generates the load.
    pub(crate) bench: f64,
    /// How many processors all others kept busy: noise.
    pub(crate) others: f64,
}

impl Round {
    /// Measures `work`, which the process `pid` does with the help of the processes `store`.
    pub(crate) async fn measure(pid: u32, store: &[u32], work: impl Future<Output = Result<Sample>>) -> Result<Self> {
        let bench = [std::process::id()];
        let taken =
            || anyhow::Ok([cpu::seconds(&[pid])?, cpu::seconds(store)?, cpu::seconds(&bench)?, cpu::of_machine()?]);
        let before = taken()?;
        let started = Instant::now();
        let sample = work.await?;
        let elapsed = started.elapsed().as_secs_f64();
        let after = taken()?;
        let [process, store, bench, machine] = std::array::from_fn(|index| after[index] - before[index]);
        // The bare driver is this process.
        let ours = process + store + if pid == std::process::id() { 0.0 } else { bench };
        let per_10k = |seconds: f64| cpu::per_10k(seconds, sample.items());
        Ok(Self {
            per_second: sample.per_second(),
            p50: sample.quantile(0.5),
            p99: sample.quantile(0.99),
            process: per_10k(process),
            store: per_10k(store),
            bench: per_10k(bench),
            others: (machine - ours).max(0.0) / elapsed,
        })
    }

    /// The median of each figure.
    pub(crate) fn median(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure));
        Self {
            per_second: of(|round| round.per_second),
            p50: of(|round| round.p50),
            p99: of(|round| round.p99),
            process: of(|round| round.process),
            store: of(|round| round.store),
            bench: of(|round| round.bench),
            others: of(|round| round.others),
        }
    }
}

/// How many times the rate of `others` was reached: the median over the rounds, each compared with the one beside it.
pub(crate) fn ratio(rounds: &[Round], others: &[Round]) -> f64 {
    median(rounds.iter().zip(others).map(|(round, other)| round.per_second / other.per_second))
}

#[cfg(test)]
mod tests {
    use super::{Round, ratio};

    fn rounds(rates: [f64; 3]) -> Vec<Round> {
        rates.map(|per_second| Round { per_second, ..Round::default() }).to_vec()
    }

    #[test]
    fn noise_that_hits_both_sides_does_not_change_the_ratio() {
        let (service, bare) = (rounds([300.0, 30.0, 600.0]), rounds([100.0, 10.0, 200.0]));
        assert!((ratio(&service, &bare) - 3.0).abs() < 1e-9);
        assert!((Round::median(&service).per_second - 300.0).abs() < 1e-9);
    }
}
