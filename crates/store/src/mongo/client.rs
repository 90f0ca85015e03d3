//! Connecting: the settings, and what is demanded of the deployment.

mod refusal;

use std::{fmt, time::Duration};

use bson::{Document, doc};
use conversation_core::Rules;
use mongodb::{
    Client,
    error::ErrorKind,
    options::{Acknowledgment, ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern},
};

use super::{
    MongoStore,
    coalesce::CoalesceBounds,
    run::{Fault, call},
    schema,
};

pub use refusal::ConnectError;
use refusal::Place;

/// Connections that are open ahead of the first request, and at the most opened at once afterwards: the driver's own two
/// let a burst wait for one handshake after the other.
const READY_CONNECTIONS: u32 = 8;
/// What the driver allows. A server that an error made the driver doubt is used again after the next heartbeat, and with
/// the driver's own ten seconds every operation would have given up by then (measured); so some fit into that time.
const SHORTEST_HEARTBEAT: Duration = Duration::from_millis(500);
/// How the MongoDB store is set up.
#[derive(Clone)]
pub struct MongoSettings {
    /// The connection string. Its own options win over the ones below, but not over what durability needs.
    pub uri: String,
    /// The database that holds the collections.
    pub database: String,
    /// The most connections to each server.
    pub max_pool_size: u32,
    /// How long an operation waits for a server that can take it.
    pub server_selection_timeout: Duration,
    /// How long an operation is waited for in all.
    pub operation_timeout: Duration,
    /// Whether to create missing indexes, for development.
    pub auto_migrate: bool,
    /// How concurrent calls share round trips.
    pub coalescing: CoalesceBounds,
}

impl Default for MongoSettings {
    fn default() -> Self {
        Self {
            uri: "mongodb://localhost:27017".into(),
            database: "conversations".into(),
            max_pool_size: 100,
            server_selection_timeout: Duration::from_secs(3),
            operation_timeout: Duration::from_secs(5),
            auto_migrate: false,
            coalescing: CoalesceBounds::default(),
        }
    }
}

impl fmt::Debug for MongoSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            uri: _,
            database,
            max_pool_size,
            server_selection_timeout,
            operation_timeout,
            auto_migrate,
            coalescing,
        } = self;
        f.debug_struct("MongoSettings")
            // It may hold a password.
            .field("uri", &"…")
            .field("database", database)
            .field("max_pool_size", max_pool_size)
            .field("server_selection_timeout", server_selection_timeout)
            .field("operation_timeout", operation_timeout)
            .field("auto_migrate", auto_migrate)
            .field("coalescing", coalescing)
            .finish()
    }
}

impl MongoStore {
    /// Connects to a replica set or a sharded cluster, and opens some connections ahead of the first request.
    ///
    /// # Errors
    /// When it cannot be reached or used, or does not keep what it acknowledges.
    pub async fn connect(settings: MongoSettings, rules: Rules) -> Result<Self, ConnectError> {
        let options = options(&settings).await?;
        let limit = settings.operation_timeout;
        let place = Place {
            hosts: options.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            within: options.server_selection_timeout.unwrap_or(settings.server_selection_timeout),
            database: settings.database.clone(),
        };
        let client = Client::with_options(options).map_err(|_| ConnectError::Malformed)?;
        let hello = command(&client, "admin", doc! { "hello": 1 }, limit).await.map_err(|fault| place.error(fault))?;
        let sharded = hello.get_str("msg").is_ok_and(|msg| msg == "isdbgrid");
        if !sharded && !hello.contains_key("setName") {
            return Err(ConnectError::Standalone { hosts: place.hosts });
        }
        let database = client.database(&settings.database);
        let observed = schema::observe(&client, &database, sharded, limit).await.map_err(|fault| place.error(fault))?;
        if settings.auto_migrate {
            let applied = schema::apply_missing(&client, &database, &observed, limit).await;
            applied.map_err(|fault| place.error(fault))?;
        }
        let warmed = client.clone();
        let warming = call(limit, async move {
            warmed.warm_connection_pool().await;
            Ok(())
        });
        warming.await.map_err(|fault| place.error(fault))?;
        let version = version(&client, limit).await.map_err(|fault| place.error(fault))?;
        Ok(Self::new(client, &settings, rules, sharded, version))
    }
}

async fn options(settings: &MongoSettings) -> Result<ClientOptions, ConnectError> {
    let mut options = ClientOptions::parse(&settings.uri).await.map_err(|error| match *error.kind {
        ErrorKind::DnsResolve { .. } => ConnectError::Unresolved,
        _ => ConnectError::Malformed,
    })?;
    options.app_name.get_or_insert_with(|| "conversation-service".into());
    let most = *options.max_pool_size.get_or_insert(settings.max_pool_size);
    // No more than may be open at all; a maximum of 0 means no maximum.
    let ready = if most == 0 { READY_CONNECTIONS } else { READY_CONNECTIONS.min(most) };
    options.min_pool_size.get_or_insert(ready);
    options.max_connecting.get_or_insert(READY_CONNECTIONS);
    options.server_selection_timeout.get_or_insert(settings.server_selection_timeout);
    options.connect_timeout.get_or_insert(settings.server_selection_timeout);
    let selection = options.server_selection_timeout.unwrap_or(settings.server_selection_timeout);
    options.heartbeat_freq.get_or_insert((selection / 3).max(SHORTEST_HEARTBEAT));
    make_durable(&mut options, settings.operation_timeout);
    Ok(options)
}

/// What an acknowledged write rests on is not for a connection string to change (INV-1).
fn make_durable(options: &mut ClientOptions, limit: Duration) {
    // The driver cannot set a time limit on an insert itself; waiting for the majority is what could take for ever.
    let majority = WriteConcern::builder().w(Acknowledgment::Majority).journal(true).w_timeout(limit).build();
    options.write_concern = Some(majority);
    options.read_concern = Some(ReadConcern::majority());
    options.retry_writes = Some(true);
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
}

async fn version(client: &Client, limit: Duration) -> Result<String, Fault> {
    let info = command(client, "admin", doc! { "buildInfo": 1 }, limit).await?;
    Ok(info.get_str("version").unwrap_or("of unknown version").to_owned())
}

async fn command(client: &Client, database: &str, command: Document, limit: Duration) -> Result<Document, Fault> {
    let database = client.database(database);
    call(limit, async move { database.run_command(command).await }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(uri: &str) -> MongoSettings {
        MongoSettings { uri: uri.into(), ..MongoSettings::default() }
    }

    #[tokio::test]
    async fn a_connection_string_cannot_weaken_durability() {
        let uri = "mongodb://h/?w=1&journal=false&readConcernLevel=local&retryWrites=false&readPreference=secondary";
        let options = options(&settings(uri)).await.expect("options");
        let concern = options.write_concern.expect("a write concern");
        assert_eq!((concern.w, concern.journal), (Some(Acknowledgment::Majority), Some(true)));
        assert_eq!(options.read_concern, Some(ReadConcern::majority()));
        assert_eq!(options.retry_writes, Some(true));
        assert_eq!(options.selection_criteria, Some(SelectionCriteria::ReadPreference(ReadPreference::Primary)));
    }

    #[tokio::test]
    async fn a_connection_string_sizes_the_pool() {
        let options = options(&settings("mongodb://h/?maxPoolSize=4")).await.expect("options");
        assert_eq!((options.max_pool_size, options.min_pool_size), (Some(4), Some(4)));
    }

    #[tokio::test]
    async fn a_malformed_connection_string_is_named_and_its_password_is_not() {
        for uri in
            ["mongodb://user:geheim/x@host/", "geheim", "mongodb://user:geheim@host:70000", "mongodb://u:geheim@"]
        {
            let error = options(&settings(uri)).await.expect_err("refused");
            let told = format!("{error} {error:?}");
            assert!(told.contains("MONGODB_URI") && !told.contains("geheim"), "{told}");
        }
        assert!(!format!("{:?}", settings("mongodb://user:geheim@host")).contains("geheim"));
    }
}
