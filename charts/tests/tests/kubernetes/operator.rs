//! The operator's chart, its manifests for kustomize and its samples.

mod credential;
mod health;
pub(crate) mod life;
mod manifests;
mod parity;
pub(crate) mod readme;
mod rendering;
mod rights;
mod samples;
mod works;

use std::path::Path;

use anyhow::Result;
use conversation_testkit::control_plane::Helm;
use conversation_testkit::{ControlPlane, control_plane};
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use super::support::{manifest_of, objects, operator_chart};

/// The name of the release, and of everything in it.
const OPERATOR: &str = "conversation-operator";

/// A control plane without the operator's definitions.
static PLANE: OnceCell<ControlPlane> = OnceCell::const_new();
/// They are of the whole cluster, so that one test after the other has it.
static TURN: Mutex<()> = Mutex::const_new(());

/// A control plane that has nothing of the operator's, until the guard is dropped. Whoever makes definitions deletes them.
pub(crate) async fn alone() -> Result<(&'static ControlPlane, MutexGuard<'static, ()>)> {
    let turn = TURN.lock().await;
    let plane = PLANE.get_or_try_init(|| ControlPlane::start(control_plane::Version::Newest)).await?;
    let kinds = ["conversationservices.conversation.dev", "conversationschemas.conversation.dev"];
    // Left by a test that failed.
    let delete = [&["delete", "crd", "--ignore-not-found", "--timeout=3m"], &kinds[..]].concat();
    control_plane::output(plane.kubectl(delete)?).await?;
    let delete =
        ["delete", "clusterrole,clusterrolebinding", "--selector=app.kubernetes.io/part-of=conversation-service"];
    control_plane::output(plane.kubectl(delete)?).await?;
    Ok((plane, turn))
}

/// The objects that the operator's chart is rendered to.
fn rendered(helm: Helm, values: &Path, more: &[&str]) -> Result<Vec<Value>> {
    objects(&manifest_of(&operator_chart(), helm, OPERATOR, values, more)?)
}
