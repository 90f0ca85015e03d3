//! Runs a k6 profile against real servers, breaks something meanwhile if asked, and has what is stored audited.

pub mod args;
mod binaries;
mod fault;
mod k6;
mod load;
mod machine;
mod outcome;
mod profile;
mod results;
mod stand;

pub use args::Args;
pub use binaries::Binaries;
pub use k6::{K6, Summary};
pub use load::{Load, run};
pub use outcome::Outcome;
pub use profile::{Fault, Profile, StoreKind};
pub use results::save;
pub use stand::Stand;
