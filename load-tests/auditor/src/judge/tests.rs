//! Every fault is found, and what is as it should be is not.

use serde_json::{Value, json};

use super::session;
use crate::{
    digest,
    finding::Fault,
    ledger::Line,
    report::Report,
    sent::SentSession,
    stored::{StoredEvent, StoredSession},
};

const NOON: &str = "2026-01-01T12:00:00.000Z";
const LATER: &str = "2026-01-01T12:00:01.000Z";

fn delivered(kind: &str, status: u16, more: Value) -> Value {
    let outcome = match status {
        200..300 => "acknowledged",
        0 => "in doubt",
        _ => "refused",
    };
    let unknown = u32::from(status == 0);
    let mut line = json!({ "kind": kind, "session": "s", "outcome": outcome, "status": status, "attempts": 1 });
    line["unknown"] = unknown.into();
    line.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    line
}

fn event(id: &str, status: u16, timestamp: &str) -> Value {
    let digest = digest::of(&json!({ "n": id }));
    let more = json!({ "event": id, "type": "system", "digest": digest, "timestamp": timestamp, "late": false, "conflict": false });
    delivered("event", status, more)
}

fn stored(events: &[(&str, &str)]) -> StoredSession {
    let event = |(id, timestamp): &(&str, &str)| StoredEvent {
        event_id: (*id).to_owned(),
        r#type: "system".to_owned(),
        payload: json!({ "n": id }),
        timestamp: (*timestamp).to_owned(),
        received_at: LATER.to_owned(),
        late: false,
    };
    let events: Vec<_> = events.iter().map(event).collect();
    let (status, total) = ("active".to_owned(), events.len());
    StoredSession { status, language: "en".to_owned(), ended_at: None, total, events }
}

fn faults(lines: Vec<Value>, stored: Option<&StoredSession>) -> Vec<Fault> {
    let mut sessions = std::collections::BTreeMap::new();
    let begun = [json!({ "kind": "call", "session": "s", "language": "en" }), delivered("create", 201, json!({}))];
    for line in begun.into_iter().chain(lines).chain([json!({ "kind": "closed", "session": "s" })]) {
        let line: Line = serde_json::from_value(line).expect("a line");
        SentSession::note(&mut sessions, line).expect("noted");
    }
    let mut report = Report::default();
    session("s", &sessions["s"], stored, &mut report);
    report.findings.into_iter().map(|finding| finding.fault).collect()
}

#[test]
fn what_is_as_it_was_acknowledged_is_not_found() {
    let lines = vec![event("a", 201, NOON), event("a", 200, NOON), event("b", 201, NOON), event("c", 0, LATER)];
    assert_eq!(faults(lines.clone(), Some(&stored(&[("a", NOON), ("b", NOON)]))), []);
    // What is in doubt may be there.
    assert_eq!(faults(lines, Some(&stored(&[("a", NOON), ("b", NOON), ("c", LATER)]))), []);
}

#[test]
fn what_was_acknowledged_and_is_not_there_is_lost() {
    assert_eq!(
        faults(vec![event("a", 201, NOON)], Some(&stored(&[("b", NOON)]))),
        [Fault::EventLost, Fault::EventNotSent]
    );
    assert_eq!(faults(vec![event("a", 201, NOON)], None), [Fault::SessionLost]);
}

#[test]
fn what_is_there_twice_is_doubled() {
    let twice = stored(&[("a", NOON), ("a", NOON)]);
    let lines = vec![event("a", 201, NOON), event("a", 201, NOON)];
    assert_eq!(faults(lines, Some(&twice)), [Fault::AcknowledgedTwice, Fault::EventDoubled]);
}

#[test]
fn what_was_refused_must_not_be_there() {
    assert_eq!(faults(vec![event("a", 409, NOON)], Some(&stored(&[("a", NOON)]))), [Fault::EventNotSent]);
}

#[test]
fn a_replay_needs_something_to_replay() {
    let found = stored(&[("a", NOON)]);
    assert_eq!(faults(vec![event("a", 200, NOON)], Some(&found)), [Fault::ReplayOfNothing]);
    assert_eq!(faults(vec![event("a", 0, NOON), event("a", 200, NOON)], Some(&found)), []);
}

#[test]
fn other_content_order_flag_and_total_are_found() {
    let lines = vec![event("a", 201, NOON), event("b", 201, LATER)];
    let mut other = stored(&[("a", NOON), ("b", NOON)]);
    assert_eq!(faults(lines.clone(), Some(&other)), [Fault::EventDiffers]);
    other = stored(&[("b", LATER), ("a", NOON)]);
    assert_eq!(faults(lines.clone(), Some(&other)), [Fault::Order]);
    other = stored(&[("a", NOON), ("b", LATER)]);
    other.events[0].late = true;
    other.total = 3;
    assert_eq!(faults(lines, Some(&other)), [Fault::Total, Fault::LateFlag]);
}

#[test]
fn another_end_than_the_acknowledged_one_is_found() {
    let end = delivered("end", 200, json!({ "how": "complete", "contradicts": false, "endedAt": NOON }));
    let mut found = stored(&[]);
    assert_eq!(faults(vec![end.clone()], Some(&found)), [Fault::SessionDiffers]);
    (found.status, found.ended_at) = ("completed".to_owned(), Some(NOON.to_owned()));
    assert_eq!(faults(vec![end], Some(&found)), []);
}
