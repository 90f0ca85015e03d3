//! What concurrent callers see: INV-2 (stored once), INV-3 (one end), INV-7 (nothing after an erasure).

use std::{collections::HashSet, sync::Arc};

use conversation_core::{Status, Store, StoreError, session::Ending, store::Written};

use super::support::*;

/// Runs `call` a hundred times at once and returns the answers.
async fn hundred<T: Send + 'static, F>(store: &Arc<dyn Store>, call: impl Fn(Arc<dyn Store>, i64) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
{
    let calls: Vec<_> = (0..100).map(|n| tokio::spawn(call(Arc::clone(store), n))).collect();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.expect("no panic"));
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_identical_creates_make_one_session() {
    let fixture = fixture().await;
    let answers = hundred(&fixture.store, async |store, n| store.create_session(new_session("s"), at(n)).await).await;
    let mut new = 0;
    let stored = fixture.store.session(&key("s")).await.expect("stored");
    for answer in answers {
        let session = match answer.expect("answered") {
            Written::New(session) => {
                new += 1;
                session
            }
            Written::Replayed(session) => session,
        };
        assert_eq!(session, stored);
    }
    assert_eq!(new, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_identical_appends_make_one_event() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    let answers = hundred(&fixture.store, async |store, n| {
        let mut answers = store.append(&key("s"), vec![event("e", r#"{"a":1}"#, None)], options(at(n))).await?;
        answers.remove(0)
    })
    .await;
    let mut new = 0;
    let mut received = HashSet::new();
    for answer in answers {
        let event = match answer.expect("answered") {
            Written::New(event) => {
                new += 1;
                event
            }
            Written::Replayed(event) => event,
        };
        received.insert(event.received_at);
    }
    assert_eq!((new, received.len()), (1, 1), "one is new, and all return the same event");
    assert_eq!(fixture.event_ids("s").await, ["e"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_completing_and_failing_at_once_one_wins_for_ever() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    let answers = hundred(&fixture.store, async |store, n| {
        let status = if n % 2 == 0 { Status::Completed } else { Status::Failed };
        store.end_session(&key("s"), Ending { status, ended_at: None, reason: None }, at(n)).await
    })
    .await;
    let stored = fixture.store.session(&key("s")).await.expect("stored");
    let mut new = 0;
    for answer in answers {
        match answer {
            Ok(Written::New(session)) => {
                new += 1;
                assert_eq!(session, stored);
            }
            Ok(Written::Replayed(session)) => assert_eq!(session, stored),
            Err(StoreError::InvalidTransition { current }) => assert_eq!(current, stored.status),
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(new, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_that_race_the_end_are_all_kept() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    let answers = hundred(&fixture.store, async |store, n| {
        if n == 50 {
            let ending = Ending { status: Status::Completed, ended_at: None, reason: None };
            return store.end_session(&key("s"), ending, NOW).await.map(drop);
        }
        let mut answers = store.append(&key("s"), vec![new_event(&format!("e{n}"))], options(NOW)).await?;
        answers.remove(0).map(drop)
    })
    .await;
    for answer in answers {
        answer.expect("the grace admits every append");
    }
    assert_eq!(fixture.event_ids("s").await.len(), 99);
    assert_eq!(fixture.store.session(&key("s")).await.expect("stored").status, Status::Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_append_is_seen_by_the_next_read() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    let seen = hundred(&fixture.store, async |store, n| {
        let id = format!("e{n}");
        store.append(&key("s"), vec![new_event(&id)], options(NOW)).await.expect("appended");
        let (session, page) = store.timeline(&key("s"), everything()).await.expect("a page");
        session.status == Status::Active && ids(&page).contains(&id)
    })
    .await;
    assert!(seen.into_iter().all(|seen| seen));
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_that_race_an_erasure_leave_nothing_behind() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    hundred(&fixture.store, async |store, n| {
        if n == 50 {
            return store.erase(&key("s"), NOW).await;
        }
        match store.append(&key("s"), vec![new_event(&format!("e{n}"))], options(NOW)).await {
            Ok(_) | Err(StoreError::SessionErased) => Ok(()),
            Err(other) => Err(other),
        }
    })
    .await
    .into_iter()
    .for_each(|answer| answer.expect("appended or erased"));
    fixture.store.sweep(at(120_000)).await.expect("swept");
    assert_eq!(fixture.store.sweep(at(240_000)).await.expect("swept").stray_events, 0);
    assert!(matches!(fixture.store.session(&key("s")).await, Err(StoreError::SessionErased)));
}
