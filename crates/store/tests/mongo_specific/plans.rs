//! How the server carries out the queries: by index, in order, reading no more than it answers; and to
//! which shard they go (INV-6).
//! The commands are those that the store really sent, taken from the profiler.

use bson::{Bson, Document, doc};
use conversation_core::{
    EventId, NewSession, SessionId, SessionKey, Status, Store as _, TenantId, Timestamp,
    page::{EventFilter, EventQuery, Order, Position, SessionQuery, Start},
};
use futures_util::TryStreamExt as _;

use crate::support::*;

impl Fixture {
    /// The queries on a collection since the profiler was switched on.
    async fn profiled(&self, collection: &str) -> Vec<Document> {
        let filter = doc! {
            "ns": format!("{}.{collection}", self.database.name()),
            "command.find": { "$exists": true },
            "command.sort": { "$exists": true },
        };
        let found = self.database.collection::<Document>("system.profile").find(filter).await.expect("profiles");
        found.try_collect().await.expect("profiles")
    }
}

fn number(profile: &Document, name: &str) -> i64 {
    profile.get(name).and_then(|n| n.as_i64().or(n.as_i32().map(i64::from))).unwrap_or_default()
}

/// Asserts that the query read an index in its order and hardly more than it answered.
fn assert_indexed(profile: &Document, index: &str) {
    let plan = profile.get_str("planSummary").expect("a plan");
    assert!(plan.starts_with("IXSCAN") && !plan.contains("COLLSCAN") && plan.contains(index), "{profile:#?}");
    assert!(!profile.get_bool("hasSortStage").unwrap_or(false), "a blocking sort: {profile:#?}");
    let (keys, documents) = (number(profile, "keysExamined"), number(profile, "docsExamined"));
    let returned = number(profile, "nreturned");
    assert!(returned > 0 && keys <= returned + 5 && documents <= returned + 5, "{keys} keys for {returned}");
    assert_eq!(profile.get_bool("cursorExhausted").ok(), Some(true), "a page takes one round trip: {profile:#?}");
}

#[tokio::test]
async fn a_page_of_events_reads_about_as_many_keys_as_it_answers() {
    let fixture = fixture().await;
    for session in ["s", "other"] {
        fixture.opened(session).await;
        let events = (0..400).map(|n| event(&format!("e{n:03}"), "{}", Some(n / 3))).collect();
        fixture.append(session, events).await.expect("appended");
    }
    let place = |millis: i64, id: &str| {
        Start::After(Some(Position { moment: Timestamp::from_millis(NOW.as_millis() + millis), id: id.into() }))
    };
    let between = EventFilter {
        from: Some(Timestamp::from_millis(NOW.as_millis() + 50)),
        to: Some(Timestamp::from_millis(NOW.as_millis() + 60)),
        ..EventFilter::default()
    };
    let all = EventFilter::default();
    fixture.profile(2).await;
    for (order, start, filter) in [
        (Order::Ascending, Start::Offset(0), &all),
        (Order::Descending, Start::After(None), &all),
        (Order::Ascending, place(100, "e301"), &all),
        (Order::Descending, place(100, "e301"), &all),
        (Order::Ascending, place(55, "e166"), &between),
        (Order::Descending, Start::After(None), &between),
    ] {
        let query = EventQuery { filter: filter.clone(), order, start, limit: 20, counted: false };
        let (_, page) = fixture.store.timeline(&key("s"), query).await.expect("a page");
        assert!(!page.events.is_empty());
    }
    fixture.profile(0).await;
    let profiles = fixture.profiled("events").await;
    assert_eq!(profiles.len(), 6);
    for profile in &profiles {
        assert_indexed(profile, "timestamp: 1, eventId: 1");
    }
}

#[tokio::test]
async fn a_walk_through_events_of_one_moment_reads_each_about_once() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    let events = (0..500).map(|n| event(&format!("e{n:03}"), "{}", Some(5))).collect();
    fixture.append("s", events).await.expect("appended");
    fixture.profile(2).await;
    let (mut position, mut seen) = (None, 0);
    loop {
        let start = Start::After(position);
        let query =
            EventQuery { filter: EventFilter::default(), order: Order::Ascending, start, limit: 20, counted: false };
        let (_, page) = fixture.store.timeline(&key("s"), query).await.expect("a page");
        seen += page.events.len();
        let Some(last) = page.events.last().filter(|_| page.has_more) else { break };
        position = Some(Position { moment: last.timestamp, id: last.event_id.to_string() });
    }
    fixture.profile(0).await;
    assert_eq!(seen, 500);
    let keys: i64 = fixture.profiled("events").await.iter().map(|profile| number(profile, "keysExamined")).sum();
    assert!(keys <= 1_000, "{keys} keys for 500 events");
}

#[tokio::test]
async fn a_page_of_sessions_reads_about_as_many_keys_as_it_answers() {
    let fixture = fixture().await;
    let tenant = |n: i64| TenantId::parse(if n % 2 == 0 { "t" } else { "u" }).expect("a tenant id");
    for n in 0..60 {
        let session_id = SessionId::parse(&format!("s{n}")).expect("an id");
        let new = NewSession {
            started_at: Some(Timestamp::from_millis(NOW.as_millis() + n / 8)),
            status: Some(if n % 4 == 0 { Status::Completed } else { Status::Active }),
            ..NewSession::opened(SessionKey { tenant: tenant(n), session_id }, new_session("s").language)
        };
        fixture.store.create_session(new, NOW).await.expect("created");
    }
    fixture.store.erase(&key("s0"), NOW).await.expect("erased");
    let at = Timestamp::from_millis(NOW.as_millis() + 4);
    fixture.profile(2).await;
    for order in [Order::Ascending, Order::Descending] {
        for status in [None, Some(Status::Completed)] {
            for after in [None, Some(Position { moment: at, id: "s36".into() })] {
                let query = SessionQuery { status, language: None, from: None, to: None, order, after, limit: 5 };
                let page = fixture.store.sessions(&tenant(0), query).await.expect("a page");
                assert!(page.sessions.iter().all(|session| session.key.tenant == tenant(0)));
            }
        }
    }
    fixture.profile(0).await;
    let profiles = fixture.profiled("sessions").await;
    assert_eq!(profiles.len(), 8);
    for profile in &profiles {
        assert_indexed(profile, "startedAt: -1, sessionId: 1");
    }
}

#[tokio::test]
async fn every_query_on_one_session_names_its_shard_key_and_demands_a_majority() {
    let fixture = fixture().await;
    let durable = doc! { "w": "majority", "wtimeout": 60_000, "j": true };
    fixture.opened("s").await;
    fixture.profile(2).await;
    let event_id = EventId::parse("e").expect("an id");
    for _ in 0..2 {
        fixture.append_one("s", event("e", "{}", None)).await.expect("appended");
    }
    fixture.store.event(&key("s"), &event_id).await.expect("an event");
    fixture.store.erase(&key("s"), NOW).await.expect("erased");
    fixture.profile(0).await;
    let profiles = fixture.database.collection::<Document>("system.profile").find(doc! {}).await.expect("profiles");
    let profiles: Vec<Document> = profiles.try_collect().await.expect("profiles");
    let (mut filters, mut inserts) = (0, 0);
    for profile in &profiles {
        let Ok(command) = profile.get_document("command") else { continue };
        if command.contains_key("insert") {
            inserts += 1;
            assert_eq!(command.get_document("writeConcern").ok(), Some(&durable), "{profile:#?}");
        }
        if command.contains_key("find") {
            assert_eq!(command.get_document("readConcern").ok(), Some(&doc! { "level": "majority" }), "{profile:#?}");
        }
        let Ok(filter) = command.get_document("filter").or_else(|_| command.get_document("q")) else { continue };
        let named = filter.get("sessionId");
        let several = Bson::from(doc! { "$in": ["s"] });
        assert!(named == Some(&Bson::from("s")) || named == Some(&several), "{profile:#?}");
        assert!(!profile.get_str("planSummary").unwrap_or_default().contains("COLLSCAN"), "{profile:#?}");
        filters += 1;
    }
    assert!(filters >= 6 && inserts >= 1, "{filters} filters, {inserts} inserts");
}

#[tokio::test]
async fn a_page_that_no_single_reply_can_hold_is_read_whole() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    let payload = format!(r#"{{"text":"{}"}}"#, "x".repeat(255 * 1024));
    for part in 0..5 {
        let events = (0..16).map(|n| event(&format!("e{}", part * 16 + n), &payload, Some(n))).collect();
        let answers = fixture.append("s", events).await.expect("appended");
        assert!(answers.iter().all(Result::is_ok), "{:?}", answers.iter().find(|answer| answer.is_err()));
    }
    let query = EventQuery {
        filter: EventFilter::default(),
        order: Order::Ascending,
        start: Start::Offset(0),
        limit: 100,
        counted: false,
    };
    let (_, page) = fixture.store.timeline(&key("s"), query).await.expect("a page");
    assert_eq!((page.events.len(), page.has_more), (80, false));
    assert!(page.events.iter().all(|event| event.payload.as_str() == payload));
}
