//! How many shards each call of the store reaches (INV-6), by what the profilers of the shards have seen.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bson::{Document, doc};
use conversation_core::{
    EventId, EventType, JsonObject, Language, NewEvent, NewSession, Rules, SessionId, SessionKey, SessionPatch, Status,
    Store as _, TenantId, Timestamp,
    json::Bounds,
    page::{EventFilter, EventQuery, Order, Start},
    session::Ending,
    store::AppendOptions,
};
use conversation_store::{
    MongoStore,
    mongo::schema::{EVENTS, SESSIONS},
};
use conversation_testkit::{ShardedCluster, unique_database, until};
use futures_util::TryStreamExt as _;
use mongodb::Database;

use crate::{fixture::settings, moves::Moving};

const NOW: Timestamp = Timestamp::from_millis(1_766_656_800_000);
const SESSION_COUNT: usize = 12;

/// The servers' code for a request that was sent by a stale routing table, and that had no effect.
const STALE_CONFIG: i32 = 13388;

fn key(session_id: &str) -> SessionKey {
    SessionKey {
        tenant: TenantId::parse("t").expect("a tenant id"),
        session_id: SessionId::parse(session_id).expect("a session id"),
    }
}

fn event(text: &str) -> NewEvent {
    let payload = JsonObject::parse(text, Bounds::NONE).expect("a JSON object");
    NewEvent::new(EventId::parse("e").expect("an event id"), EventType::UserSpeech, payload, None)
}

/// Calls every verb of the store that is about one session.
async fn live_and_die(store: &MongoStore, session_id: &str) {
    let key = key(session_id);
    let language = Language::parse("en").expect("a language tag");
    store.create_session(NewSession::opened(key.clone(), language), NOW).await.expect("created");
    for text in ["{}", "{}", r#"{"other":1}"#] {
        let options = AppendOptions { now: NOW, create_session: None };
        store.append(&key, vec![event(text)], options).await.expect("appended");
    }
    store.event(&key, &EventId::parse("e").expect("an event id")).await.expect("an event");
    let (filter, order) = (EventFilter::default(), Order::Ascending);
    let query = EventQuery { filter, order, start: Start::Offset(0), limit: 10, counted: true };
    store.timeline(&key, query).await.expect("a page");
    let patch = SessionPatch { language: Language::parse("de").ok(), metadata: None };
    store.update_session(&key, patch, NOW).await.expect("updated");
    let ending = Ending { status: Status::Completed, ended_at: None, reason: None };
    store.end_session(&key, ending, NOW).await.expect("ended");
    store.erase(&key, NOW).await.expect("erased");
}

/// The session that a profiled command is about, by whatever it calls its filter.
fn session_of(command: &Document) -> Option<String> {
    let named = ["filter", "q", "query"].iter().find_map(|name| command.get_document(name).ok());
    let matched = || command.get_array("pipeline").ok()?.first()?.as_document()?.get_document("$match").ok();
    let session = named.or_else(matched)?.get("sessionId")?;
    let one = |operators: &'_ Document| match operators.get_array("$in").map(Vec::as_slice) {
        Ok([one]) => Some(one.clone()),
        _ => operators.get("$eq").cloned(),
    };
    let session = session.as_document().map_or(Some(session.clone()), one)?;
    session.as_str().map(str::to_owned)
}

/// Whether a profiled command is one that the store sends: servers also ask each other about a collection, as the balancer
/// does for its size, whenever they like.
fn is_the_stores(profile: &Document, command: &Document) -> bool {
    let name = command.keys().next().map(String::as_str).unwrap_or_default();
    let stage = |name| {
        let first = command.get_array("pipeline").ok().and_then(|stages| stages.first()?.as_document());
        first.is_some_and(|first| first.contains_key(name))
    };
    match profile.get_str("op") {
        Ok("command") => match name {
            "aggregate" => !stage("$collStats") && !stage("$indexStats"),
            _ => ["find", "count", "findAndModify", "findandmodify"].contains(&name),
        },
        _ => true,
    }
}

#[tokio::test]
async fn every_call_about_one_session_reaches_one_shard() {
    let cluster = ShardedCluster::shared().await.expect("a sharded cluster");
    let name = unique_database();
    let store = MongoStore::connect(settings(cluster, &name), Rules::default()).await.expect("a store");
    let mut shards: Vec<Database> = Vec::new();
    for index in 0..cluster.shard_count() {
        let client = cluster.shard(index).client().await.expect("a client");
        client.database(&name).run_command(doc! { "profile": 2 }).await.expect("the profiler");
        shards.push(client.database(&name));
    }
    let sessions: BTreeSet<String> = (0..SESSION_COUNT).map(|n| format!("s{n}")).collect();
    for session in &sessions {
        live_and_die(&store, session).await;
    }

    let mut reached: BTreeMap<(String, String), BTreeSet<usize>> = BTreeMap::new();
    let mut inserts: BTreeMap<String, usize> = BTreeMap::new();
    for (index, shard) in shards.iter().enumerate() {
        let ours = doc! { "ns": { "$in": [format!("{name}.{SESSIONS}"), format!("{name}.{EVENTS}")] } };
        let profiles = shard.collection::<Document>("system.profile").find(ours).await.expect("profiles");
        let profiles: Vec<Document> = profiles.try_collect().await.expect("profiles");
        for profile in profiles.iter().filter(|profile| profile.get_i32("errCode").ok() != Some(STALE_CONFIG)) {
            let collection = profile.get_str("ns").expect("a namespace")[name.len() + 1..].to_owned();
            let command = profile.get_document("command").expect("a command");
            if profile.get_str("op").ok() == Some("insert") {
                *inserts.entry(collection).or_default() += 1;
                continue;
            }
            if !is_the_stores(profile, command) {
                continue;
            }
            let session = session_of(command).unwrap_or_else(|| panic!("no session in {profile:#?}"));
            reached.entry((collection, session)).or_default().insert(index);
        }
    }
    assert_eq!(reached.len(), 2 * SESSION_COUNT, "{reached:?}");
    for (about, shards) in &reached {
        assert_eq!(shards.len(), 1, "{about:?} on {shards:?}");
    }
    let used: BTreeSet<&usize> = reached.values().flatten().collect();
    assert_eq!(used.len(), shards.len(), "the sessions are spread");
    // An insert that were sent to both would have been seen twice; retries are looked for, not inserted.
    let expected = BTreeMap::from([(SESSIONS.to_owned(), SESSION_COUNT), (EVENTS.to_owned(), SESSION_COUNT)]);
    assert_eq!(inserts, expected);
    cluster.check_router().expect("a router");
}

#[tokio::test]
async fn the_chunks_do_move_under_the_suite() {
    let cluster = ShardedCluster::shared().await.expect("a sharded cluster");
    let name = unique_database();
    let _store = MongoStore::connect(settings(cluster, &name), Rules::default()).await.expect("a store");
    for collection in [SESSIONS, EVENTS] {
        let namespace = format!("{name}.{collection}");
        let before = cluster.chunks(&namespace).await.expect("chunks");
        let _moving = Moving::start(cluster, name.clone());
        let moved = async || cluster.chunks(&namespace).await.is_ok_and(|now| now != before);
        until(Duration::from_secs(180), "a chunk to move", moved).await.expect("a moved chunk");
    }
}
