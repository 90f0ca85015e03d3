//! The one table from SQLite's errors to what a caller may do.

use conversation_core::StoreError;
use rusqlite::ErrorCode;

/// The fault of a statement. Its transaction is rolled back, so nothing was written.
pub(super) fn of_statement(cause: rusqlite::Error) -> StoreError {
    match cause.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Corrupt(cause.into()),
        Some(_) => StoreError::Unavailable(cause.into()),
        // Not SQLite's error but a value in a row that this service did not write.
        None => StoreError::Corrupt(cause.into()),
    }
}

/// The fault of a commit. A full disk is found before the commit record is written; after any other fault the log may
/// or may not have reached the disk.
pub(super) fn of_commit(code: Option<ErrorCode>, cause: String) -> StoreError {
    match code {
        Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy) => StoreError::Unavailable(cause.into()),
        _ => StoreError::OutcomeUnknown(cause.into()),
    }
}
