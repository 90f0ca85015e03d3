//! Ends the servers and removes their files when the test process is gone, even by `kill -9`.
//!
//! One `sh` per test process reads from a pipe that only this process holds open. Its end of file
//! is the one sign of death that every kind of exit gives, and statics are never dropped.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

/// Lines are obeyed in the order written, so a process that is forgotten before it is reaped can
/// never be confused with a later one that was given the same id.
const SCRIPT: &str = r#"
pids=' '
while read -r verb value; do
  case $verb in
    watch) pids="$pids$value " ;;
    forget) case $pids in *" $value "*) pids="${pids%% $value *} ${pids#* $value }" ;; esac ;;
    remove) set -- "$@" "$value" ;;
  esac
done
for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
for pid in $pids; do while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done; done
for directory in "$@"; do rm -rf "$directory"; done
"#;

static PIPE: Mutex<Option<ChildStdin>> = Mutex::new(None);

/// Kills this process when the test process ends.
pub(crate) fn watch(pid: u32) -> Result<()> {
    tell(&format!("watch {pid}\n"))
}

/// Undoes [`watch`]; to be called before the process is reaped.
pub(crate) fn forget(pid: u32) -> Result<()> {
    tell(&format!("forget {pid}\n"))
}

/// Removes this directory when the test process ends, after the processes in it were killed.
pub(crate) fn remove(directory: &Path) -> Result<()> {
    tell(&format!("remove {}\n", directory.display()))
}

fn tell(line: &str) -> Result<()> {
    let mut guard = PIPE.lock().unwrap_or_else(PoisonError::into_inner);
    let pipe = match &mut *guard {
        Some(pipe) => pipe,
        none => none.insert(start()?),
    };
    pipe.write_all(line.as_bytes()).context("watchdog pipe")
}

fn start() -> Result<ChildStdin> {
    let mut watchdog = Command::new("sh")
        .args(["-c", SCRIPT, "testkit-watchdog"])
        .stdin(Stdio::piped())
        // Inherited, they would hold open the pipes of whoever reads the test output.
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A group of its own, so that Ctrl-C in the terminal does not end it before its work.
        .process_group(0)
        .spawn()
        .context("watchdog shell")?;
    watchdog.stdin.take().context("watchdog pipe")
}
