//! How long the service takes from its start to "listening".

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::sample::median;

/// Starts that are measured.
const STARTS: usize = 5;

/// A start takes milliseconds; after this it has failed, or its log is silent.
const DEADLINE: Duration = Duration::from_secs(30);

/// The times of several starts, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StartUp {
    /// The first one, which makes tables or collections.
    pub(crate) first: f64,
    /// The median of those after it.
    pub(crate) median: f64,
}

/// Ends the process however the measurement ends.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        // Both fail only for a process that is already gone.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the service with these settings several times, one after the other.
pub(crate) fn measure(binary: &Path, settings: &[(String, OsString)]) -> Result<StartUp> {
    let first = once(binary, settings)?;
    let others = (0..STARTS).map(|_| once(binary, settings)).collect::<Result<Vec<_>>>()?;
    Ok(StartUp { first, median: median(others) })
}

/// The test kit's own start looks at the log every 25 ms, which is longer than most of these starts take.
fn once(binary: &Path, settings: &[(String, OsString)]) -> Result<f64> {
    let folder = TempDir::new().context("temporary directory")?;
    let mut command = Command::new(binary);
    command.env_clear().envs([("PORT", "0"), ("MANAGEMENT_PORT", "0"), ("HOST", "127.0.0.1"), ("LOG_FORMAT", "json")]);
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let started = Instant::now();
    let mut process = Started(command.spawn().with_context(|| format!("start of {}", binary.display()))?);
    let output = process.0.stdout.take().context("output of the service")?;
    let (tell, told) = channel();
    // On a thread, because reading a pipe has no deadline; it ends with the process.
    thread::spawn(move || {
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        if lines.any(|line| line.contains("\"listening\"")) {
            // Nobody waits any more only when it took too long.
            let _ = tell.send(started.elapsed());
        }
    });
    match told.recv_timeout(DEADLINE) {
        Ok(elapsed) => Ok(elapsed.as_secs_f64() * 1000.0),
        Err(RecvTimeoutError::Disconnected) => bail!("the service ended before it listened"),
        Err(RecvTimeoutError::Timeout) => {
            bail!("the service did not log that it listens within {DEADLINE:?}: LOG_LEVEL must let it")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::measure;
    use std::process::Command;

    #[test]
    fn a_service_that_ends_instead_of_listening_is_an_error() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let script = |name: &str, text: &str| {
            let path = folder.path().join(name);
            // Another process writes it: one that this process starts meanwhile would keep it open, and nobody could run it.
            let write = r#"printf %s "$1" > "$0" && chmod 700 "$0""#;
            let written = Command::new("/bin/sh").args(["-c", write]).arg(&path).arg(text).status()?;
            anyhow::ensure!(written.success(), "{written}");
            anyhow::Ok(path)
        };
        let up = script("up", "#!/bin/sh\necho '{\"message\":\"listening\"}'\nexec sleep 60\n")?;
        assert!(measure(&up, &[])?.median > 0.0);
        let down = script("down", "#!/bin/sh\necho starting\n")?;
        assert!(measure(&down, &[]).is_err());
        Ok(())
    }
}
