//! Making sessions active at their first event, those of concurrent calls together.

use std::{collections::HashMap, time::Duration};

use bson::{Bson, Document, doc};
use conversation_core::{SessionKey, Status, StoreError, Timestamp};
use mongodb::{Database, error::Error};
use serde::Deserialize;

use crate::mongo::{
    coalesce::{Answer, Size, Work},
    documents::{date, session_filter},
    errors,
    run::{Fault, call},
    schema,
};

/// How often a batch is sent. Repeating it is harmless, because what is active already is left as it is.
const ATTEMPTS: usize = 2;
const RETRYABLE: &str = "RetryableWriteError";

/// Changes initiated sessions to active; leaves any other as it is.
pub(in crate::mongo) struct Activation {
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

impl Work for Activation {
    type Item = (SessionKey, Timestamp);
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
            Some(code) => Err(errors::in_doubt(format!("a session was not made active: error {code}"))),
        };
        (0..items.len()).map(answer).collect()
    }

    fn unanswered(fault: &Fault) -> StoreError {
        errors::write(fault)
    }
}

impl Activation {
    /// One command with a statement for each session. The driver has no call for it, and the one that takes a list of ids
    /// may miss a session that is just being moved to another shard.
    fn command(&self, items: &[(SessionKey, Timestamp)]) -> Document {
        let statements: Vec<Document> = items
            .iter()
            .map(|(key, now)| {
                let mut filter = session_filter(key);
                filter.insert("status", Status::Initiated.as_str());
                let change = doc! {
                    "$set": { "status": Status::Active.as_str(), "updatedAt": date(*now) },
                    "$inc": { "revision": 1_i64 },
                };
                doc! { "q": filter, "u": change }
            })
            .collect();
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
