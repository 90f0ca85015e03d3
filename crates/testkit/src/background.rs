//! A runtime that outlives the tests: what a test spawns on its own ends with it.

use std::sync::OnceLock;

use anyhow::{Context, Result};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// Runs a future until it ends or the test process does.
pub(crate) fn spawn<F>(future: F) -> Result<JoinHandle<F::Output>>
where
    F: Future<Output: Send> + Send + 'static,
{
    if RUNTIME.get().is_none() {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        // Of two tests that begin at once the second one's is dropped, unused.
        if let Err(unused) = RUNTIME.set(runtime.context("background runtime")?) {
            unused.shutdown_background();
        }
    }
    Ok(RUNTIME.get().context("background runtime")?.spawn(future))
}
