//! Pages that can no longer change: their validators, and what a client saves by them. In process, because the tests move
//! the clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use conversation_api::http::{
    health::Readiness,
    request::Limits,
    router::{self, Parts},
};
use conversation_core::{
    Clock, EventId, EventType, JsonObject, Language, NewEvent, NewSession, Rules, SessionId, SessionKey, Status, Store,
    TenantId, Timestamp, json::Bounds, session::Ending, store::AppendOptions,
};
use conversation_store::{EmbeddedSettings, EmbeddedStore};
use poem::{Endpoint, Request, Response};
use tempfile::TempDir;

const ENDED: Timestamp = Timestamp::from_millis(1_766_656_800_000);

#[derive(Debug)]
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// The API with a completed session `s` of three events, at a time of the test's choosing.
struct Stand {
    clock: Arc<Hands>,
    store: Arc<dyn Store>,
    parts: Parts,
    _folder: TempDir,
}

fn key() -> SessionKey {
    SessionKey { tenant: TenantId::parse("default").expect("an id"), session_id: SessionId::parse("s").expect("an id") }
}

async fn stand() -> Stand {
    let folder = TempDir::new().expect("a folder");
    let rules = Rules::default();
    let store = EmbeddedStore::open(&EmbeddedSettings::new(folder.path()), rules.clone()).expect("a store");
    let store: Arc<dyn Store> = Arc::new(store);
    let language = Language::parse("en").expect("a language");
    store.create_session(NewSession::opened(key(), language), ENDED).await.expect("created");
    let event = |id: &str| {
        let payload = JsonObject::parse(r#"{"text":"hello"}"#, Bounds::NONE).expect("an object");
        NewEvent::new(EventId::parse(id).expect("an id"), EventType::UserSpeech, payload, Some(ENDED))
    };
    let events = ["a", "b", "c"].map(event).to_vec();
    store.append(&key(), events, AppendOptions { now: ENDED, create_session: None }).await.expect("appended");
    let ending = Ending { status: Status::Completed, ended_at: None, reason: None };
    store.end_session(&key(), ending, ENDED).await.expect("ended");
    let clock = Arc::new(Hands(AtomicI64::new(ENDED.as_millis())));
    let limits = Limits {
        max_body_bytes: 1 << 20,
        max_batch_body_bytes: 1 << 20,
        body_read_timeout: Duration::from_secs(1),
        rules,
    };
    let parts = Parts {
        store: Arc::clone(&store),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        limits: Arc::new(limits),
        readiness: Readiness::default(),
        started: Instant::now(),
    };
    Stand { clock, store, parts, _folder: folder }
}

impl Stand {
    fn at(&self, after_the_end: Duration) {
        self.clock.0.store(ENDED.plus(after_the_end).as_millis(), Ordering::SeqCst);
    }

    async fn get(&self, path: &str, known: Option<&str>) -> Result<Response, poem::Error> {
        let mut request = Request::builder().uri(path.parse().expect("a path"));
        if let Some(known) = known {
            request = request.header("if-none-match", known);
        }
        router::public(&self.parts).call(request.finish()).await
    }

    /// The body and the tag of a page that is there.
    async fn page(&self, path: &str) -> (String, Option<String>) {
        let mut response = self.get(path, None).await.expect("a page");
        assert_eq!(response.status(), 200);
        let tag = response.header("etag").map(str::to_owned);
        (response.take_body().into_string().await.expect("text"), tag)
    }
}

/// After the grace time for late events, and the time in which what was admitted before may still arrive.
const FINAL: Duration = Duration::from_secs(360);

#[tokio::test]
async fn only_a_page_that_can_no_longer_change_has_a_validator() {
    let stand = stand().await;
    for path in ["/v1/sessions/s", "/v1/sessions/s/events?limit=2"] {
        stand.at(FINAL - Duration::from_millis(1));
        assert_eq!(stand.page(path).await.1, None, "{path}");
        stand.at(FINAL);
        let tag = stand.page(path).await.1.expect("a tag");
        assert!(tag.starts_with('"') && tag.ends_with('"'), "a strong one: {tag}");
    }
}

#[tokio::test]
async fn a_final_page_is_the_same_to_the_byte_whenever_it_is_read() {
    let stand = stand().await;
    stand.at(FINAL);
    let first = stand.page("/v1/sessions/s?limit=2").await;
    stand.at(FINAL * 100);
    assert_eq!(stand.page("/v1/sessions/s?limit=2").await, first);
    assert_ne!(stand.page("/v1/sessions/s?limit=1").await.1, first.1, "another page");
}

#[tokio::test]
async fn a_client_that_has_the_page_is_not_sent_it_again() {
    let stand = stand().await;
    stand.at(FINAL);
    let tag = stand.page("/v1/sessions/s").await.1.expect("a tag");
    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let mut response = stand.get("/v1/sessions/s", Some(&known)).await.expect("an answer");
        assert_eq!((response.status().as_u16(), response.header("etag")), (304, Some(tag.as_str())), "{known}");
        assert_eq!(response.take_body().into_string().await.expect("text"), "");
    }
    assert_eq!(stand.get("/v1/sessions/s", Some("\"other\"")).await.expect("an answer").status(), 200);
    stand.at(Duration::ZERO);
    assert_eq!(stand.get("/v1/sessions/s", Some(&tag)).await.expect("an answer").status(), 200, "not final");
}

#[tokio::test]
async fn what_a_client_has_of_an_erased_session_is_not_confirmed() {
    let stand = stand().await;
    stand.at(FINAL);
    let tag = stand.page("/v1/sessions/s").await.1.expect("a tag");
    stand.store.erase(&key(), ENDED.plus(FINAL)).await.expect("erased");
    let error = stand.get("/v1/sessions/s", Some(&tag)).await;
    let status = error.map_or_else(|error| error.status(), |response| response.status());
    assert_eq!(status, 410);
}
