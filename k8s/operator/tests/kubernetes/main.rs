//! The operator as a process on a real control plane, with exactly the rights that the manifests give it.

mod children;
mod definitions;
mod held;
mod history;
mod killed;
mod migrations;
mod operators;
mod outage;
mod platforms;
mod policies;
mod process;
mod regions;
mod removed;
mod restored;
mod rights;
mod seen;
mod timeouts;
mod troubles;
mod world;

use std::time::Duration;

/// Long against everything that is waited for, on a machine that runs several control planes' programs besides.
const DEADLINE: Duration = Duration::from_secs(180);
