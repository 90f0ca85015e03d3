//! Free-form JSON objects, kept as normalised text: compact, in the client's key order, each number in one spelling.
//! What is kept is read back with the value that was sent (INV-5). No tree is built; one pass over text that is known to be JSON yields the normalised text and its content digest.

mod canonical;
mod normalise;

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// A hash of a JSON value that is the same for equal values: keys in any order, numbers in any spelling.
pub type Digest = [u8; 32];

/// Bounds for one free-form object.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The most bytes of normalised text.
    pub bytes: usize,
    /// The deepest nesting; the object itself is level 1.
    pub nesting: usize,
}

impl Bounds {
    /// No bounds, for text that was within them when it was stored.
    pub const NONE: Self = Self { bytes: usize::MAX, nesting: usize::MAX };
}

/// Why a JSON value cannot be kept. `at` is a JSON pointer (RFC 6901).
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum InvalidJson {
    /// The text is not JSON, or the value is not an object.
    #[error("must be a JSON object")]
    NotAnObject,
    /// The normalised text has too many bytes.
    #[error("is larger than {0} bytes")]
    TooLarge(usize),
    /// The value nests too deeply.
    #[error("is nested more than {0} levels deep")]
    TooDeep(usize),
    /// An object has the same key twice, so one of the values would be lost.
    #[error("has the key {key:?} twice in the object at {at:?}: keep one of them")]
    DuplicateKey {
        /// The object.
        at: String,
        /// The key.
        key: String,
    },
    /// A key has a character that no store can keep in a key.
    #[error("has a key with the character U+0000 in the object at {at:?}: choose another key")]
    NulInKey {
        /// The object.
        at: String,
    },
    /// A number that would be kept as another number.
    #[error("has the number {number} at {at:?}, which no 64-bit integer or double can hold: send it as a string")]
    Number {
        /// Where it is.
        at: String,
        /// Its beginning, as it was sent.
        number: String,
    },
    /// A string with half of a surrogate pair, which is not Unicode text.
    #[error("has a string with an unpaired surrogate at {at:?}: send well-formed Unicode")]
    Surrogate {
        /// Where it is.
        at: String,
    },
}

/// A JSON object as normalised text. Cloning shares the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonObject(Arc<str>);

impl JsonObject {
    /// The object without members.
    #[must_use]
    pub fn empty() -> Self {
        Self("{}".into())
    }

    /// Normalises `text` within `bounds` and digests its content.
    ///
    /// # Errors
    /// When it is not an object, breaks a bound, or has something that could not be read back as it was sent.
    pub fn parse(text: &str, bounds: Bounds) -> Result<(Self, Digest), InvalidJson> {
        // The reader below trusts its input to be JSON, so that is settled first, with an empty stack and no tree.
        let raw: &serde_json::value::RawValue = serde_json::from_str(text).map_err(|_| InvalidJson::NotAnObject)?;
        Self::from_raw(raw, bounds)
    }

    /// As [`JsonObject::parse`], for text that a parser has already found to be JSON.
    ///
    /// # Errors
    /// As [`JsonObject::parse`].
    pub fn from_raw(raw: &serde_json::value::RawValue, bounds: Bounds) -> Result<(Self, Digest), InvalidJson> {
        let text = raw.get();
        if !text.starts_with('{') {
            return Err(InvalidJson::NotAnObject);
        }
        let (normalised, canonical) = normalise::object(text, bounds)?;
        Ok((Self(normalised.into()), Sha256::digest(&canonical).into()))
    }

    /// Takes text that this type gave out before, from a store.
    #[must_use]
    pub fn from_stored(normalised: String) -> Self {
        Self(normalised.into())
    }

    /// The normalised text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digest of the content, or none for text that is not a [`JsonObject`]'s.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        Self::parse(&self.0, Bounds::NONE).ok().map(|(_, digest)| digest)
    }

    /// Whether the two have equal content, by value.
    #[must_use]
    pub fn same_content(&self, other: &Self) -> bool {
        self == other || self.digest() == other.digest()
    }
}

#[cfg(test)]
mod tests;
