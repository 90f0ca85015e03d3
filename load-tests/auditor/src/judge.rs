//! What was sent beside what is stored, session by session. Nothing here asks anybody anything.

use std::collections::BTreeMap;

use crate::{
    digest,
    finding::{Fault, Finding},
    ledger::{EventSent, Outcome},
    report::Report,
    sent::{SentSession, faithful},
    stored::{StoredEvent, StoredSession},
};

/// Adds everything that is wrong with a session to the report.
pub(crate) fn session(id: &str, sent: &SentSession, stored: Option<&StoredSession>, report: &mut Report) {
    let mut judge = Judge { id, report };
    let Some(stored) = stored else {
        if sent.was_acknowledged() {
            judge.find(Fault::SessionLost, None, "it was acknowledged");
        }
        return;
    };
    if !sent.may_be_there() {
        judge.find(Fault::SessionNotSent, None, "all its requests were refused");
    }
    judge.creation(sent);
    judge.state(sent, stored);
    judge.listing(stored);
    let mut by_id: BTreeMap<&str, Vec<&StoredEvent>> = BTreeMap::new();
    for event in &stored.events {
        by_id.entry(&event.event_id).or_default().push(event);
    }
    for (event, sendings) in &sent.events {
        judge.event(event, sendings, by_id.get(event.as_str()).map_or(&[], Vec::as_slice));
    }
    for event in by_id.keys().filter(|event| !sent.events.contains_key(**event)) {
        if sent.closed {
            judge.find(Fault::EventNotSent, Some(event), "the ledger does not know it");
        } else {
            judge.report.unwritten += 1;
        }
    }
}

struct Judge<'a> {
    id: &'a str,
    report: &'a mut Report,
}

impl Judge<'_> {
    fn find(&mut self, fault: Fault, event: Option<&str>, message: impl Into<String>) {
        let (session, event) = (self.id.to_owned(), event.map(str::to_owned));
        self.report.findings.push(Finding { fault, session, event, message: message.into() });
    }

    fn creation(&mut self, sent: &SentSession) {
        let created = sent.creates.iter().filter(|create| create.status == 201).count();
        if created > 1 {
            self.find(Fault::AcknowledgedTwice, None, format!("{created} requests were told that they created it"));
        }
    }

    /// Its language, status and end.
    fn state(&mut self, sent: &SentSession, stored: &StoredSession) {
        if stored.language != sent.language {
            let message = format!("its language is {} and was sent as {}", stored.language, sent.language);
            self.find(Fault::SessionDiffers, None, message);
        }
        let status = |how: &str| if how == "fail" { "failed" } else { "completed" };
        let ended = sent.ends.iter().find(|end| end.delivery.outcome == Outcome::Acknowledged && !end.contradicts);
        let (expected, found) = match ended {
            Some(end) => {
                ((status(&end.how), end.ended_at.as_deref()), (stored.status.as_str(), stored.ended_at.as_deref()))
            }
            // An end whose outcome is not known, or not in the ledger, may have been made.
            None if !sent.closed || !sent.ends.is_empty() => return,
            None if stored.events.is_empty() => (("initiated", None), (&*stored.status, stored.ended_at.as_deref())),
            None => (("active", None), (&*stored.status, stored.ended_at.as_deref())),
        };
        if expected != found {
            self.find(Fault::SessionDiffers, None, format!("its end is {found:?} and should be {expected:?}"));
        }
        for end in sent.ends.iter().filter(|end| end.contradicts && end.delivery.outcome == Outcome::Acknowledged) {
            self.find(Fault::SessionDiffers, None, format!("{} was acknowledged after another end", end.how));
        }
    }

    /// The order of its events and their number.
    fn listing(&mut self, stored: &StoredSession) {
        let place = |event: &StoredEvent| (event.timestamp.clone(), event.event_id.clone());
        for pair in stored.events.windows(2) {
            if place(&pair[0]) > place(&pair[1]) {
                let message = format!("it comes after {:?}", place(&pair[0]));
                self.find(Fault::Order, Some(&pair[1].event_id), message);
            }
        }
        if stored.total != stored.events.len() {
            let message = format!("the total is {} and {} events are listed", stored.total, stored.events.len());
            self.find(Fault::Total, None, message);
        }
    }

    fn event(&mut self, id: &str, sendings: &[EventSent], stored: &[&StoredEvent]) {
        let count = |status| sendings.iter().filter(|sent| sent.delivery.status == status).count();
        let acknowledged = || faithful(sendings).filter(|sent| sent.delivery.outcome == Outcome::Acknowledged);
        let unknown = sendings.iter().any(|sent| sent.delivery.unknown > 0);
        if count(201) > 1 {
            let message = format!("{} requests were told that they stored it", count(201));
            self.find(Fault::AcknowledgedTwice, Some(id), message);
        }
        if acknowledged().next().is_some() && count(201) == 0 && !unknown {
            self.find(Fault::ReplayOfNothing, Some(id), "no request stored it, and none was in doubt");
        }
        match (stored, acknowledged().next()) {
            ([], Some(_)) => self.find(Fault::EventLost, Some(id), "it was acknowledged"),
            ([_, _, ..], _) => {
                self.find(Fault::EventDoubled, Some(id), format!("it is listed {} times", stored.len()));
            }
            ([_], None) if sendings.iter().all(|sent| sent.delivery.outcome == Outcome::Refused) && !unknown => {
                self.find(Fault::EventNotSent, Some(id), "every sending of it was refused");
            }
            _ => {}
        }
        for event in stored {
            self.content(id, sendings, event);
        }
        if let (Some(sent), [event, ..]) = (acknowledged().find(|sent| sent.delivery.status == 201), stored)
            && sent.late.is_some_and(|late| late != event.late)
        {
            self.find(Fault::LateFlag, Some(id), format!("late is {}", event.late));
        }
    }

    fn content(&mut self, id: &str, sendings: &[EventSent], stored: &StoredEvent) {
        let digest = digest::of(&stored.payload);
        let is_as_sent = faithful(sendings).any(|sent| {
            let timestamp = sent.timestamp.as_ref().unwrap_or(&stored.received_at);
            sent.digest == digest && sent.r#type == stored.r#type && *timestamp == stored.timestamp
        });
        if !is_as_sent {
            self.find(Fault::EventDiffers, Some(id), "its type, payload or timestamp is not what was acknowledged");
        }
    }
}

#[cfg(test)]
mod tests;
