//! The lease: one runner at a time. It expires by itself, is renewed while its runner lives, and carries a token that
//! grows with every holder, so that a runner that slept through its lease finds out before its next step. All times are
//! the server's own, so that the runners' clocks do not matter.

use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use bson::{DateTime, Document, doc};
use mongodb::{
    Collection,
    error::{ErrorKind, WriteFailure},
    options::ReturnDocument,
};
use serde::Serialize;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Watcher, migrations};
use crate::connect::{Connection, describe};

/// The lease's `_id`.
pub(super) const ID: &str = "lease";
/// A lease is renewed so many times in its length, so that one lost message does not lose it.
const BEATS: u32 = 3;
const DUPLICATE_KEY: i32 = 11000;

/// Who holds the lease.
#[derive(Clone, Debug, Serialize)]
pub struct Held {
    /// The holder.
    pub holder: String,
    /// Its token.
    pub token: i64,
    /// Since when.
    pub since: String,
    /// Until when, unless it is renewed.
    pub until: String,
    #[serde(skip)]
    until_time: DateTime,
}

impl Held {
    /// Reads the lease's document.
    #[must_use]
    pub fn read(document: &Document) -> Option<Self> {
        let time = |field| document.get_datetime(field).ok().copied();
        let until = time("until")?;
        Some(Self {
            holder: document.get_str("holder").ok()?.to_owned(),
            token: document.get_i64("token").ok()?,
            since: time("since")?.to_string(),
            until: until.to_string(),
            until_time: until,
        })
    }

    /// Whether it is in force at `now`.
    #[must_use]
    pub fn is_live(&self, now: DateTime) -> bool {
        self.until_time > now
    }
}

/// The lease, held by this process.
pub struct Lease {
    collection: Collection<Document>,
    token: i64,
    length: Duration,
}

/// How this process is known to others.
#[must_use]
pub fn holder() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{} process {}", if host.trim().is_empty() { "unknown host" } else { host.trim() }, std::process::id())
}

impl Lease {
    /// Takes the lease, waiting up to `patience` for another holder.
    pub(super) async fn take(
        connection: &Connection,
        length: Duration,
        patience: Duration,
        watch: Watcher<'_>,
    ) -> Result<Self> {
        let collection = migrations(connection);
        prepare(&collection).await?;
        let deadline = tokio::time::Instant::now() + patience;
        let mut told = false;
        loop {
            if let Some(token) = attempt(&collection, length).await? {
                return Ok(Self { collection, token, length });
            }
            let held = collection.find_one(doc! { "_id": ID }).await?.and_then(|found| Held::read(&found));
            let Some(held) = held else { continue };
            let who = format!(
                "{} holds the lease since {}, until {} unless it renews it",
                held.holder, held.since, held.until
            );
            if tokio::time::Instant::now() >= deadline {
                bail!("{who}: wait for it to end (--wait SECONDS), or for the lease to expire if it was killed");
            }
            if !std::mem::replace(&mut told, true) {
                watch(format!("waiting: {who}"));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    pub(super) const fn token(&self) -> i64 {
        self.token
    }

    /// Renews the lease.
    ///
    /// # Errors
    /// When another runner has it.
    pub(super) async fn check(&self) -> Result<()> {
        if renew(&self.collection, self.token, self.length).await? {
            return Ok(());
        }
        Err(anyhow!("the lease was lost to another runner, so nothing more is done here: see status"))
    }

    /// Renews the lease until it is lost, which is then told.
    pub(super) fn keep(&self, lost: CancellationToken) -> JoinHandle<()> {
        let (collection, token, length) = (self.collection.clone(), self.token, self.length);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(length / BEATS).await;
                // A beat that the deployment did not answer is not a loss: the next one, or the next step, finds out.
                if let Ok(false) = renew(&collection, token, length).await {
                    return lost.cancel();
                }
            }
        })
    }

    /// Lets go of the lease; one that cannot be let go expires.
    pub(super) async fn release(self) {
        let mine = doc! { "_id": ID, "token": self.token };
        let _ = self.collection.update_one(mine, vec![doc! { "$set": { "until": "$$NOW" } }]).await;
    }
}

/// Makes the lease's document, which nobody holds, unless it is there.
async fn prepare(collection: &Collection<Document>) -> Result<()> {
    let free = doc! { "_id": ID, "token": 0_i64, "until": DateTime::from_millis(0) };
    match collection.insert_one(free).await {
        Err(error) if !is_duplicate(&error) => Err(anyhow!(describe("taking the lease", &error))),
        _ => Ok(()),
    }
}

async fn attempt(collection: &Collection<Document>, length: Duration) -> Result<Option<i64>> {
    let free = doc! { "_id": ID, "$expr": { "$lte": ["$until", "$$NOW"] } };
    let taking = vec![doc! { "$set": {
        "holder": holder(),
        "token": { "$add": ["$token", 1_i64] },
        "since": "$$NOW",
        "until": { "$add": ["$$NOW", millis(length)] },
    } }];
    let taken = collection.find_one_and_update(free, taking).return_document(ReturnDocument::After).await;
    let taken = taken.map_err(|error| anyhow!(describe("taking the lease", &error)))?;
    Ok(taken.and_then(|lease| lease.get_i64("token").ok()))
}

async fn renew(collection: &Collection<Document>, token: i64, length: Duration) -> Result<bool> {
    let until = vec![doc! { "$set": { "until": { "$add": ["$$NOW", millis(length)] } } }];
    let renewed = collection.update_one(doc! { "_id": ID, "token": token }, until).await?;
    Ok(renewed.matched_count == 1)
}

fn is_duplicate(error: &mongodb::error::Error) -> bool {
    matches!(&*error.kind, ErrorKind::Write(WriteFailure::WriteError(write)) if write.code == DUPLICATE_KEY)
}

fn millis(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}
