//! Pages by position: the part of a filter that says "behind this item", for both listings.

use bson::{Document, doc};
use conversation_core::{
    Timestamp,
    page::{Order, Position},
};

use super::documents::date;

/// An order by a moment and then an identifier.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keyset {
    /// The field with the moment.
    pub(super) moment: &'static str,
    /// The field with the identifier.
    pub(super) id: &'static str,
    /// The direction of the moments.
    pub(super) moments: Order,
    /// The direction of the identifiers among equal moments.
    pub(super) ids: Order,
}

impl Keyset {
    /// The order as a sort.
    pub(super) fn sort(self) -> Document {
        let direction = |order| if order == Order::Ascending { 1 } else { -1 };
        doc! { self.moment: direction(self.moments), self.id: direction(self.ids) }
    }

    /// Narrows `filter` to moments from `from` (included) to `to` (excluded) and to what comes after `position`.
    ///
    /// The moment is bounded outside of the `$or` as well: whichever way the server plans the `$or`, by two scans or by one
    /// and a filter, none then begins ahead of the position's moment.
    pub(super) fn after(
        self,
        filter: &mut Document,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        position: Option<&Position>,
    ) {
        let mut bounds: Vec<Document> = Vec::new();
        let bound = |operator: &str, moment| doc! { self.moment: { operator: date(moment) } };
        bounds.extend(from.map(|from| bound("$gte", from)));
        bounds.extend(to.map(|to| bound("$lt", to)));
        if let Some(Position { moment, id }) = position {
            let beyond = |order| if order == Order::Ascending { "$gt" } else { "$lt" };
            let inclusive = if self.moments == Order::Ascending { "$gte" } else { "$lte" };
            bounds.push(bound(inclusive, *moment));
            bounds.push(doc! { "$or": [
                bound(beyond(self.moments), *moment),
                { self.moment: date(*moment), self.id: { beyond(self.ids): id } },
            ] });
        }
        if !bounds.is_empty() {
            filter.insert("$and", bounds);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_after_a_position_is_bounded_by_its_moment() {
        let keyset = Keyset { moment: "startedAt", id: "sessionId", moments: Order::Descending, ids: Order::Ascending };
        let at = Timestamp::from_millis(5);
        let mut filter = doc! {};
        keyset.after(&mut filter, None, Some(at), Some(&Position { moment: at, id: "x".into() }));
        assert_eq!(
            filter,
            doc! { "$and": [
                { "startedAt": { "$lt": date(at) } },
                { "startedAt": { "$lte": date(at) } },
                { "$or": [
                    { "startedAt": { "$lt": date(at) } },
                    { "startedAt": date(at), "sessionId": { "$gt": "x" } },
                ] },
            ] }
        );
        assert_eq!(keyset.sort(), doc! { "startedAt": -1, "sessionId": 1 });
    }

    #[test]
    fn nothing_asked_for_adds_nothing() {
        let keyset = Keyset { moment: "m", id: "i", moments: Order::Ascending, ids: Order::Ascending };
        let mut filter = doc! { "a": 1 };
        keyset.after(&mut filter, None, None, None);
        assert_eq!(filter, doc! { "a": 1 });
    }
}
