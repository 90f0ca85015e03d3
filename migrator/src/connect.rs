//! Connecting to a deployment, with one sentence of cause and remedy when that is not possible.

use std::{fs, path::PathBuf, time::Duration};

use bson::{Document, doc};
use mongodb::{
    Client, Database,
    error::{Error, ErrorKind},
    options::{Acknowledgment, ClientOptions, ReadConcern, WriteConcern},
};
use thiserror::Error;

use crate::cli;

/// Why a deployment cannot be used.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// No connection string was given.
    #[error("no deployment is named: set MONGODB_URI or MONGODB_URI_FILE")]
    Unnamed,
    /// The file cannot be read.
    #[error("MONGODB_URI_FILE names {}, which cannot be read: {cause}; mount it or correct the path", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The connection string is none.
    #[error(
        "MONGODB_URI is not a valid connection string: write mongodb://user:password@host:port/?replicaSet=name, with every special character of the user and the password percent-encoded"
    )]
    Malformed,
    /// No server answers.
    #[error(
        "no server of {hosts} could be reached within {seconds} s: check the names, the network and that there is a primary"
    )]
    Unreachable {
        /// Where it was looked for.
        hosts: String,
        /// For how long.
        seconds: u64,
    },
    /// The user or the password is wrong.
    #[error("{hosts} refused the user or the password: check MONGODB_URI, and its authSource")]
    Authentication {
        /// Where it was asked.
        hosts: String,
    },
    /// The server is on its own.
    #[error(
        "{hosts} is a standalone server, on which an acknowledged write can be lost: make it a replica set (--replSet and rs.initiate()) or use a sharded cluster"
    )]
    Standalone {
        /// The server.
        hosts: String,
    },
    /// Something else.
    #[error("{hosts} cannot be used: {cause}")]
    Other {
        /// The servers.
        hosts: String,
        /// What the driver said.
        cause: Error,
    },
}

/// A deployment that can be worked on.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The driver.
    pub client: Client,
    /// The database.
    pub database: Database,
    /// The servers, for messages.
    pub hosts: String,
    /// Whether it is a sharded cluster.
    pub sharded: bool,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When it cannot be reached or used.
    pub async fn open(deployment: &cli::Deployment) -> Result<Self, ConnectError> {
        let mut options = ClientOptions::parse(uri(deployment)?).await.map_err(|_| ConnectError::Malformed)?;
        let hosts = options.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let seconds = deployment.server_selection_seconds;
        options.app_name.get_or_insert_with(|| "conversation-migrator".into());
        options.server_selection_timeout = Some(Duration::from_secs(seconds));
        options.write_concern = Some(WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build());
        options.read_concern = Some(ReadConcern::majority());
        options.retry_writes = Some(true);
        let client = Client::with_options(options).map_err(|_| ConnectError::Malformed)?;
        let hello = client.database("admin").run_command(doc! { "hello": 1 }).await;
        let hello: Document = hello.map_err(|cause| explain(cause, &hosts, seconds))?;
        let sharded = hello.get_str("msg").is_ok_and(|msg| msg == "isdbgrid");
        if !sharded && !hello.contains_key("setName") {
            return Err(ConnectError::Standalone { hosts });
        }
        let database = client.database(&deployment.mongodb_database);
        Ok(Self { client, database, hosts, sharded })
    }
}

fn uri(deployment: &cli::Deployment) -> Result<String, ConnectError> {
    match (&deployment.mongodb_uri, &deployment.mongodb_uri_file) {
        (Some(uri), _) if !uri.trim().is_empty() => Ok(uri.clone()),
        (_, Some(file)) => fs::read_to_string(file)
            .map(|content| content.trim().to_owned())
            .map_err(|cause| ConnectError::File { file: file.clone(), cause }),
        _ => Err(ConnectError::Unnamed),
    }
}

fn explain(cause: Error, hosts: &str, seconds: u64) -> ConnectError {
    let hosts = hosts.to_owned();
    match &*cause.kind {
        ErrorKind::ServerSelection { .. } => ConnectError::Unreachable { hosts, seconds },
        ErrorKind::Authentication { .. } => ConnectError::Authentication { hosts },
        ErrorKind::Command(command) if command.code == 18 => ConnectError::Authentication { hosts },
        _ => ConnectError::Other { hosts, cause },
    }
}

/// What a failed command of the server means to an operator: the missing right is named.
#[must_use]
pub fn describe(action: &str, cause: &Error) -> String {
    match &*cause.kind {
        ErrorKind::Command(command) if command.code == 13 => {
            format!(
                "{action}: the user lacks a right ({}); grant the roles that README.md lists for the migrator",
                command.message
            )
        }
        ErrorKind::Command(command) => format!("{action}: {} (code {})", command.message, command.code),
        _ => format!("{action}: {cause}"),
    }
}
