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

/// The form of a moment as text, with the places that digits are put into.
const FORM: [u8; 24] = *b"0000-00-00T00:00:00.000Z";

impl Timestamp {
    /// The moment as text in ASCII, for where the machinery of formatting would cost more than the digits.
    #[must_use]
    pub fn text(self) -> [u8; 24] {
        let mut text = FORM;
        let Ok(utc) = OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1000)) else { return text };
        let (year, month, day) = utc.to_calendar_date();
        let (hour, minute, second) = utc.to_hms();
        let two = |number: u8| [b'0' + number / 10 % 10, b'0' + number % 10];
        let hundreds = |number: i64| two(u8::try_from(number.rem_euclid(100)).unwrap_or_default());
        let milli = self.0.rem_euclid(1000);
        text[0..2].copy_from_slice(&hundreds(i64::from(year / 100)));
        text[2..4].copy_from_slice(&hundreds(i64::from(year)));
        text[5..7].copy_from_slice(&two(u8::from(month)));
        text[8..10].copy_from_slice(&two(day));
        text[11..13].copy_from_slice(&two(hour));
        text[14..16].copy_from_slice(&two(minute));
        text[17..19].copy_from_slice(&two(second));
        text[20] = hundreds(milli / 100)[1];
        text[21..23].copy_from_slice(&hundreds(milli));
        text
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
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

    proptest::proptest! {
        #[test]
        fn a_moment_comes_back_from_its_text(millis in -62_135_596_800_000_i64..=253_402_300_799_999) {
            let moment = Timestamp::from_millis(millis);
            proptest::prop_assert_eq!(Timestamp::parse(&moment.to_string()), Ok(moment));
        }
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
