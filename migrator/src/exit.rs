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
    /// The command line or the declaration cannot be used; the same one will not do later either. The number is that of
    /// `sysexits.h`, because a parser's usual 2 would be read as changes that are pending.
    Usage = 64,
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

    /// The outcome as programs read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Pending => "pending",
            Self::Drift => "drift",
            Self::Blocked => "blocked",
            Self::Error | Self::Usage => "error",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
