//! More and more tenants. The API has one so far, so this asks the store itself, within this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use conversation_core::json::Bounds;
use conversation_core::page::{Order, SessionQuery};
use conversation_core::store::AppendOptions;
use conversation_core::{
    Clock as _, EventId, EventType, JsonObject, Language, NewEvent, NewSession, Rules, SessionId, SessionKey, Store,
    SystemClock, TenantId,
};
use conversation_store::{MongoSettings, MongoStore};
use conversation_testkit::ReplicaSet;

use crate::args::Args;
use crate::contest::{Contender, Measured, take_turns};
use crate::operations::{LANGUAGE, event_id};
use crate::payload::SPOKEN;
use crate::series::{Point, Series};
use crate::tasks;

use super::fill::conversation;

/// What is asked of the store.
#[derive(Clone, Copy, Debug)]
enum Ask {
    Append,
    List,
}

/// The series by what is asked.
static ALL: [(Ask, &str); 2] = [(Ask::Append, "append by tenants"), (Ask::List, "list of sessions by tenants")];

/// The names of the series.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(_, name)| *name)
}

const TENANTS: [u64; 5] = [1, 4, 16, 64, 256];
/// Sessions on a page of the list.
const PAGE: u32 = 50;
/// So many that a page of each tenant is full with the most of them.
const SESSIONS: u64 = 256 * PAGE as u64;

/// A database with a store for each number of tenants, all of which take turns.
pub(super) async fn measure(args: &Args, wanted: impl Fn(&str) -> bool) -> Result<Vec<Series>> {
    let set = ReplicaSet::start_roomy(args.members as usize).await.context("replica set")?;
    let mut stores = Vec::new();
    for tenants in TENANTS {
        eprintln!("{tenants} tenants");
        stores.push(Tenants::prepare(&set.uri(), tenants, args).await?);
    }
    let mut measured = Vec::new();
    for (ask, name) in ALL.iter().filter(|(_, name)| wanted(name)) {
        eprintln!("{name}");
        let contenders: Vec<Contender> =
            stores.iter().map(|tenants| tenants.contender(*ask, args.connections, &set.pids())).collect();
        let turns = take_turns(&contenders, args.pace()).await.context(*name)?;
        let points = TENANTS.iter().zip(turns).map(|(tenants, service)| {
            Point::new(*tenants, Measured { operation: (*name).into(), service, ..Measured::default() })
        });
        let how = format!(
            "The store's own calls in {} tasks of one process, without HTTP and without processes beside it: its \
             processor time is that of store and tasks together. {SESSIONS} sessions are spread evenly; the numbers of \
             tenants take turns.",
            args.connections
        );
        measured.push(Series { name, unit: "tenants", how, points: points.collect() });
    }
    for tenants in stores {
        tenants.store.close().await;
    }
    Ok(measured)
}

/// A store whose sessions are spread over so many tenants.
#[derive(Clone)]
struct Tenants {
    store: Arc<dyn Store>,
    count: u64,
    numbers: Arc<AtomicU64>,
}

impl Tenants {
    async fn prepare(uri: &str, count: u64, args: &Args) -> Result<Self> {
        let database = format!("bench_tenants_{count}");
        let settings = MongoSettings { uri: uri.into(), database, auto_migrate: true, ..Default::default() };
        let store = MongoStore::connect(settings, Rules::default()).await.context("store")?;
        let tenants = Self { store: Arc::new(store), count, numbers: Arc::default() };
        // Each number in turn until all sessions have their first event; a number behind the last one stores nothing.
        let filling = tenants.clone();
        let stored = Arc::new(AtomicU64::new(0));
        while stored.load(Ordering::Relaxed) < SESSIONS {
            let filling = filling.clone();
            let call = move |number| {
                let filling = filling.clone();
                async move { filling.open(number).await }
            };
            tasks::run(args.connections, Duration::from_millis(250), Arc::clone(&stored), call).await?;
        }
        Ok(tenants)
    }

    fn contender(&self, ask: Ask, tasks: u32, store: &[u32]) -> Contender {
        let tenants = self.clone();
        Contender::in_process("store", tasks, store, &self.numbers, move |number| {
            let tenants = tenants.clone();
            async move {
                match ask {
                    Ask::Append => tenants.append(number, &event_id(number)).await,
                    Ask::List => tenants.list(number).await,
                }
            }
        })
    }

    async fn open(&self, number: u64) -> Result<u64> {
        if number < SESSIONS {
            let new = NewSession::opened(self.key(number)?, Language::parse(LANGUAGE)?);
            self.store.create_session(new, SystemClock.now()).await?;
            self.append(number, "first").await?;
        }
        Ok(1)
    }

    async fn append(&self, number: u64, id: &str) -> Result<u64> {
        let payload = JsonObject::parse(SPOKEN, Bounds::NONE)?;
        let event = NewEvent::new(EventId::parse(id)?, EventType::UserSpeech, payload, None);
        let options = AppendOptions { now: SystemClock.now(), create_session: None };
        for outcome in self.store.append(&self.key(number)?, vec![event], options).await? {
            outcome?;
        }
        Ok(1)
    }

    async fn list(&self, number: u64) -> Result<u64> {
        let query = SessionQuery {
            status: None,
            language: None,
            from: None,
            to: None,
            order: Order::Descending,
            after: None,
            limit: PAGE,
        };
        let page = self.store.sessions(&self.tenant(number)?, query).await?;
        ensure!(page.sessions.len() == PAGE as usize, "a page of {} sessions", page.sessions.len());
        Ok(1)
    }

    fn tenant(&self, number: u64) -> Result<TenantId> {
        TenantId::parse(&format!("tenant-{:03}", number % self.count)).context("tenant")
    }

    fn key(&self, number: u64) -> Result<SessionKey> {
        let session_id = SessionId::parse(&conversation(number % SESSIONS)).context("session")?;
        Ok(SessionKey { tenant: self.tenant(number % SESSIONS)?, session_id })
    }
}
