//! A known set of appends, what was acknowledged of it, and what is stored.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use conversation_testkit::{Service, until};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

/// How many sessions the appends go to.
pub(crate) const SESSIONS: usize = 5;
/// How many clients send at once.
const CLIENTS: usize = 16;

/// Appends with known identifiers.
pub(crate) struct Appends {
    count: usize,
    /// As many permits as appends may be sent once: the rest waits for whoever kills something in the middle.
    first: Semaphore,
    acknowledged: Mutex<HashSet<usize>>,
}

/// The identifiers of each session's events, in order.
pub(crate) type Stored = BTreeMap<String, Vec<String>>;

impl Appends {
    pub(crate) fn new(count: usize, before_the_kill: usize) -> Self {
        Self { count, first: Semaphore::new(before_the_kill), acknowledged: Mutex::default() }
    }

    /// Lets the rest be sent too.
    pub(crate) fn go_on(&self) {
        self.first.add_permits(self.count);
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.acknowledged.lock().expect("no panic").len()
    }

    pub(crate) async fn create_sessions(&self, service: &Service) {
        for session in 0..SESSIONS {
            let body = json!({ "sessionId": session_id(session), "language": "en" });
            let answer = Client::new().post(service.url("/v1/sessions")).json(&body).send().await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::CREATED);
        }
    }

    /// Sends every append once, from several clients; what fails is left for later.
    pub(crate) async fn send_once(self: Arc<Self>, address: String) {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (appends, address) = (Arc::clone(&self), address.clone());
                tokio::spawn(async move {
                    let http = Client::new();
                    for number in (client..appends.count).step_by(CLIENTS) {
                        appends.first.acquire().await.expect("open").forget();
                        appends.send(&http, &address, number).await;
                    }
                })
            })
            .collect();
        for client in clients {
            client.await.expect("no panic");
        }
    }

    /// Sends every append until it is acknowledged, as a client does that got no answer.
    pub(crate) async fn retry_until_acknowledged(&self, service: &Service, deadline: Duration) {
        let http = Client::new();
        for number in 0..self.count {
            let sent = until(deadline, "an acknowledgement", async || self.send(&http, &service.url(""), number).await);
            sent.await.expect("in time");
        }
    }

    /// Sends one append; true when it was acknowledged.
    async fn send(&self, http: &Client, address: &str, number: usize) -> bool {
        let url = format!("{address}/v1/sessions/{}/events", session_id(number % SESSIONS));
        let body = json!({ "eventId": event_id(number), "type": "system", "payload": { "number": number } });
        let answer = http.post(url).json(&body).send().await;
        let acknowledged = answer.is_ok_and(|answer| answer.status().is_success());
        if acknowledged {
            self.acknowledged.lock().expect("no panic").insert(number);
        }
        acknowledged
    }

    /// Everything that is stored, read by walking every session.
    pub(crate) async fn stored(&self, service: &Service) -> Stored {
        let mut stored = Stored::new();
        for session in (0..SESSIONS).map(session_id) {
            let mut ids = Vec::new();
            let mut cursor = Some(String::new());
            while let Some(from) = cursor {
                let path = format!("/v1/sessions/{session}/events?limit=500&cursor={from}");
                let answer: Value =
                    reqwest::get(service.url(&path)).await.expect("an answer").json().await.expect("JSON");
                let events = answer["data"]["events"].as_array().expect("a page");
                ids.extend(events.iter().map(|event| event["eventId"].as_str().expect("an id").to_owned()));
                cursor = answer["data"]["pagination"]["nextCursor"].as_str().map(str::to_owned);
            }
            stored.insert(session, ids);
        }
        stored
    }

    pub(crate) fn assert_none_lost(&self, stored: &Stored) {
        for number in self.acknowledged.lock().expect("no panic").iter() {
            let session = &stored[&session_id(number % SESSIONS)];
            assert!(session.contains(&event_id(*number)), "append {number} was acknowledged and is lost");
        }
    }

    pub(crate) fn assert_each_stored_once(&self, stored: &Stored) {
        for session in 0..SESSIONS {
            let mut expected: Vec<String> = (session..self.count).step_by(SESSIONS).map(event_id).collect();
            let mut found = stored[&session_id(session)].clone();
            expected.sort();
            found.sort();
            assert_eq!(found, expected);
        }
    }
}

fn session_id(number: usize) -> String {
    format!("call-{number}")
}

fn event_id(number: usize) -> String {
    format!("event-{number:04}")
}
