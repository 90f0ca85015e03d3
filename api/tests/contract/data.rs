//! What clients store comes back as they sent it, whatever it would mean to a database or a language.

use serde_json::{Value, json};

use super::client::{Client, unique};

/// Objects whose keys or values are easily lost.
fn awkward() -> Vec<Value> {
    vec![
        json!({}),
        json!({ "a": {}, "b": [], "c": null, "d": "" }),
        json!({ "$set": { "a": 1 }, "$where": "1", "$ref": "x", "$": 0, "a": { "$ne": 1 }, "l": [{ "$inc": 1 }] }),
        json!({ "x.y": 1, ".": 2, "a.$.b": { "c.d": 3 }, "x": { "y": 4 } }),
        json!({ "__proto__": { "a": 1 }, "constructor": { "prototype": 1 }, "toString": "t", "hasOwnProperty": 1 }),
        json!({ "_id": 7, "sessionId": "other", "tenant": "other", "": 1, " ": 2 }),
        json!({ "$numberLong": "5" }),
        json!({ "$oid": "507f1f77bcf86cd799439011", "d": { "$date": "2025-12-25T10:00:00Z" } }),
        json!({ "text": "héllo “you” 日本語 🎙️ \u{0} \u{7f} \u{2028} \\ \" / \n\t", "日本": { "🎙️": "é" } }),
        json!({ "n": [0, -1, 1.5, 1e-7, 9_007_199_254_740_993_i64, i64::MAX, i64::MIN, 1e300, -0.5] }),
        json!({ "b": true, "a": { "z": 1, "a": 2 }, "list": [[], [[1], null], "x"] }),
    ]
}

#[tokio::test]
async fn a_payload_comes_back_as_it_was_sent() {
    let client = Client::shared().await;
    let session = client.opened("data").await;
    for (at, payload) in awkward().into_iter().enumerate() {
        let event_id = format!("e{at:02}");
        let body = json!({ "eventId": event_id, "type": "system", "payload": payload });
        let appended = client.post(&format!("{session}/events"), &body).await;
        assert_eq!(appended.data(201)["payload"], payload);
        let read = client.get(&format!("{session}/events/{event_id}")).await;
        assert_eq!(read.data(200)["payload"], payload);
        assert!(client.post(&format!("{session}/events"), &body).await.warned("EVENT_ID_MISMATCH").is_empty());
    }
    let stored = client.stored(&session).await;
    let payloads: Vec<Value> =
        stored["events"].as_array().expect("events").iter().map(|event| event["payload"].clone()).collect();
    assert_eq!(payloads.len(), awkward().len());
    assert!(awkward().iter().all(|payload| payloads.contains(payload)));
}

#[tokio::test]
async fn metadata_comes_back_as_it_was_sent() {
    let client = Client::shared().await;
    for metadata in awkward() {
        let session_id = unique("data");
        let body = json!({ "sessionId": session_id, "language": "en", "metadata": metadata });
        assert_eq!(client.post("/v1/sessions", &body).await.data(201)["metadata"], metadata);
        let session = format!("/v1/sessions/{session_id}");
        assert_eq!(client.stored(&session).await["metadata"], metadata);
        assert!(client.post("/v1/sessions", &body).await.warned("SESSION_ID_MISMATCH").is_empty());
        let patched = client.patch(&session, &json!({ "metadata": { "new.$key": 1 } })).await;
        let mut expected = metadata;
        expected["new.$key"] = json!(1);
        assert_eq!(patched.data(200)["metadata"], expected);
    }
}

#[tokio::test]
async fn keys_keep_their_order_and_numbers_their_digits() {
    let client = Client::shared().await;
    let session = client.opened("data").await;
    let payload = r#"{"z":1,"a":{"y":9007199254740993,"b":0.1},"10":2,"9":1.0}"#;
    let body = format!(r#"{{"eventId":"e","type":"system","payload":{payload}}}"#);
    client.post_text(&format!("{session}/events"), body).await.data(201);
    let read = client.get(&format!("{session}/events/e")).await;
    assert!(read.text.contains(&format!(r#""payload":{payload}"#)), "{}", read.text);
}

#[tokio::test]
async fn equal_content_is_no_mismatch_however_it_is_written() {
    let client = Client::shared().await;
    let session = client.opened("data").await;
    let path = format!("{session}/events");
    let spellings = [
        r#"{"eventId":"e","type":"system","payload":{"a":1,"b":[1.5,"é"],"c":{"d":null}},"timestamp":"2025-12-25T10:00:00Z"}"#,
        r#"{"timestamp":"2025-12-25T11:00:00.0000+01:00","payload":{"c":{"d":null},"b":[15e-1,"\u00e9"],"a":1.0},"eventId":"e","type":"system"}"#,
        "{ \"eventId\" : \"e\",\n\t\"type\":\"system\", \"payload\": { \"b\": [ 1.50, \"é\" ], \"a\": 1e0, \"c\": { \"d\": null } } }",
    ];
    for (at, spelling) in spellings.into_iter().enumerate() {
        let answer = client.post_text(&path, spelling).await;
        answer.data(if at == 0 { 201 } else { 200 });
        assert!(answer.warned("EVENT_ID_MISMATCH").is_empty(), "{spelling}: {}", answer.text);
    }
    for payload in [json!({ "a": "1", "b": [1.5, "é"], "c": { "d": null } }), json!({ "a": 1, "b": ["é", 1.5] })] {
        let other = json!({ "eventId": "e", "type": "system", "payload": payload });
        assert_eq!(client.post(&path, &other).await.warned("EVENT_ID_MISMATCH"), ["payload"]);
    }
}
