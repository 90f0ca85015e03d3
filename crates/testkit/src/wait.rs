//! Waiting on a condition with a deadline, which is what the tests do instead of sleeping.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep, timeout_at};

/// Short against everything waited for (an election takes seconds), long against the cost of a probe.
const PAUSE: Duration = Duration::from_millis(25);

/// What a probe may answer: `bool`, or `Option<T>` when the wait should yield a value.
pub trait Answer {
    /// What the wait yields.
    type Value;

    /// The value, once the condition holds.
    fn value(self) -> Option<Self::Value>;
}

impl Answer for bool {
    type Value = ();

    fn value(self) -> Option<()> {
        self.then_some(())
    }
}

impl<T> Answer for Option<T> {
    type Value = T;

    fn value(self) -> Option<T> {
        self
    }
}

/// What a probe may take at least: on a busy machine the deadline may pass while nobody looks, so one more begins after it.
const LAST: Duration = Duration::from_secs(2);

/// Probes until the answer is positive, and fails naming `what` once the deadline has passed.
///
/// A probe that hangs is cut off at the deadline too.
pub async fn until<A: Answer>(deadline: Duration, what: &str, mut probe: impl AsyncFnMut() -> A) -> Result<A::Value> {
    let end = Instant::now() + deadline;
    loop {
        let began = Instant::now();
        let answer = timeout_at(end.max(began + LAST), probe()).await;
        let hung = answer.is_err();
        if let Some(value) = answer.ok().and_then(Answer::value) {
            return Ok(value);
        }
        if hung || began >= end {
            bail!("waited {deadline:?} in vain for {what}");
        }
        sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::until;
    use std::time::Duration;

    #[tokio::test]
    async fn the_first_positive_answer_ends_the_wait() -> anyhow::Result<()> {
        let mut probes = 0;
        let value = until(Duration::from_secs(60), "a third probe", async || {
            probes += 1;
            (probes == 3).then_some(probes)
        })
        .await?;
        assert_eq!(value, 3);
        Ok(())
    }

    #[tokio::test]
    async fn a_probe_that_hangs_fails_naming_what_was_awaited() {
        let outcome = until(Duration::from_millis(50), "the impossible", std::future::pending::<bool>).await;
        let message = outcome.err().map(|error| error.to_string());
        assert_eq!(message.as_deref(), Some("waited 50ms in vain for the impossible"));
    }
}
