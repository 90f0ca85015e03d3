//! How each program of a control plane is started.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::Version;
use crate::tools;

/// What every call is logged with: who, what and how it ended, but no bodies.
pub(super) const AUDIT_POLICY: &str = r#"{"apiVersion":"audit.k8s.io/v1","kind":"Policy","omitStages":["RequestReceived"],"rules":[{"level":"Metadata"}]}"#;

/// What kwok makes of its nodes and pods.
pub(super) const STAGES: &str = include_str!("stages.yaml");

/// Where the files and the ports of a control plane are.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) directory: PathBuf,
    pub(super) version: Version,
    pub(super) etcd: u16,
    pub(super) etcd_peer: u16,
    pub(super) api_server: u16,
}

impl Plan {
    pub(super) fn etcd(&self) -> Result<Command> {
        let mut command = Command::new(tools::etcd()?);
        let clients = format!("http://127.0.0.1:{}", self.etcd);
        let peers = format!("http://127.0.0.1:{}", self.etcd_peer);
        command
            .arg(flag("data-dir", self.directory.join("etcd").display()))
            .args([flag("listen-client-urls", &clients), flag("advertise-client-urls", &clients)])
            .args([flag("listen-peer-urls", &peers), flag("initial-advertise-peer-urls", &peers)])
            .arg(flag("initial-cluster", format!("default={peers}")))
            // Nothing here needs to survive the machine.
            .args(["--unsafe-no-fsync", "--log-level=warn"]);
        Ok(command)
    }

    pub(super) fn api_server(&self) -> Result<Command> {
        let file = |name: &str| self.directory.join(name).display().to_string();
        let mut command = self.kubernetes("kube-apiserver")?;
        command
            .arg(flag("etcd-servers", format!("http://127.0.0.1:{}", self.etcd)))
            .args([flag("bind-address", "127.0.0.1"), flag("secure-port", self.api_server)])
            .args([flag("tls-cert-file", file("server.crt")), flag("tls-private-key-file", file("server.key"))])
            .arg(flag("client-ca-file", file("ca.crt")))
            .arg(flag("service-account-issuer", "https://kubernetes.default.svc"))
            .arg(flag("service-account-key-file", file("accounts.pub")))
            .arg(flag("service-account-signing-key-file", file("accounts.key")))
            .arg(flag("service-cluster-ip-range", "10.0.0.0/16"))
            // An address of the loopback may not be published as an endpoint, and nobody here looks for it.
            .args(["--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none"])
            // Whether a pod may be privileged is for the pod security admission to say.
            .args(["--authorization-mode=RBAC", "--allow-privileged=true"])
            .args([flag("audit-policy-file", file("audit-policy.json")), flag("audit-log-path", file("audit.log"))])
            // A call is in the log before it is answered, so a test never has to wait for it.
            .args(["--audit-log-mode=blocking", "--audit-log-maxsize=100000"]);
        Ok(command)
    }

    pub(super) fn controller_manager(&self, kubeconfig: &Path) -> Result<Command> {
        let file = |name: &str| self.directory.join(name).display().to_string();
        let mut command = self.client("kube-controller-manager", kubeconfig)?;
        command
            .arg(flag("service-account-private-key-file", file("accounts.key")))
            .arg(flag("root-ca-file", file("ca.crt")))
            // The default, made for a shared server, would have a test wait for the deletion of others' namespaces.
            .args(["--kube-api-qps=500", "--kube-api-burst=1000"]);
        Ok(command)
    }

    pub(super) fn scheduler(&self, kubeconfig: &Path) -> Result<Command> {
        self.client("kube-scheduler", kubeconfig)
    }

    pub(super) fn kwok(&self, kubeconfig: &Path) -> Result<Command> {
        let mut command = Command::new(tools::kwok()?);
        command
            .arg(flag("kubeconfig", kubeconfig.display()))
            .arg(flag("config", self.directory.join("stages.yaml").display()))
            .args(["--node-ip=10.2.0.1", "--cidr=10.3.0.0/16"])
            .arg(flag("manage-nodes-with-annotation-selector", format!("{}=fake", super::nodes::ANNOTATION)))
            .arg("--node-lease-duration-seconds=40");
        // Its own configuration, and a cache, are looked for under the home directory.
        command.env("HOME", &self.directory);
        Ok(command)
    }

    fn client(&self, name: &str, kubeconfig: &Path) -> Result<Command> {
        let mut command = self.kubernetes(name)?;
        command
            .arg(flag("kubeconfig", kubeconfig.display()))
            // There is one of each, and nobody asks it anything.
            .args(["--leader-elect=false", "--secure-port=0"]);
        Ok(command)
    }

    /// One of the programs in the one binary.
    pub(super) fn kubernetes(&self, name: &str) -> Result<Command> {
        let mut command = Command::new(match self.version {
            Version::Newest => tools::kubernetes()?,
            Version::Oldest => tools::kubernetes_oldest()?,
        });
        command.arg(name);
        Ok(command)
    }
}

fn flag(name: &str, value: impl ToString) -> String {
    format!("--{name}={}", value.to_string())
}
