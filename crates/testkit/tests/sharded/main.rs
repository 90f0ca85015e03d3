//! The sharded cluster does what the store's tests rely on, and its router what a driver does.

mod faults;
mod moves;
mod routing;
mod support;
