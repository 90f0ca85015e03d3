//! What was counted in one round: latencies, calls, and the events or sessions that they were about.

use std::time::Duration;

use anyhow::{Context, Result};
use hdrhistogram::Histogram;

/// Three digits are more than two rounds ever agree in.
const DIGITS: u8 = 3;

/// Calls that were answered as expected.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    latencies: Histogram<u64>,
    items: u64,
    elapsed: Duration,
}

impl Sample {
    /// Nothing yet.
    pub(crate) fn new() -> Result<Self> {
        let latencies = Histogram::new(DIGITS).context("histogram")?;
        Ok(Self { latencies, items: 0, elapsed: Duration::ZERO })
    }

    /// Notes a call about so many events or sessions.
    pub(crate) fn record(&mut self, latency: Duration, items: u64) -> Result<()> {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.latencies.record(nanos).context("latency")?;
        self.items += items;
        Ok(())
    }

    /// Adds what another task counted beside this one.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<()> {
        self.latencies.add(&other.latencies).context("histogram")?;
        self.items += other.items;
        Ok(())
    }

    /// Notes how long the round took in all.
    pub(crate) fn lasting(mut self, elapsed: Duration) -> Self {
        self.elapsed = elapsed;
        self
    }

    /// How many events or sessions the calls were about.
    pub(crate) fn items(&self) -> u64 {
        self.items
    }

    /// Events or sessions a second.
    pub(crate) fn per_second(&self) -> f64 {
        self.items as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency, in milliseconds, that this share of the calls kept below.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        self.latencies.value_at_quantile(share) as f64 / 1_000_000.0
    }
}

/// The value in the middle; of an even number, the mean of the two there. Zero of none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::{Sample, median};
    use std::time::Duration;

    #[test]
    fn the_median_does_not_follow_one_bad_round() {
        assert_eq!(median([10.0, 1000.0, 11.0]).to_bits(), 11.0_f64.to_bits());
        assert_eq!(median([4.0, 2.0]).to_bits(), 3.0_f64.to_bits());
        assert_eq!(median([]).to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn tasks_side_by_side_add_up_to_one_rate() -> anyhow::Result<()> {
        let (mut all, mut other) = (Sample::new()?, Sample::new()?);
        all.record(Duration::from_millis(1), 100)?;
        other.record(Duration::from_millis(3), 100)?;
        all.merge(&other)?;
        let all = all.lasting(Duration::from_secs(2));
        assert_eq!((all.items(), all.per_second().round() as u64), (200, 100));
        assert!((all.quantile(0.99) - 3.0).abs() < 0.01);
        Ok(())
    }
}
