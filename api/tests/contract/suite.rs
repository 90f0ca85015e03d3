//! The HTTP contract, asked of the built binary from outside. Whatever the service keeps its data in, the answers are
//! the same, so two test binaries are made of this source.

mod answer;
mod append;
mod bad_input;
mod batch;
mod client;
mod concurrency;
mod connections;
mod create;
mod data;
mod edge;
mod envelope;
mod erase;
mod examples;
mod health;
mod late;
mod lifecycle;
mod list;
mod logs;
mod read;
mod socket;
mod update;
