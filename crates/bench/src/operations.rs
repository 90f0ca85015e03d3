//! The operations that are measured, as a table: the request, the answer it must get, and the bare operations beside it;
//! and before the table, what must be stored for them.

use conversation_core::Timestamp;

use crate::http::Request;
use crate::load::Case;
use crate::payload::SPOKEN;

/// Sessions with a history, for reads and duplicates.
pub(crate) const HISTORIES: u64 = 500;
/// Events in each of them.
pub(crate) const HISTORY: u64 = 100;
/// Sessions that events are appended to.
pub(crate) const OPEN: u64 = 1000;
/// Sessions that have ended.
pub(crate) const ENDED: u64 = 1000;
/// Events on a page.
pub(crate) const PAGE: u64 = 50;
/// Events in a batch.
pub(crate) const BATCH: u64 = 100;

/// What every session says besides its identifier.
pub(crate) const LANGUAGE: &str = "en-US";
/// The metadata of every session.
pub(crate) const METADATA: &str = r#"{"userId":"user_456","channel":"phone"}"#;
/// The type of every event.
pub(crate) const EVENT_TYPE: &str = "user_speech";
/// 2025-12-25T10:00:00Z.
const BEGINNING: i64 = 1_766_656_800_000;
const MILLISECONDS_PER_DAY: u64 = 86_400_000;

/// What is done, for whoever does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A new session.
    Create,
    /// A new event.
    Append,
    /// An event that is there already.
    AppendDuplicate,
    /// A batch of new events.
    AppendBatch,
    /// The first page of a history.
    Read,
    /// A session that has ended.
    Complete,
}

/// An operation of the bare driver to compare with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Baseline {
    /// What the driver is told to do.
    pub(crate) name: &'static str,
    /// How many share a commit, where the driver decides that.
    pub(crate) per_commit: u64,
}

/// An operation of the service.
#[derive(Debug)]
pub(crate) struct Operation {
    /// Its name in the report.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) kind: Kind,
    /// How many connections ask for it, if not as many as were asked for.
    pub(crate) connections: Option<u32>,
    /// The one status that is an answer.
    pub(crate) status: u16,
    /// Sessions or events that one request is about, where that is what is counted.
    pub(crate) items: u64,
    /// The request of this number. No two numbers make the same session or event.
    pub(crate) request: fn(u64) -> Request,
    /// What the driver of MongoDB does beside it.
    pub(crate) mongodb: &'static [Baseline],
    /// What SQLite does beside it.
    pub(crate) embedded: &'static [Baseline],
}

impl Operation {
    /// What the service is asked.
    pub(crate) fn case(&self) -> Case {
        let request = self.request;
        Case { items: self.items, ..Case::new(self.status, request) }
    }

    /// Whether it stores something.
    pub(crate) fn writes(&self) -> bool {
        matches!(self.kind, Kind::Create | Kind::Append | Kind::AppendBatch)
    }
}

const fn baseline(name: &'static str, per_commit: u64) -> Baseline {
    Baseline { name, per_commit }
}

const INSERTS: &[Baseline] = &[baseline("insert, 1 per commit", 1), baseline("insert, 512 per commit", 512)];

/// All operations, in the order of the report.
pub(crate) static OPERATIONS: [Operation; 8] = [
    Operation {
        name: "create",
        kind: Kind::Create,
        connections: None,
        status: 201,
        items: 1,
        request: |number| create(&format!("new-{number:010}")),
        mongodb: &[baseline("upsert, new", 1)],
        embedded: INSERTS,
    },
    Operation {
        name: "append",
        kind: Kind::Append,
        connections: None,
        status: 201,
        items: 1,
        request: |number| append(&open(number), number),
        mongodb: &[baseline("insert one", 1)],
        embedded: INSERTS,
    },
    Operation {
        name: "append, 256 connections",
        kind: Kind::Append,
        connections: Some(256),
        status: 201,
        items: 1,
        request: |number| append(&open(number), number),
        mongodb: &[baseline("insert one", 1)],
        embedded: INSERTS,
    },
    Operation {
        name: "append, duplicate",
        kind: Kind::AppendDuplicate,
        connections: None,
        status: 200,
        items: 1,
        request: |number| append(&history(number), event_of_history(number)),
        mongodb: &[baseline("insert one, duplicate", 1)],
        embedded: &[baseline("insert or ignore", 1)],
    },
    Operation {
        name: "append, 100 per request",
        kind: Kind::AppendBatch,
        connections: None,
        status: 201,
        items: BATCH,
        request: |number| batch(&open(number), number * BATCH),
        mongodb: &[baseline("insert many × 100", 1)],
        embedded: &[baseline("insert, 100 per commit", BATCH)],
    },
    Operation {
        name: "read 50 of 100, with total",
        kind: Kind::Read,
        connections: None,
        status: 200,
        items: 1,
        request: |number| Request::get(format!("/v1/sessions/{}?offset=0&limit={PAGE}", history(number))),
        mongodb: &[baseline("find 50, raw bytes", 1)],
        embedded: &[baseline("select 50", 1)],
    },
    Operation {
        name: "read 50 of 100, cursor",
        kind: Kind::Read,
        connections: None,
        status: 200,
        items: 1,
        request: |number| Request::get(format!("/v1/sessions/{}?cursor=&limit={PAGE}", history(number))),
        mongodb: &[baseline("find 50, raw bytes", 1)],
        embedded: &[baseline("select 50", 1)],
    },
    Operation {
        name: "complete, repeated",
        kind: Kind::Complete,
        connections: None,
        status: 200,
        items: 1,
        request: |number| complete(&ended(number)),
        mongodb: &[baseline("find one", 1)],
        embedded: &[baseline("select one", 1)],
    },
];

/// Requests that store what the operations need: how many, and the status they must get.
#[derive(Debug)]
pub(crate) struct Seed {
    /// How many.
    pub(crate) times: u64,
    /// The one status that is an answer.
    pub(crate) status: u16,
    /// The request of this number.
    pub(crate) request: fn(u64) -> Request,
}

/// All that must be stored, in this order.
pub(crate) static SEEDS: [Seed; 6] = [
    Seed { times: HISTORIES, status: 201, request: |number| create(&history(number)) },
    Seed { times: HISTORIES, status: 201, request: |number| batch(&history(number), 0) },
    Seed { times: OPEN, status: 201, request: |number| create(&open(number)) },
    // The first event of a session changes the session, which appends to a conversation under way do not.
    Seed { times: OPEN, status: 201, request: |number| append_first(&open(number)) },
    Seed { times: ENDED, status: 201, request: |number| create(&ended(number)) },
    Seed { times: ENDED, status: 200, request: |number| complete(&ended(number)) },
];

/// A session with a history.
pub(crate) fn history(number: u64) -> String {
    format!("history-{:06}", number % HISTORIES)
}

/// A session that goes on.
pub(crate) fn open(number: u64) -> String {
    format!("open-{:06}", number % OPEN)
}

/// A session that has ended.
pub(crate) fn ended(number: u64) -> String {
    format!("ended-{:06}", number % ENDED)
}

/// Which of its history's events the request of this number repeats: all of them are in time.
pub(crate) fn event_of_history(number: u64) -> u64 {
    number / HISTORIES % HISTORY
}

/// The identifier of an event.
pub(crate) fn event_id(number: u64) -> String {
    format!("event-{number:010}")
}

/// When an event happened, in milliseconds since 1970.
pub(crate) fn timestamp(number: u64) -> i64 {
    BEGINNING + i64::try_from(number % MILLISECONDS_PER_DAY).unwrap_or(0)
}

/// Creates a session.
pub(crate) fn create(session: &str) -> Request {
    let body = format!(r#"{{"sessionId":"{session}","language":"{LANGUAGE}","metadata":{METADATA}}}"#);
    Request::post("/v1/sessions".into(), body)
}

fn append(session: &str, number: u64) -> Request {
    append_saying(session, number, SPOKEN)
}

/// Appends the event of this number, with a payload.
pub(crate) fn append_saying(session: &str, number: u64, payload: &str) -> Request {
    append_named(session, &event_id(number), number, payload)
}

fn append_named(session: &str, event_id: &str, number: u64, payload: &str) -> Request {
    Request::post(format!("/v1/sessions/{session}/events"), event(event_id, number, payload))
}

/// Appends an event unlike all others.
pub(crate) fn append_first(session: &str) -> Request {
    append_named(session, "first", 0, SPOKEN)
}

fn batch(session: &str, first: u64) -> Request {
    let events: Vec<String> = (first..first + BATCH).map(|number| event(&event_id(number), number, SPOKEN)).collect();
    Request::post(format!("/v1/sessions/{session}/events/batch"), format!(r#"{{"events":[{}]}}"#, events.join(",")))
}

fn event(event_id: &str, number: u64, payload: &str) -> String {
    let at = Timestamp::from_millis(timestamp(number));
    format!(r#"{{"eventId":"{event_id}","type":"{EVENT_TYPE}","payload":{payload},"timestamp":"{at}"}}"#)
}

fn complete(session: &str) -> Request {
    Request::post(format!("/v1/sessions/{session}/complete"), String::new())
}

#[cfg(test)]
mod tests {
    use super::{HISTORIES, HISTORY, Kind, OPERATIONS, Operation, SEEDS};
    use std::collections::BTreeSet;

    fn requests(operation: &Operation, count: u64) -> BTreeSet<(String, String)> {
        (0..count).map(operation.request).map(|request| (request.path, request.body)).collect()
    }

    #[test]
    fn no_two_requests_write_the_same() {
        for operation in OPERATIONS.iter().filter(|operation| operation.status == 201) {
            assert_eq!(requests(operation, 3000).len(), 3000, "{}", operation.name);
        }
    }

    #[test]
    fn duplicates_repeat_exactly_what_the_seeds_stored() {
        let duplicate = OPERATIONS.iter().find(|o| o.kind == Kind::AppendDuplicate).expect("in the table");
        let all = requests(duplicate, HISTORIES * HISTORY);
        assert_eq!(all.len() as u64, HISTORIES * HISTORY);
        let batch = (SEEDS[1].request)(7);
        let of_seven = all.iter().filter(|(path, _)| batch.path == format!("{path}/batch"));
        assert!(of_seven.clone().all(|(_, event)| batch.body.contains(event)));
        assert_eq!(of_seven.count() as u64, HISTORY);
    }
}
