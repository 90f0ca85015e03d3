//! Real servers for the tests: a MongoDB replica set, a sharded cluster, and the built API itself.
//!
//! A test instrument, only ever a dev-dependency. Every server listens on loopback, keeps its files
//! under a temporary directory, and ends with the test process, however that process ends.

pub mod machine;
mod mongod;
mod port;
mod process;
mod replica_set;
mod service;
mod sharded;
mod tools;
mod wait;
mod watchdog;

pub use mongod::Mongod;
pub use port::free_port;
pub use process::Process;
pub use replica_set::{ReplicaSet, unique_database};
pub use service::{Service, ServiceBuilder};
pub use sharded::{Chunk, ShardedCluster};
pub use tools::{k6, mongod, schemathesis};
pub use wait::{Answer, until};
