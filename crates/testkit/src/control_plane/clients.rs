//! `kubectl` and `helm`, told where the control plane is and kept away from the developer's own configuration.

use std::env;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::ControlPlane;
use crate::tools;

/// Which of the two Helms that are in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Helm {
    /// Merges on the client's side.
    V3,
    /// Applies on the server's side.
    V4,
}

impl ControlPlane {
    /// A `kubectl` of the control plane's version, as its administrator.
    pub fn kubectl<S: AsRef<str>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<Command> {
        Ok(self.told(self.plan.kubernetes("kubectl")?, arguments))
    }

    /// A `helm`, as the administrator.
    pub fn helm<S: AsRef<str>>(&self, version: Helm, arguments: impl IntoIterator<Item = S>) -> Result<Command> {
        let program = match version {
            Helm::V3 => tools::helm3()?,
            Helm::V4 => tools::helm4()?,
        };
        Ok(self.told(Command::new(program), arguments))
    }

    /// Whether the API server lets a user do something in a namespace; a subresource follows its resource after a slash.
    pub async fn may(&self, user: &str, verb: &str, resource: &str, namespace: &str) -> Result<bool> {
        // To kubectl `resource/name` would mean an object of that name.
        let (resource, part) = resource.split_once('/').unwrap_or((resource, ""));
        let part = format!("--subresource={part}");
        let arguments = ["auth", "can-i", verb, resource, &part, "--as", user, "--namespace", namespace];
        let mut command = self.kubectl(arguments)?;
        let answer = tokio::task::spawn_blocking(move || command.output()).await??;
        // It ends with a failure when the answer is no.
        match String::from_utf8_lossy(&answer.stdout).trim() {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => bail!("kubectl auth can-i: {}", String::from_utf8_lossy(&answer.stderr)),
        }
    }

    fn told<S: AsRef<str>>(&self, mut command: Command, arguments: impl IntoIterator<Item = S>) -> Command {
        for argument in arguments {
            command.arg(argument.as_ref());
        }
        command.env_clear();
        if let Some(path) = env::var_os("PATH") {
            command.env("PATH", path);
        }
        // Both keep caches and settings under the home directory, unless they are told otherwise.
        command.env("HOME", self.directory()).env("KUBECONFIG", self.kubeconfig());
        for (variable, folder) in
            [("HELM_CACHE_HOME", "cache"), ("HELM_CONFIG_HOME", "config"), ("HELM_DATA_HOME", "data")]
        {
            command.env(variable, self.directory().join("helm").join(folder));
        }
        command
    }
}

/// Runs a command to its end for its standard output; an error carries what it wrote to standard error.
///
/// It blocks a thread of its own, so that the test's runtime goes on with whatever the command waits for.
pub async fn output(mut command: Command) -> Result<String> {
    let output = tokio::task::spawn_blocking(move || {
        let output = command.output();
        output.with_context(|| format!("start of {command:?}")).map(|output| (format!("{command:?}"), output))
    });
    let (line, output) = output.await.context("thread of a command")??;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!("{line}: {}\n{text}{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(text)
}
