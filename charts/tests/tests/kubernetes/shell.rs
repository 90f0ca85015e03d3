//! Blocks of a README, run as they are pasted.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use conversation_testkit::ControlPlane;
use conversation_testkit::control_plane::{Helm, output};
use tempfile::TempDir;

use super::support::root;

/// A folder with what the commands of a README name: charts and manifests, and other files when a test adds them.
pub(crate) struct Shell {
    plane: &'static ControlPlane,
    folder: TempDir,
    /// The cluster's `kubectl` and a Helm by their names, as functions of the shell.
    programs: String,
}

impl Shell {
    /// With the cluster's `kubectl` and this Helm.
    pub(crate) fn new(plane: &'static ControlPlane, helm: Helm) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        for name in ["charts", "k8s"] {
            symlink(root().join(name), folder.path().join(name))?;
        }
        let commands = [("kubectl", plane.kubectl([""; 0])?), ("helm", plane.helm(helm, [""; 0])?)];
        let programs = commands.iter().map(|(name, command)| {
            let words = [command.get_program()].into_iter().chain(command.get_args());
            let words: Vec<String> = words.map(|word| format!("'{}'", word.display())).collect();
            format!("{name}() {{ {} \"$@\"; }}\n", words.join(" "))
        });
        let programs = programs.collect();
        Ok(Self { plane, folder, programs })
    }

    /// Where the commands run.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs lines until one fails.
    pub(crate) async fn paste(&self, lines: &str) -> Result<String> {
        let like = self.plane.kubectl([""; 0])?;
        let mut command = Command::new("bash");
        let script = format!("{}{lines}", self.programs);
        command.args(["-euo", "pipefail", "-c", &script]).current_dir(self.folder()).env_clear();
        command.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
        output(command).await.with_context(|| lines.to_owned())
    }
}

/// The block of a README that has this in it.
pub(crate) fn block(readme: &Path, mark: &str) -> Result<String> {
    let text = fs::read_to_string(readme)?;
    let mut blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    Ok(blocks.find(|block| block.contains(mark)).with_context(|| format!("a block with {mark}"))?.to_owned())
}
