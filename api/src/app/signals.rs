//! When the process is asked to end.

use tokio::signal::unix::{SignalKind, signal};

/// The exit status of a process that was told twice.
const IMPATIENT: i32 = 130;

/// Returns a future that ends at the first SIGTERM or SIGINT. The second one ends the process at once.
///
/// # Errors
/// When the system does not let signals be caught.
pub fn termination() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (tell, told) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let mut either = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        either().await;
        let _ = tell.send(());
        either().await;
        tracing::warn!("ended at once by a second signal");
        std::process::exit(IMPATIENT);
    });
    Ok(async {
        let _ = told.await;
    })
}
