//! Sending commands on: to one server, or to whichever member of a replica set is its primary.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use mongodb::bson::{Document, RawDocument, doc};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::failure::{Failure, HOST_UNREACHABLE, NO_PRIMARY, is_failover};
use super::message::Fields;
use super::wire::{self, Frame};

/// Elections take about three seconds here; the rest is for busy machines.
const FAILOVER: Duration = Duration::from_secs(20);
/// A server that lives answers a greeting in milliseconds.
const PROBE: Duration = Duration::from_secs(4);
/// How long a request may take before its server must show that it lives.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(100);

/// What a command is answered with.
pub(super) type Answer = Result<Fields, Failure>;
/// The documents of a write, and the name of their field.
pub(super) type Writes<'a> = Option<(&'a str, &'a [&'a RawDocument])>;

/// One server, with a pool of connections that each carry one request at a time.
#[derive(Debug)]
pub(super) struct Host {
    address: String,
    idle: Mutex<Vec<TcpStream>>,
}

impl Host {
    pub(super) fn new(address: &str) -> Self {
        Self { address: address.to_owned(), idle: Mutex::default() }
    }

    /// Sends a command and gives the server's answer, also when that is a refusal.
    pub(super) async fn call(&self, database: &str, command: &Fields, writes: Writes<'_>) -> Answer {
        let mut command = command.clone();
        command.set("$db", database);
        match self.attempt(&wire::message(&command.write()?, writes, 0)).await {
            Ok((frame, stream)) => {
                lock(&self.idle).push(stream);
                frame.reply()
            }
            Err(error) => {
                // The others were made to the same process.
                lock(&self.idle).clear();
                Err(self.unreachable(&error.to_string()))
            }
        }
    }

    async fn attempt(&self, message: &[u8]) -> io::Result<(Frame, TcpStream)> {
        let mut stream = match self.take_idle() {
            Some(stream) => stream,
            None => connect(&self.address).await?,
        };
        stream.write_all(message).await?;
        let frame = Frame::read(&mut stream).await?;
        Ok((frame, stream))
    }

    /// A connection that the server has not closed, as a process does that is killed.
    fn take_idle(&self) -> Option<TcpStream> {
        let mut idle = lock(&self.idle);
        std::iter::from_fn(|| idle.pop())
            .find(|stream| stream.try_read(&mut [0]).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock))
    }

    /// Ends once the server no longer answers greetings: one that is paused keeps its connections open.
    async fn fell_silent(&self) {
        loop {
            sleep(PATIENCE).await;
            // Twice, because a busy machine may keep one waiting.
            if self.hello().await.is_none() && self.hello().await.is_none() {
                return;
            }
        }
    }

    async fn hello(&self) -> Option<Document> {
        let greeting =
            wire::message(&Fields::try_from(doc! { "hello": 1, "$db": "admin" }).ok()?.write().ok()?, None, 0);
        let Ok(Ok((frame, stream))) = timeout(PROBE, self.attempt(&greeting)).await else {
            // What is left in the pool leads to a process that is paused or gone.
            lock(&self.idle).clear();
            return None;
        };
        lock(&self.idle).push(stream);
        frame.reply().ok()?.to_document().ok()
    }

    fn unreachable(&self, reason: &str) -> Failure {
        Failure::new(HOST_UNREACHABLE, format!("{}: {reason}", self.address))
    }
}

async fn connect(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A replica set, of which only the primary is ever asked.
#[derive(Debug)]
pub(super) struct Members {
    hosts: Mutex<BTreeMap<String, Arc<Host>>>,
    primary: Mutex<Option<Arc<Host>>>,
}

impl Members {
    /// From `host:port,..`, with or without the set's name and a slash before it.
    pub(super) fn new(known_as: &str) -> Self {
        let addresses = known_as.rsplit('/').next().unwrap_or_default();
        let hosts = addresses.split(',').map(|address| (address.to_owned(), Arc::new(Host::new(address))));
        Self { hosts: Mutex::new(hosts.collect()), primary: Mutex::default() }
    }

    /// Sends a command to the primary. What is `repeatable` is sent to the next primary if the first is lost.
    pub(super) async fn call(&self, database: &str, command: &Fields, writes: Writes<'_>, repeatable: bool) -> Answer {
        let end = Instant::now() + FAILOVER;
        loop {
            let primary = self.primary().await?;
            let answer = tokio::select! {
                answer = primary.call(database, command, writes) => answer,
                () = primary.fell_silent() => Err(primary.unreachable("it does not answer")),
            };
            let lost = match &answer {
                Ok(reply) => lost_primary(reply)?,
                Err(failure) => is_failover(failure.code()),
            };
            if !lost {
                return answer;
            }
            lock(&self.primary).take_if(|known| Arc::ptr_eq(known, &primary));
            if !repeatable || Instant::now() > end {
                return answer;
            }
            sleep(PAUSE).await;
        }
    }

    /// [`Members::call`] of a command of the front's own, with a refusal as an error.
    pub(super) async fn ask(&self, database: &str, command: Document, repeatable: bool) -> Result<Document, Failure> {
        let reply = self.call(database, &Fields::try_from(command)?, None, repeatable).await?;
        if reply.is_ok() { reply.to_document() } else { Err(Failure(reply)) }
    }

    async fn primary(&self) -> Result<Arc<Host>, Failure> {
        let end = Instant::now() + FAILOVER;
        loop {
            let known = lock(&self.primary).clone();
            if let Some(known) = known {
                return Ok(known);
            }
            let hosts: Vec<Arc<Host>> = lock(&self.hosts).values().cloned().collect();
            let states = join_all(hosts.iter().map(|host| host.hello())).await;
            let states = hosts.iter().zip(states).filter_map(|(host, state)| Some((host, state?)));
            let primaries = states.filter(|(_, state)| state.get_bool("isWritablePrimary").unwrap_or(false));
            // One that was paused believes in itself until it hears of its successor, whose election is the later.
            let newest = primaries.max_by_key(|(_, state)| state.get_object_id("electionId").ok());
            match newest {
                Some((host, _)) => *lock(&self.primary) = Some(Arc::clone(host)),
                None if Instant::now() > end => return Err(Failure::new(NO_PRIMARY, "no primary was found")),
                None => sleep(PAUSE).await,
            }
        }
    }
}

/// Whether a reply says that the server is not, or no longer, the primary: for the command, for one of its writes, or
/// while it waited for the write concern.
fn lost_primary(reply: &Fields) -> Result<bool, Failure> {
    if !reply.is_ok() {
        return Ok(is_failover(reply.code()));
    }
    let concern = reply.document("writeConcernError").and_then(|error| error.get_i32("code").ok());
    let errors = reply.array("writeErrors")?;
    let mut codes = errors.iter().filter_map(|error| error.as_document()?.get_i32("code").ok());
    Ok(concern.is_some_and(|code| is_failover(code.into())) || codes.any(|code| is_failover(code.into())))
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
