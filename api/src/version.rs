//! Which build this is.

/// The version of the service.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit that it was built from: `GIT_COMMIT` at build time.
pub const COMMIT: &str = match option_env!("GIT_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};
