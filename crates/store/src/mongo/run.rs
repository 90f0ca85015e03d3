//! The one way to the driver: each call runs in a task of its own and is waited for up to a deadline.
//!
//! A driver future that is dropped half-way poisons its connection, and both a deadline and a client that hangs up would
//! drop it. So nobody but its own task holds it; a caller that stops waiting leaves the task to finish.

use std::{fmt, future::Future, time::Duration};

use bson::{Document, RawDocument, RawDocumentBuf, doc};
use conversation_core::{SessionId, StoreError};
use futures_util::TryStreamExt as _;
use mongodb::{
    Collection,
    error::Error,
    options::{FindOptions, Hint},
    raw_batch_cursor::RawBatch,
};
use tracing::Instrument as _;

use super::errors;

/// Why a call has no result.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// The driver said so.
    Driver(Error),
    /// The deadline passed; the call goes on by itself.
    Deadline(Duration),
    /// The task ended without a result, by a panic or at the end of the runtime.
    Lost,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Driver(error) => error.fmt(f),
            Self::Deadline(limit) => write!(f, "the database did not answer within {limit:?}"),
            Self::Lost => f.write_str("the task of a database call ended without a result"),
        }
    }
}

impl std::error::Error for Fault {}

/// Runs one driver call to its end, and waits for it up to `limit`.
pub(super) async fn call<T, F>(limit: Duration, operation: F) -> Result<T, Fault>
where
    T: Send + 'static,
    F: Future<Output = mongodb::error::Result<T>> + Send + 'static,
{
    match tokio::time::timeout(limit, tokio::spawn(operation.in_current_span())).await {
        Err(_) => Err(Fault::Deadline(limit)),
        Ok(Err(_)) => Err(Fault::Lost),
        Ok(Ok(result)) => result.map_err(Fault::Driver),
    }
}

/// [`call`] for what changes nothing.
pub(super) async fn read<T, F>(limit: Duration, operation: F) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: Future<Output = mongodb::error::Result<T>> + Send + 'static,
{
    call(limit, operation).await.map_err(|fault| errors::read(&fault))
}

/// [`call`] for what changes data.
pub(super) async fn write<T, F>(limit: Duration, operation: F) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: Future<Output = mongodb::error::Result<T>> + Send + 'static,
{
    call(limit, operation).await.map_err(|fault| errors::write(&fault))
}

/// Finds documents and reads each one where it lies in the server's reply.
///
/// A reply holds 16 MiB at the most, so a page of large events takes several.
pub(super) async fn find<T>(
    limit: Duration,
    collection: &Collection<RawDocumentBuf>,
    filter: Document,
    options: FindOptions,
    convert: impl Fn(&RawDocument) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let collection = collection.clone();
    let batches: Vec<RawBatch> = read(limit, async move {
        collection.find(filter).with_options(options).max_time(limit).batch().await?.try_collect().await
    })
    .await?;
    let mut found = Vec::new();
    for batch in &batches {
        for document in batch.doc_slices().map_err(errors::corrupt)? {
            let document = document.map_err(errors::corrupt)?;
            let document = document.as_document().ok_or_else(|| errors::corrupt("a reply without documents"))?;
            found.push(convert(document)?);
        }
    }
    Ok(found)
}

/// Finds documents of any number of sessions by their `_id`, which says which they are; the session's identifier beside it
/// sends the query to the shards that have them.
pub(super) async fn find_by_ids<T>(
    limit: Duration,
    collection: &Collection<RawDocumentBuf>,
    ids: Vec<(String, &SessionId)>,
    projection: Option<Document>,
    convert: impl Fn(&RawDocument) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    // One above the count, because a server leaves the cursor of a batch that is just full open for another call.
    let batch_size = u32::try_from(ids.len() + 1).ok();
    let (ids, session_ids): (Vec<String>, Vec<&str>) = ids.into_iter().map(|(id, of)| (id, of.as_str())).unzip();
    let filter = doc! { "_id": { "$in": ids }, "sessionId": { "$in": session_ids } };
    let hint = Hint::Keys(doc! { "_id": 1 });
    let options = FindOptions::builder().hint(hint).batch_size(batch_size).projection(projection).build();
    find(limit, collection, filter, options, convert).await
}

/// Finds the one document that `filter` can match.
pub(super) async fn find_one(
    limit: Duration,
    collection: &Collection<RawDocumentBuf>,
    filter: Document,
) -> Result<Option<RawDocumentBuf>, StoreError> {
    let collection = collection.clone();
    read(limit, async move { collection.find_one(filter).max_time(limit).await }).await
}
