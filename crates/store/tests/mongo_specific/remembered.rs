//! What a process remembers of sessions for a few seconds, when another process changes them meanwhile.

use std::time::Duration;

use conversation_core::{Clock as _, Status, Store as _, StoreError, SystemClock, session::Ending, store::Written};
use conversation_testkit::ReplicaSet;

use crate::support::*;

/// Longer than anything is remembered.
const FORGOTTEN: Duration = Duration::from_millis(5_200);

#[tokio::test]
async fn what_another_process_did_is_known_within_seconds_and_harmless_until_then() {
    let set = ReplicaSet::shared().await.expect("a replica set");
    let settings = settings(set);
    let (one, other) = (with(set, settings.clone()).await, with(set, settings).await);
    let now = SystemClock.now();
    for session in ["ended", "erased"] {
        one.opened(session).await;
        one.append_one(session, event("e", "{}", None)).await.expect("appended");
    }
    // An end that is long ago, so that nothing more is to be taken.
    let ended_at = Some(NOW);
    let ending = Ending { status: Status::Completed, ended_at, reason: None };
    other.store.end_session(&key("ended"), ending, now).await.expect("ended");

    // Taken for open a little longer: stored, or kept from every reader and swept.
    one.append_one("ended", event("late", "{}", None)).await.expect("appended");
    one.store.session(&key("erased")).await.expect("remembered from now on");
    other.store.erase(&key("erased"), now).await.expect("erased");
    one.append_one("erased", event("stray", "{}", None)).await.expect("appended");
    for fixture in [&one, &other] {
        assert!(matches!(fixture.store.session(&key("erased")).await, Err(StoreError::SessionErased)));
    }
    // Whoever reads the session knows at once.
    let refused = one.append_one("erased", event("another", "{}", None)).await;
    assert!(matches!(refused, Err(StoreError::SessionErased)), "{refused:?}");
    let swept = other.store.sweep(now.plus(Duration::from_secs(61))).await.expect("swept");
    assert_eq!(swept.stray_events, 1);

    tokio::time::sleep(FORGOTTEN).await;
    let after_grace = NOW.plus(Duration::from_secs(301));
    let options = conversation_core::store::AppendOptions { now: after_grace, create_session: None };
    let answers = one.store.append(&key("ended"), vec![event("closed", "{}", None)], options).await.expect("answers");
    assert!(matches!(answers[..], [Err(StoreError::SessionClosed)]), "{answers:?}");
    let replayed = one.append_one("ended", event("late", "{}", None)).await;
    assert!(matches!(replayed, Ok(Written::Replayed(_))), "{replayed:?}");
}
