//! Identifiers that clients choose. Their alphabet leaves out `/`, so that `tenant/session/event` strings are unambiguous.

use std::{fmt, marker::PhantomData, sync::Arc};

use thiserror::Error;

/// The longest identifier, in bytes.
pub const MAX_ID_BYTES: usize = 128;

/// The rule for identifiers as a regular expression, for documents.
pub const ID_PATTERN: &str = "^[A-Za-z0-9._:~@+=-]{1,128}$";

/// Why a text is not an identifier.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum InvalidId {
    /// The text has no characters.
    #[error("is empty: give 1 to {MAX_ID_BYTES} characters of A-Z a-z 0-9 . _ : ~ @ + = -")]
    Empty,
    /// The text has more than [`MAX_ID_BYTES`] bytes.
    #[error("is {0} bytes long: at most {MAX_ID_BYTES} are allowed")]
    TooLong(usize),
    /// The text has a character outside the alphabet.
    #[error("has the character {0:?}: only A-Z a-z 0-9 . _ : ~ @ + = - are allowed")]
    Character(char),
}

/// A checked identifier; `K` says of what. Cloning shares the text.
pub struct Id<K> {
    text: Arc<str>,
    kind: PhantomData<fn() -> K>,
}

/// The kind of [`TenantId`].
pub enum TenantKind {}
/// The kind of [`SessionId`].
pub enum SessionKind {}
/// The kind of [`EventId`].
pub enum EventKind {}

/// Whose data it is: the outermost part of every key and every query.
pub type TenantId = Id<TenantKind>;
/// A session's identifier, chosen by the client; unique within its tenant.
pub type SessionId = Id<SessionKind>;
/// An event's identifier, chosen by the client; unique within its session.
pub type EventId = Id<EventKind>;

impl<K> Id<K> {
    /// Checks `text` against the rule for identifiers.
    ///
    /// # Errors
    /// When it is empty, too long, or has a character outside the alphabet.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        if text.is_empty() {
            return Err(InvalidId::Empty);
        }
        if text.len() > MAX_ID_BYTES {
            return Err(InvalidId::TooLong(text.len()));
        }
        if text.bytes().all(is_allowed) {
            return Ok(Self { text: text.into(), kind: PhantomData });
        }
        let stranger = text.chars().find(|c| !u8::try_from(*c).is_ok_and(is_allowed));
        Err(InvalidId::Character(stranger.unwrap_or(char::REPLACEMENT_CHARACTER)))
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

const fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'~' | b'@' | b'+' | b'=' | b'-')
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        Self { text: Arc::clone(&self.text), kind: PhantomData }
    }
}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<K> Eq for Id<K> {}

impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A session within a tenant: what every operation on one session is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionKey {
    /// Whose session it is.
    pub tenant: TenantId,
    /// Which of the tenant's sessions it is.
    pub session_id: SessionId,
}

impl SessionKey {
    /// The session's `_id`: the idempotency key of its creation.
    #[must_use]
    pub fn document_id(&self) -> String {
        [self.tenant.as_str(), "/", self.session_id.as_str()].concat()
    }

    /// The `_id` of one of the session's events: the idempotency key of its append.
    #[must_use]
    pub fn event_document_id(&self, event_id: &EventId) -> String {
        [self.tenant.as_str(), "/", self.session_id.as_str(), "/", event_id.as_str()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_allowed_character_is_accepted() {
        let text = "AZaz09._:~@+=-";
        assert_eq!(SessionId::parse(text).map(|id| id.to_string()), Ok(text.to_owned()));
        assert!(SessionId::parse(&"x".repeat(MAX_ID_BYTES)).is_ok());
    }

    #[test]
    fn what_could_be_mistaken_for_something_else_is_refused() {
        assert_eq!(SessionId::parse(""), Err(InvalidId::Empty));
        assert_eq!(SessionId::parse(&"x".repeat(129)), Err(InvalidId::TooLong(129)));
        for stranger in ['/', '\0', ' ', 'é', '?', '%', '\n', '{', '$', '*'] {
            assert_eq!(SessionId::parse(&format!("a{stranger}")), Err(InvalidId::Character(stranger)));
        }
    }
}
