//! Moments in milliseconds since 1970, read and written as RFC 3339.

use std::fmt;

use thiserror::Error;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// Why a text is not a moment.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("is not an RFC 3339 date and time: give one such as 2025-12-25T10:00:00.000Z")]
pub struct InvalidTimestamp;

/// A moment, in whole milliseconds since 1970-01-01T00:00:00Z; within the years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `millis` milliseconds after the beginning of 1970.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the beginning of 1970.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The moment `duration` after this one.
    #[must_use]
    pub fn plus(self, duration: std::time::Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Reads an RFC 3339 date and time with any offset; what is finer than a millisecond is cut off.
    ///
    /// # Errors
    /// When the text has another form, names a day that does not exist, or lies outside the years 1 to 9999.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| InvalidTimestamp)?;
        let utc = moment.checked_to_offset(UtcOffset::UTC).ok_or(InvalidTimestamp)?;
        if !(1..=9999).contains(&utc.year()) {
            return Err(InvalidTimestamp);
        }
        i64::try_from(utc.unix_timestamp_nanos().div_euclid(1_000_000)).map(Self).map_err(|_| InvalidTimestamp)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1000)).map_err(|_| fmt::Error)?;
        let (year, month, day) = utc.to_calendar_date();
        let (hour, minute, second) = utc.to_hms();
        let milli = self.0.rem_euclid(1000);
        write!(f, "{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z", u8::from(month))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Option<String> {
        Timestamp::parse(text).ok().map(|t| t.to_string())
    }

    #[test]
    fn any_offset_becomes_utc_with_milliseconds() {
        assert_eq!(written("2025-12-25T10:00:00Z").as_deref(), Some("2025-12-25T10:00:00.000Z"));
        assert_eq!(written("2025-12-25T10:00:00.1239+05:30").as_deref(), Some("2025-12-25T04:30:00.123Z"));
        assert_eq!(written("1969-12-31T23:59:59.999Z").as_deref(), Some("1969-12-31T23:59:59.999Z"));
        assert_eq!(written("0001-01-01T00:00:00Z").as_deref(), Some("0001-01-01T00:00:00.000Z"));
    }

    #[test]
    fn days_that_do_not_exist_and_other_forms_are_refused() {
        for text in [
            "2025-02-30T10:00:00Z",
            "2025-W10",
            "2025-12-25",
            "2025-12-25T10:00:00",
            "",
            "now",
            "1735120800000",
            "9999-12-31T23:59:59-10:00",
            "0001-01-01T00:00:00+01:00",
            "0000-06-01T00:00:00Z",
            "2025-12-25T24:00:00Z",
        ] {
            assert_eq!(Timestamp::parse(text), Err(InvalidTimestamp), "{text:?}");
        }
    }
}
