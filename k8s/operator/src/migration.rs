//! How the schema of a database gets where it is declared to be: what is known, and what is to be done next. Pure functions;
//! `reconcile::schema` executes them. All that must outlast the process is in the object's status and in its Jobs, so an
//! operator that is killed at any moment carries on where it was.

mod decide;
mod record;
mod run;
mod states;
mod summary;
#[cfg(test)]
mod tests;

pub use decide::{Step, Want, apply, next};
pub use record::record;
pub use run::{End, Run, State, Trouble};
pub use states::states;
pub use summary::Summary;
