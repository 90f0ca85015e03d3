//! Appends that share a round trip, when that goes well and when it does not: what becomes of one is never said of another
//! (INV-2, INV-4).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bson::{Bson, Document, doc};
use conversation_core::{Event, Status, Store as _, StoreError, store::Written};
use conversation_store::{MongoSettings, mongo::CoalesceBounds};
use conversation_testkit::ReplicaSet;
use futures_util::future::join_all;
use tokio::task::JoinHandle;

use crate::support::*;

type Answer = Result<Written<Event>, StoreError>;

const SESSIONS: usize = 8;
/// Holds an insert within the server.
const HANG: &str = "hangDuringBatchInsert";

/// Lets the calls just made get as far as the queue: on the one thread of a test each does so when it is its turn, because
/// their session is remembered.
async fn enqueued() {
    for _ in 0..2 * SESSIONS {
        tokio::task::yield_now().await;
    }
}

/// A store that sends one batch at a time, with sessions `s0`, `s1` and so on.
struct Stand {
    set: ReplicaSet,
    fixture: Arc<Fixture>,
    settings: MongoSettings,
}

async fn stand(settings: impl FnOnce(&mut MongoSettings)) -> Stand {
    let set = ReplicaSet::start(1).await.expect("a replica set");
    let mut chosen = self::settings(&set);
    chosen.coalescing.slots = 1;
    settings(&mut chosen);
    let fixture = Arc::new(with(&set, chosen.clone()).await);
    for number in 0..SESSIONS {
        fixture.opened(&format!("s{number}")).await;
        fixture.append_one(&format!("s{number}"), event("opening", "{}", None)).await.expect("appended");
    }
    Stand { set, fixture, settings: chosen }
}

impl Stand {
    async fn fail(&self, mode: impl Into<Bson>, mut data: Document) {
        data.insert("failCommands", vec!["insert"]);
        self.set.fail_command(doc! { "mode": mode.into(), "data": data }).await.expect("a fail point");
    }

    fn append(&self, session: usize, id: &str, payload: &str) -> JoinHandle<Answer> {
        let (fixture, event) = (Arc::clone(&self.fixture), event(id, payload, None));
        tokio::spawn(async move { fixture.append_one(&format!("s{session}"), event).await })
    }

    /// Sends an insert that the server holds on to until it is let go, so that what comes in between is one batch.
    async fn hold(&self, id: &str) -> JoinHandle<Answer> {
        let before = self.hang("alwaysOn").await.get_i32("count").expect("how often it was met");
        let first = self.append(0, id, "{}");
        let met = doc! { "waitForFailPoint": HANG, "timesEntered": before + 1, "maxTimeMS": 60_000 };
        self.admin(met).await;
        self.remember().await;
        first
    }

    /// What the store knew of the sessions may be forgotten by now, and then a call would look first, and miss the batch.
    async fn remember(&self) {
        for number in 0..SESSIONS {
            self.fixture.store.session(&key(&format!("s{number}"))).await.expect("a session");
        }
    }

    /// Lets it go, once the calls made since wait in the store.
    async fn let_go(&self) {
        enqueued().await;
        self.hang("off").await;
    }

    async fn hang(&self, mode: &str) -> Document {
        self.admin(doc! { "configureFailPoint": HANG, "mode": mode }).await
    }

    async fn admin(&self, command: Document) -> Document {
        let admin = self.set.client().await.expect("a client").database("admin");
        admin.run_command(command).await.expect("a fail point")
    }

    /// Appends the event `id` to each session in one batch, which fails as `mode` and `data` say.
    async fn batch(&self, id: &str, mode: impl Into<Bson>, data: Document) -> Vec<Answer> {
        // Another one each time: one that was stored lately would be looked for and not inserted.
        let held = format!("{id}-held");
        let first = self.hold(&held).await;
        self.fail(mode, data).await;
        self.remember().await;
        let calls: Vec<_> = (0..SESSIONS).map(|session| self.append(session, id, "{}")).collect();
        self.let_go().await;
        let answers = join_all(calls).await.into_iter().map(|answer| answer.expect("joined")).collect();
        self.set.stop_failing().await.expect("no failures");
        // What failed at its end failed for the one held back too.
        let first = first.await.expect("joined").is_ok() || self.append(0, &held, "{}").await.expect("joined").is_ok();
        assert!(first, "the one held back");
        answers
    }

    async fn events(&self) -> u64 {
        self.fixture.stored("events").await
    }
}

#[tokio::test]
async fn calls_of_different_outcome_share_a_batch_and_each_has_its_own() {
    let stand = stand(|_| {}).await;
    // The database refuses one of them by itself.
    let validator = doc! { "eventId": { "$ne": "refused" } };
    let refuse = doc! { "collMod": "events", "validator": validator };
    stand.fixture.database.run_command(refuse).await.expect("a validator");
    // By another process, so that this one does not look for it first.
    let other = with(&stand.set, stand.settings.clone()).await;
    other.append_one("s1", event("there", r#"{"a":1}"#, None)).await.expect("appended");

    stand.fixture.profile(2).await;
    let first = stand.hold("held").await;
    let calls = [
        stand.append(0, "new", "{}"),
        stand.append(1, "there", r#"{"a":1.0}"#),
        stand.append(1, "there", r#"{"a":2}"#),
        stand.append(2, "refused", "{}"),
        stand.append(3, "twice", "{}"),
        stand.append(3, "twice", "{}"),
        stand.append(4, "there", "{}"),
    ];
    stand.let_go().await;
    first.await.expect("joined").expect("appended");
    let answers: Vec<Answer> = join_all(calls).await.into_iter().map(|answer| answer.expect("joined")).collect();
    stand.fixture.profile(0).await;

    assert!(matches!(&answers[0], Ok(Written::New(event)) if event.event_id.as_str() == "new"), "{answers:?}");
    for replay in [1, 2] {
        let stored = |event: &Event| event.payload.same_content(&object(r#"{"a":1}"#));
        assert!(matches!(&answers[replay], Ok(Written::Replayed(event)) if stored(event)), "{answers:?}");
    }
    assert!(matches!(&answers[3], Err(StoreError::Unavailable(_))), "nothing was written: {answers:?}");
    assert!(matches!(&answers[4], Ok(Written::New(_))), "{answers:?}");
    assert!(matches!(&answers[5], Ok(Written::Replayed(_))), "{answers:?}");
    assert!(matches!(&answers[6], Ok(Written::New(_))), "the same identifier in another session: {answers:?}");
    let profiles = stand.fixture.database.collection::<Document>("system.profile");
    let inserts = profiles.count_documents(doc! { "command.insert": "events" }).await.expect("counted");
    assert_eq!(inserts, 2, "the one held back, and one for all others");
}

#[tokio::test]
async fn a_retry_is_looked_for_and_not_inserted_and_what_is_gone_is_inserted_all_the_same() {
    let stand = stand(|_| {}).await;
    for (id, payload) in [("a", r#"{"a":1}"#), ("b", "{}")] {
        stand.append(1, id, payload).await.expect("joined").expect("appended");
    }
    let events = stand.fixture.database.collection::<Document>("events");
    events.delete_one(doc! { "_id": "t/s1/b" }).await.expect("deleted");
    stand.fixture.profile(2).await;
    let call = ["a", "b", "c"].map(|id| event(id, "{}", None)).to_vec();
    let answers = stand.fixture.append("s1", call).await.expect("answers");
    stand.fixture.profile(0).await;
    let [Ok(Written::Replayed(a)), Ok(Written::New(b)), Ok(Written::New(c))] = &answers[..] else {
        panic!("{answers:?}")
    };
    assert_eq!(a.payload.as_str(), r#"{"a":1}"#, "the stored one");
    assert_eq!((b.event_id.as_str(), c.event_id.as_str()), ("b", "c"));
    let profiles = stand.fixture.database.collection::<Document>("system.profile");
    let inserted = profiles.find_one(doc! { "command.insert": "events" }).await.expect("found").expect("an insert");
    assert_eq!(inserted.get_i32("ninserted").ok(), Some(2), "{inserted}");
}

#[tokio::test]
async fn a_batch_that_fails_as_a_whole_fails_for_each_and_every_retry_is_answered() {
    let stand = stand(|_| {}).await;
    let before = stand.events().await;
    let cases = [
        ("cut-off", doc! { "closeConnection": true }, false),
        // Stored on this member, but not known to be on a majority.
        ("not-spread", doc! { "writeConcernError": { "code": 64, "errmsg": "x" } }, false),
        // Refused before anything was done.
        ("refused", doc! { "errorCode": 13 }, true),
    ];
    for (number, (id, data, nothing_happened)) in (1_u64..).zip(cases) {
        let answers = stand.batch(id, "alwaysOn", data).await;
        for answer in &answers {
            let as_expected = match answer {
                Err(StoreError::Unavailable(_)) => nothing_happened,
                Err(StoreError::OutcomeUnknown(_)) => !nothing_happened,
                _ => false,
            };
            assert!(as_expected, "{id}: {answer:?}");
        }
        for session in 0..SESSIONS {
            let again = stand.append(session, id, "{}").await.expect("joined");
            assert!(again.is_ok(), "{id}: {again:?}");
        }
        assert_eq!(
            stand.events().await,
            before + number * (SESSIONS as u64 + 1),
            "{id}: each once, and the one held back"
        );
    }
}

#[tokio::test]
async fn a_batch_that_the_driver_sends_again_is_stored_once_and_new_to_each() {
    let stand = stand(|_| {}).await;
    let before = stand.events().await;
    let cases = [doc! { "errorCode": 11602, "errorLabels": ["RetryableWriteError"] }, doc! { "closeConnection": true }];
    for (number, data) in (1_u64..).zip(cases) {
        let answers = stand.batch(&format!("once-{number}"), doc! { "times": 1 }, data).await;
        assert!(answers.iter().all(|answer| matches!(answer, Ok(Written::New(_)))), "{number}: {answers:?}");
        assert_eq!(stand.events().await, before + number * (SESSIONS as u64 + 1));
    }
}

#[tokio::test]
async fn while_the_database_stalls_what_left_is_in_doubt_and_what_waits_was_not_done() {
    let stall = Duration::from_secs(20);
    let Stand { set, settings, .. } = stand(|_| {}).await;
    let deadline = Duration::from_secs(5);
    let hasty = MongoSettings { operation_timeout: deadline, ..settings.clone() };
    let stand = Stand { fixture: Arc::new(with(&set, hasty).await), set, settings };
    stand.remember().await;
    let before = stand.events().await;
    let block = doc! { "blockConnection": true, "blockTimeMS": i32::try_from(stall.as_millis()).expect("short") };
    stand.fail(doc! { "times": 1 }, block).await;
    let stalled = Instant::now();
    let first = stand.append(0, "first", "{}");
    // So that the deadline of the second call is a while after the moment at which the first gives its slot up.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let began = Instant::now();
    let waiting = stand.append(1, "waits", "{}");
    assert!(matches!(first.await, Ok(Err(StoreError::OutcomeUnknown(_)))));
    let answer = waiting.await.expect("joined");
    // The slot is let go of at the deadline, so what waited may just have left.
    assert!(matches!(answer, Err(StoreError::Overloaded) | Ok(_)), "{answer:?}");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    // Others get through although the first is still on its way.
    assert!(matches!(stand.append(2, "next", "{}").await, Ok(Ok(_))));
    // Until the stall is over, and what it held back has been done.
    tokio::time::sleep((stall + Duration::from_secs(2)).saturating_sub(stalled.elapsed())).await;
    for (session, id) in [(0, "first"), (1, "waits")] {
        assert!(stand.append(session, id, "{}").await.expect("joined").is_ok(), "{id}");
    }
    assert_eq!(stand.events().await, before + 3);
}

#[tokio::test]
async fn beyond_what_may_wait_a_call_is_refused_at_once() {
    let bounds = CoalesceBounds { slots: 1, batch: 2, queue: 3 };
    let stand = stand(|settings| settings.coalescing = bounds).await;
    let first = stand.hold("held").await;
    let waiting: Vec<_> = (0..3).map(|session| stand.append(session, "waits", "{}")).collect();
    enqueued().await;
    let refused = stand.append(4, "refused", "{}").await.expect("joined");
    assert!(matches!(refused, Err(StoreError::Overloaded)), "{refused:?}");
    assert!(waiting.iter().all(|call| !call.is_finished()), "before any of them was answered");
    stand.let_go().await;
    assert!(matches!(first.await, Ok(Ok(_))));
    assert!(join_all(waiting).await.into_iter().all(|answer| matches!(answer, Ok(Ok(Written::New(_))))));
    assert!(matches!(stand.append(4, "refused", "{}").await, Ok(Ok(Written::New(_)))), "it was not stored");
}

#[tokio::test]
async fn sessions_that_are_created_and_made_active_together_each_have_their_own_answer() {
    let set = ReplicaSet::start(1).await.expect("a replica set");
    let fixture = Arc::new(on(&set).await);
    let calls = (0..200).map(|number| {
        let fixture = Arc::clone(&fixture);
        tokio::spawn(async move {
            // Each session is asked for twice.
            let session = format!("s{}", number % 100);
            let created = fixture.store.create_session(new_session(&session), NOW).await.expect("created");
            fixture.append_one(&session, event("e", "{}", None)).await.expect("appended");
            assert_eq!(fixture.store.session(&key(&session)).await.expect("a session").status, Status::Active);
            matches!(created, Written::New(_))
        })
    });
    let new = join_all(calls).await.into_iter().filter(|created| matches!(created, Ok(true))).count();
    assert_eq!((new, fixture.stored("sessions").await, fixture.stored("events").await), (100, 100, 100));
}

#[tokio::test]
async fn a_change_of_the_primary_under_many_appends_costs_and_doubles_nothing() {
    const APPENDERS: usize = 32;
    const EACH: usize = 40;
    let set = ReplicaSet::start(3).await.expect("a replica set");
    let fixture = Arc::new(with(&set, hasty(&set)).await);
    fixture.opened("s").await;
    let appenders = (0..APPENDERS).map(|appender| {
        let fixture = Arc::clone(&fixture);
        tokio::spawn(async move {
            let mut new = 0;
            for number in 0..EACH {
                let id = format!("e{appender}-{number}");
                let deadline = Instant::now() + Duration::from_secs(60);
                let mut in_doubt = false;
                loop {
                    match fixture.append_one("s", event(&id, "{}", None)).await {
                        Ok(Written::New(_)) => break new += 1,
                        Ok(Written::Replayed(_)) => {
                            assert!(in_doubt, "{id} was new, and nobody was left in doubt of it");
                            break;
                        }
                        Err(error) => {
                            assert!(Instant::now() < deadline, "{id}: {error:?}");
                            in_doubt |= matches!(error, StoreError::OutcomeUnknown(_));
                        }
                    }
                }
            }
            new
        })
    });
    let (stepped, new) = tokio::join!(set.step_down(), join_all(appenders));
    stepped.expect("another primary");
    let new: usize = new.into_iter().map(|new| new.expect("joined")).sum();
    assert!(new <= APPENDERS * EACH);
    assert_eq!(fixture.stored("events").await, (APPENDERS * EACH) as u64);
}
