//! The two stores behind the domain's contract: an embedded SQLite file, and a MongoDB replica set or sharded cluster.

pub mod embedded;
pub mod mongo;

pub use embedded::{EmbeddedSettings, EmbeddedStore};
pub use mongo::{MongoSettings, MongoStore};
