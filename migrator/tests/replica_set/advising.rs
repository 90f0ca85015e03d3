//! Advice from real data, and what a replica set has no use for.

use bson::{DateTime, doc};

use crate::runner::Target;

#[tokio::test]
async fn advice_names_the_largest_session_growing_ids_and_unused_indexes() {
    let target = Target::applied().await;
    let event = |session: String, n: i64| {
        doc! {
            "_id": format!("default/{session}/{n}"), "tenantId": "default", "sessionId": session, "eventId": n.to_string(),
            "type": "system", "payload": {}, "timestamp": DateTime::now(), "receivedAt": DateTime::from_millis(n),
        }
    };
    // Ids grow with time, and one session has as many events as all others together.
    let small = (0..200).map(|n| event(format!("s{n:05}"), n));
    let large = (0..200).map(|n| event("s00100".to_owned(), 1_000 + n));
    target.collection("events").insert_many(small.chain(large)).await.expect("inserted");
    target.create_index("events", "extra", doc! { "type": 1 }).await;

    let advised = target.run(&["advise", "--output", "json"]).await;
    assert_eq!(advised.status, 0, "{}", advised.err);
    let advice: serde_json::Value = serde_json::from_str(&advised.out).expect("JSON");
    assert_eq!(advice["largestSessions"][0]["sessionId"], "s00100");
    assert_eq!(advice["largestSessions"][0]["events"], 201);
    let measure = |name: &str| advice["shardKey"][name].as_f64().expect("a number");
    assert!(measure("highestFrequency") > 0.4 && measure("monotonicity") > 0.9, "{advice}");
    let indexes = advice["indexes"].as_array().expect("indexes");
    let extra = indexes.iter().find(|index| index["index"] == "events.extra").expect("it is there");
    assert_eq!(extra["verdict"], "not declared and not used so far; watch it for a week");
    let table = target.run(&["advise"]).await.out;
    assert!(table.contains("list a tenant's sessions") && table.contains("every shard"), "{table}");
}

#[tokio::test]
async fn a_replica_set_has_nothing_to_shard_or_reshard() {
    let target = Target::applied().await;
    let refused = target.run(&["shard", "--yes"]).await;
    assert!(refused.status == 1 && refused.err.contains("replica set"), "{}", refused.err);
    let refused = target.run(&["reshard", "--collection", "events", "--preflight"]).await;
    assert!(refused.status == 4 && refused.out.contains("replica set"), "{}{}", refused.out, refused.err);
    let refused = target.run(&["reshard", "--collection", "evnets"]).await;
    assert!(refused.status == 1 && refused.err.contains("use sessions or events"), "{}", refused.err);
}
