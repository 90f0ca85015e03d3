//! How a command ended, as pipelines read it.

use std::process::ExitCode;

/// The outcome of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// The deployment is as declared; there is nothing to do.
    Clean = 0,
    /// The command failed.
    Error = 1,
    /// Steps are pending.
    Pending = 2,
    /// Something was changed by hand.
    Drift = 3,
    /// Something must be decided by a person first.
    Blocked = 4,
}

impl Exit {
    /// The gravest of what was found.
    #[must_use]
    pub const fn of(blocked: bool, drift: bool, pending: bool) -> Self {
        match (blocked, drift, pending) {
            (true, _, _) => Self::Blocked,
            (false, true, _) => Self::Drift,
            (false, false, true) => Self::Pending,
            (false, false, false) => Self::Clean,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
