//! Configuration files for clients of a control plane.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::certificates::Authority;

/// The server that configurations name.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) url: String,
    /// The certificate that its own must be signed by.
    pub(super) authority: PathBuf,
}

impl Cluster {
    /// Writes the configuration of a client that may do everything into a folder of its own, and returns its path.
    pub(super) fn master(&self, authority: &Authority, name: &str, directory: &Path) -> Result<PathBuf> {
        fs::create_dir_all(directory).context("folder of a client")?;
        let identity = authority.master(name)?;
        let (certificate, key) = (directory.join("client.crt"), directory.join("client.key"));
        fs::write(&certificate, identity.certificate).context("certificate of a client")?;
        fs::write(&key, identity.key).context("key of a client")?;
        let user = json!({ "client-certificate": certificate, "client-key": key });
        self.write("default", &user, &directory.join("kubeconfig"))
    }

    /// Writes the configuration of a client that shows a token.
    pub(super) fn token(&self, namespace: &str, token: &str, path: &Path) -> Result<PathBuf> {
        self.write(namespace, &json!({ "token": token }), path)
    }

    fn write(&self, namespace: &str, user: &Value, path: &Path) -> Result<PathBuf> {
        let cluster = json!({ "server": self.url, "certificate-authority": self.authority });
        let context = json!({ "cluster": "testkit", "user": "testkit", "namespace": namespace });
        // JSON is YAML too.
        let configuration = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "testkit", "cluster": cluster }],
            "users": [{ "name": "testkit", "user": user }],
            "contexts": [{ "name": "testkit", "context": context }],
            "current-context": "testkit",
        });
        fs::write(path, configuration.to_string()).context("kubeconfig")?;
        Ok(path.to_owned())
    }
}
