//! What every store must do: one file for each verb of the contract, run by each fixture's own test binary.
//! A fixture is a module `fixture` with `open(Rules) -> Fixture { store, .. }` at the root of that binary.

mod append;
mod create;
mod erasure;
mod lifecycle;
mod listing;
mod races;
mod support;
mod timeline;
mod update;
