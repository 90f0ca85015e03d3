//! What was sent to one session, gathered from the lines of the ledgers in whatever order they are read.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use crate::ledger::{Delivery, EndSent, EventSent, Line, Outcome};

/// A session as its caller knows it.
#[derive(Debug, Default)]
pub(crate) struct SentSession {
    pub(crate) language: String,
    /// Whether the call was made to its end; else its last request may be missing here.
    pub(crate) closed: bool,
    pub(crate) creates: Vec<Delivery>,
    pub(crate) events: BTreeMap<String, Vec<EventSent>>,
    pub(crate) ends: Vec<EndSent>,
}

impl SentSession {
    /// Puts a line where it belongs.
    pub(crate) fn note(sessions: &mut BTreeMap<String, Self>, line: Line) -> Result<()> {
        match line {
            Line::Call { session, language } => {
                let known = sessions.entry(session.clone()).or_default();
                if !known.language.is_empty() {
                    bail!("session {session} was begun twice: ledgers of one RUN_ID but of different runs");
                }
                known.language = language;
            }
            Line::Create { session, delivery } => sessions.entry(session).or_default().creates.push(delivery),
            Line::Event { session, event, sent } => {
                sessions.entry(session).or_default().events.entry(event).or_default().push(sent);
            }
            Line::End { session, sent } => sessions.entry(session).or_default().ends.push(sent),
            Line::Closed { session } => sessions.entry(session).or_default().closed = true,
        }
        Ok(())
    }

    /// Whether some answer said that the session is there.
    pub(crate) fn was_acknowledged(&self) -> bool {
        self.deliveries().any(|delivery| delivery.outcome == Outcome::Acknowledged)
    }

    /// Whether the session may be there.
    pub(crate) fn may_be_there(&self) -> bool {
        !self.closed || self.deliveries().any(|delivery| delivery.outcome != Outcome::Refused)
    }

    fn deliveries(&self) -> impl Iterator<Item = &Delivery> {
        let events = self.events.values().flatten().map(|sent| &sent.delivery);
        self.creates.iter().chain(events).chain(self.ends.iter().map(|end| &end.delivery))
    }
}

/// The sendings that say what the stored event is like: those without another payload.
pub(crate) fn faithful(sent: &[EventSent]) -> impl Iterator<Item = &EventSent> {
    sent.iter().filter(|sent| !sent.conflict)
}
