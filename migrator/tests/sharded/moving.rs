//! Deployments that are changed while clients write.

use bson::doc;

use crate::{
    applying::fresh,
    writers::{Writers, assert_kept},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_began_on_one_shard_is_distributed_under_load_and_loses_nothing() {
    let (cluster, target) = fresh().await;
    // As a replica set leaves it when it becomes the first shard: collections without a shard key, with data.
    for collection in ["sessions", "events"] {
        target.run_command(doc! { "create": collection }).await;
    }
    let writers = Writers::start(&target).await;
    let namespace = format!("{}.events", target.database);
    conversation_testkit::until(std::time::Duration::from_secs(60), "some events", async || {
        target.collection("events").count_documents(doc! {}).await.is_ok_and(|count| count > 100)
    })
    .await
    .expect("in time");
    let planned = target.run(&["plan", "--output", "json"]).await;
    let plan: serde_json::Value = serde_json::from_str(&planned.out).expect("JSON");
    let steps = plan["steps"].as_array().expect("steps");
    let sharding = steps.iter().find(|step| step["id"] == "shard-collection events").expect("planned");
    assert!(sharding["cost"]["documents"].as_u64() > Some(0), "its cost is told: {sharding}");

    let sharded = target.run(&["shard", "--yes"]).await;
    assert!(matches!(sharded.status, 2 | 0), "{}{}", sharded.out, sharded.err);
    let applied = target.run(&["apply", "--yes"]).await;
    assert_eq!(applied.status, 0, "{}{}", applied.out, applied.err);
    for turn in 0..4 {
        cluster.move_one_chunk(&namespace, turn).await.expect("moved");
    }
    let acknowledged = writers.stop().await;
    assert_kept(&target, &acknowledged).await;
    assert_eq!(target.run(&["verify"]).await.status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn resharding_under_load_loses_nothing() {
    let (cluster, target) = fresh().await;
    let namespace = format!("{}.events", target.database);
    // Distributed by a key that is not the declared one.
    let made = target.run(&["apply", "--yes", "--only", "create-collection events"]).await;
    assert_eq!(made.status, 2, "{}", made.err);
    target.create_index("events", "ranged", doc! { "sessionId": 1 }).await;
    cluster.shard_collection(&namespace, doc! { "sessionId": 1 }).await.expect("sharded");
    let blocked = target.run(&["plan"]).await;
    assert_eq!(blocked.status, 4);
    assert!(blocked.out.contains("reshard --collection events"), "{}", blocked.out);
    target
        .create_index("events", "timeline", doc! { "sessionId": "hashed", "tenantId": 1, "timestamp": 1, "eventId": 1 })
        .await;

    let writers = Writers::start(&target).await;
    let preflight = target.run(&["reshard", "--collection", "events", "--preflight"]).await;
    assert_eq!(preflight.status, 2, "{}{}", preflight.out, preflight.err);
    let resharded = target.run(&["reshard", "--collection", "events", "--yes"]).await;
    assert_eq!(resharded.status, 0, "{}{}", resharded.out, resharded.err);
    let acknowledged = writers.stop().await;
    assert_kept(&target, &acknowledged).await;
    let again = target.run(&["reshard", "--collection", "events", "--yes"]).await;
    assert_eq!(again.status, 0, "{}", again.err);
    let applied = target.run(&["apply", "--yes", "--allow-drop", "events.ranged", "--ignore-index-use"]).await;
    assert_eq!(applied.status, 0, "{}{}", applied.out, applied.err);
}
