//! The language of a session, as a BCP 47 tag.

use std::{fmt, sync::Arc};

use oxilangtag::LanguageTag;
use thiserror::Error;

/// The longest language tag, in characters: what RFC 5646 section 4.4.1 advises to allow.
pub const MAX_LANGUAGE_CHARS: usize = 35;

/// Why a text is not a language tag.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum InvalidLanguage {
    /// The text is longer than [`MAX_LANGUAGE_CHARS`].
    #[error("is longer than {MAX_LANGUAGE_CHARS} characters")]
    TooLong,
    /// The text is not well-formed by RFC 5646.
    #[error("is not a BCP 47 language tag: give one such as en, en-US or zh-Hant-TW")]
    Malformed,
}

/// A well-formed BCP 47 language tag, kept as the client wrote it. Cloning shares the text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Language(Arc<str>);

impl Language {
    /// Checks that `text` is a well-formed language tag.
    ///
    /// # Errors
    /// When it is too long or not well-formed.
    pub fn parse(text: &str) -> Result<Self, InvalidLanguage> {
        if text.chars().count() > MAX_LANGUAGE_CHARS {
            return Err(InvalidLanguage::TooLong);
        }
        LanguageTag::parse(text).map(|_| Self(text.into())).map_err(|_| InvalidLanguage::Malformed)
    }

    /// The tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_tags_are_kept_as_written() {
        for tag in ["en", "en-US", "zh-Hant-TW", "de-CH-1996", "es-419", "x-klingon", "EN-us"] {
            assert_eq!(Language::parse(tag).map(|l| l.to_string()), Ok(tag.to_owned()));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "e", "en_US", "english language", "en-", "1", "en-US\0", "日本"] {
            assert_eq!(Language::parse(text), Err(InvalidLanguage::Malformed), "{text:?}");
        }
        assert_eq!(Language::parse(&format!("en{}", "-abcdefgh".repeat(4))), Err(InvalidLanguage::TooLong));
    }
}
