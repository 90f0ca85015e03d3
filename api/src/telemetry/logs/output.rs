//! The standard output. The lines of requests are written a few at a time, because a system call for each would cost as much
//! as the line; any other line, and all before it, at once. So a process that is killed loses the requests of its last
//! moments from the log, but never what it warned of.

use std::{
    io::{self, Write as _},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use super::REQUESTS;

/// How long the line of a request waits for others.
const AT_MOST: Duration = Duration::from_millis(50);
/// How much waits at the most.
const ENOUGH_BYTES: usize = 16 * 1024;

/// The standard output.
#[derive(Clone, Debug, Default)]
pub(super) struct Output(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Vec<u8>>,
    begun: Condvar,
}

/// Writes what waits when it is dropped, at the end of the process.
#[derive(Debug)]
pub struct LastLines(Output);

impl Drop for LastLines {
    fn drop(&mut self) {
        flush(&mut self.0.waiting());
    }
}

impl Output {
    /// Begins writing.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn begin() -> io::Result<(Self, LastLines)> {
        let output = Self::default();
        let writing = output.clone();
        thread::Builder::new().name("logs".into()).spawn(move || writing.write_now_and_then())?;
        Ok((output.clone(), LastLines(output)))
    }

    fn write_now_and_then(&self) {
        loop {
            let waiting = self.0.begun.wait_while(self.waiting(), |waiting| waiting.is_empty());
            drop(waiting.unwrap_or_else(PoisonError::into_inner));
            thread::sleep(AT_MOST);
            flush(&mut self.waiting());
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lock is kept while it is written, so that lines stay in order and a reader that is too slow is felt.
fn flush(waiting: &mut Vec<u8>) {
    let mut out = io::stdout().lock();
    // There is nowhere to say that the standard output is gone.
    let _ = out.write_all(waiting).and_then(|()| out.flush());
    waiting.clear();
}

/// Takes one line.
#[derive(Debug)]
pub(super) struct Taker<'a> {
    output: &'a Output,
    at_once: bool,
}

impl io::Write for Taker<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.output.waiting();
        if waiting.is_empty() {
            self.output.0.begun.notify_one();
        }
        waiting.extend_from_slice(line);
        if self.at_once || waiting.len() >= ENOUGH_BYTES {
            flush(&mut waiting);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Output {
    type Writer = Taker<'a>;

    fn make_writer(&'a self) -> Taker<'a> {
        Taker { output: self, at_once: true }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Taker<'a> {
        Taker { output: self, at_once: metadata.target() != REQUESTS }
    }
}
