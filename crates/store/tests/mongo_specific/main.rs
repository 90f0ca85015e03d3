//! What only the MongoDB store has: its indexes, its document format, and its answers when the servers fail.

mod coalesced;
mod dollar_keys;
mod faults;
mod plans;
mod refusals;
mod remembered;
mod schema;
mod strays;
mod support;
