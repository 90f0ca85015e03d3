//! Reading a session's events in pages.

use conversation_core::{
    EventType, NewEvent, Timestamp,
    page::{Counts, EventFilter, EventQuery, Order, Position, Start},
};

use super::support::*;

/// Events whose moments come in threes, so that only the identifier decides between them.
fn crowded(count: i64) -> Vec<NewEvent> {
    (0..count).map(|n| event(&format!("e{:03}", (n * 37) % count), "{}", Some(at((n * 37) % count / 3)))).collect()
}

fn in_order(count: i64) -> Vec<String> {
    (0..count).map(|n| format!("e{n:03}")).collect()
}

#[tokio::test]
async fn events_come_by_moment_and_then_by_identifier_whatever_their_arrival() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    fixture.append_all("s", crowded(100)).await;
    assert_eq!(fixture.event_ids("s").await, in_order(100));
    let descending = fixture.page("s", EventQuery { order: Order::Descending, ..everything() }).await;
    assert_eq!(ids(&descending), in_order(100).into_iter().rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn offset_pages_cut_the_same_order() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    fixture.append_all("s", crowded(50)).await;
    let page = fixture.page("s", EventQuery { start: Start::Offset(20), limit: 20, ..everything() }).await;
    assert_eq!((ids(&page), page.has_more), (in_order(50)[20..40].to_vec(), true));
    assert_eq!(page.counts, Some(Counts { total: 50, ahead: 20 }));
    let last = fixture.page("s", EventQuery { start: Start::Offset(40), limit: 10, ..everything() }).await;
    assert_eq!((last.events.len(), last.has_more), (10, false));
    let beyond = fixture.page("s", EventQuery { start: Start::Offset(60), limit: 10, ..everything() }).await;
    assert_eq!((beyond.events.len(), beyond.has_more), (0, false));
}

#[tokio::test]
async fn a_walk_neither_repeats_nor_drops_an_event_in_either_direction() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    fixture.append_all("s", crowded(100)).await;
    for order in [Order::Ascending, Order::Descending] {
        let mut expected = in_order(100);
        if order == Order::Descending {
            expected.reverse();
        }
        assert_eq!(walk(&fixture, EventQuery { order, limit: 7, ..everything() }).await, expected);
    }
}

async fn walk(fixture: &crate::fixture::Fixture, query: EventQuery) -> Vec<String> {
    let mut seen = Vec::new();
    let mut after: Option<Position> = None;
    loop {
        let page = fixture.page("s", EventQuery { start: Start::After(after.clone()), ..query.clone() }).await;
        assert_eq!(page.counts, query.counted.then_some(Counts { total: 100, ahead: seen.len() as u64 }));
        seen.extend(ids(&page));
        let Some(last) = page.events.last().filter(|_| page.has_more) else { return seen };
        after = Some(Position { moment: last.timestamp, id: last.event_id.to_string() });
    }
}

#[tokio::test]
async fn filters_choose_by_type_and_by_moment() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    let typed = |id: &str, kind: EventType, moment: Timestamp| NewEvent { kind, ..event(id, "{}", Some(moment)) };
    fixture
        .append_all(
            "s",
            vec![
                typed("a", EventType::UserSpeech, at(0)),
                typed("b", EventType::BotSpeech, at(1)),
                typed("c", EventType::System, at(2)),
                typed("d", EventType::UserSpeech, at(3)),
            ],
        )
        .await;
    let chosen = async |filter: EventFilter| {
        let page = fixture.page("s", EventQuery { filter, ..everything() }).await;
        assert_eq!(page.counts.expect("counted").total, page.events.len() as u64);
        ids(&page).concat()
    };
    let speech = vec![EventType::UserSpeech, EventType::BotSpeech];
    assert_eq!(chosen(EventFilter { kinds: speech.clone(), ..EventFilter::default() }).await, "abd");
    assert_eq!(chosen(EventFilter { from: Some(at(1)), ..EventFilter::default() }).await, "bcd");
    assert_eq!(chosen(EventFilter { to: Some(at(2)), ..EventFilter::default() }).await, "ab");
    assert_eq!(chosen(EventFilter { kinds: speech, from: Some(at(1)), to: Some(at(3)) }).await, "b");
}

#[tokio::test]
async fn a_walk_under_a_filter_keeps_to_the_filter() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    fixture.append_all("s", crowded(100)).await;
    let filter = EventFilter { from: Some(at(10)), to: Some(at(20)), ..EventFilter::default() };
    let after = Some(Position { moment: at(12), id: "e037".into() });
    let page = fixture.page("s", EventQuery { filter, start: Start::After(after), ..everything() }).await;
    assert_eq!(ids(&page), in_order(100)[38..60]);
    assert_eq!(page.counts, Some(Counts { total: 30, ahead: 8 }));
}

#[tokio::test]
async fn counts_come_only_where_they_are_asked_for() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    fixture.append_all("s", vec![new_event("e")]).await;
    assert_eq!(fixture.page("s", EventQuery { counted: false, ..everything() }).await.counts, None);
}

#[tokio::test]
async fn events_that_arrive_during_a_walk_do_not_disturb_it() {
    let fixture = fixture().await;
    fixture.opened("s").await;
    fixture.append_all("s", crowded(100)).await;
    let writer = async {
        for n in 0..60 {
            let moment = at(if n % 2 == 0 { -1 } else { 1_000 });
            fixture.append_all("s", vec![event(&format!("new{n:02}"), "{}", Some(moment))]).await;
        }
    };
    let walker = walk(&fixture, EventQuery { limit: 7, counted: false, ..everything() });
    let ((), seen) = tokio::join!(writer, walker);
    let mut once = seen.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), seen.len(), "nothing is repeated");
    let old: Vec<String> = seen.into_iter().filter(|id| id.starts_with('e')).collect();
    assert_eq!(old, in_order(100), "nothing that was there is dropped");
}
