//! Real servers for the tests: a MongoDB replica set, a sharded cluster, the built API itself, and a control plane of
//! Kubernetes.
//!
//! A test instrument, only ever a dev-dependency. Every server listens on loopback, keeps its files
//! under a temporary directory, and ends with the test process, however that process ends.

#[cfg(feature = "kubernetes")]
mod background;
#[cfg(feature = "kubernetes")]
pub mod control_plane;
pub mod machine;
mod mongod;
mod port;
mod process;
#[cfg(feature = "kubernetes")]
mod process_node;
mod replica_set;
mod service;
mod sharded;
mod tools;
mod wait;
mod watchdog;

#[cfg(feature = "kubernetes")]
pub use control_plane::ControlPlane;
pub use mongod::Mongod;
pub use port::free_port;
pub use process::Process;
#[cfg(feature = "kubernetes")]
pub use process_node::ProcessNode;
pub use replica_set::{ReplicaSet, unique_database};
pub use service::{Service, ServiceBuilder};
pub use sharded::{Chunk, ShardedCluster};
pub use tools::{crds, helm_docs, helm_unittest, helm3, helm4, k6, mongod, product, schemathesis};
pub use wait::{Answer, until};
