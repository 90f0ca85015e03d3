//! Collects what is wrong with a request, so that a client learns of all of it at once.

use std::fmt::Display;

use conversation_core::json::InvalidJson;

use super::{
    code::ErrorCode,
    problem::{Detail, Problem},
};

/// The faults found so far.
#[derive(Debug, Default)]
pub struct Faults {
    details: Vec<Detail>,
    oversize: bool,
}

impl Faults {
    /// Notes that `field` is wrong.
    pub fn note(&mut self, field: &str, message: impl Display) {
        self.details.push(Detail { field: field.to_owned(), message: message.to_string() });
    }

    /// The value, or a fault of `field`.
    pub fn take<T, E: Display>(&mut self, field: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|invalid| self.note(field, invalid)).ok()
    }

    /// As [`Faults::take`] for a field that may be left out.
    pub fn optional<S, T, E: Display>(
        &mut self,
        field: &str,
        sent: Option<S>,
        read: impl FnOnce(S) -> Result<T, E>,
    ) -> Option<T> {
        sent.and_then(|sent| self.take(field, read(sent)))
    }

    /// As [`Faults::take`] for a field that must be there.
    pub fn required<S, T, E: Display>(
        &mut self,
        field: &str,
        sent: Option<S>,
        read: impl FnOnce(S) -> Result<T, E>,
    ) -> Option<T> {
        if sent.is_none() {
            self.note(field, "is missing: it is required");
        }
        self.optional(field, sent, read)
    }

    /// As [`Faults::take`] for free-form JSON, whose size has an error code of its own.
    pub fn object<T>(&mut self, field: &str, read: Result<T, InvalidJson>) -> Option<T> {
        self.oversize |= matches!(read, Err(InvalidJson::TooLarge(_)));
        self.take(field, read)
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.details.is_empty()
    }

    /// The parts of a request, if all were read and nothing is wrong.
    ///
    /// # Errors
    /// What is wrong.
    pub fn finish<T>(self, parts: Option<T>) -> Result<T, Problem> {
        match parts {
            Some(parts) if self.is_empty() => Ok(parts),
            _ => Err(self.into()),
        }
    }
}

impl From<Faults> for Problem {
    fn from(Faults { details, oversize }: Faults) -> Self {
        // Size is checked after shape, so it decides the code only when nothing else is wrong.
        let code = if oversize && details.len() == 1 { ErrorCode::PayloadTooLarge } else { ErrorCode::InvalidInput };
        let more = match details.len() {
            0 | 1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        let message = details.first().map(|d| format!("{} {}{more}", d.field, d.message)).unwrap_or_default();
        Self { details, ..Self::new(code, message) }
    }
}
