//! Opening the database file: its folder, its lock, its settings and its tables.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use conversation_core::{StoreError, store::Health};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use thiserror::Error;

use super::errors;

/// The database's file name within its folder.
pub(super) const FILE_NAME: &str = "conversations.db";
const LOCK_NAME: &str = "conversations.lock";

/// Marks the file as this service's, in SQLite's `application_id`: "CONV" in ASCII.
const APPLICATION_ID: i32 = 0x434F_4E56;
/// The version of the tables, in SQLite's `user_version`.
const SCHEMA_VERSION: i32 = 1;

const TABLES: &str = include_str!("tables.sql");

/// Why the store cannot be opened; each message names the remedy.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The folder cannot be made or written.
    #[error("cannot write to the data folder {}: {cause}; make it writable or set DATA_DIR to a folder that is", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Another process has the folder.
    #[error("the data folder {} is in use by another process; stop that one or set DATA_DIR to another folder", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The file is damaged or something else altogether.
    #[error("{} is not a readable database; restore it from a backup, or move it away to start empty", file.display())]
    NotADatabase {
        /// The file.
        file: PathBuf,
    },
    /// The file is a database of another program, or of a later version of this one.
    #[error("{} was written by another program or a later version (application {application:#x}, schema {schema}); use that program, or set DATA_DIR to another folder", file.display())]
    Foreign {
        /// The file.
        file: PathBuf,
        /// The program's mark in the file.
        application: i32,
        /// The schema version in the file.
        schema: i32,
    },
    /// The file cannot be opened for another reason.
    #[error("cannot open {}: {cause}", file.display())]
    Other {
        /// The file.
        file: PathBuf,
        /// What SQLite said.
        cause: rusqlite::Error,
    },
}

/// Holds the folder for this process. The system lets go of it however the process ends.
pub(super) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Makes the folder if need be and takes it.
    pub(super) fn take(folder: &Path) -> Result<Self, OpenError> {
        let failed = |cause| OpenError::Folder { folder: folder.to_owned(), cause };
        fs::create_dir_all(folder).map_err(failed)?;
        let file = File::create(folder.join(LOCK_NAME)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse { folder: folder.to_owned() }),
            Err(TryLockError::Error(cause)) => Err(failed(cause)),
        }
    }
}

/// The writer's connection, on a file that is made when it is missing.
pub(super) fn for_writing(file: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(file, flags).map_err(|cause| explain(file, cause))?;
    configure(&db).and_then(|()| identify(&db)).map_err(|cause| explain(file, cause)).and_then(
        |found| match found {
            (0, 0) => db.execute_batch(&creation()).map_err(|cause| explain(file, cause)),
            (APPLICATION_ID, SCHEMA_VERSION) => Ok(()),
            (application, schema) => Err(OpenError::Foreign { file: file.to_owned(), application, schema }),
        },
    )?;
    Ok(db)
}

/// A reader's connection.
pub(super) fn for_reading(file: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(file, flags).map_err(|cause| explain(file, cause))?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

/// What the store says of itself.
pub(super) fn health(db: &Connection) -> Result<Health, StoreError> {
    let version: String =
        db.query_row("SELECT sqlite_version()", [], |row| row.get(0)).map_err(errors::of_statement)?;
    Ok(Health { store: format!("embedded SQLite {version}"), missing: Vec::new() })
}

fn configure(db: &Connection) -> rusqlite::Result<()> {
    db.set_prepared_statement_cache_capacity(64);
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // A commit is acknowledged only when the log is flushed (INV-1); on macOS a plain fsync does not reach the disk.
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "fullfsync", true)?;
    // Erased content is overwritten in the file, not just unlinked.
    db.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))
}

/// The file's marks; both zero in a new file without tables.
fn identify(db: &Connection) -> rusqlite::Result<(i32, i32)> {
    let mark = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let marks = (mark("application_id")?, mark("user_version")?);
    let tables: i32 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(if marks == (0, 0) && tables > 0 { (0, -1) } else { marks })
}

fn creation() -> String {
    format!("BEGIN; {TABLES} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
}

fn explain(file: &Path, cause: rusqlite::Error) -> OpenError {
    let file = file.to_owned();
    match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => OpenError::NotADatabase { file },
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            OpenError::Folder { folder: file.parent().unwrap_or(&file).to_owned(), cause: io::Error::other(cause) }
        }
        _ => OpenError::Other { file, cause },
    }
}
