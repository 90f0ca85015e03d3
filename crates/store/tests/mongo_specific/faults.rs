//! What the store answers when the servers fail (INV-1, INV-2, INV-4), each test on servers of its own.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bson::{Document, doc};
use conversation_core::{Status, Store as _, StoreError, store::Written};
use conversation_store::MongoSettings;
use conversation_testkit::{ReplicaSet, until};
use futures_util::future::join_all;

use crate::support::*;

async fn failing(set: &ReplicaSet, times: i32, data: Document) {
    set.fail_command(doc! { "mode": { "times": times }, "data": data }).await.expect("a fail point");
}

impl Fixture {
    /// As a client does: with the same identifier until there is a good answer.
    async fn append_until_acknowledged(&self, id: &str) {
        let acknowledged = until(Duration::from_secs(60), "an acknowledgement", async || {
            self.append_one("s", event(id, "{}", None)).await.is_ok()
        });
        acknowledged.await.expect("acknowledged");
    }
}

#[tokio::test]
async fn a_server_that_fails_as_asked_is_told_of_as_it_is() {
    let set = ReplicaSet::start(3).await.expect("a replica set");
    let fixture = on(&set).await;
    fixture.opened("s").await;

    // A connection that breaks on the first attempt and on the driver's retry.
    failing(&set, 2, doc! { "failCommands": ["insert"], "closeConnection": true }).await;
    let answer = fixture.append_one("s", event("broken", "{}", None)).await;
    assert!(matches!(answer, Err(StoreError::OutcomeUnknown(_))), "{answer:?}");
    let answer = fixture.append_one("s", event("broken", "{}", None)).await;
    assert!(matches!(answer, Ok(Written::New(_))), "the retry with the same identifier: {answer:?}");

    // Once only: the driver's retry succeeds and nothing is stored twice.
    for (number, code) in [11602, 10107].into_iter().enumerate() {
        let data = doc! {
            "failCommands": ["insert"], "errorCode": code, "errorLabels": ["RetryableWriteError"],
        };
        failing(&set, 1, data).await;
        let answer = fixture.append_one("s", event(&format!("once-{code}"), "{}", None)).await;
        assert!(matches!(answer, Ok(Written::New(_))), "{code}: {answer:?}");
        assert_eq!(fixture.stored("events").await, 2 + number as u64);
    }

    // The write was made, and its answer was lost: the driver's retry is given the first one's result.
    let lost = doc! { "failCommands": ["insert"], "writeConcernError": { "code": 11602, "errmsg": "x" },
    "errorLabels": ["RetryableWriteError"] };
    failing(&set, 1, lost).await;
    let answer = fixture.append_one("s", event("lost", "{}", None)).await;
    assert!(matches!(answer, Ok(Written::New(_))), "{answer:?}");

    // Not spread to a majority in time: in doubt, and the other event of the same call too.
    let slow = doc! { "failCommands": ["insert"], "writeConcernError": { "code": 64, "errmsg": "x" } };
    failing(&set, 1, slow).await;
    let answers = fixture.append("s", vec![event("slow-1", "{}", None), event("slow-2", "{}", None)]).await;
    assert!(matches!(answers, Err(StoreError::OutcomeUnknown(_))), "the call as a whole: {answers:?}");

    // The tombstone is there, and the events may be: "nothing was written" would not be true.
    fixture.opened("erased").await;
    failing(&set, 1, doc! { "failCommands": ["delete"], "errorCode": 13 }).await;
    let answer = fixture.store.erase(&key("erased"), NOW).await;
    assert!(matches!(answer, Err(StoreError::OutcomeUnknown(_))), "{answer:?}");
    fixture.store.erase(&key("erased"), NOW).await.expect("a retry finishes it");

    // A read that the server gives up.
    failing(&set, 1, doc! { "failCommands": ["find"], "errorCode": 50 }).await;
    let answer = fixture.store.session(&key("s")).await;
    assert!(matches!(answer, Err(StoreError::DeadlineExceeded(_))), "{answer:?}");
    assert_eq!(fixture.store.session(&key("s")).await.expect("a session").status, Status::Active);

    // A change that stays in doubt, and a refusal that does not.
    failing(&set, 1, doc! { "failCommands": ["update"], "errorCode": 13 }).await;
    fixture.opened("t").await;
    let answer = fixture.store.erase(&key("t"), NOW).await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
}

#[tokio::test]
async fn a_first_event_whose_session_could_not_be_made_active_is_in_doubt_and_its_retry_heals() {
    let set = ReplicaSet::start(1).await.expect("a replica set");
    let fixture = on(&set).await;
    fixture.opened("s").await;
    failing(&set, 1, doc! { "failCommands": ["update"], "errorCode": 13 }).await;
    let answer = fixture.append_one("s", event("e", "{}", None)).await;
    assert!(matches!(answer, Err(StoreError::OutcomeUnknown(_))), "{answer:?}");
    assert_eq!(fixture.store.session(&key("s")).await.expect("a session").status, Status::Initiated);
    let answer = fixture.append_one("s", event("e", "{}", None)).await;
    assert!(matches!(answer, Ok(Written::Replayed(_))), "{answer:?}");
    assert_eq!(fixture.store.session(&key("s")).await.expect("a session").status, Status::Active);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_not_waited_for_beyond_the_deadline() {
    let set = ReplicaSet::start(1).await.expect("a replica set");
    let fixture = with(&set, hasty(&set)).await;
    fixture.opened("s").await;
    set.pause(0).expect("paused");
    let began = Instant::now();
    let (store, key) = (&fixture.store, key("s"));
    let (read, write) = tokio::join!(store.session(&key), store.create_session(new_session("t"), NOW));
    let waited = began.elapsed();
    set.resume(0).expect("resumed");
    // Whichever comes first: the deadline, or the driver's finding that the server is silent.
    assert!(matches!(read, Err(StoreError::DeadlineExceeded(_) | StoreError::Unavailable(_))), "{read:?}");
    assert!(matches!(write, Err(StoreError::OutcomeUnknown(_))), "{write:?}");
    assert!(waited < Duration::from_secs(30), "{waited:?}");
    set.wait_until_healthy().await.expect("healthy");
    // What was in doubt is there, or is made now; and the pool is fit for use.
    fixture.store.create_session(new_session("t"), NOW).await.expect("created or replayed");
}

#[tokio::test]
async fn without_a_primary_nothing_is_done_and_that_is_said_in_time() {
    let set = ReplicaSet::start(3).await.expect("a replica set");
    // A deadline far off, so that it is the driver's knowledge that ends what is below.
    let settings = MongoSettings { operation_timeout: Duration::from_secs(90), ..hasty(&set) };
    let fixture = with(&set, settings).await;
    fixture.opened("s").await;
    for member in 0..3 {
        set.kill(member).expect("killed");
    }
    let began = Instant::now();
    // The session is remembered, so the event is sent over a connection whose end is not known yet.
    let answer = fixture.append_one("s", event("e", "{}", None)).await;
    assert!(matches!(answer, Err(StoreError::OutcomeUnknown(_) | StoreError::Unavailable(_))), "{answer:?}");
    // By now the driver knows that there is no primary, so it sends nothing.
    let again = Instant::now();
    let created = fixture.store.create_session(new_session("t"), NOW).await;
    assert!(matches!(created, Err(StoreError::Unavailable(_))), "{created:?}");
    assert!(again.elapsed() < Duration::from_secs(45), "{:?}", again.elapsed());
    assert!(began.elapsed() < Duration::from_secs(80), "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_append_survives_a_change_of_the_primary() {
    let set = ReplicaSet::start(3).await.expect("a replica set");
    let fixture = with(&set, hasty(&set)).await;
    fixture.opened("s").await;
    fixture.append_one("s", event("before", "{}", None)).await.expect("appended");
    let (stepped, appended) = tokio::join!(set.step_down(), async {
        let mut appended = 0;
        for n in 0..200 {
            fixture.append_until_acknowledged(&format!("e{n}")).await;
            appended += 1;
        }
        appended
    });
    stepped.expect("another primary");
    assert_eq!(fixture.stored("events").await, appended + 1);
}

#[tokio::test]
async fn of_a_hundred_identical_appends_one_is_new() {
    let fixture = Arc::new(fixture().await);
    fixture.opened("s").await;
    let answers = join_all((0..100).map(|_| {
        let fixture = Arc::clone(&fixture);
        async move { fixture.append_one("s", event("e", r#"{"a":1}"#, None)).await }
    }))
    .await;
    let new = answers.iter().filter(|answer| matches!(answer, Ok(Written::New(_)))).count();
    let replayed = answers.iter().filter(|answer| matches!(answer, Ok(Written::Replayed(_)))).count();
    assert_eq!((new, replayed), (1, 99));
    assert_eq!(fixture.stored("events").await, 1);
}

#[tokio::test]
async fn after_closing_every_call_is_refused() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    let began = Instant::now();
    fixture.store.close().await;
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    let answer = fixture.store.session(&key("s")).await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    let answer = fixture.store.create_session(new_session("t"), NOW).await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
}

#[tokio::test]
async fn a_paused_primary_costs_no_acknowledged_event() {
    let set = ReplicaSet::start(3).await.expect("a replica set");
    let fixture = with(&set, hasty(&set)).await;
    fixture.opened("s").await;
    let (paused, acknowledged) = tokio::join!(
        async {
            let primary = set.primary().await?;
            set.pause(primary)?;
            set.wait_for_primary().await?;
            set.resume(primary)
        },
        async {
            let mut acknowledged = 0;
            for n in 0..60 {
                fixture.append_until_acknowledged(&format!("e{n}")).await;
                acknowledged += 1;
            }
            acknowledged
        }
    );
    paused.expect("paused and resumed");
    set.wait_until_healthy().await.expect("healthy");
    assert_eq!(fixture.stored("events").await, acknowledged);
}
