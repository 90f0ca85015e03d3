//! Reading a session and its events: three ways to page, filters, and cursors that fit one listing only.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{
    answer::{Answer, keys},
    client::{Client, event, unique},
};

/// Opens a session with so many events, three to each second, of all three types in turn; `e000` is the oldest.
async fn spoken(client: &Client, count: usize) -> String {
    let session = client.opened("read").await;
    let types = ["user_speech", "bot_speech", "system"];
    let event = |n: usize| {
        let timestamp = format!("2025-12-25T10:{:02}:{:02}Z", n / 180, n / 3 % 60);
        json!({ "eventId": format!("e{n:03}"), "type": types[n % 3], "timestamp": timestamp })
    };
    // The newest first, so that the order of arrival is not the order of the listing.
    client.append_all(&session, &(0..count).rev().map(event).collect::<Vec<Value>>()).await;
    session
}

#[track_caller]
fn ids(answer: &Answer) -> Vec<&str> {
    let events = answer.data(200)["events"].as_array().expect("events");
    events.iter().map(|event| event["eventId"].as_str().expect("an id")).collect()
}

fn numbered(range: impl Iterator<Item = usize>) -> Vec<String> {
    range.map(|n| format!("e{n:03}")).collect()
}

/// All ids of a walk by cursor, page by page.
async fn walked(client: &Client, listing: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("{listing}&cursor={cursor}")).await;
        all.extend(ids(&page).into_iter().map(str::to_owned));
        let pagination = &page.data(200)["pagination"];
        let Some(next) = pagination["nextCursor"].as_str() else {
            assert_eq!(pagination["hasMore"], false);
            return all;
        };
        assert_eq!(pagination["hasMore"], true);
        cursor = next.to_owned();
    }
}

#[tokio::test]
async fn a_session_and_its_events_are_one_flat_object() {
    let client = Client::shared().await;
    let session = spoken(&client, 4).await;
    let read = client.get(&session).await;
    let times = ["createdAt", "endReason", "endedAt", "events", "language", "metadata", "pagination", "sessionId"];
    assert_eq!(keys(read.data(200)), [&["_id"], &times[..], &["startedAt", "status", "updatedAt"]].concat());
    assert_eq!(ids(&read), numbered(0..4));
    let expected = json!({
        "total": 4, "limit": 50, "offset": 0, "page": 1, "totalPages": 1, "hasMore": false, "nextCursor": null,
    });
    assert_eq!(read.data(200)["pagination"], expected);
    let events = client.get(&format!("{session}/events")).await;
    assert_eq!(keys(events.data(200)), ["events", "pagination"]);
    assert_eq!(events.data(200)["events"], read.data(200)["events"]);
    assert_eq!(events.data(200)["pagination"], expected);
}

#[tokio::test]
async fn offset_and_page_say_where_the_page_lies() {
    let client = Client::shared().await;
    let session = spoken(&client, 25).await;
    let cases = [
        ("offset=0&limit=10", 0..10, json!([10, 0, 1])),
        ("offset=20&limit=10", 20..25, json!([10, 20, 3])),
        ("page=2&limit=10", 10..20, json!([10, 10, 2])),
        ("page=3&limit=10", 20..25, json!([10, 20, 3])),
        ("page=4&limit=10", 25..25, json!([10, 30, 4])),
        ("limit=500", 0..25, json!([500, 0, 1])),
    ];
    for (query, range, place) in cases {
        let read = client.get(&format!("{session}?{query}")).await;
        let has_more = range.end < 25;
        assert_eq!(ids(&read), numbered(range), "{query}");
        let page = &read.data(200)["pagination"];
        assert_eq!(json!([page["limit"], page["offset"], page["page"]]), place, "{query}");
        let limit = place[0].as_u64().expect("a limit");
        assert_eq!((&page["total"], &page["totalPages"]), (&json!(25), &json!(25_u64.div_ceil(limit))), "{query}");
        assert_eq!((page["hasMore"] == true, page["nextCursor"].is_string()), (has_more, has_more), "{query}");
    }
    assert!(ids(&client.get(&format!("{session}?offset=10000")).await).is_empty());
}

#[tokio::test]
async fn an_empty_session_has_no_pages() {
    let client = Client::shared().await;
    let session = client.opened("read").await;
    let page = &client.stored(&session).await["pagination"];
    assert_eq!((&page["total"], &page["totalPages"], &page["hasMore"]), (&json!(0), &json!(0), &json!(false)));
}

#[tokio::test]
async fn a_walk_over_equal_times_neither_repeats_nor_drops_an_event() {
    let client = Client::shared().await;
    let session = spoken(&client, 300).await;
    for limit in [1, 7, 100, 300] {
        let walk = walked(&client, &format!("{session}/events?limit={limit}")).await;
        assert_eq!(walk, numbered(0..300), "limit {limit}");
    }
    let back = walked(&client, &format!("{session}?limit=7&order=desc")).await;
    assert_eq!(back, numbered((0..300).rev()));
    assert_eq!(back.iter().collect::<HashSet<_>>().len(), 300);
}

#[tokio::test]
async fn events_of_one_moment_are_ordered_by_the_bytes_of_their_ids() {
    let client = Client::shared().await;
    let session = client.opened("read").await;
    let mut expected: Vec<&str> = "~|z|a|_|Z|A|@|=|:|9|10|1|.|-|+|a.b|a-b|aB|ab|abc".split('|').collect();
    let timestamp = "2025-12-25T10:00:00Z";
    let event = |id: &&str| json!({ "eventId": id, "type": "system", "timestamp": timestamp });
    client.append_all(&session, &expected.iter().map(event).collect::<Vec<Value>>()).await;
    expected.sort_unstable();
    assert_eq!(ids(&client.get(&session).await), expected);
    assert_eq!(walked(&client, &format!("{session}?limit=1")).await, expected);
    expected.reverse();
    assert_eq!(walked(&client, &format!("{session}?limit=3&order=desc")).await, expected);
}

#[tokio::test]
async fn a_walk_counts_only_when_asked_to() {
    let client = Client::shared().await;
    let session = spoken(&client, 5).await;
    let first = client.get(&format!("{session}?cursor=&limit=2")).await;
    assert_eq!(keys(&first.data(200)["pagination"]), ["hasMore", "limit", "nextCursor"]);
    let cursor = first.data(200)["pagination"]["nextCursor"].as_str().expect("a cursor");
    let second = client.get(&format!("{session}?cursor={cursor}&limit=2&include=total")).await;
    assert_eq!(ids(&second), numbered(2..4));
    let page = &second.data(200)["pagination"];
    assert_eq!(json!([page["total"], page["totalPages"], page["offset"], page["page"]]), json!([5, 3, 2, 2]));
}

#[tokio::test]
async fn the_cursor_of_any_page_continues_behind_it_with_any_limit() {
    let client = Client::shared().await;
    let session = spoken(&client, 9).await;
    let page = client.get(&format!("{session}?page=2&limit=3")).await;
    let cursor = page.data(200)["pagination"]["nextCursor"].as_str().expect("a cursor").to_owned();
    for query in ["", "?limit=50", "/events", "/events?order=asc"] {
        let joint = if query.contains('?') { '&' } else { '?' };
        let rest = client.get(&format!("{session}{query}{joint}cursor={cursor}")).await;
        assert_eq!(ids(&rest), numbered(6..9), "{query}");
    }
}

#[tokio::test]
async fn filters_choose_by_type_and_time_and_count_what_they_choose() {
    let client = Client::shared().await;
    let session = spoken(&client, 12).await;
    let cases = [
        ("type=system", vec![2, 5, 8, 11]),
        ("type=system&type=system&order=asc", vec![2, 5, 8, 11]),
        ("type=system&type=bot_speech", vec![1, 2, 4, 5, 7, 8, 10, 11]),
        ("from=2025-12-25T10:00:01Z&to=2025-12-25T10:00:03Z", vec![3, 4, 5, 6, 7, 8]),
        ("from=2025-12-25T11:00:02%2B01:00&type=user_speech", vec![6, 9]),
        ("to=2025-12-25T10:00:00Z", vec![]),
        ("order=desc&type=user_speech", vec![9, 6, 3, 0]),
    ];
    for (query, expected) in cases {
        let expected = numbered(expected.into_iter());
        let read = client.get(&format!("{session}?{query}")).await;
        assert_eq!(ids(&read), expected, "{query}");
        assert_eq!(read.data(200)["pagination"]["total"], expected.len(), "{query}");
        assert_eq!(walked(&client, &format!("{session}/events?{query}&limit=2")).await, expected, "{query}");
    }
}

#[tokio::test]
async fn one_event_is_read_by_its_id() {
    let client = Client::shared().await;
    let session = spoken(&client, 2).await;
    let one = client.get(&format!("{session}/events/e001")).await;
    assert_eq!(one.data(200), &client.stored(&session).await["events"][1]);
    client.get(&format!("{session}/events/none")).await.refused("EVENT_NOT_FOUND", &[]);
    let missing = format!("/v1/sessions/{}", unique("none"));
    for path in ["", "/events", "/events/e", "?cursor=", "/events?page=1"] {
        client.get(&format!("{missing}{path}")).await.refused("SESSION_NOT_FOUND", &[]);
    }
}

#[tokio::test]
async fn an_event_that_is_called_batch_is_read_like_any_other() {
    let client = Client::shared().await;
    let session = client.opened("read").await;
    client.get(&format!("{session}/events/batch")).await.refused("EVENT_NOT_FOUND", &[]);
    client.append_all(&session, &[event("batch")]).await;
    assert_eq!(client.get(&format!("{session}/events/batch")).await.data(200)["eventId"], "batch");
}

#[tokio::test]
async fn a_cursor_fits_only_the_listing_that_it_came_from() {
    let client = Client::shared().await;
    let (session, other) = (spoken(&client, 6).await, spoken(&client, 6).await);
    let page = client.get(&format!("{session}?cursor=&limit=2&type=system&type=user_speech")).await;
    let cursor = page.data(200)["pagination"]["nextCursor"].as_str().expect("a cursor");
    let filtered = "type=user_speech&type=system";
    client.get(&format!("{session}?cursor={cursor}&{filtered}")).await.data(200);
    let mut edited = cursor.to_owned().into_bytes();
    edited[12] = if edited[12] == b'A' { b'B' } else { b'A' };
    let edited = String::from_utf8(edited).expect("ASCII");
    let foreign = [
        format!("{other}?cursor={cursor}&{filtered}"),
        format!("{session}?cursor={cursor}&{filtered}&order=desc"),
        format!("{session}?cursor={cursor}&{filtered}&to=2025-12-26T00:00:00Z"),
        format!("{session}?cursor={cursor}&type=system"),
        format!("{session}?cursor={cursor}"),
        format!("{session}?cursor={edited}&{filtered}"),
        format!("{session}?cursor={}&{filtered}", &cursor[1..]),
        format!("{session}?cursor={}&{filtered}", &cursor[..cursor.len() - 4]),
        format!("{session}?cursor={cursor}{cursor}&{filtered}"),
        format!("{session}?cursor=hello&{filtered}"),
        format!("{session}?cursor=%00%FF&{filtered}"),
        format!("/v1/sessions?cursor={cursor}"),
    ];
    for path in foreign {
        client.get(&path).await.refused("INVALID_CURSOR", &["cursor"]);
    }
}

#[tokio::test]
async fn an_event_of_another_session_is_not_seen() {
    let client = Client::shared().await;
    let (session, other) = (client.opened("read").await, client.opened("read").await);
    client.append_all(&other, &[event("theirs")]).await;
    assert_eq!(client.stored(&session).await["events"], json!([]));
    client.get(&format!("{session}/events/theirs")).await.refused("EVENT_NOT_FOUND", &[]);
}
