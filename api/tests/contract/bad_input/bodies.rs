//! Bodies that are not JSON, or not the JSON that was asked for.

use reqwest::Method;
use serde_json::{Value, json};

use crate::suite::client::{Client, unique};

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let client = Client::shared().await;
    let session = client.opened("broken").await;
    let broken: [&[u8]; 8] = [b"", b"{", b"[", b"sessionId=a", b"{} {}", b"\xff\xfe", b"nul", b"\0"];
    for text in broken {
        for path in ["/v1/sessions".to_owned(), format!("{session}/events"), format!("{session}/events/batch")] {
            client.post_text(&path, text.to_vec()).await.refused("INVALID_INPUT", &["body"]);
        }
    }
    for text in ["{\"sessionId\":\"a\",}", "{'sessionId':'a'}", "{\"sessionId\":\"a", "{\"sessionId\":\"a\nb\"}"] {
        client.post_text("/v1/sessions", text).await.refused("INVALID_INPUT", &["body"]);
    }
    let deep = "[".repeat(100_000);
    client.post_text("/v1/sessions", deep).await.refused("INVALID_INPUT", &["body"]);
}

#[tokio::test]
async fn a_body_of_another_shape_is_refused() {
    let client = Client::shared().await;
    let session = client.opened("shape").await;
    for path in ["/v1/sessions".to_owned(), format!("{session}/events"), format!("{session}/events/batch")] {
        for text in ["[]", "null", "7", "\"text\"", "true", "[{}]"] {
            client.post_text(&path, text).await.refused("INVALID_INPUT", &["body"]);
        }
    }
}

#[tokio::test]
async fn an_array_is_not_taken_for_an_object_with_its_fields_in_order() {
    let client = Client::shared().await;
    let session = client.opened("array").await;
    let arrays = [
        ("/v1/sessions".to_owned(), json!([unique("array"), "en", null, null, null, null])),
        (format!("{session}/events"), json!(["e", "system", null, null])),
        (format!("{session}/events/batch"), json!([[{ "eventId": "e", "type": "system" }]])),
        (format!("{session}/complete"), json!([null])),
        (format!("{session}/fail"), json!(["reason", null])),
    ];
    for (path, array) in arrays {
        client.post(&path, &array).await.refused("INVALID_INPUT", &["body"]);
    }
    client.patch(&session, &json!([null, null])).await.refused("INVALID_INPUT", &["body"]);
    let batch = json!({ "events": [["e", "system", null, null]] });
    let answer = client.post(&format!("{session}/events/batch"), &batch).await;
    assert_eq!(answer.data(207)["results"][0]["errorCode"], "INVALID_INPUT");
    let stored = client.stored(&session).await;
    assert_eq!((&stored["status"], &stored["pagination"]["total"]), (&json!("initiated"), &json!(0)));
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let client = Client::shared().await;
    let session = client.opened("missing").await;
    let id = json!(unique("missing"));
    client.post("/v1/sessions", &json!({ "language": "en" })).await.refused("INVALID_INPUT", &["sessionId"]);
    client.post("/v1/sessions", &json!({ "sessionId": id })).await.refused("INVALID_INPUT", &["language"]);
    client.post("/v1/sessions", &json!({})).await.refused("INVALID_INPUT", &["sessionId", "language"]);
    let events = format!("{session}/events");
    client.post(&events, &json!({ "type": "system" })).await.refused("INVALID_INPUT", &["eventId"]);
    client.post(&events, &json!({ "eventId": id })).await.refused("INVALID_INPUT", &["type"]);
    client.post(&format!("{session}/events/batch"), &json!({})).await.refused("INVALID_INPUT", &["events"]);
}

#[tokio::test]
async fn an_unknown_field_is_named() {
    let client = Client::shared().await;
    let session = client.opened("unknown").await;
    let create = json!({ "sessionId": unique("unknown"), "language": "en", "userId": "u" });
    client.post("/v1/sessions", &create).await.refused("INVALID_INPUT", &["userId"]);
    let append = json!({ "eventId": "e", "type": "system", "timestmap": "2025-12-25T10:00:00Z" });
    client.post(&format!("{session}/events"), &append).await.refused("INVALID_INPUT", &["timestmap"]);
    let batch = json!({ "events": [], "session": "s" });
    client.post(&format!("{session}/events/batch"), &batch).await.refused("INVALID_INPUT", &["session"]);
    assert_eq!(client.stored(&session).await["pagination"]["total"], 0);
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named() {
    let client = Client::shared().await;
    let session = client.opened("type").await;
    let wrong = [json!(7), json!(true), json!([]), json!({}), json!({ "$ne": 1 }), json!({ "$gt": "" })];
    for value in wrong {
        for field in ["sessionId", "language", "status", "startedAt", "endedAt"] {
            let mut body = json!({ "sessionId": unique("type"), "language": "en" });
            body[field] = value.clone();
            client.post("/v1/sessions", &body).await.refused("INVALID_INPUT", &[field]);
        }
        for field in ["eventId", "type", "timestamp"] {
            let mut body = json!({ "eventId": "e", "type": "system" });
            body[field] = value.clone();
            client.post(&format!("{session}/events"), &body).await.refused("INVALID_INPUT", &[field]);
        }
    }
    assert_eq!(client.stored(&session).await["pagination"]["total"], 0);
}

#[tokio::test]
async fn free_form_fields_are_objects() {
    let client = Client::shared().await;
    let session = client.opened("object").await;
    for value in [json!("text"), json!("{}"), json!(7), json!([{}]), json!(false)] {
        let create = json!({ "sessionId": unique("object"), "language": "en", "metadata": value });
        client.post("/v1/sessions", &create).await.refused("INVALID_INPUT", &["metadata"]);
        let append = json!({ "eventId": "e", "type": "system", "payload": value });
        client.post(&format!("{session}/events"), &append).await.refused("INVALID_INPUT", &["payload"]);
    }
}

#[tokio::test]
async fn a_language_is_a_bcp_47_tag() {
    let client = Client::shared().await;
    let long = format!("en{}", "-abcdefgh".repeat(4));
    for language in ["", "e", "en_US", "english language", "en-", "日本語", "en\u{0}", "a/b", long.as_str()] {
        let body = json!({ "sessionId": unique("language"), "language": language });
        client.post("/v1/sessions", &body).await.refused("INVALID_INPUT", &["language"]);
    }
}

#[tokio::test]
async fn what_cannot_be_kept_as_it_was_sent_is_refused() {
    let client = Client::shared().await;
    let session = client.opened("unkept").await;
    let unkept = [
        r#"{"a":1,"a":2}"#,
        r#"{"a":{"b":1,"\u0062":1}}"#,
        r#"{"n":9223372036854775808}"#,
        r#"{"n":[-9223372036854775809]}"#,
        r#"{"n":1e400}"#,
        r#"{"s":"\ud800"}"#,
        r#"{"a\u0000b":1}"#,
    ];
    for text in unkept {
        let append = format!(r#"{{"eventId":"e","type":"system","payload":{text}}}"#);
        client.post_text(&format!("{session}/events"), append).await.refused("INVALID_INPUT", &["payload"]);
        let create = format!(r#"{{"sessionId":"{}","language":"en","metadata":{text}}}"#, unique("unkept"));
        client.post_text("/v1/sessions", create).await.refused("INVALID_INPUT", &["metadata"]);
    }
    let twice = r#"{"eventId":"e","eventId":"f","type":"system"}"#;
    let answer = client.post_text(&format!("{session}/events"), twice).await;
    answer.refused("INVALID_INPUT", &["body"]);
    assert!(answer.body["message"].as_str().is_some_and(|text| text.contains("eventId")), "{}", answer.text);
    assert_eq!(client.stored(&session).await["pagination"]["total"], 0);
}

#[tokio::test]
async fn a_body_must_say_that_it_is_json() {
    let client = Client::shared().await;
    let session = client.opened("media").await;
    let body = json!({ "eventId": "e", "type": "system" }).to_string();
    let request = || client.request(Method::POST, &format!("{session}/events")).body(body.clone());
    client.send(request()).await.refused("UNSUPPORTED_MEDIA_TYPE", &["Content-Type"]);
    for sent in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json", "", "text/json"] {
        let answer = client.send(request().header("content-type", sent)).await;
        answer.refused("UNSUPPORTED_MEDIA_TYPE", &["Content-Type"]);
    }
    for sent in ["application/json; charset=utf-8", "Application/JSON", "application/vnd.voice+json"] {
        let answer = client.send(request().header("content-type", sent)).await;
        assert!(matches!(answer.status, 200 | 201), "{sent}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_batch_is_one_to_five_hundred_events() {
    let client = Client::shared().await;
    let session = client.opened("batch").await;
    let path = format!("{session}/events/batch");
    let many: Vec<Value> = (0..501).map(|n| json!({ "eventId": format!("e{n}"), "type": "system" })).collect();
    for events in [json!([]), json!(many), json!({}), json!("events"), json!(7)] {
        client.post(&path, &json!({ "events": events })).await.refused("INVALID_INPUT", &["events"]);
    }
    client.post(&path, &json!([{ "eventId": "e", "type": "system" }])).await.refused("INVALID_INPUT", &["body"]);
    assert_eq!(client.stored(&session).await["pagination"]["total"], 0);
}
