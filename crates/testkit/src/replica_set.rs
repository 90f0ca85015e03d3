//! A MongoDB replica set on loopback, and the ways to hurt it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use mongodb::Client;
use mongodb::bson::{Document, doc};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

use crate::mongod::{CACHE, Mongod};
use crate::wait::until;
use crate::watchdog;

/// An election takes about two seconds and an initial sync five; the rest is for busy machines.
const SETTLE: Duration = Duration::from_secs(90);

static SHARED: OnceCell<ReplicaSet> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A database name that no other test of this process uses.
pub fn unique_database() -> String {
    let number = DATABASES.fetch_add(1, Ordering::Relaxed);
    format!("test_{}_{number}", std::process::id())
}

/// Some `mongod` that replicate each other; they end, and their files go, when it is dropped.
#[derive(Debug)]
pub struct ReplicaSet {
    name: String,
    // Before the directory, because fields drop in order: no server may write while it is removed.
    members: Vec<Arc<Mongod>>,
    _directory: TempDir,
}

impl ReplicaSet {
    /// Starts a set of so many members, and waits for a primary with all others secondary.
    pub async fn start(members: usize) -> Result<Self> {
        Self::start_in_role(members, &[]).await
    }

    /// [`ReplicaSet::start`] with memory for what a benchmark stores: with as little as the tests' servers have, it would measure
    /// how they make room, and most where most is stored.
    pub async fn start_roomy(members: usize) -> Result<Self> {
        Self::start_in_role(members, &[CACHE, "2"]).await
    }

    /// [`ReplicaSet::start`] with arguments that make the set a part of a sharded cluster.
    pub(crate) async fn start_in_role(members: usize, role: &[&str]) -> Result<Self> {
        let directory =
            tempfile::Builder::new().prefix("testkit-replica-set-").tempdir().context("temporary directory")?;
        watchdog::remove(directory.path())?;
        // A name of its own, so that no client ever takes a stranger on a reused port for a member.
        let name = format!("set{}", crate::port::free_port()?);
        let members = (0..members)
            .map(|index| {
                let files = directory.path().join(index.to_string());
                let replication = ["--replSet", name.as_str(), "--oplogSize", "64"];
                Mongod::start(&files, &[&replication, role].concat()).map(Arc::new)
            })
            .collect::<Result<Vec<_>>>()?;
        let set = Self { name, members, _directory: directory };
        for member in &set.members {
            member.wait_until_up().await?;
        }
        set.initiate(role.contains(&"--configsvr")).await?;
        set.wait_until_healthy().await?;
        Ok(set)
    }

    /// The one set that the tests of a binary share, each with a [`unique_database`].
    ///
    /// For tests that hurt no server; its members end with the test process.
    pub async fn shared() -> Result<&'static Self> {
        SHARED
            .get_or_try_init(async || {
                let set = Self::start(3).await?;
                set.vote_seldom().await?;
                Ok(set)
            })
            .await
    }

    /// The connection string, naming every member.
    pub fn uri(&self) -> String {
        let hosts: Vec<String> = self.members.iter().map(|m| m.address()).collect();
        format!("mongodb://{}/?replicaSet={}", hosts.join(","), self.name)
    }

    /// `name/host:port,..`, by which the configuration of a sharded cluster knows the set.
    pub(crate) fn known_as(&self) -> String {
        let hosts: Vec<String> = self.members.iter().map(|m| m.address()).collect();
        format!("{}/{}", self.name, hosts.join(","))
    }

    /// A new client of the set; like every client it ends with the runtime it was made on.
    pub async fn client(&self) -> Result<Client> {
        let client = Client::with_uri_str(self.uri()).await;
        client.context("client of the replica set")
    }

    /// The member at this index.
    ///
    /// # Panics
    ///
    /// If there is no such member, as indexing does.
    pub fn member(&self, index: usize) -> &Mongod {
        &self.members[index]
    }

    /// The process ids of the members' current processes.
    pub fn pids(&self) -> Vec<u32> {
        let members = self.members.iter();
        members.map(|member| member.process().pid()).collect()
    }

    /// Kills a member as `kill -9` does.
    pub fn kill(&self, index: usize) -> Result<()> {
        self.member(index).process().kill()
    }

    /// Starts a killed member again, and waits until it answers; it may still be catching up.
    pub async fn restart(&self, index: usize) -> Result<()> {
        self.member(index).restart().await
    }

    /// Stops a member in its tracks; its connections stay open and silent.
    pub fn pause(&self, index: usize) -> Result<()> {
        self.member(index).process().pause()
    }

    /// Ends a pause.
    pub fn resume(&self, index: usize) -> Result<()> {
        self.member(index).process().resume()
    }

    /// The index of the primary, waiting for one to be elected if there is none.
    pub async fn primary(&self) -> Result<usize> {
        until(SETTLE, "a writable primary", async || {
            let states = self.hellos().await;
            let primaries = states
                .iter()
                .enumerate()
                .filter_map(|(index, state)| Some((index, state.as_ref()?)))
                .filter(|(_, state)| flag(state, "isWritablePrimary"));
            // A primary that was paused believes in itself until it hears of its successor, whose
            // election has the greater id.
            let newest = primaries.max_by_key(|(_, state)| state.get_object_id("electionId").ok());
            newest.map(|(index, _)| index)
        })
        .await
    }

    /// Waits until some member is a writable primary, as after [`ReplicaSet::kill`].
    pub async fn wait_for_primary(&self) -> Result<()> {
        self.primary().await.map(drop)
    }

    /// Waits until one member is primary and all others are secondary.
    pub async fn wait_until_healthy(&self) -> Result<()> {
        until(SETTLE, "one primary and all others secondary", async || {
            let states = self.hellos().await;
            let count = |name| states.iter().flatten().filter(|s| flag(s, name)).count();
            count("isWritablePrimary") == 1 && count("secondary") + 1 == states.len()
        })
        .await
    }

    /// Makes the primary resign, and waits for another to be elected; returns the new one's index.
    pub async fn step_down(&self) -> Result<usize> {
        // Half a minute of ineligibility are several elections here.
        let command = doc! { "replSetStepDown": 30, "secondaryCatchUpPeriodSecs": 20 };
        // It is refused while no secondary keeps up, and by a member that has just lost an election.
        let old = until(SETTLE, "a primary that resigns", async || {
            let primary = self.primary().await.ok()?;
            self.member(primary).admin(command.clone()).await.is_ok().then_some(primary)
        })
        .await?;
        until(SETTLE, "another primary", async || self.primary().await.ok().filter(|new| *new != old)).await
    }

    /// Makes commands on the current primary fail: `configureFailPoint` of `failCommand`.
    ///
    /// The document holds `mode` and `data`, for example
    /// `doc! { "mode": { "times": 1 }, "data": { "failCommands": ["insert"], "errorCode": 91 } }`.
    pub async fn fail_command(&self, how: Document) -> Result<()> {
        let mut command = doc! { "configureFailPoint": "failCommand" };
        command.extend(how);
        let primary = self.primary().await?;
        self.member(primary).admin(command).await.map(drop)
    }

    /// Ends what [`ReplicaSet::fail_command`] began, on every member that answers.
    pub async fn stop_failing(&self) -> Result<()> {
        let states = self.hellos().await;
        for (member, _) in self.members.iter().zip(states).filter(|(_, s)| s.is_some()) {
            let command = doc! { "configureFailPoint": "failCommand", "mode": "off" };
            member.admin(command).await?;
        }
        Ok(())
    }

    async fn initiate(&self, of_configuration: bool) -> Result<()> {
        let members: Vec<Document> =
            (0_i32..).zip(&self.members).map(|(id, member)| doc! { "_id": id, "host": member.address() }).collect();
        // A fifth of the defaults, so that tests of failover take seconds.
        let settings = doc! { "electionTimeoutMillis": 2000, "heartbeatIntervalMillis": 500 };
        let mut config = doc! { "_id": &self.name, "members": members, "settings": settings };
        if of_configuration {
            // The server demands the word here too.
            config.insert("configsvr", true);
        }
        let command = doc! { "replSetInitiate": config };
        self.member(0).admin(command).await.map(drop)
    }

    /// A primary that is kept waiting by a busy machine shall stay primary where nobody means it to be replaced.
    async fn vote_seldom(&self) -> Result<()> {
        let primary = self.member(self.primary().await?);
        let answer = primary.admin(doc! { "replSetGetConfig": 1 }).await?;
        let mut config = answer.get_document("config").context("a configuration")?.clone();
        let version = config.get_i32("version").context("its version")?;
        config.insert("version", version + 1);
        config.get_document_mut("settings").context("its settings")?.insert("electionTimeoutMillis", 60_000);
        primary.admin(doc! { "replSetReconfig": config }).await.map(drop)
    }

    /// What each member says of itself, asked at the same time because a paused one answers late.
    async fn hellos(&self) -> Vec<Option<Document>> {
        let mut asked = JoinSet::new();
        for (index, member) in self.members.iter().cloned().enumerate() {
            asked.spawn(async move { (index, member.hello().await) });
        }
        let mut states = vec![None; self.members.len()];
        for (index, state) in asked.join_all().await {
            states[index] = state;
        }
        states
    }
}

fn flag(state: &Document, name: &str) -> bool {
    state.get_bool(name).unwrap_or(false)
}
