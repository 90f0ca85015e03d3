//! Documents of different ages.

use bson::{DateTime, Document, doc};

use crate::runner::Target;

pub(crate) const KEPT_90_DAYS: &str = r#"{"retention":{"days":90}}"#;
const DAY_MILLIS: i64 = 24 * 3600 * 1000;

/// Lets a server delete by age, which the test kit's own do not, and look every second.
pub(crate) fn expiring() -> Document {
    doc! { "setParameter": 1, "ttlMonitorEnabled": true, "ttlMonitorSleepSecs": 1 }
}

/// What is stored and must go, and what must stay.
pub(crate) struct Aged {
    old: Vec<(&'static str, String)>,
    young: Vec<(&'static str, String)>,
}

fn days_ago(days: i64) -> DateTime {
    DateTime::from_millis(DateTime::now().timestamp_millis() - days * DAY_MILLIS)
}

fn event(id: &str, received: i64) -> Document {
    doc! {
        "_id": id, "tenantId": "default", "sessionId": id, "eventId": "e", "type": "system", "payload": {},
        // A client's clock may say anything.
        "timestamp": days_ago(4_000), "receivedAt": days_ago(received),
    }
}

fn session(id: &str, changed: i64, ended: Option<i64>) -> Document {
    doc! {
        "_id": id, "tenantId": "default", "sessionId": id, "status": if ended.is_some() { "completed" } else { "active" },
        "language": "en", "startedAt": days_ago(4_000), "endedAt": ended.map(days_ago), "metadata": {},
        "createdAt": days_ago(changed), "updatedAt": days_ago(changed),
    }
}

impl Aged {
    /// Stores documents of all kinds, some to each shard.
    pub(crate) async fn store(target: &Target) -> Self {
        let (mut old, mut young) = (Vec::new(), Vec::new());
        let (mut events, mut sessions) = (Vec::new(), Vec::new());
        for n in 0..8 {
            let mut take = |gone: bool, collection, document: Document| {
                let id = document.get_str("_id").expect("an id").to_owned();
                if gone { &mut old } else { &mut young }.push((collection, id));
                if collection == "events" { &mut events } else { &mut sessions }.push(document);
            };
            take(true, "events", event(&format!("default/old-{n}/e"), 91));
            take(false, "events", event(&format!("default/young-{n}/e"), 89));
            take(true, "sessions", session(&format!("default/ended-{n}"), 93, Some(93)));
            take(false, "sessions", session(&format!("default/events-just-gone-{n}"), 91, Some(91)));
            take(false, "sessions", session(&format!("default/imported-{n}"), 0, Some(4_000)));
            take(false, "sessions", session(&format!("default/open-{n}"), 4_000, None));
        }
        let tombstone = doc! {
            "_id": "default/erased", "tenantId": "default", "sessionId": "erased", "erasedAt": days_ago(95),
            "expiresAt": days_ago(-5),
        };
        young.push(("sessions", "default/erased".to_owned()));
        sessions.push(tombstone);
        target.collection("events").insert_many(events).await.expect("inserted");
        target.collection("sessions").insert_many(sessions).await.expect("inserted");
        Self { old, young }
    }

    pub(crate) async fn old_are_gone(&self, target: &Target) -> bool {
        count(target, &self.old).await == 0
    }

    pub(crate) async fn assert_young_are_there(&self, target: &Target) {
        assert_eq!(count(target, &self.young).await, self.young.len());
    }
}

async fn count(target: &Target, wanted: &[(&str, String)]) -> usize {
    let mut found = 0;
    for collection in ["events", "sessions"] {
        let ids: Vec<&str> = wanted.iter().filter(|(of, _)| *of == collection).map(|(_, id)| id.as_str()).collect();
        let there = target.collection(collection).count_documents(doc! { "_id": { "$in": ids } }).await;
        found += usize::try_from(there.expect("an answer")).expect("a few");
    }
    found
}
