//! The programs that a run needs.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

/// Where they are.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// The service.
    pub service: PathBuf,
    /// The migrator.
    pub migrator: PathBuf,
    /// k6.
    pub k6: PathBuf,
}

impl Binaries {
    /// The ones of this build. They lie beside this program, or above it if it is a test.
    ///
    /// # Errors
    /// When one is missing.
    pub fn beside_this_one() -> Result<Self> {
        let this = std::env::current_exe().context("path of this program")?;
        let folder = this.ancestors().skip(1).find(|folder| !folder.ends_with("deps")).context("folder of programs")?;
        let built = |name: &str| {
            let path = folder.join(name);
            ensure!(path.is_file(), "{} is missing: run `cargo build --package {name}`", path.display());
            Ok(path)
        };
        Ok(Self {
            service: built("conversation-api")?,
            migrator: built("conversation-migrator")?,
            k6: conversation_testkit::k6()?,
        })
    }
}
