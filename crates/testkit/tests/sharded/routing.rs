//! Where documents go, and how the router answers.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result};
use conversation_testkit::{ShardedCluster, unique_database, until};
use futures_util::TryStreamExt as _;
use futures_util::future::try_join_all;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, DateTime, Document, Timestamp, doc};
use mongodb::error::{ErrorKind, WriteFailure};
use mongodb::options::ReturnDocument;
use mongodb::{Collection, IndexModel};

use super::support::hashed;

#[tokio::test]
async fn each_document_is_on_the_shard_that_the_cluster_itself_looks_for_it_on() -> Result<()> {
    let cluster = ShardedCluster::shared().await?;
    let hashed = hashed(cluster).await?;
    let documents: Vec<Document> = (0..200).map(|n| doc! { "_id": n, "k": format!("key {n}") }).collect();
    hashed.collection.insert_many(&documents).await?;
    // The router's own code decides where it looks: a document in the wrong place would not be found.
    for document in &documents {
        let key = doc! { "k": document.get_str("k")? };
        assert_eq!(hashed.collection.find_one(key).await?.as_ref(), Some(document));
    }
    let mut seen = BTreeSet::new();
    for shard in 0..2 {
        let there = direct(cluster, shard, &hashed.namespace).await?;
        let found: Vec<Document> = there.find(doc! {}).await?.try_collect().await?;
        assert!(found.len() > 50, "{} documents on shard {shard}", found.len());
        seen.extend(found.iter().filter_map(|document| document.get_i32("_id").ok()));
    }
    assert_eq!(seen.len(), 200, "every document on one shard");
    assert_eq!(hashed.collection.count_documents(doc! {}).await?, 200);
    Ok(())
}

#[tokio::test]
async fn keys_of_every_kind_are_found_where_they_were_put() -> Result<()> {
    let collection = hashed(ShardedCluster::shared().await?).await?.collection;
    let mut keys: Vec<Bson> = vec![Bson::Null, true.into(), false.into(), "".into(), "žluťoučký kůň 🐎".into()];
    for n in 0..6_i32 {
        let id: [u8; 12] = std::array::from_fn(|at| at as u8 * n as u8);
        keys.extend([Bson::from(n * 1_000), Bson::from(-(1_i64 << (n * 10))), Bson::from(f64::from(n) * -1e17 + 0.5)]);
        keys.push(ObjectId::from_bytes(id).into());
        keys.push(DateTime::from_millis(i64::from(n) * 1_000_003 - 5).into());
        keys.push(Timestamp { time: n as u32, increment: 7 }.into());
        keys.push(Binary { subtype: BinarySubtype::Generic, bytes: id[..n as usize].to_vec() }.into());
    }
    let documents: Vec<Document> = (0_i32..).zip(&keys).map(|(n, key)| doc! { "_id": n, "k": key }).collect();
    collection.insert_many(&documents).await?;
    collection.insert_one(doc! { "_id": -1 }).await?;
    for (n, key) in (0_i32..).zip(keys) {
        let found = collection.find_one(doc! { "_id": n, "k": &key }).await?;
        assert_eq!(found.and_then(|document| document.get_i32("_id").ok()), Some(n), "{key:?}");
    }
    assert!(collection.find_one(doc! { "_id": -1, "k": null }).await?.is_some(), "a missing key counts as null");
    Ok(())
}

async fn direct(cluster: &ShardedCluster, shard: usize, namespace: &str) -> Result<Collection<Document>> {
    let (database, collection) = namespace.split_once('.').context("a namespace")?;
    Ok(cluster.shard(shard).client().await?.database(database).collection(collection))
}

#[tokio::test]
async fn many_that_create_one_document_at_once_create_one() -> Result<()> {
    let hashed = hashed(ShardedCluster::shared().await?).await?;
    let unique = mongodb::options::IndexOptions::builder().unique(true).build();
    hashed.collection.create_index(IndexModel::builder().keys(doc! { "k": 1 }).options(unique).build()).await?;
    let calls = (0..64).map(|_| {
        let collection = hashed.collection.clone();
        async move {
            let call = collection.find_one_and_update(doc! { "k": "one" }, doc! { "$inc": { "n": 1 } });
            call.upsert(true).return_document(ReturnDocument::After).await?.context("a document")
        }
    });
    let after = try_join_all(calls).await?;
    let counted: BTreeSet<i32> = after.iter().filter_map(|document| document.get_i32("n").ok()).collect();
    assert_eq!(counted, (1..=64).collect());
    assert_eq!(hashed.collection.count_documents(doc! {}).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_duplicate_is_refused_alone() -> Result<()> {
    let collection = hashed(ShardedCluster::shared().await?).await?.collection;
    let documents: Vec<Document> = (0..20).map(|n| doc! { "_id": n, "k": n }).collect();
    collection.insert_many(&documents[..10]).await?;
    let one = collection.insert_one(&documents[3]).await.err().context("a refusal")?;
    assert!(matches!(*one.kind, ErrorKind::Write(WriteFailure::WriteError(ref error)) if error.code == 11000));
    let many = collection.insert_many(&documents[5..]).ordered(false).await.err().context("a refusal")?;
    let ErrorKind::InsertMany(ref many) = *many.kind else { anyhow::bail!("{many}") };
    let errors = many.write_errors.as_deref().unwrap_or_default();
    let indexes: BTreeSet<usize> = errors.iter().filter(|error| error.code == 11000).map(|error| error.index).collect();
    assert_eq!(indexes, (0..5).collect());
    assert_eq!(collection.count_documents(doc! {}).await?, 20);
    let ordered =
        collection.insert_many([doc! { "_id": 30, "k": 30 }, documents[0].clone(), doc! { "_id": 31, "k": 31 }]);
    let ordered = ordered.await.err().context("a refusal")?;
    let ErrorKind::InsertMany(ref failure) = *ordered.kind else { anyhow::bail!("{ordered}") };
    assert_eq!(failure.write_errors.as_deref().map(|errors| errors[0].index), Some(1));
    assert_eq!(collection.count_documents(doc! {}).await?, 21);
    Ok(())
}

#[tokio::test]
async fn a_write_that_is_sent_again_after_its_chunk_moved_is_carried_out_once() -> Result<()> {
    let cluster = ShardedCluster::shared().await?;
    let hashed = hashed(cluster).await?;
    let database = hashed.client.database(hashed.collection.namespace().db.as_str());
    let (insert, increment) = (doc! { "_id": 1, "k": "a" }, doc! { "$inc": { "n": 1 } });
    let writes = [
        doc! { "insert": "events", "documents": [insert] },
        doc! { "update": "events", "updates": [{ "q": { "k": "b" }, "u": increment.clone(), "upsert": true }] },
        doc! { "findAndModify": "events", "query": { "k": "c" }, "update": increment, "upsert": true, "new": true },
        doc! { "delete": "events", "deletes": [{ "q": { "k": "a" }, "limit": 1 }] },
    ];
    // One for each write, which knows it by the session and its number there, of which only the newest counts.
    let mut sessions = Vec::new();
    for _ in &writes {
        sessions.push(hashed.client.start_session().await?);
    }
    let mut first = Vec::new();
    for round in 0..3 {
        for (index, (write, session)) in writes.iter().zip(&mut sessions).enumerate() {
            let mut write = write.clone();
            write.insert("txnNumber", 1_i64);
            let answer = database.run_command(write).session(session).await?;
            let answer = doc! { "n": answer.get("n").cloned(), "value": answer.get("value").cloned() };
            match round {
                0 => first.push(answer),
                _ => assert_eq!(answer, first[index], "round {round}"),
            }
        }
        for turn in 0..cluster.chunks(&hashed.namespace).await?.len() {
            cluster.move_one_chunk(&hashed.namespace, turn).await?;
        }
    }
    let found: Vec<Document> =
        hashed.collection.find(doc! {}).projection(doc! { "_id": 0 }).await?.try_collect().await?;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|document| document.get_i32("n").ok() == Some(1)), "{found:?}");
    Ok(())
}

#[tokio::test]
async fn a_client_can_ask_and_change_what_administrators_do() -> Result<()> {
    let cluster = ShardedCluster::shared().await?;
    let hashed = hashed(cluster).await?;
    let database = hashed.client.database(&hashed.collection.namespace().db);
    hashed.collection.insert_many((0..50).map(|n| doc! { "k": n, "n": n })).await?;
    hashed.collection.create_index(IndexModel::builder().keys(doc! { "n": 1 }).build()).await?;
    let names = hashed.collection.list_index_names().await?;
    assert_eq!(names.iter().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(["_id_", "k_hashed", "n_1"]));
    let statistics: Vec<Document> =
        hashed.collection.aggregate([doc! { "$indexStats": {} }]).await?.try_collect().await?;
    assert_eq!(statistics.len(), 6, "three indexes on two shards");
    let sizes = [doc! { "$collStats": { "count": {} } }];
    let sizes: Vec<Document> = hashed.collection.aggregate(sizes).await?.try_collect().await?;
    assert_eq!(sizes.len(), 2);
    let explain = |filter: Document| doc! { "explain": { "find": "events", "filter": filter } };
    for (filter, stage) in [(doc! { "k": 1 }, "SINGLE_SHARD"), (doc! { "n": 1 }, "SHARD_MERGE")] {
        let plan = database.run_command(explain(filter)).await?;
        let plan = plan.get_document("queryPlanner")?.get_document("winningPlan")?;
        assert_eq!(plan.get_str("stage")?, stage);
    }
    let updated = hashed.collection.update_many(doc! { "n": { "$lt": 10 } }, doc! { "$set": { "x": 1 } }).await?;
    assert_eq!(updated.modified_count, 10);
    assert_eq!(hashed.collection.delete_many(doc! { "x": 1 }).await?.deleted_count, 10);
    assert_eq!(hashed.collection.distinct("n", doc! {}).await?.len(), 40);
    assert!(hashed.client.list_database_names().await?.contains(&hashed.collection.namespace().db));
    assert_eq!(database.list_collection_names().await?, ["events"]);
    assert_eq!(cluster.admin(doc! { "listShards": 1 }).await?.get_array("shards")?.len(), 2);
    database.run_command(doc! { "collMod": "events", "index": { "name": "n_1", "hidden": true } }).await?;
    hashed.collection.drop_index("n_1").await?;
    assert_eq!(hashed.collection.list_index_names().await?.len(), 2);
    database.drop().await?;
    assert_eq!(database.list_collection_names().await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn an_administrator_can_split_and_place_chunks() -> Result<()> {
    let cluster = ShardedCluster::shared().await?;
    let client = cluster.client().await?;
    let name = unique_database();
    let namespace = format!("{name}.zoned");
    cluster.admin(doc! { "enableSharding": &name, "primaryShard": ShardedCluster::shard_name(1) }).await?;
    let rules = doc! { "k": { "$exists": true } };
    client.database(&name).create_collection("zoned").validator(rules.clone()).await?;
    cluster.shard_collection(&namespace, doc! { "k": 1 }).await?;
    let all = cluster.chunks(&namespace).await?;
    assert_eq!((all.len(), all[0].shard), (1, 1), "a ranged key begins with one chunk on the primary shard");
    let zoned = client.database(&name).collection::<Document>("zoned");
    zoned.insert_many((0..100).map(|k| doc! { "k": k })).await?;
    assert!(zoned.insert_one(doc! {}).await.is_err(), "a validator holds");
    let strict = doc! { "collMod": "zoned", "validator": rules, "validationAction": "warn" };
    client.database(&name).run_command(strict).await?;
    cluster.admin(doc! { "split": &namespace, "middle": { "k": 50 } }).await?;
    cluster.admin(doc! { "split": &namespace, "find": { "k": 10 } }).await?;
    assert_eq!(cluster.chunks(&namespace).await?.len(), 3);
    cluster.admin(doc! { "addShardToZone": ShardedCluster::shard_name(0), "zone": &name }).await?;
    let zone = doc! { "updateZoneKeyRange": &namespace, "min": { "k": 50 }, "max": { "k": 60 }, "zone": &name };
    cluster.admin(zone).await?;
    // The balancer was asleep, and takes up to ten seconds until its next round.
    let obeyed = async || {
        let placed = cluster.chunks(&namespace).await.unwrap_or_default();
        placed.iter().any(|chunk| chunk.shard == 0 && chunk.min == doc! { "k": 50 })
    };
    until(Duration::from_secs(150), "the balancer to move a chunk to its zone", obeyed).await?;
    assert_eq!(zoned.count_documents(doc! { "k": { "$gte": 0 } }).await?, 100);
    let status = cluster.admin(doc! { "balancerStatus": 1 }).await?;
    assert_eq!(status.get_str("mode")?, "full");
    Ok(())
}

#[tokio::test]
async fn what_the_servers_would_not_survive_is_refused() -> Result<()> {
    let cluster = ShardedCluster::shared().await?;
    let collection = hashed(cluster).await?.collection;
    // A real mongos has change streams, and the front says that it has not.
    drop(collection.watch().await);
    let database = cluster.client().await?.database(&unique_database());
    for refused in [
        doc! { "explain": { "clusterAggregate": "c", "pipeline": [], "cursor": {} } },
        doc! { "explain": { "clusterUpdate": "c", "updates": [] } },
        doc! { "clusterInsert": "c", "documents": [{}] },
        doc! { "_shardsvrDropDatabase": 1 },
        doc! { "find": "c", "tailable": true, "awaitData": true },
    ] {
        let error = database.run_command(refused.clone()).await.err().context("a refusal")?;
        assert!(matches!(*error.kind, ErrorKind::Command(_)), "{refused}: {error}");
    }
    cluster.check_router()
}
