//! One reply to a batch of writes out of those of several shards.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use mongodb::bson::{Bson, Document, RawBson, doc};

use super::super::failure::{Failure, is_stale};
use super::super::forward::Answer;
use super::super::message::{Fields, integer};
use super::super::versioned::stamp;

/// What has become of the statements so far.
#[derive(Debug, Default)]
pub(super) struct Merged {
    n: i64,
    modified: i64,
    upserted: Vec<Document>,
    errors: Vec<Document>,
    concern_error: Option<RawBson>,
    times: Fields,
}

impl Merged {
    /// A statement that reached no shard.
    pub(super) fn refuse(&mut self, index: usize, failure: &Failure) {
        let message = failure.0.text("errmsg").unwrap_or_default();
        self.errors.push(doc! { "index": index as i32, "code": failure.code() as i32, "errmsg": message });
    }

    /// Takes in the replies to one group of statements, given by their positions. Those that found a shard stale are put
    /// into `open`. Breaks when nothing after them may be sent now.
    pub(super) fn take(
        &mut self,
        statements: &[usize],
        replies: Vec<Fields>,
        ordered: bool,
        open: &mut BTreeSet<usize>,
    ) -> Result<ControlFlow<()>, Failure> {
        stamp(&mut self.times, &replies);
        if let Some(refusal) = replies.iter().find(|reply| !reply.is_ok() && !is_stale(reply.code())) {
            return Err(Failure(refusal.clone()));
        }
        let mut errors = Vec::new();
        for reply in &replies {
            for error in reply.array("writeErrors")? {
                errors.extend(error.as_document().cloned());
            }
        }
        let is_stale = |error: &Document| is_stale(integer(error.get("code")));
        let refused = replies.iter().any(|reply| !reply.is_ok());
        // A statement that went to several shards is repeated on all: by its number, each does it once.
        if refused || (replies.len() > 1 && errors.iter().any(is_stale)) {
            open.extend(statements);
            return Ok(if ordered { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
        }
        for reply in &replies {
            self.count(reply, statements)?;
        }
        let mut flow = ControlFlow::Continue(());
        for mut error in errors {
            let position = integer(error.get("index")) as usize;
            let Some(index) = statements.get(position).copied() else { continue };
            match (is_stale(&error), ordered) {
                (true, true) => open.extend(&statements[position..]),
                (true, false) => drop(open.insert(index)),
                (false, _) => {
                    error.insert("index", index as i32);
                    self.errors.push(error);
                }
            }
            if ordered {
                flow = ControlFlow::Break(());
            }
        }
        Ok(flow)
    }

    fn count(&mut self, reply: &Fields, statements: &[usize]) -> Result<(), Failure> {
        self.n += reply.integer("n").unwrap_or(0);
        self.modified += reply.integer("nModified").unwrap_or(0);
        if self.concern_error.is_none() {
            self.concern_error = reply.get("writeConcernError").cloned();
        }
        for upserted in reply.array("upserted")? {
            let Bson::Document(mut upserted) = upserted else { continue };
            if let Some(index) = statements.get(integer(upserted.get("index")) as usize) {
                upserted.insert("index", *index as i32);
            }
            self.upserted.push(upserted);
        }
        Ok(())
    }

    /// The reply to the client.
    pub(super) fn reply(mut self, name: &str) -> Answer {
        let mut reply = doc! { "n": self.n as i32 };
        if name == "update" {
            reply.insert("nModified", self.modified as i32);
        }
        if !self.upserted.is_empty() {
            self.upserted.sort_by_key(|upserted| integer(upserted.get("index")));
            reply.insert("upserted", self.upserted);
        }
        if !self.errors.is_empty() {
            self.errors.sort_by_key(|error| integer(error.get("index")));
            reply.insert("writeErrors", self.errors);
        }
        reply.insert("ok", 1.0);
        let mut reply = Fields::try_from(reply)?;
        if let Some(error) = self.concern_error {
            reply.set("writeConcernError", error);
        }
        stamp(&mut reply, [&self.times]);
        Ok(reply)
    }
}
