//! Cursors: a place in a listing as an opaque text that fits that listing only.
//!
//! A cursor holds no secret and grants nothing: tenant and session come from the request, never from it. Its tag is a
//! checksum over the listing and the place, so that a cursor that was cut, edited or taken to another listing is refused
//! instead of silently answering with other pages.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::{
    SessionKey, TenantId, Timestamp,
    page::{EventFilter, Order, Position, SessionQuery},
};

/// The first byte of every cursor, so that the format can change without old cursors being misread.
const VERSION: u8 = 1;
const TAG_BYTES: usize = 8;
const MOMENT_BYTES: usize = 8;

/// The text is not a cursor of this listing.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error(
    "is not a cursor of this listing: take nextCursor from a page of the same session, order and filters, unchanged"
)]
pub struct InvalidCursor;

/// The listing that a cursor belongs to.
#[derive(Clone, Debug)]
pub struct Listing(String);

impl Listing {
    /// The events of one session, in one order, under one filter.
    #[must_use]
    pub fn events(key: &SessionKey, order: Order, filter: &EventFilter) -> Self {
        let EventFilter { kinds, from, to } = filter;
        let mut kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        Self(format!("events\n{}\n{}\n{}\n{from:?}\n{to:?}", key.document_id(), order.as_str(), kinds.join(",")))
    }

    /// The sessions of one tenant, in one order, under the filters of `query`.
    #[must_use]
    pub fn sessions(tenant: &TenantId, query: &SessionQuery) -> Self {
        let SessionQuery { status, language, from, to, order, after: _, limit: _ } = query;
        Self(format!("sessions\n{tenant}\n{}\n{status:?}\n{language:?}\n{from:?}\n{to:?}", order.as_str()))
    }

    /// The cursor for `position` in this listing.
    #[must_use]
    pub fn cursor(&self, position: &Position) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&position.moment.as_millis().to_be_bytes());
        bytes.extend_from_slice(position.id.as_bytes());
        bytes.extend_from_slice(&self.tag(&bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position that `cursor` stands for in this listing.
    ///
    /// # Errors
    /// When it is not a cursor, was changed, or belongs to another listing.
    pub fn position(&self, cursor: &str) -> Result<Position, InvalidCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| InvalidCursor)?;
        let (body, tag) = bytes.split_last_chunk::<TAG_BYTES>().ok_or(InvalidCursor)?;
        if *tag != self.tag(body) {
            return Err(InvalidCursor);
        }
        let (version, place) = body.split_first().ok_or(InvalidCursor)?;
        let (moment, id) = place.split_first_chunk::<MOMENT_BYTES>().ok_or(InvalidCursor)?;
        if *version != VERSION {
            return Err(InvalidCursor);
        }
        let id = String::from_utf8(id.to_vec()).map_err(|_| InvalidCursor)?;
        Ok(Position { moment: Timestamp::from_millis(i64::from_be_bytes(*moment)), id })
    }

    fn tag(&self, body: &[u8]) -> [u8; TAG_BYTES] {
        let hash: [u8; 32] = Sha256::new().chain_update(&self.0).chain_update([0]).chain_update(body).finalize().into();
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&hash[..TAG_BYTES]);
        tag
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SessionId;

    fn listing(session: &str, order: Order) -> Listing {
        let key = SessionKey {
            tenant: TenantId::parse("default").expect("valid"),
            session_id: SessionId::parse(session).expect("valid"),
        };
        Listing::events(&key, order, &EventFilter::default())
    }

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_its_position(millis in any::<i64>(), id in "[A-Za-z0-9._:~@+=-]{1,128}") {
            let position = Position { moment: Timestamp::from_millis(millis), id };
            let listing = listing("s", Order::Ascending);
            prop_assert_eq!(listing.position(&listing.cursor(&position)), Ok(position));
        }

        #[test]
        fn a_changed_cursor_is_refused(millis in any::<i64>(), id in "[a-z]{1,20}", at in any::<prop::sample::Index>(), with in "[A-Za-z0-9_-]") {
            let listing = listing("s", Order::Ascending);
            let cursor = listing.cursor(&Position { moment: Timestamp::from_millis(millis), id });
            let at = at.index(cursor.len());
            prop_assume!(cursor[at..=at] != with);
            let changed = format!("{}{}{}", &cursor[..at], with, &cursor[at + 1..]);
            prop_assert_eq!(listing.position(&changed), Err(InvalidCursor));
            prop_assert_eq!(listing.position(&cursor[..at]), Err(InvalidCursor));
        }

        #[test]
        fn any_text_is_answered(text in any::<String>()) {
            prop_assert_eq!(listing("s", Order::Ascending).position(&text), Err(InvalidCursor));
        }
    }

    #[test]
    fn a_cursor_fits_its_own_listing_only() {
        let cursor =
            listing("s", Order::Ascending).cursor(&Position { moment: Timestamp::from_millis(1), id: "e".into() });
        assert_eq!(listing("t", Order::Ascending).position(&cursor), Err(InvalidCursor));
        assert_eq!(listing("s", Order::Descending).position(&cursor), Err(InvalidCursor));
    }
}
