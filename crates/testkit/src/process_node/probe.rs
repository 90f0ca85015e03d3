//! The probes of a running container, really made.

use std::time::Duration;

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use reqwest::redirect::Policy;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::pod::PodRun;

/// Keeps a container's `started` and `ready` up to date, and returns only when it is to be killed, with the reason.
pub(super) async fn watch(run: &PodRun, container: &core::Container) -> String {
    if let Some(probe) = &container.startup_probe
        && !holds(run, container, probe, 1, true).await
    {
        return "failed startup probe".to_owned();
    }
    run.update(&container.name, |status| {
        status.started = Some(true);
        status.ready = container.readiness_probe.is_none();
    });
    let liveness = async {
        match &container.liveness_probe {
            Some(probe) => while holds(run, container, probe, 1, false).await {},
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = liveness => "failed liveness probe".to_owned(),
        never = readiness(run, container) => never,
    }
}

async fn readiness(run: &PodRun, container: &core::Container) -> String {
    let Some(probe) = &container.readiness_probe else { return std::future::pending().await };
    loop {
        let ready = holds(run, container, probe, probe.success_threshold.unwrap_or(1), true).await;
        run.update(&container.name, |status| status.ready = ready);
        // As long as the answers stay the same there is nothing to tell.
        while ready && holds(run, container, probe, 1, false).await {}
        run.update(&container.name, |status| status.ready = false);
    }
}

/// Probes until the answer is certain: so many successes in a row, or as many failures as the probe allows.
///
/// With `first` the delay before a first probe is kept too, otherwise a period passes before each.
async fn holds(run: &PodRun, container: &core::Container, probe: &core::Probe, successes: i32, first: bool) -> bool {
    let period = seconds(probe.period_seconds, 10);
    if first {
        sleep(seconds(probe.initial_delay_seconds, 0)).await;
    } else {
        sleep(period).await;
    }
    let (mut good, mut bad) = (0, 0);
    loop {
        let limit = seconds(probe.timeout_seconds, 1);
        if timeout(limit, once(run, container, probe)).await == Ok(true) {
            (good, bad) = (good + 1, 0);
        } else {
            (good, bad) = (0, bad + 1);
        }
        if good >= successes {
            return true;
        }
        if bad >= probe.failure_threshold.unwrap_or(3) {
            return false;
        }
        sleep(period).await;
    }
}

async fn once(run: &PodRun, container: &core::Container, probe: &core::Probe) -> bool {
    if let Some(get) = &probe.http_get {
        let Some(port) = port(run, container, &get.port) else { return false };
        return answers(get, port).await.unwrap_or_default();
    }
    match probe.tcp_socket.as_ref().and_then(|socket| port(run, container, &socket.port)) {
        Some(port) => TcpStream::connect(("127.0.0.1", port)).await.is_ok(),
        None => false,
    }
}

/// A kubelet takes every answer from 200 to 399 for a success.
async fn answers(get: &core::HTTPGetAction, port: u16) -> reqwest::Result<bool> {
    let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build()?;
    let path = get.path.as_deref().unwrap_or("/");
    let mut request = client.get(format!("http://127.0.0.1:{port}{path}")).header("user-agent", "kube-probe/testkit");
    for header in get.http_headers.iter().flatten() {
        request = request.header(&header.name, &header.value);
    }
    let status = request.send().await?.status();
    Ok(status.is_success() || status.is_redirection())
}

fn port(run: &PodRun, container: &core::Container, port: &IntOrString) -> Option<u16> {
    let ports = run.ports_of(&container.name);
    let found = ports.iter().find(|(name, declared, _)| match port {
        IntOrString::Int(number) => declared == number,
        IntOrString::String(wanted) => name.as_ref() == Some(wanted),
    });
    found.map(|(.., real)| *real)
}

fn seconds(value: Option<i32>, default: u32) -> Duration {
    let value = value.and_then(|value| u32::try_from(value).ok()).unwrap_or(default);
    Duration::from_secs(value.into())
}

/// What this node cannot probe, in words.
pub(super) fn unsupported(container: &core::Container) -> Option<String> {
    let probes = [&container.startup_probe, &container.liveness_probe, &container.readiness_probe];
    let known = |probe: &core::Probe| probe.http_get.is_some() || probe.tcp_socket.is_some();
    let unknown = probes.into_iter().flatten().any(|probe| !known(probe));
    unknown.then(|| format!("container {} has a probe that is neither HTTP nor TCP", container.name))
}
