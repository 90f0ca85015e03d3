//! A container as the command of a local process: which program, and its arguments and variables made to fit.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use k8s_openapi::api::core::v1 as core;
use kube::ResourceExt;
use serde_json::json;

use super::environment::{Refusal, Variables, expand, variables};
use super::pod::PodRun;
use super::volumes;
use crate::tools;

/// The images that there are, under any repository and tag; each holds the program of its name.
const IMAGES: [&str; 3] = ["conversation-api", "conversation-migrator", "conversation-operator"];
/// Where the credentials of a service account are mounted.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const TERMINATION_LOG: &str = "/dev/termination-log";

/// What to run for a container, with its message on termination going to the file `termination`.
pub(super) async fn prepare(run: &PodRun, container: &core::Container, termination: &Path) -> Result<Command, Refusal> {
    let image = container.image.as_deref().unwrap_or_default();
    let Some(image) = program(image) else {
        return Err(Refusal::Waiting("ErrImagePull", format!("failed to pull image \"{image}\": not found")));
    };
    let mut words = container.command.clone().unwrap_or_default();
    if words.is_empty() {
        words.push(image.to_owned());
    }
    words.extend(container.args.clone().unwrap_or_default());
    let program = words.remove(0);
    if Path::new(&program).file_name().is_none_or(|name| name != image) {
        return Err(Refusal::Unsupported(format!("exec: \"{program}\": executable file not found in the image")));
    }
    let binary = tools::product(image).map_err(|error| Refusal::Unsupported(error.to_string()))?;

    let mut set = variables(&run.node, &run.pod, container).await?;
    let words: Vec<String> = words.iter().map(|word| expand(word, &set)).collect();
    let real = Real::new(run, container, termination);
    real.complete(&mut set);
    if real.mounts(ACCOUNT) {
        let kubeconfig = kubeconfig(run, container).map_err(Refusal::retry)?;
        set.entry("KUBECONFIG".to_owned()).or_insert(kubeconfig);
    }
    let root = run.directory.join(&container.name);
    fs::create_dir_all(&root).map_err(Refusal::retry)?;
    let mut command = Command::new(binary);
    command.current_dir(root).env_clear();
    for (name, value) in &set {
        command.env(name, real.put(name, value));
    }
    for (index, word) in words.iter().enumerate() {
        // A value may come after its flag or behind a `=` in one word.
        let before = index.checked_sub(1).map_or("", |before| words[before].as_str());
        command.arg(match word.split_once('=') {
            Some((flag, value)) if flag.starts_with('-') => format!("{flag}={}", real.put(flag, value)),
            _ => real.put(before, word),
        });
    }
    Ok(command)
}

/// The program of an image, if there is such an image.
fn program(image: &str) -> Option<&'static str> {
    let name = image.split('@').next()?.rsplit('/').next()?.split(':').next()?;
    IMAGES.into_iter().find(|known| *known == name)
}

/// What paths and ports are on this machine.
struct Real {
    paths: Vec<(String, String)>,
    ports: Vec<(Option<String>, i32, u16)>,
}

impl Real {
    fn new(run: &PodRun, container: &core::Container, termination: &Path) -> Self {
        let message = container.termination_message_path.clone().unwrap_or_else(|| TERMINATION_LOG.to_owned());
        let folder = run.directory.join("volumes");
        let mounts = container.volume_mounts.iter().flatten();
        let mut paths: Vec<_> = mounts
            .map(|mount| (mount.mount_path.clone(), volumes::mounted(&folder, mount).display().to_string()))
            .chain([(message, termination.display().to_string())])
            .collect();
        // Of two mounts the one inside the other comes first.
        paths.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        Self { paths, ports: run.ports_of(&container.name).to_vec() }
    }

    fn mounts(&self, path: &str) -> bool {
        self.paths.iter().any(|(mounted, _)| mounted == path)
    }

    /// Adds what the image, or the kubelet, would say.
    fn complete(&self, set: &mut Variables) {
        let mut default = |name: &str, value: String| {
            set.entry(name.to_owned()).or_insert(value);
        };
        if self.mounts("/data") {
            default("DATA_DIR", "/data".to_owned());
        }
        default("HOST", "127.0.0.1".to_owned());
        for (name, declared, _) in &self.ports {
            match name.as_deref() {
                Some("http") => default("PORT", declared.to_string()),
                Some("management") => default("MANAGEMENT_PORT", declared.to_string()),
                _ => {}
            }
        }
    }

    /// A value that is given to the flag or variable `name`.
    fn put(&self, name: &str, value: &str) -> String {
        let name = name.to_lowercase();
        let is_address = ["address", "addr", "listen", "bind", "host"].iter().any(|word| name.contains(word));
        for (_, declared, real) in &self.ports {
            if name.contains("port") && value == declared.to_string() {
                return real.to_string();
            }
            if let Some(host) = value.strip_suffix(&format!(":{declared}")).filter(|_| is_address) {
                return format!("{host}:{real}");
            }
        }
        self.paths.iter().fold(value.to_owned(), |value, (from, to)| replace_path(&value, from, to))
    }
}

/// Replaces a path wherever it stands as one: neither within another path nor within a URL.
fn replace_path(text: &str, from: &str, to: &str) -> String {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, found) = rest.split_at(at);
        let after = &found[from.len()..];
        replaced.push_str(before);
        let begins = replaced.chars().next_back().is_none_or(|last| matches!(last, '=' | ',' | ' ' | '"' | '\'' | ';'))
            || replaced.ends_with("file://");
        let ends = after.chars().next().is_none_or(|next| !next.is_alphanumeric() && !matches!(next, '-' | '_' | '.'));
        replaced.push_str(if begins && ends { to } else { from });
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

/// A configuration with the credentials that are mounted, since their path is a fixed one elsewhere.
fn kubeconfig(run: &PodRun, container: &core::Container) -> anyhow::Result<String> {
    let mounts = container.volume_mounts.iter().flatten();
    let mount = mounts.into_iter().find(|mount| mount.mount_path == ACCOUNT).context("mount of the service account")?;
    let token = volumes::mounted(&run.directory.join("volumes"), mount).join("token");
    let namespace = run.pod.namespace().unwrap_or_default();
    let text = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "in",
            "cluster": { "server": run.node.url, "certificate-authority": run.node.authority },
        }],
        "users": [{ "name": "in", "user": { "tokenFile": token } }],
        "contexts": [{ "name": "in", "context": { "cluster": "in", "user": "in", "namespace": namespace } }],
        "current-context": "in",
    });
    let path = run.directory.join("kubeconfig");
    fs::write(&path, text.to_string()).context("kubeconfig of a pod")?;
    Ok(path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::{program, replace_path};

    #[test]
    fn an_image_is_known_by_its_last_name_whatever_the_repository_and_the_tag() {
        assert_eq!(program("registry:5000/team/conversation-api:1.2@sha256:0"), Some("conversation-api"));
        assert_eq!(program("conversation-migrator"), Some("conversation-migrator"));
        assert_eq!(program("example.com/conversation-api-debug:1"), None);
        assert_eq!(program("busybox"), None);
    }

    #[test]
    fn a_path_is_replaced_only_where_it_is_one() {
        assert_eq!(replace_path("/data", "/data", "/real"), "/real");
        assert_eq!(replace_path("--dir=/data/a", "/data", "/real"), "--dir=/real/a");
        assert_eq!(replace_path("/database", "/data", "/real"), "/database");
        assert_eq!(replace_path("mongodb://host/data?w=1", "/data", "/real"), "mongodb://host/data?w=1");
    }
}
