//! What takes the place of a mongos, of which no package has a binary: to a driver it looks like one.
//!
//! Reads are carried out by the server's own router code inside a `mongod` of its own, the router node; writes that a
//! driver may repeat are sent to the shards from here, with the versions by which a shard knows a stale router.
//! Three calls would end the process of a `mongod`: cluster writes with a transaction number, change streams and the
//! explanation of anything but a find through the router node. So only what is named here is ever forwarded.

mod admin;
mod catalogue;
mod chunks;
mod ddl;
mod failure;
mod forward;
mod hash;
mod hello;
mod message;
mod reads;
mod target;
mod versioned;
mod wire;
mod writes;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

use anyhow::{Context, Result};
use mongodb::bson::{RawArrayBuf, doc};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

use catalogue::Catalogue;
use failure::{COMMAND_NOT_FOUND, Failure, ILLEGAL_OPERATION, is_failover};
use forward::{Answer, Host};
use message::{Command, Fields};
use wire::Frame;

/// What a shard tells a router of its own affairs.
const INTERNAL: [&str; 7] =
    ["$configTime", "$topologyTime", "lastCommittedOpTime", "$gleStats", "electionId", "opTime", "$replData"];

/// A listening front; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Front {
    runtime: Option<Runtime>,
}

impl Front {
    /// Listens on a loopback port, in front of a config server (`host:port,..`) and a router node.
    pub(super) fn start(port: u16, config: &str, node: &str) -> Result<Self> {
        // Every test has a runtime of its own, and a front that tests share must outlive each of them.
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("front")
            .enable_all()
            .build()
            .context("runtime of the front")?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).context("port of the front")?;
        listener.set_nonblocking(true).context("port of the front")?;
        let router = Arc::new(Router { catalogue: Catalogue::new(config), node: Host::new(node) });
        runtime.spawn(accept(listener, router));
        Ok(Self { runtime: Some(runtime) })
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waiting for its tasks is not allowed where another runtime may be dropping this.
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, router: Arc<Router>) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        let router = Arc::clone(&router);
        tokio::spawn(async move { router.serve(stream).await });
    }
}

/// Takes commands and sends them where they belong.
#[derive(Debug)]
struct Router {
    catalogue: Catalogue,
    node: Host,
}

impl Router {
    /// Serves one connection of a client until the client ends it.
    async fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        loop {
            let frame = Frame::read(&mut stream).await?;
            let reply = match frame.command() {
                Ok(command) => self.answer(command).await,
                Err(failure) => failure.0,
            };
            let document = reply.write().unwrap_or_default();
            let bytes = match frame.is_query() {
                true => wire::old_reply(&document, frame.request_id),
                false => wire::message(&document, None, frame.request_id),
            };
            if frame.wants_answer() {
                stream.write_all(&bytes).await?;
            }
        }
    }

    async fn answer(&self, mut command: Command) -> Fields {
        let repeatable = command.is_retryable_write();
        command.fields.retain(|field| !field.starts_with("api"));
        let mut reply = self.run(command).await.unwrap_or_else(|failure| failure.0);
        reply.retain(|field| !INTERNAL.contains(&field));
        if repeatable && !reply.is_ok() && is_failover(reply.code()) && !reply.has("errorLabels") {
            reply.set("errorLabels", RawArrayBuf::from_iter(["RetryableWriteError"]));
        }
        reply
    }

    async fn run(&self, mut command: Command) -> Answer {
        let name = command.name().to_owned();
        if command.fields.has("autocommit") {
            return Err(Failure::new(ILLEGAL_OPERATION, "the front has no multi-document transactions"));
        }
        let changes = ["insert", "update", "delete", "findAndModify", "findandmodify", "create", "createIndexes"];
        if changes.contains(&name.as_str()) && !command.fields.has("writeConcern") {
            // A shard leaves it to the router to say what holds when the client says nothing.
            command.fields.set("writeConcern", Fields::try_from(doc! { "w": "majority" })?.write()?);
        }
        let command = &command;
        match name.as_str() {
            "hello" | "ismaster" | "isMaster" => hello::hello(&name),
            "find" => self.find(command).await,
            "aggregate" => self.aggregate(command).await,
            "getMore" => self.clustered(command).await,
            "insert" | "update" | "delete" => match command.is_retryable_write() || of_cluster(command) {
                true => self.write(command).await,
                false => self.clustered(command).await,
            },
            "findAndModify" | "findandmodify" => self.find_and_modify(command).await,
            "killCursors" => Self::kill_cursors(command),
            "count" => self.count(command).await,
            "distinct" => self.distinct(command).await,
            "explain" => self.explain(command).await,
            "create" => self.create(command).await,
            "createIndexes" => self.create_indexes(command).await,
            "listIndexes" => self.list_indexes(command).await,
            "listCollections" => self.list_collections(command).await,
            "drop" => self.change(command, "_shardsvrDropCollection").await,
            "dropDatabase" => self.change(command, "_shardsvrDropDatabase").await,
            "dropIndexes" => self.change(command, "_shardsvrDropIndexes").await,
            "collMod" => self.change(command, "_shardsvrCollMod").await,
            "renameCollection" => self.change(command, "_shardsvrRenameCollection").await,
            "enableSharding" => self.enable_sharding(command).await,
            "shardCollection" => self.shard_collection(command).await,
            "reshardCollection" => self.reshard_collection(command).await,
            "refineCollectionShardKey" => self.refine_shard_key(command).await,
            "moveChunk" | "moveRange" => self.move_chunk(command).await,
            "split" => self.split(command).await,
            "listShards" => self.list_shards().await,
            "listDatabases" => self.list_databases(command).await,
            "collStats" | "collstats" => self.collection_stats(command).await,
            "dbStats" | "dbstats" => self.database_stats(command).await,
            "validate" => self.validate(command).await,
            "currentOp" => self.current_operations(command).await,
            "serverStatus" => self.server_status(command).await,
            "flushRouterConfig" => self.flush(command).await,
            "getDefaultRWConcern" | "setDefaultRWConcern" | "setFeatureCompatibilityVersion" => {
                self.catalogue.config.call("admin", &command.fields, None, false).await
            }
            "balancerStart"
            | "balancerStop"
            | "balancerStatus"
            | "balancerCollectionStatus"
            | "addShard"
            | "removeShard"
            | "addShardToZone"
            | "removeShardFromZone"
            | "updateZoneKeyRange"
            | "configureCollectionBalancing"
            | "clearJumboFlag"
            | "abortReshardCollection"
            | "commitReshardCollection" => self.on_config_server(command).await,
            "ping" | "buildInfo" | "buildinfo" | "getParameter" | "setParameter" | "connectionStatus" | "hostInfo"
            | "getLog" | "getCmdLineOpts" | "whatsmyuri" | "features" | "startSession" | "refreshSessions"
            | "endSessions" | "killSessions" | "connPoolStats" | "listCommands" | "getShardMap" => {
                self.node.call(&command.database, &command.fields, None).await
            }
            _ => Err(Failure::new(COMMAND_NOT_FOUND, format!("no such command: '{name}' (in the test front)"))),
        }
    }
}

/// Whether a command is about the config server's own databases.
fn of_cluster(command: &Command) -> bool {
    matches!(command.database.as_str(), "config" | "admin")
}
