//! A namespace per test, and the service accounts in it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1 as core;
use kube::api::{Api, DeleteParams, ObjectMeta, PostParams};
use kube::{Client, Config};

use super::ControlPlane;
use crate::background;
use crate::wait::until;

/// The controller manager makes it in milliseconds, unless a dozen tests have just begun.
const ACCOUNT: Duration = Duration::from_secs(120);
/// What the pod security admission goes by.
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A namespace, deleted (at best effort, and nobody waits for it) when dropped.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    config: Config,
}

impl Namespace {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let (name, config) = (self.name.clone(), self.config.clone());
        // The test's own runtime is about to end.
        let _ = background::spawn(async move {
            let client = Client::try_from(config)?;
            let namespaces: Api<core::Namespace> = Api::all(client);
            namespaces.delete(&name, &DeleteParams::default()).await
        });
    }
}

impl ControlPlane {
    /// A new namespace whose name begins with `name`, ready for pods.
    pub async fn namespace(&self, name: &str) -> Result<Namespace> {
        self.labelled_namespace(name, &[]).await
    }

    /// One that refuses pods which do not keep to the restricted pod security standard.
    pub async fn restricted_namespace(&self, name: &str) -> Result<Namespace> {
        self.labelled_namespace(name, &[(ENFORCE, "restricted")]).await
    }

    async fn labelled_namespace(&self, name: &str, labels: &[(&str, &str)]) -> Result<Namespace> {
        let client = self.client()?;
        let name = format!("{name}-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let labels: BTreeMap<_, _> =
            labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let metadata = ObjectMeta { name: Some(name.clone()), labels: Some(labels), ..ObjectMeta::default() };
        let namespaces: Api<core::Namespace> = Api::all(client.clone());
        let namespace = core::Namespace { metadata, ..core::Namespace::default() };
        namespaces.create(&PostParams::default(), &namespace).await.context("namespace")?;
        let namespace = Namespace { name, config: self.config.clone() };
        self.account(&client, namespace.name()).await?;
        Ok(namespace)
    }

    /// Waits for the service account without which no pod is accepted.
    pub(super) async fn account(&self, client: &Client, namespace: &str) -> Result<()> {
        let accounts: Api<core::ServiceAccount> = Api::namespaced(client.clone(), namespace);
        let roots: Api<core::ConfigMap> = Api::namespaced(client.clone(), namespace);
        until(ACCOUNT, &format!("the default service account of {namespace}"), async || {
            matches!(accounts.get_opt("default").await, Ok(Some(_)))
                && matches!(roots.get_opt("kube-root-ca.crt").await, Ok(Some(_)))
        })
        .await
    }

    /// The path of a kubeconfig with a token of a service account that exists, and so with exactly its rights.
    pub async fn service_account_kubeconfig(&self, namespace: &str, name: &str) -> Result<PathBuf> {
        let accounts: Api<core::ServiceAccount> = Api::namespaced(self.client()?, namespace);
        let request = accounts.create_token_request(name, &PostParams::default(), &TokenRequest::default()).await;
        let token = request.context("token of a service account")?.status.context("token")?.token;
        let path = self.directory().join(format!("{namespace}-{name}.kubeconfig"));
        self.cluster.token(namespace, &token, &path)
    }
}
