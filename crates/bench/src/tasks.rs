//! Tasks of this process that each make their next call when the one before has ended: how a driver is used without HTTP.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::task::JoinSet;

use crate::sample::Sample;

/// Makes calls in so many tasks for so long, at least one in each. A call gets its number, and tells how many items it was about.
///
/// # Errors
/// At the first call that fails.
pub(crate) async fn run<C, F>(tasks: u32, time: Duration, numbers: Arc<AtomicU64>, call: C) -> Result<Sample>
where
    C: Fn(u64) -> F + Clone + Send + 'static,
    F: Future<Output = Result<u64>> + Send,
{
    let started = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..tasks {
        let (numbers, call) = (Arc::clone(&numbers), call.clone());
        running.spawn(async move {
            let mut sample = Sample::new()?;
            loop {
                let number = numbers.fetch_add(1, Ordering::Relaxed);
                let asked = Instant::now();
                let items = call(number).await?;
                sample.record(asked.elapsed(), items)?;
                if started.elapsed() >= time {
                    return anyhow::Ok(sample);
                }
            }
        });
    }
    let mut all = Sample::new()?;
    while let Some(ended) = running.join_next().await {
        all.merge(&ended.context("task")??)?;
    }
    Ok(all.lasting(started.elapsed()))
}

#[cfg(test)]
mod tests {
    use super::run;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    #[tokio::test]
    async fn every_number_is_called_once_and_counts_for_its_items() -> anyhow::Result<()> {
        let numbers = Arc::default();
        let sample = run(4, Duration::from_millis(20), Arc::clone(&numbers), |_| async {
            tokio::task::yield_now().await;
            Ok(3)
        });
        assert_eq!(sample.await?.items(), 3 * numbers.load(Ordering::Relaxed));
        Ok(())
    }

    #[tokio::test]
    async fn a_call_that_fails_ends_the_run() {
        let failing = |number| async move {
            tokio::task::yield_now().await;
            if number == 7 { anyhow::bail!("seven") } else { Ok(1) }
        };
        assert!(run(2, Duration::from_secs(60), Arc::default(), failing).await.is_err());
    }
}
