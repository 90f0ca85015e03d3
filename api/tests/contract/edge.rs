//! What every answer has whatever it is about: compression, security headers, and what browsers ask for.

use reqwest::Method;
use serde_json::Value;

use super::{
    answer::Answer,
    client::{Client, event},
};
use crate::fixture;

const ORIGIN: &str = "https://app.example.com";

/// A session whose page is larger than a kibibyte.
async fn long_session(client: &Client) -> String {
    let session = client.opened("edge").await;
    let events: Vec<Value> = (0..30).map(|n| event(&format!("e{n}"))).collect();
    client.append_all(&session, &events).await;
    session
}

async fn accepting(client: &Client, path: &str, encodings: &str) -> Answer {
    client.send(client.request(Method::GET, path).header("accept-encoding", encodings)).await
}

#[tokio::test]
async fn long_answers_are_compressed_as_the_client_accepts() {
    let service = fixture::service().await;
    let client = Client::of(service);
    let session = long_session(&client).await;
    let plain = client.get(&session).await;
    assert_eq!(plain.header("content-encoding"), "");
    let magic: [(&str, &[u8]); 3] = [("gzip", &[0x1f, 0x8b]), ("zstd", &[0x28, 0xb5, 0x2f, 0xfd]), ("br", &[])];
    for (encoding, magic) in magic {
        let request = client.request(Method::GET, &session).header("accept-encoding", encoding);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.headers()["content-encoding"], encoding);
        assert!(response.headers()["vary"].to_str().expect("text").to_ascii_lowercase().contains("accept-encoding"));
        let bytes = response.bytes().await.expect("a body");
        assert!(bytes.starts_with(magic) && bytes.len() * 2 < plain.text.len(), "{encoding}: {} bytes", bytes.len());
    }
    for encodings in ["identity", "deflate", "gzip;q=0"] {
        assert_eq!(accepting(&client, &session, encodings).await.body["data"], plain.body["data"], "{encodings}");
    }
    let decoding = reqwest::Client::builder().no_proxy().build().expect("a client");
    let decoded = decoding.get(service.url(&session)).send().await.expect("an answer");
    assert_eq!(decoded.json::<Value>().await.expect("JSON")["data"], plain.body["data"]);
}

#[tokio::test]
async fn short_answers_are_sent_as_they_are() {
    let client = Client::shared().await;
    for path in ["/version", "/v1/sessions/none-to-compress"] {
        let answer = accepting(&client, path, "gzip, br, zstd").await;
        assert_eq!(answer.header("content-encoding"), "");
        assert!(answer.body.is_object(), "{}", answer.text);
    }
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let service = fixture::service().await;
    let client = Client::of(service);
    let answers = [
        client.get("/version").await,
        client.get("/nowhere").await,
        client.post_nothing("/v1/sessions").await,
        client.get("/api").await,
        Client::of_management(service).get("/health/live").await,
    ];
    for answer in answers {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{answer:?}");
        assert!(!answer.headers.contains_key("strict-transport-security"), "not without TLS");
    }
    assert!(client.get("/version").await.header("content-security-policy").contains("default-src 'none'"));
}

#[tokio::test]
async fn browsers_are_kept_on_tls_only_behind_it() {
    let client = Client::shared().await;
    for (proto, kept) in [("https", true), ("http", false)] {
        let answer = client.send(client.request(Method::GET, "/version").header("x-forwarded-proto", proto)).await;
        assert_eq!(answer.header("strict-transport-security").starts_with("max-age="), kept, "{proto}");
    }
}

#[tokio::test]
async fn only_configured_origins_may_read_answers() {
    let service = fixture::dedicated(&[("CORS_ORIGINS", "https://app.example.com,https://other.example.com")]).await;
    let client = Client::of(&service);
    for (origin, allowed) in [(ORIGIN, true), ("https://evil.example.com", false), ("null", false)] {
        for path in ["/version", "/nowhere"] {
            let answer = client.send(client.request(Method::GET, path).header("origin", origin)).await;
            let expected = if allowed { origin } else { "" };
            assert_eq!(answer.header("access-control-allow-origin"), expected, "{path}");
            assert!(answer.header("vary").to_ascii_lowercase().contains("origin"), "{answer:?}");
        }
    }
    let answer = client.send(client.request(Method::GET, "/version").header("origin", ORIGIN)).await;
    let exposed = answer.header("access-control-expose-headers").to_ascii_lowercase();
    for name in ["x-request-id", "idempotent-replayed", "x-should-retry", "retry-after"] {
        assert!(exposed.contains(name), "{name} in {exposed}");
    }
}

#[tokio::test]
async fn a_browser_may_ask_before_it_sends() {
    let service = fixture::dedicated(&[("CORS_ORIGINS", ORIGIN)]).await;
    let client = Client::of(&service);
    let preflight = client.request(Method::OPTIONS, "/v1/sessions").header("origin", ORIGIN);
    let preflight = preflight.header("access-control-request-method", "PATCH");
    let preflight = preflight.header("access-control-request-headers", "content-type,prefer,x-request-id");
    let answer = client.send(preflight).await;
    assert!(matches!(answer.status, 200 | 204), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    for method in ["GET", "POST", "PATCH", "DELETE"] {
        assert!(answer.header("access-control-allow-methods").contains(method), "{answer:?}");
    }
    let headers = answer.header("access-control-allow-headers");
    assert!(headers.contains("content-type") && headers.contains("prefer"), "{headers}");
    assert!(!answer.header("x-request-id").is_empty());
}

#[tokio::test]
async fn without_configured_origins_nothing_is_said_to_browsers() {
    let client = Client::shared().await;
    let answer = client.send(client.request(Method::GET, "/version").header("origin", ORIGIN)).await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    let asked = client.send(client.request(Method::OPTIONS, "/v1/sessions").header("origin", ORIGIN)).await;
    asked.refused("METHOD_NOT_ALLOWED", &[]);
}

#[tokio::test]
async fn head_answers_as_get_without_a_body() {
    let client = Client::shared().await;
    let session = client.opened("edge").await;
    for path in ["/version", "/health/live", "/api-json", &session] {
        let get = client.get(path).await;
        let head = client.send(client.request(Method::HEAD, path)).await;
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert!(!head.header("x-request-id").is_empty());
    }
    let missing = client.send(client.request(Method::HEAD, "/v1/sessions/none-at-all")).await;
    assert_eq!((missing.status, missing.text.as_str()), (404, ""));
    assert_eq!(missing.header("x-should-retry"), "false");
}
