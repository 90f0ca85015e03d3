//! The variables of a container, from all the sources that a pod may name.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1 as core;
use kube::ResourceExt;
use kube::api::Api;

use super::{NAME, Node};

/// Why a container cannot be started.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It waits for the reason and with the message given, and is tried again.
    Waiting(&'static str, String),
    /// It never can be on this node.
    Unsupported(String),
}

impl Refusal {
    /// Something that the container is configured with is missing.
    pub(super) fn config(message: impl Into<String>) -> Self {
        Self::Waiting("CreateContainerConfigError", message.into())
    }

    /// A volume cannot be filled yet; a kubelet tells of it only in an event.
    pub(super) fn mount(message: impl Into<String>) -> Self {
        Self::Waiting("ContainerCreating", message.into())
    }

    /// The same, with the volume that it is about.
    pub(super) fn of_volume(self, name: &str) -> Self {
        match self {
            Self::Waiting(reason, message) => {
                Self::Waiting(reason, format!("MountVolume.SetUp failed for volume \"{name}\" : {message}"))
            }
            unsupported @ Self::Unsupported(_) => unsupported,
        }
    }

    /// The API server, or this machine, fails just now.
    pub(super) fn retry(error: impl std::fmt::Display) -> Self {
        Self::Waiting("ContainerCreating", error.to_string())
    }
}

pub(super) type Variables = BTreeMap<String, String>;

/// The variables that the pod gives to one of its containers.
pub(super) async fn variables(node: &Node, pod: &core::Pod, container: &core::Container) -> Result<Variables, Refusal> {
    let sources = Sources { node, pod };
    let mut variables = Variables::new();
    for source in container.env_from.iter().flatten() {
        let prefix = source.prefix.as_deref().unwrap_or_default();
        for (key, value) in sources.all(source).await? {
            variables.insert(format!("{prefix}{key}"), value);
        }
    }
    for variable in container.env.iter().flatten() {
        let value = match (&variable.value, &variable.value_from) {
            (Some(value), _) => Some(expand(value, &variables)),
            (None, Some(source)) => sources.one(source).await?,
            (None, None) => Some(String::new()),
        };
        // An optional key that is missing leaves the variable unset.
        if let Some(value) = value {
            variables.insert(variable.name.clone(), value);
        }
    }
    Ok(variables)
}

/// A value with every `$(NAME)` of a variable defined before it replaced.
pub(super) fn expand(value: &str, variables: &Variables) -> String {
    let mut value = value.to_owned();
    for (name, replacement) in variables {
        value = value.replace(&format!("$({name})"), replacement);
    }
    value
}

/// A field of the pod, as `fieldRef` names it.
pub(super) fn field(pod: &core::Pod, path: &str) -> Result<String, Refusal> {
    let spec = pod.spec.clone().unwrap_or_default();
    let entry = |map: &BTreeMap<String, String>, rest: &str| {
        let key = rest.trim_end_matches("']");
        Ok(map.get(key).cloned().unwrap_or_default())
    };
    match path {
        "metadata.name" => Ok(pod.name_any()),
        "metadata.namespace" => Ok(pod.namespace().unwrap_or_default()),
        "metadata.uid" => Ok(pod.uid().unwrap_or_default()),
        "spec.nodeName" => Ok(NAME.to_owned()),
        "spec.serviceAccountName" => Ok(spec.service_account_name.unwrap_or_default()),
        // Unlike the one in the status, this is one that a server can listen on.
        "status.podIP" | "status.hostIP" => Ok("127.0.0.1".to_owned()),
        _ => match (path.strip_prefix("metadata.labels['"), path.strip_prefix("metadata.annotations['")) {
            (Some(rest), _) => entry(pod.labels(), rest),
            (_, Some(rest)) => entry(pod.annotations(), rest),
            _ => Err(Refusal::Unsupported(format!("this node does not tell the field {path}"))),
        },
    }
}

/// What variables may come from.
struct Sources<'a> {
    node: &'a Node,
    pod: &'a core::Pod,
}

impl Sources<'_> {
    async fn one(&self, source: &core::EnvVarSource) -> Result<Option<String>, Refusal> {
        if let Some(reference) = &source.field_ref {
            return field(self.pod, &reference.field_path).map(Some);
        }
        let (kind, found, key, optional) = if let Some(key) = &source.secret_key_ref {
            (format!("secret \"{}\"", key.name), self.secret(&key.name).await?, &key.key, key.optional)
        } else if let Some(key) = &source.config_map_key_ref {
            (format!("configmap \"{}\"", key.name), self.config_map(&key.name).await?, &key.key, key.optional)
        } else {
            return Err(Refusal::Unsupported("a variable has a source that this node has not".to_owned()));
        };
        let value = found.as_ref().and_then(|found| found.get(key).cloned());
        match value {
            None if optional.unwrap_or_default() => Ok(None),
            None if found.is_none() => Err(Refusal::config(format!("{kind} not found"))),
            None => Err(Refusal::config(format!("couldn't find key {key} in {kind}"))),
            value => Ok(value),
        }
    }

    async fn all(&self, source: &core::EnvFromSource) -> Result<Variables, Refusal> {
        let (kind, found, optional) = if let Some(source) = &source.secret_ref {
            (format!("secret \"{}\"", source.name), self.secret(&source.name).await?, source.optional)
        } else if let Some(source) = &source.config_map_ref {
            (format!("configmap \"{}\"", source.name), self.config_map(&source.name).await?, source.optional)
        } else {
            return Ok(Variables::new());
        };
        match found {
            Some(found) => Ok(found),
            None if optional.unwrap_or_default() => Ok(Variables::new()),
            None => Err(Refusal::config(format!("{kind} not found"))),
        }
    }

    async fn secret(&self, name: &str) -> Result<Option<Variables>, Refusal> {
        let secrets: Api<core::Secret> = Api::namespaced(self.node.client.clone(), &self.namespace());
        let text = |(key, ByteString(value)): (String, ByteString)| (key, String::from_utf8_lossy(&value).into_owned());
        let found = secrets.get_opt(name).await.map_err(Refusal::retry)?;
        Ok(found.map(|secret| secret.data.unwrap_or_default().into_iter().map(text).collect()))
    }

    async fn config_map(&self, name: &str) -> Result<Option<Variables>, Refusal> {
        let maps: Api<core::ConfigMap> = Api::namespaced(self.node.client.clone(), &self.namespace());
        let found = maps.get_opt(name).await.map_err(Refusal::retry)?;
        Ok(found.map(|map| map.data.unwrap_or_default()))
    }

    fn namespace(&self) -> String {
        self.pod.namespace().unwrap_or_default()
    }
}
