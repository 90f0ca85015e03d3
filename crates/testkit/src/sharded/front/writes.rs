//! Retryable inserts, updates and deletes: each statement goes to its shard under its own number, so that sending it
//! again, wherever its chunk has moved meanwhile, has no second effect.

mod merge;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use futures_util::future::join_all;
use mongodb::bson::raw::RawBsonRef;
use mongodb::bson::{Bson, RawDocument};

use super::Router;
use super::failure::{Failure, INVALID_OPTIONS, SHARD_KEY_NOT_FOUND, STALE_CONFIG, is_stale};
use super::forward::Answer;
use super::message::{Batch, Command, Fields};
use super::target::{Route, equality};
use super::versioned::{ATTEMPTS, pause};
use merge::Merged;

/// Statements, by their positions in the batch, that go to the same shards in one request.
struct Group {
    shards: Vec<String>,
    statements: Vec<usize>,
}

/// What a client asked for.
struct Request<'a> {
    command: &'a Command,
    batch: &'a Batch,
    /// The number of each statement within its transaction number, by which a shard knows it again.
    numbers: Vec<i32>,
    ordered: bool,
    /// Whether a database that is not there is to be created.
    create: bool,
}

impl<'a> Request<'a> {
    fn new(command: &'a Command) -> Result<Self, Failure> {
        let refusal = || Failure::new(9, format!("{} needs its documents", command.name()));
        let batch = command.batch.as_ref().ok_or_else(refusal)?;
        let given = command.fields.array("stmtIds")?;
        let numbers = match given.len() == batch.documents.len() && !given.is_empty() {
            true => given.iter().filter_map(Bson::as_i32).collect(),
            false => (0..).take(batch.documents.len()).collect(),
        };
        let upserts = || batch.documents.iter().any(|document| flag(document, "upsert"));
        let create = match command.name() {
            "insert" => true,
            "update" => upserts(),
            _ => false,
        };
        let ordered = command.fields.flag("ordered").unwrap_or(true);
        Ok(Self { command, batch, numbers, ordered, create })
    }

    /// The shards that a statement may have to reach.
    fn target(&self, route: &Route, statement: &RawDocument) -> Result<Vec<String>, Failure> {
        let name = self.command.name();
        if name == "insert" {
            return Ok(vec![route.of_document(statement)?]);
        }
        let query = statement.get_document("q")?;
        if let Some(shard) = route.of_query(query)? {
            return Ok(vec![shard]);
        }
        let upsert = flag(statement, "upsert");
        if !upsert {
            match statement.get("u")? {
                // The document that replaces has the shard key that the replaced one must have.
                Some(RawBsonRef::Document(change)) if name == "update" && is_replacement(change) => {
                    return Ok(vec![route.of_document(change)?]);
                }
                // At most one document of all shards has it, as far as the client is concerned.
                _ if equality(query, "_id")?.is_some() => return Ok(route.shards()),
                _ => {}
            }
        }
        let code = if upsert { SHARD_KEY_NOT_FOUND } else { INVALID_OPTIONS };
        let message = format!(
            "{name} of one document on a sharded collection must contain the shard key (or an exact match on _id)"
        );
        Err(Failure::new(code, message))
    }

    /// The requests that the open statements make, in their order; what cannot be targeted becomes an error of its own.
    fn plan(&self, route: &Route, open: &BTreeSet<usize>, merged: &mut Merged) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for &index in open {
            let shards = match self.target(route, &self.batch.documents[index]) {
                Ok(shards) => shards,
                Err(failure) => {
                    merged.refuse(index, &failure);
                    if self.ordered {
                        break;
                    }
                    continue;
                }
            };
            // Of an ordered batch only neighbours may share a request.
            let reach = if self.ordered { groups.len().saturating_sub(1) } else { 0 };
            let fits = |group: &&mut Group| shards.len() == 1 && group.shards == shards;
            match groups.iter_mut().skip(reach).find(fits) {
                Some(group) => group.statements.push(index),
                None => groups.push(Group { shards, statements: vec![index] }),
            }
        }
        groups
    }
}

impl Router {
    /// `insert`, `update` or `delete` with a transaction number.
    pub(super) async fn write(&self, command: &Command) -> Answer {
        let request = Request::new(command)?;
        let (database, collection) = (command.database.as_str(), command.collection()?);
        let mut open: BTreeSet<usize> = (0..request.batch.documents.len()).collect();
        let mut merged = Merged::default();
        let mut attempt = 0;
        loop {
            match self.catalogue.route(database, collection, request.create).await {
                Ok(route) => {
                    let groups = request.plan(&route, &open, &mut merged);
                    open = self.send_groups(&request, &route, groups, &mut merged).await?;
                }
                Err(failure) if is_stale(failure.code()) => {}
                Err(failure) => return Err(failure),
            }
            if open.is_empty() {
                return merged.reply(command.name());
            }
            if attempt == ATTEMPTS {
                return Err(Failure::new(STALE_CONFIG, format!("{database}.{collection}: the routes stay stale")));
            }
            attempt += 1;
            self.catalogue.forget(database, collection);
            pause(attempt).await;
        }
    }

    /// Sends the groups and gives the statements that found a shard stale, to be targeted anew.
    async fn send_groups(
        &self,
        request: &Request<'_>,
        route: &Route,
        groups: Vec<Group>,
        merged: &mut Merged,
    ) -> Result<BTreeSet<usize>, Failure> {
        let mut open = BTreeSet::new();
        if !request.ordered {
            let sent = join_all(groups.iter().map(|group| self.send_group(request, route, group))).await;
            for (group, replies) in groups.iter().zip(sent) {
                // Unordered statements go on whatever becomes of others.
                let _ = merged.take(&group.statements, replies?, false, &mut open)?;
            }
            return Ok(open);
        }
        let mut groups = groups.into_iter();
        while let Some(group) = groups.next() {
            let replies = self.send_group(request, route, &group).await?;
            match merged.take(&group.statements, replies, true, &mut open)? {
                ControlFlow::Continue(()) => {}
                // A statement failed, and with it all after it.
                ControlFlow::Break(()) if open.is_empty() => return Ok(open),
                // A shard was stale: what comes after waits for its turn.
                ControlFlow::Break(()) => open.extend(groups.by_ref().flat_map(|group| group.statements)),
            }
        }
        Ok(open)
    }

    async fn send_group(&self, request: &Request<'_>, route: &Route, group: &Group) -> Result<Vec<Fields>, Failure> {
        let documents: Vec<&RawDocument> =
            group.statements.iter().map(|index| &*request.batch.documents[*index]).collect();
        let numbers = group.statements.iter().map(|index| Bson::Int32(request.numbers[*index])).collect();
        let mut fields = request.command.fields.clone();
        fields.set_array("stmtIds", numbers)?;
        let writes = Some((request.batch.field.as_str(), documents.as_slice()));
        let (database, repeatable) = (&request.command.database, request.command.is_retryable_write());
        let sent =
            group.shards.iter().map(|shard| self.send((route, shard), database, fields.clone(), writes, repeatable));
        join_all(sent).await.into_iter().collect()
    }
}

fn flag(document: &RawDocument, name: &str) -> bool {
    document.get_bool(name).unwrap_or(false)
}

/// Whether an update gives a whole document rather than operators.
fn is_replacement(change: &RawDocument) -> bool {
    !matches!(change.iter().next(), Some(Ok((key, _))) if key.as_str().starts_with('$'))
}
