//! What part of an ordered collection a reader asks for, and what it gets.

use crate::{Event, EventType, Language, Session, Status, Timestamp};

/// The direction of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Oldest first.
    Ascending,
    /// Newest first.
    Descending,
}

impl Order {
    /// The order as clients write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }
}

/// A place in an ordered collection: behind the item with this moment and identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The item's moment: an event's `timestamp`, a session's `startedAt`.
    pub moment: Timestamp,
    /// The item's identifier, which decides between equal moments.
    pub id: String,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// After so many items.
    Offset(u64),
    /// After a place; from the beginning without one.
    After(Option<Position>),
}

/// Which events of one session are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only these types; all when empty.
    pub kinds: Vec<EventType>,
    /// Only events at or after this moment.
    pub from: Option<Timestamp>,
    /// Only events before this moment.
    pub to: Option<Timestamp>,
}

/// A page of one session's events, by (`timestamp`, `eventId`).
#[derive(Clone, Debug)]
pub struct EventQuery {
    /// Which events.
    pub filter: EventFilter,
    /// In which direction.
    pub order: Order,
    /// From where.
    pub start: Start,
    /// How many at the most.
    pub limit: u32,
    /// Whether to count all events that the filter admits, and those ahead of this page.
    pub counted: bool,
}

/// How many events there are besides a page's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// All that the filter admits.
    pub total: u64,
    /// Those ahead of the page.
    pub ahead: u64,
}

/// A page of events.
#[derive(Clone, Debug)]
pub struct EventPage {
    /// The events, in the order asked for.
    pub events: Vec<Event>,
    /// Whether more events follow.
    pub has_more: bool,
    /// The counts, where they were asked for.
    pub counts: Option<Counts>,
}

/// A page of one tenant's sessions, by (`startedAt`, `sessionId`).
#[derive(Clone, Debug)]
pub struct SessionQuery {
    /// Only sessions with this status.
    pub status: Option<Status>,
    /// Only sessions in this language.
    pub language: Option<Language>,
    /// Only sessions started at or after this moment.
    pub from: Option<Timestamp>,
    /// Only sessions started before this moment.
    pub to: Option<Timestamp>,
    /// In which direction: descending is by `startedAt` descending, then `sessionId` ascending; ascending is its reverse.
    pub order: Order,
    /// From where.
    pub after: Option<Position>,
    /// How many at the most.
    pub limit: u32,
}

/// A page of sessions.
#[derive(Clone, Debug)]
pub struct SessionPage {
    /// The sessions, in the order asked for.
    pub sessions: Vec<Session>,
    /// Whether more sessions follow.
    pub has_more: bool,
}
