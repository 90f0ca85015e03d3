//! Why the store cannot be used, each in one sentence with its cause and its remedy.

use std::time::Duration;

use mongodb::error::ErrorKind;
use thiserror::Error;

use super::super::{errors, run::Fault};

/// The server's code for a user without the right to do something.
const UNAUTHORIZED: i32 = 13;
/// The server's code for a user or password it does not know.
const AUTHENTICATION_FAILED: i32 = 18;

/// Why the store cannot be used. No variant holds the driver's words on the connection string, which may quote parts of a
/// password.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The connection string cannot be read.
    #[error(
        "MONGODB_URI is not a valid connection string: write mongodb://user:password@host:port/?replicaSet=name, with \
         every special character of the user and the password percent-encoded"
    )]
    Malformed,
    /// The host name of a `mongodb+srv` connection string has no addresses.
    #[error("the mongodb+srv host name in MONGODB_URI cannot be resolved: check its spelling and the DNS from here")]
    Unresolved,
    /// No server could be reached.
    #[error(
        "MongoDB at {hosts} could not be reached within {} s: check that it is running, that it has a primary, and that \
         MONGODB_URI names it as it is known from here",
        within.as_secs_f32()
    )]
    Unreachable {
        /// Where it was looked for.
        hosts: String,
        /// For how long.
        within: Duration,
        /// What the driver met.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The user or the password is not known.
    #[error("MongoDB at {hosts} refused the user or the password in MONGODB_URI: check both, and its authSource")]
    AuthenticationFailed {
        /// Where it was asked.
        hosts: String,
    },
    /// The user may not use the database.
    #[error("the user in MONGODB_URI may not use the database {database:?}: grant it the role readWrite there")]
    Unauthorized {
        /// The database.
        database: String,
    },
    /// The server is on its own.
    #[error(
        "MongoDB at {hosts} is a standalone server, on which an acknowledged write can be lost: use a replica set \
         (a single server becomes one by --replSet and rs.initiate()) or a sharded cluster"
    )]
    Standalone {
        /// Where it is.
        hosts: String,
    },
    /// Something else went wrong while the store was opened.
    #[error("MongoDB at {hosts} could not be prepared for use: see the cause, and check its log")]
    Failed {
        /// Where it is.
        hosts: String,
        /// What went wrong.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Where the store was looked for.
pub(super) struct Place {
    /// The servers that the connection string names.
    pub(super) hosts: String,
    /// For how long.
    pub(super) within: Duration,
    /// The database to use there.
    pub(super) database: String,
}

impl Place {
    /// What a fault means to someone who wants to connect.
    pub(super) fn error(&self, fault: Fault) -> ConnectError {
        let Self { hosts, within, database } = self;
        let hosts = hosts.clone();
        let Fault::Driver(error) = &fault else {
            return ConnectError::Unreachable { hosts, within: *within, cause: fault.into() };
        };
        match (&*error.kind, errors::code(error)) {
            (ErrorKind::Authentication { .. }, _) | (_, Some(AUTHENTICATION_FAILED)) => {
                ConnectError::AuthenticationFailed { hosts }
            }
            (_, Some(UNAUTHORIZED)) => ConnectError::Unauthorized { database: database.clone() },
            (ErrorKind::ServerSelection { .. } | ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. }, _) => {
                ConnectError::Unreachable { hosts, within: *within, cause: fault.into() }
            }
            _ => ConnectError::Failed { hosts, cause: fault.into() },
        }
    }
}
