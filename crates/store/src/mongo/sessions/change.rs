//! Changing sessions from one status to another, those of concurrent calls together.

use std::{collections::HashMap, time::Duration};

use bson::{Bson, Document, doc};
use conversation_core::StoreError;
use mongodb::{Database, error::Error};
use serde::Deserialize;

use crate::mongo::{
    coalesce::{Answer, Size, Work},
    errors,
    run::{Fault, call},
    schema,
};

/// How often a batch is sent. Repeating it is harmless, because a session that has moved on is left as it is.
const ATTEMPTS: usize = 2;
const RETRYABLE: &str = "RetryableWriteError";

/// A change of one session.
#[derive(Clone, Debug)]
pub(in crate::mongo) struct Change {
    /// Which session, and what it must be like to be changed; any other is left as it is.
    pub(in crate::mongo) filter: Document,
    /// What changes.
    pub(in crate::mongo) update: Document,
}

/// Makes changes.
pub(in crate::mongo) struct Changes {
    pub(in crate::mongo) database: Database,
    pub(in crate::mongo) limit: Duration,
}

/// What the server says of an update with several statements.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    #[serde(default)]
    write_errors: Vec<WriteError>,
    write_concern_error: Option<Bson>,
}

#[derive(Debug, Deserialize)]
struct WriteError {
    index: usize,
    code: i32,
}

impl Work for Changes {
    type Item = Change;
    type Answer = ();

    fn size(_: &Self::Item) -> Size {
        Size { documents: 1, bytes: 0 }
    }

    async fn run(&self, items: Vec<Self::Item>) -> Vec<Answer<Self>> {
        let command = self.command(&items);
        let mut reply = self.send(command.clone()).await;
        for _ in 1..ATTEMPTS {
            if !matches!(&reply, Err(Fault::Driver(error)) if is_retryable(error)) {
                break;
            }
            reply = self.send(command.clone()).await;
        }
        let reply = match reply {
            Ok(reply) => reply,
            Err(fault) => return items.iter().map(|_| Err(errors::write(&fault))).collect(),
        };
        if let Some(concern) = reply.write_concern_error {
            return items.iter().map(|_| Err(errors::in_doubt(format!("not on a majority: {concern}")))).collect();
        }
        let codes: HashMap<usize, i32> = reply.write_errors.iter().map(|error| (error.index, error.code)).collect();
        let answer = |index| match codes.get(&index) {
            None => Ok(()),
            Some(code) => Err(errors::in_doubt(format!("a session was not changed: error {code}"))),
        };
        (0..items.len()).map(answer).collect()
    }

    fn unanswered(fault: &Fault) -> StoreError {
        errors::write(fault)
    }
}

impl Changes {
    /// One command with a statement for each session. The driver has no call for it, and the one that takes a list of ids
    /// may miss a session that is just being moved to another shard.
    fn command(&self, changes: &[Change]) -> Document {
        let statement = |Change { filter, update }: &Change| doc! { "q": filter, "u": update };
        let statements: Vec<Document> = changes.iter().map(statement).collect();
        let limit = i64::try_from(self.limit.as_millis()).unwrap_or(i64::MAX);
        doc! {
            "update": schema::SESSIONS,
            "updates": statements,
            "ordered": false,
            "maxTimeMS": limit,
            "writeConcern": { "w": "majority", "j": true, "wtimeout": limit },
        }
    }

    async fn send(&self, command: Document) -> Result<Reply, Fault> {
        let database = self.database.clone();
        call(self.limit, async move {
            let reply: Document = database.run_command(command).await?;
            Ok(bson::deserialize_from_document(reply)?)
        })
        .await
    }
}

fn is_retryable(error: &Error) -> bool {
    error.contains_label(RETRYABLE) || matches!(*error.kind, mongodb::error::ErrorKind::Io(_))
}
