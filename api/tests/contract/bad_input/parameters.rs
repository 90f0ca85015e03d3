//! Query parameters that are out of range, repeated, empty, unknown, or do not go together.

use crate::suite::client::Client;

#[tokio::test]
async fn numbers_are_whole_and_within_their_range() {
    let client = Client::shared().await;
    let session = client.opened("numbers").await;
    let cases = [
        ("limit", vec!["0", "501", "abc", "1.5", "1e1", "-1", "+5", "%205", "0x10", "99999999999999999999", "5;"]),
        ("offset", vec!["-1", "1e30", "10001", "1.0", "abc", "99999999999999999999"]),
        ("page", vec!["0", "-1", "1.5", "1e1", "abc", "10002", "99999999999999999999"]),
    ];
    for (name, values) in cases {
        for value in values {
            for path in [session.clone(), format!("{session}/events")] {
                client.get(&format!("{path}?{name}={value}")).await.refused("INVALID_INPUT", &[name]);
            }
        }
    }
    for limit in ["0", "501", "1e1"] {
        client.get(&format!("/v1/sessions?limit={limit}")).await.refused("INVALID_INPUT", &["limit"]);
    }
    for query in ["limit=1", "limit=500", "offset=0", "offset=10000", "page=1", "page=201&limit=50"] {
        client.get(&format!("{session}?{query}")).await.data(200);
    }
    client.get(&format!("{session}?page=202&limit=50")).await.refused("INVALID_INPUT", &["page"]);
}

#[tokio::test]
async fn ways_to_page_are_not_mixed() {
    let client = Client::shared().await;
    let session = client.opened("mixed").await;
    let cases = [
        ("page=1&offset=0", "page"),
        ("offset=0&page=1&limit=5", "page"),
        ("offset=0&cursor=", "cursor"),
        ("page=1&cursor=", "cursor"),
    ];
    for (query, field) in cases {
        for path in [session.clone(), format!("{session}/events")] {
            client.get(&format!("{path}?{query}")).await.refused("INVALID_INPUT", &[field]);
        }
    }
}

#[tokio::test]
async fn a_repeated_parameter_is_refused() {
    let client = Client::shared().await;
    let session = client.opened("repeated").await;
    let repeated = [
        ("limit=5&limit=5", "limit"),
        ("limit=5&limit=6", "limit"),
        ("offset=0&offset=0", "offset"),
        ("order=asc&order=desc", "order"),
        ("cursor=&cursor=", "cursor"),
        ("from=2025-12-25T10:00:00Z&from=2025-12-25T10:00:00Z", "from"),
    ];
    for (query, field) in repeated {
        client.get(&format!("{session}?{query}")).await.refused("INVALID_INPUT", &[field]);
    }
    let twice = "/v1/sessions?status=active&status=failed";
    client.get(twice).await.refused("INVALID_INPUT", &["status"]);
}

#[tokio::test]
async fn an_empty_parameter_is_refused() {
    let client = Client::shared().await;
    let session = client.opened("empty").await;
    for name in ["limit", "offset", "page", "order", "type", "from", "to", "include"] {
        client.get(&format!("{session}?{name}=")).await.refused("INVALID_INPUT", &[name]);
        client.get(&format!("{session}/events?{name}")).await.refused("INVALID_INPUT", &[name]);
    }
    for name in ["status", "language", "limit", "order", "from", "to"] {
        client.get(&format!("/v1/sessions?{name}=")).await.refused("INVALID_INPUT", &[name]);
    }
    client.get(&format!("{session}?cursor=")).await.data(200);
    client.get("/v1/sessions?cursor=").await.data(200);
}

#[tokio::test]
async fn an_unknown_parameter_is_refused_everywhere() {
    let client = Client::shared().await;
    let session = client.opened("unknown").await;
    for path in ["/v1/sessions", &session, &format!("{session}/events"), &format!("{session}/events/e"), "/health"] {
        client.get(&format!("{path}?limt=5")).await.refused("INVALID_INPUT", &["limt"]);
    }
    let answers = [
        client.post(&format!("{session}/events?strict=true"), &serde_json::json!({})).await,
        client.post_nothing(&format!("{session}/complete?strict=true")).await,
        client.delete(&format!("{session}?strict=true")).await,
    ];
    for answer in answers {
        answer.refused("INVALID_INPUT", &["strict"]);
    }
    assert_eq!(client.stored(&session).await["status"], "initiated");
}

#[tokio::test]
async fn a_query_that_is_hardly_one_is_refused() {
    let client = Client::shared().await;
    let session = client.opened("query").await;
    let cases =
        [("limit=%zz", "limit"), ("limit=%FF", "limit"), ("Limit=5", "Limit"), ("limit[]=5", "limit[]"), ("=5", "")];
    for (query, field) in cases {
        client.get(&format!("{session}?{query}")).await.refused("INVALID_INPUT", &[field]);
    }
    client.get(&format!("{session}?")).await.data(200);
    client.get(&format!("{session}?lim%69t=5")).await.data(200);
}

#[tokio::test]
async fn words_are_of_their_own_list() {
    let client = Client::shared().await;
    let session = client.opened("words").await;
    let cases = [("order", "up"), ("order", "DESC"), ("type", "laugh"), ("include", "all"), ("from", "2025-02-30")];
    for (name, value) in cases {
        client.get(&format!("{session}?{name}={value}")).await.refused("INVALID_INPUT", &[name]);
    }
    for (name, value) in [("status", "open"), ("language", "en_US"), ("order", "newest"), ("to", "2025-W10")] {
        client.get(&format!("/v1/sessions?{name}={value}")).await.refused("INVALID_INPUT", &[name]);
    }
    client.get(&format!("{session}?type=system&type=laugh")).await.refused("INVALID_INPUT", &["type"]);
    let backwards = "from=2025-12-26T00:00:00Z&to=2025-12-25T00:00:00Z";
    client.get(&format!("{session}?{backwards}")).await.refused("INVALID_INPUT", &["from"]);
}

#[tokio::test]
async fn all_that_is_wrong_with_a_query_is_told_at_once() {
    let client = Client::shared().await;
    let session = client.opened("all").await;
    let answer = client.get(&format!("{session}?limit=0&order=up&type=laugh&from=now")).await;
    answer.refused("INVALID_INPUT", &["limit", "order", "type", "from"]);
}
