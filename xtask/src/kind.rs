//! `cargo xtask kind`: the checks that need nodes which pull images and carry traffic, on a cluster of kind's.
//!
//! Everything else is tested on a real control plane by `cargo xtask test`. Needs `docker`, `kind`, `kubectl`, `helm` and
//! `curl`, and a registry of charts and images; takes about ten minutes.

mod traffic;

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::run;

const CLUSTER: &str = "conversation";
const CONTEXT: &str = "kind-conversation";
const IMAGES: &[&str] = &["api", "migrator", "operator"];
/// The host name that the operator's sample is exposed under.
const BY_OPERATOR: &str = "by-operator.localhost";
/// The host name in `k8s/kind/service-values.yaml`.
const BY_HELM: &str = "conversations.localhost";
/// The route and its first pods take a moment after everything is said to be ready.
const ROUTED: Duration = Duration::from_secs(120);

/// What is checked, and how.
type Step = (&'static str, fn() -> Result<()>);

const STEPS: &[Step] = &[
    ("a cluster", cluster),
    ("images built and loaded", images),
    ("MongoDB", || mongodb("by-helm").and_then(|()| mongodb("by-operator"))),
    ("an ingress controller", ingress_controller),
    ("the chart installs and its tests pass", chart),
    ("a session through the ingress", || traffic::session(BY_HELM, ROUTED)),
    ("a rolling restart under traffic loses no request", || {
        restart(BY_HELM, "by-helm", "deployment/conversations-conversation-service")
    }),
    ("a drained node loses no request", || drain(BY_HELM, "conversation-service")),
    ("the operator brings a service up", operator),
    ("a session through the operator's ingress", || traffic::session(BY_OPERATOR, ROUTED)),
    ("a rolling restart of it loses no request", || restart(BY_OPERATOR, "by-operator", "deployment/conversations")),
    ("a drained node loses none of its requests", || drain(BY_OPERATOR, "conversationservice")),
    ("NetworkPolicies let in whom they name and nobody else", policies),
];

pub(crate) fn command(arguments: &[String]) -> Result<()> {
    let keep = match arguments {
        [] => false,
        [only] if only == "--keep" => true,
        _ => bail!("cargo xtask kind takes nothing but --keep, which leaves the cluster there"),
    };
    for program in ["docker", "kind", "kubectl", "helm", "curl"] {
        run::on_path(program).with_context(|| format!("{program} is not on the PATH: install it"))?;
    }
    let checked = STEPS.iter().try_for_each(|(name, step)| {
        println!("\n== {name}");
        step().with_context(|| (*name).to_owned())
    });
    if keep {
        println!("\nleft there: kubectl --context {CONTEXT}; kind delete cluster --name {CLUSTER}");
    } else {
        run::run(run::at_root("kind").args(["delete", "cluster", "--name", CLUSTER]))?;
    }
    checked
}

fn cluster() -> Result<()> {
    let existing = run::output(run::at_root("kind").args(["get", "clusters"]))?;
    if existing.lines().any(|name| name == CLUSTER) {
        // Somebody may be at work in it.
        bail!("there is a cluster {CLUSTER} already: kind delete cluster --name {CLUSTER}");
    }
    let create = ["create", "cluster", "--name", CLUSTER, "--config", "k8s/kind/cluster.yaml", "--wait", "180s"];
    run::run(run::at_root("kind").args(create))
}

fn images() -> Result<()> {
    for target in IMAGES {
        let image = format!("conversation-{target}:kind");
        run::run(run::at_root("docker").args(["build", "--target", target, "--tag", &image, "."]))?;
        run::run(run::at_root("kind").args(["load", "docker-image", &image, "--name", CLUSTER]))?;
    }
    Ok(())
}

fn mongodb(namespace: &str) -> Result<()> {
    kubectl(&["create", "namespace", namespace])?;
    // The strictest of Kubernetes' standards, which everything of ours has to fit.
    kubectl(&["label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted"])?;
    kubectl(&["--namespace", namespace, "apply", "--filename", "k8s/kind/mongodb.yaml"])?;
    kubectl(&["--namespace", namespace, "rollout", "status", "statefulset/mongodb", "--timeout=300s"])
}

fn ingress_controller() -> Result<()> {
    let chart = ["upgrade", "--install", "traefik", "traefik", "--repo", "https://traefik.github.io/charts"];
    let place = ["--namespace", "traefik", "--create-namespace", "--wait", "--timeout", "5m"];
    let port = ["--set", "service.type=NodePort", "--set", "ports.web.nodePort=30080"];
    helm(&[&chart[..], &place[..], &port[..]].concat())
}

fn chart() -> Result<()> {
    let install = ["install", "conversations", "charts/conversation-service", "--namespace", "by-helm"];
    helm(&[&install[..], &["--values", "k8s/kind/service-values.yaml", "--wait", "--timeout", "5m"]].concat())?;
    helm(&["test", "conversations", "--namespace", "by-helm", "--logs"])
}

fn operator() -> Result<()> {
    kubectl(&["apply", "--server-side", "--kustomize", "k8s/kind/operator"])?;
    kubectl(&[
        "--namespace",
        "conversation-system",
        "rollout",
        "status",
        "deployment/conversation-operator",
        "--timeout=180s",
    ])?;
    kubectl(&["--namespace", "by-operator", "apply", "--filename", "k8s/kind/service.yaml"])?;
    let ready = ["wait", "conversationservice/conversations", "--for=condition=Ready", "--timeout=300s"];
    kubectl(&[&["--namespace", "by-operator"], &ready[..]].concat())
}

fn restart(host: &str, namespace: &str, deployment: &str) -> Result<()> {
    traffic::during(host, || {
        kubectl(&["--namespace", namespace, "rollout", "restart", deployment])?;
        kubectl(&["--namespace", namespace, "rollout", "status", deployment, "--timeout=300s"])
    })
}

/// Drains a node of the pods of this name.
fn drain(host: &str, name: &str) -> Result<()> {
    let drain = ["--ignore-daemonsets", "--delete-emptydir-data", "--timeout=300s", "--pod-selector"];
    let name = format!("app.kubernetes.io/name={name}");
    traffic::during(host, || kubectl(&[&["drain", "conversation-worker"], &drain[..], &[&name]].concat()))?;
    kubectl(&["uncordon", "conversation-worker"])
}

/// Connections from the pods of MongoDB, which are no clients.
fn policies() -> Result<()> {
    let helms = "conversations-conversation-service";
    let metrics = format!("{helms}-management.by-helm.svc");
    for (from, to, port, expected) in [
        // The chart's API is for everybody here, which shows that a connection can be made at all.
        ("by-operator", format!("{helms}.by-helm.svc"), 80, true),
        ("by-operator", metrics, 9090, false),
        ("by-helm", "conversations.by-operator.svc".to_owned(), 80, false),
        ("by-helm", "conversations-management.by-operator.svc".to_owned(), 9090, false),
    ] {
        let connects = connects(from, &to, port)?;
        println!("from {from} to {to}:{port}: {}", if connects { "a connection" } else { "none" });
        ensure!(connects == expected, "a connection from {from} to {to}:{port}: {connects}");
    }
    Ok(())
}

fn connects(namespace: &str, host: &str, port: u16) -> Result<bool> {
    const UNKNOWN: i32 = 3;
    let script = format!(
        "getent hosts {host} >/dev/null || exit {UNKNOWN}; timeout 5 bash -c '</dev/tcp/{host}/{port}' 2>/dev/null"
    );
    let exec = ["--context", CONTEXT, "--namespace", namespace, "exec", "mongodb-0", "--", "bash", "-c", &script];
    let status = run::at_root("kubectl").args(exec).status().context("kubectl")?;
    ensure!(status.code() != Some(UNKNOWN), "{host} has no address");
    Ok(status.success())
}

fn kubectl(arguments: &[&str]) -> Result<()> {
    run::run(run::at_root("kubectl").args(["--context", CONTEXT]).args(arguments))
}

fn helm(arguments: &[&str]) -> Result<()> {
    let mut command: Command = run::at_root("helm");
    run::run(command.args(["--kube-context", CONTEXT]).args(arguments))
}
