//! Listing sessions. The tests share a tenant, so each tells its own sessions apart by a language that no other uses.

use serde_json::{Value, json};

use super::{
    answer::{Answer, keys},
    client::{Client, event, unique},
};
use crate::fixture;

/// Creates so many sessions in `language`, two to each minute; returns their identifiers, newest first.
async fn opened(client: &Client, language: &str, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..count {
        let session_id = format!("{language}-{n:02}");
        let started = format!("2025-06-01T10:{:02}:00Z", n / 2);
        let body = json!({ "sessionId": session_id, "language": language, "startedAt": started });
        client.post("/v1/sessions", &body).await.data(201);
        ids.push((std::cmp::Reverse(n / 2), session_id));
    }
    // Newest first; of those that began together, by identifier.
    ids.sort();
    ids.into_iter().map(|(_, session_id)| session_id).collect()
}

#[track_caller]
fn ids(answer: &Answer) -> Vec<String> {
    let sessions = answer.data(200)["sessions"].as_array().expect("sessions");
    sessions.iter().map(|session| session["sessionId"].as_str().expect("an id").to_owned()).collect()
}

/// All identifiers of a walk by cursor.
async fn walked(client: &Client, listing: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("{listing}&cursor={cursor}")).await;
        all.extend(ids(&page));
        match page.data(200)["pagination"]["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return all,
        }
    }
}

/// A language tag of this test's own.
fn own_language() -> String {
    unique("x-list")
}

#[tokio::test]
async fn sessions_come_newest_first_in_pages_by_cursor() {
    let client = Client::shared().await;
    let language = own_language();
    let expected = opened(&client, &language, 9).await;
    let first = client.get(&format!("/v1/sessions?language={language}&limit=4")).await;
    assert_eq!(ids(&first), expected[..4]);
    assert_eq!(keys(first.data(200)), ["pagination", "sessions"]);
    let pagination = &first.data(200)["pagination"];
    assert_eq!(keys(pagination), ["hasMore", "limit", "nextCursor"]);
    assert_eq!((&pagination["hasMore"], &pagination["limit"]), (&json!(true), &json!(4)));
    for limit in [1, 2, 5, 500] {
        let listing = format!("/v1/sessions?language={language}&limit={limit}");
        assert_eq!(walked(&client, &listing).await, expected, "limit {limit}");
        let mut reversed = expected.clone();
        reversed.reverse();
        assert_eq!(walked(&client, &format!("{listing}&order=asc")).await, reversed, "limit {limit}");
    }
    let whole = client.get(&format!("/v1/sessions?language={language}")).await;
    let end = json!({ "limit": 50, "hasMore": false, "nextCursor": null });
    assert_eq!(whole.data(200)["pagination"], end);
}

#[tokio::test]
async fn a_listed_session_is_the_session_without_its_events() {
    let client = Client::shared().await;
    let language = own_language();
    let session_id = opened(&client, &language, 1).await.remove(0);
    let session = format!("/v1/sessions/{session_id}");
    client.append_all(&session, &[event("e")]).await;
    let listed = client.get(&format!("/v1/sessions?language={language}")).await;
    let mut stored = client.stored(&session).await;
    let members = stored.as_object_mut().expect("an object");
    members.remove("events");
    members.remove("pagination");
    assert_eq!(listed.data(200)["sessions"], json!([stored]));
}

#[tokio::test]
async fn filters_choose_by_status_language_and_start() {
    let client = Client::shared().await;
    let language = own_language();
    let all = opened(&client, &language, 6).await;
    let ended = format!("{language}-00");
    client.post_nothing(&format!("/v1/sessions/{ended}/complete")).await.data(200);
    client.append_all(&format!("/v1/sessions/{language}-01"), &[event("e")]).await;
    let cases = [
        ("status=completed", vec![ended.clone()]),
        ("status=active", vec![format!("{language}-01")]),
        ("status=failed", vec![]),
        ("status=initiated", all[..4].to_vec()),
        ("from=2025-06-01T10:01:00Z", all[..4].to_vec()),
        ("from=2025-06-01T10:01:00Z&to=2025-06-01T10:02:00Z", all[2..4].to_vec()),
        ("to=2025-06-01T10:00:00Z", vec![]),
    ];
    for (query, expected) in cases {
        assert_eq!(ids(&client.get(&format!("/v1/sessions?language={language}&{query}")).await), expected, "{query}");
    }
    assert!(ids(&client.get("/v1/sessions?language=x-nobody").await).is_empty());
}

#[tokio::test]
async fn without_filters_all_sessions_are_listed() {
    let service = fixture::dedicated(&[]).await;
    let client = Client::of(&service);
    assert_eq!(client.get("/v1/sessions").await.data(200)["sessions"], json!([]));
    let expected = [opened(&client, "de", 3).await, opened(&client, "fr", 3).await].concat();
    let mut listed = walked(&client, "/v1/sessions?limit=4").await;
    let starts: Vec<Value> = client.get("/v1/sessions").await.data(200)["sessions"]
        .as_array()
        .expect("sessions")
        .iter()
        .map(|session| session["startedAt"].clone())
        .collect();
    assert!(starts.is_sorted_by(|a, b| a.as_str() >= b.as_str()), "{starts:?}");
    let mut expected = expected;
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn a_cursor_fits_only_its_own_listing() {
    let client = Client::shared().await;
    let language = own_language();
    opened(&client, &language, 3).await;
    let page = client.get(&format!("/v1/sessions?language={language}&limit=1")).await;
    let cursor = page.data(200)["pagination"]["nextCursor"].as_str().expect("a cursor").to_owned();
    let foreign = [
        format!("/v1/sessions?cursor={cursor}"),
        format!("/v1/sessions?language={language}&order=asc&cursor={cursor}"),
        format!("/v1/sessions?language={language}&status=initiated&cursor={cursor}"),
        format!("/v1/sessions?language={language}&cursor={}", &cursor[..cursor.len() - 2]),
        format!("/v1/sessions/{language}-00?cursor={cursor}"),
    ];
    for path in foreign {
        client.get(&path).await.refused("INVALID_CURSOR", &["cursor"]);
    }
}

#[tokio::test]
async fn there_are_no_other_ways_to_page_a_listing() {
    let client = Client::shared().await;
    for (query, field) in [("offset=0", "offset"), ("page=1", "page"), ("include=total", "include")] {
        client.get(&format!("/v1/sessions?{query}")).await.refused("INVALID_INPUT", &[field]);
    }
}
