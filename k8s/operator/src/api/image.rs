//! Which image a container runs, and how it is pulled.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::mongodb::secret_name;

/// A container image. The project publishes none: name the repository that you build into.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.tag) || has(self.digest)")
    .message("give a tag or a digest: an image without either means latest, and nobody can tell which version that is"))]
#[x_kube(validation = Rule::new("has(self.digest) || !has(self.tag) || self.tag != 'latest'")
    .message("the tag latest is no version: name the release, or give a digest beside it"))]
pub struct Image {
    /// The repository with its registry, without scheme, tag or digest, as in registry.example.com/voice/conversation-api.
    #[schemars(length(min = 1, max = 255))]
    #[x_kube(validation = Rule::new("!self.contains('://')")
        .message("an image's repository has no scheme: leave https:// out"))]
    #[x_kube(validation = Rule::new("!self.matches('[:@][^/]*$')")
        .message("an image's repository has no tag and no digest: they have fields of their own"))]
    #[x_kube(validation = Rule::new("!self.matches('[A-Z ]')")
        .message("an image's repository has no capitals and no spaces"))]
    pub repository: String,
    /// The tag, which is the version of the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"))]
    pub tag: Option<String>,
    /// The digest, which wins over the tag and pins the very bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 71), regex(pattern = r"^sha256:[a-f0-9]{64}$"))]
    pub digest: Option<String>,
    /// When the image is pulled; left out, Kubernetes decides by the tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_policy: Option<PullPolicy>,
}

impl Image {
    /// The image as a container names it.
    #[must_use]
    pub fn reference(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => format!("{}@{digest}", self.repository),
            (None, tag) => format!("{}:{}", self.repository, tag.as_deref().unwrap_or("latest")),
        }
    }

    /// The version in few characters: the tag, or the beginning of the digest.
    #[must_use]
    pub fn version(&self) -> String {
        match (&self.tag, &self.digest) {
            (Some(tag), _) => tag.clone(),
            (None, Some(digest)) => digest.trim_start_matches("sha256:").chars().take(12).collect(),
            (None, None) => "latest".to_owned(),
        }
    }
}

/// When an image is pulled.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, JsonSchema)]
pub enum PullPolicy {
    /// Before every start.
    Always,
    /// When the node does not have it.
    IfNotPresent,
    /// At no time; the node must have it.
    Never,
}

/// A secret with the credentials of a registry.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize, KubeSchema)]
pub struct ImagePullSecret {
    /// The name of the secret, in the namespace of the object.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = secret_name())]
    pub name: String,
}
