//! The life of one container: started, probed, restarted after a back-off, and ended.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use tokio::time::{Instant, sleep, timeout_at};

use super::environment::Refusal;
use super::pod::{Gone, PodRun};
use super::status::{now, waiting_state};
use super::{command, probe};
use crate::process::Process;

/// How often a container that cannot be started is tried again.
const RETRY: Duration = Duration::from_millis(500);
/// A tenth of a kubelet's back-off, doubled each time: tests wait for restarts.
const BACK_OFF: Duration = Duration::from_secs(1);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(30);
/// What a kubelet leaves to a container whose grace its hook has used up.
const LEAST_GRACE: Duration = Duration::from_secs(2);
/// The most of a termination message that Kubernetes keeps.
const MESSAGE: usize = 4096;
/// The most of a log in its place.
const MESSAGE_FROM_LOG: usize = 2048;
/// How often a process is asked whether it has ended.
const POLL: Duration = Duration::from_millis(20);

/// What becomes of a container that has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Restart {
    Always,
    OnFailure,
    Never,
}

/// Runs a container until it is not to be restarted; tells whether it succeeded. An error is why it never can be run.
pub(super) async fn supervise(run: &PodRun, container: &core::Container, restart: Restart) -> Result<bool, String> {
    let mut restarts = 0;
    loop {
        let Some(code) = once(run, container, restarts).await? else { return Ok(false) };
        let again = match restart {
            Restart::Always => true,
            Restart::OnFailure => code != 0,
            Restart::Never => false,
        };
        if !again || run.is_gone() {
            return Ok(code == 0);
        }
        back_off(run, container, restarts).await;
        restarts += 1;
    }
}

/// Waits before a restart; the first one comes at once, as from a kubelet.
async fn back_off(run: &PodRun, container: &core::Container, restarts: u32) {
    let Some(doubled) = restarts.checked_sub(1) else { return };
    let pause = BACK_OFF.saturating_mul(1 << doubled.min(10)).min(LONGEST_BACK_OFF);
    let message = format!("back-off {pause:?} restarting failed container={}", container.name);
    run.update(&container.name, |status| {
        status.last_state = status.state.take();
        status.state = Some(waiting_state("CrashLoopBackOff", Some(message)));
    });
    tokio::select! {
        () = sleep(pause) => {}
        _ = run.gone() => {}
    }
}

/// Runs a container once, for its exit code; `None` if the pod goes before it could be started.
async fn once(run: &PodRun, container: &core::Container, restarts: u32) -> Result<Option<i32>, String> {
    let termination = run.directory.join(format!("{}-{restarts}.termination", container.name));
    let process = loop {
        if run.is_gone() {
            return Ok(None);
        }
        let started = command::prepare(run, container, &termination).await.and_then(|mut command| {
            fs::write(&termination, "").map_err(Refusal::retry)?;
            Process::start(&mut command, &run.log_file(&container.name)).map_err(Refusal::retry)
        });
        match started {
            Ok(process) => break Arc::new(process),
            Err(Refusal::Unsupported(message)) => return Err(message),
            Err(Refusal::Waiting(reason, message)) => wait(run, container, reason, message).await,
        }
    };
    let since = now();
    run.keep(&container.name, &process);
    run.update(&container.name, |status| {
        if status.state.as_ref().is_some_and(|state| state.terminated.is_some()) {
            status.last_state = status.state.take();
        }
        let running = core::ContainerStateRunning { started_at: Some(since.clone()) };
        status.state = Some(core::ContainerState { running: Some(running), ..core::ContainerState::default() });
        status.restart_count = i32::try_from(restarts).unwrap_or(i32::MAX);
        status.container_id = Some(format!("process://{}", process.pid()));
        status.image_id = format!("process://{}", status.image);
    });

    tokio::select! {
        () = exited(&process) => {}
        _ = probe::watch(run, container) => end(run, container, &process, run.grace()).await,
        gone = run.gone() => match gone {
            Gone::Deleted { grace } => end(run, container, &process, seconds(grace)).await,
            Gone::Killed => {}
        },
    }
    // What has not ended by now is not asked again.
    let _ = process.kill();
    let status = process.exit_status().ok().flatten().unwrap_or_else(|| ExitStatus::from_raw(9));
    let terminated = terminated(run, container, status, since, &termination);
    let code = terminated.exit_code;
    run.update(&container.name, |status| {
        status.state = Some(core::ContainerState { terminated: Some(terminated), ..core::ContainerState::default() });
        status.ready = false;
        status.started = Some(false);
    });
    Ok(Some(code))
}

async fn wait(run: &PodRun, container: &core::Container, reason: &str, message: String) {
    run.update(&container.name, |status| {
        let before = status.state.as_ref().and_then(|state| state.waiting.as_ref()?.reason.clone());
        let pulled = matches!(before.as_deref(), Some("ErrImagePull" | "ImagePullBackOff"));
        let reason = if reason == "ErrImagePull" && pulled { "ImagePullBackOff" } else { reason };
        status.state = Some(waiting_state(reason, Some(message)));
    });
    tokio::select! {
        () = sleep(RETRY) => {}
        _ = run.gone() => {}
    }
}

/// Ends a container as a kubelet does: its hook, SIGTERM, and SIGKILL (by the caller) once the grace is over.
async fn end(run: &PodRun, container: &core::Container, process: &Process, grace: Duration) {
    let deadline = Instant::now() + grace;
    let hook = container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref()?.sleep.as_ref());
    let hook = hook.map(|sleep| seconds(sleep.seconds).min(grace)).unwrap_or_default();
    let ending = async {
        tokio::select! {
            () = sleep(hook) => {}
            () = exited(process) => {}
        }
        // It fails for a process that has ended meanwhile.
        let _ = process.terminate();
        let _ = timeout_at(deadline.max(Instant::now() + LEAST_GRACE), exited(process)).await;
    };
    tokio::select! {
        () = ending => {}
        () = run.killed() => {}
    }
}

async fn exited(process: &Process) {
    while matches!(process.exit_status(), Ok(None)) {
        sleep(POLL).await;
    }
}

fn terminated(
    run: &PodRun,
    container: &core::Container,
    status: ExitStatus,
    since: Time,
    termination: &Path,
) -> core::ContainerStateTerminated {
    let exit_code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    let message = fs::read(termination).unwrap_or_default();
    let mut message = String::from_utf8_lossy(&message[..message.len().min(MESSAGE)]).into_owned();
    let from_log = container.termination_message_policy.as_deref() == Some("FallbackToLogsOnError");
    if message.is_empty() && from_log && exit_code != 0 {
        let log = fs::read(run.log_file(&container.name)).unwrap_or_default();
        message = String::from_utf8_lossy(&log[log.len().saturating_sub(MESSAGE_FROM_LOG)..]).into_owned();
    }
    core::ContainerStateTerminated {
        exit_code,
        signal: status.signal(),
        reason: Some(if exit_code == 0 { "Completed" } else { "Error" }.to_owned()),
        message: Some(message).filter(|message| !message.is_empty()),
        started_at: Some(since),
        finished_at: Some(now()),
        ..core::ContainerStateTerminated::default()
    }
}

pub(super) fn seconds(value: i64) -> Duration {
    Duration::from_secs(value.try_into().unwrap_or_default())
}
