//! The profiles without a fault, on the embedded store. Latency is not judged: tests share their machine.

use conversation_load::{Binaries, Load, Outcome, Profile, StoreKind, run};

pub(crate) fn load(profile: Profile, store: StoreKind, duration: &str) -> Load {
    let settings = [("TIME_COMPRESSION", "600"), ("LATENCY_FACTOR", "0"), ("STALL_SECONDS", "20")];
    Load {
        profile,
        fault: profile.fault(),
        store,
        // About one call in a second, of twenty events.
        sessions_per_day: 100_000,
        duration: duration.to_owned(),
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
    }
}

/// Runs it and demands that every threshold held, that the auditor found nothing, and that there was something to find.
pub(crate) async fn passes(load: &Load) -> Outcome {
    let outcome = run(load, &Binaries::beside_this_one().expect("programs")).await.expect("a run");
    assert!(outcome.passed(), "{outcome}");
    assert!(outcome.summary.checks.len() > 10, "checks were made: {:?}", outcome.summary.checks);
    assert!(outcome.audit.events_acknowledged > 20, "{outcome}");
    outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn smoke_passes() {
    let outcome = passes(&load(Profile::Smoke, StoreKind::Embedded, "15s")).await;
    assert!(outcome.summary.passed && outcome.audit.repetitions > 0, "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn load_passes() {
    passes(&load(Profile::Load, StoreKind::Embedded, "10s")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stress_passes() {
    passes(&load(Profile::Stress, StoreKind::Embedded, "10s")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spike_passes() {
    passes(&load(Profile::Spike, StoreKind::Embedded, "10s")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn soak_passes() {
    passes(&load(Profile::Soak, StoreKind::Embedded, "10s")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn breakpoint_ends_at_the_first_missed_objective_and_calls_that_the_finding() {
    let mut rise = load(Profile::Breakpoint, StoreKind::Embedded, "60s");
    rise.sessions_per_day = 10_000;
    // Nobody answers within a thousandth of the objectives.
    rise.settings.insert("LATENCY_FACTOR".to_owned(), "0.001".to_owned());
    let outcome = passes(&rise).await;
    assert!(!outcome.summary.passed, "an objective was missed");
    let reached = outcome.summary.reached_sessions_per_day.expect("it ended early");
    assert!(reached > 0.0 && reached < 20.0 * 4.0 * 10_000.0, "on the way to 20 times the peak: {reached}");
}
