//! One unordered insert of many documents, with the fate of each.

use std::collections::HashMap;

use bson::RawDocumentBuf;
use conversation_core::StoreError;
use mongodb::{Collection, error::ErrorKind};

use super::{
    errors,
    run::{Fault, call},
};

/// What became of one document.
#[derive(Debug)]
pub(super) enum Fate {
    /// It was stored.
    Stored,
    /// Another one with its `_id` is there.
    Duplicate,
    /// It failed by itself.
    Failed(StoreError),
}

/// Inserts all documents that are not there yet. Of equal ones among them, the server takes the first.
///
/// # Errors
/// A fault of the insert as a whole; then nothing is known of any document.
pub(super) async fn insert(
    limit: std::time::Duration,
    collection: &Collection<RawDocumentBuf>,
    documents: Vec<RawDocumentBuf>,
) -> Result<Vec<Fate>, Fault> {
    let (collection, count) = (collection.clone(), documents.len());
    let inserted = call(limit, async move { collection.insert_many(documents).ordered(false).await.map(drop) }).await;
    let Err(fault) = inserted else {
        return Ok((0..count).map(|_| Fate::Stored).collect());
    };
    let codes = codes(&fault).ok_or_else(|| fault.clone())?;
    let fate = |index| match codes.get(&index) {
        None => Fate::Stored,
        Some(&errors::DUPLICATE_KEY) => Fate::Duplicate,
        Some(&code) => Fate::Failed(errors::write_of_one(code, &fault)),
    };
    Ok((0..count).map(fate).collect())
}

/// The codes of the documents that failed by themselves, while the others reached a majority; none when the insert failed
/// as a whole.
fn codes(fault: &Fault) -> Option<HashMap<usize, i32>> {
    let Fault::Driver(error) = fault else { return None };
    let ErrorKind::InsertMany(failure) = &*error.kind else { return None };
    let each = failure.write_errors.iter().flatten().map(|error| (error.index, error.code));
    failure.write_concern_error.is_none().then(|| each.collect())
}
