//! The control plane is a real one: its controllers, its scheduler, its admission and its audit log do their work.

mod access;
mod server;
mod workloads;

use std::time::Duration;

/// Long against what the controllers need on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);
