//! Definitions of other projects' custom resources.

use std::time::Duration;

use anyhow::Result;

use super::{ControlPlane, output};
use crate::tools;
use crate::wait::until;

/// Long against the second that it takes.
const SERVED: Duration = Duration::from_secs(180);

/// A project whose custom resources the charts can make use of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Project {
    /// `ServiceMonitor`, `PodMonitor` and `PrometheusRule`.
    PrometheusOperator,
    /// `ScaledObject` and `TriggerAuthentication`.
    Keda,
    /// `GatewayClass`, `Gateway`, `HTTPRoute` and `ReferenceGrant`.
    GatewayApi,
    /// `Application`.
    ArgoCd,
    /// `HelmRelease`, `GitRepository`, `HelmRepository` and `OCIRepository`.
    Flux,
}

impl Project {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::PrometheusOperator, Self::Keda, Self::GatewayApi, Self::ArgoCd, Self::Flux];

    fn folder(self) -> &'static str {
        match self {
            Self::PrometheusOperator => "prometheus-operator",
            Self::Keda => "keda",
            Self::GatewayApi => "gateway-api",
            Self::ArgoCd => "argo-cd",
            Self::Flux => "flux",
        }
    }
}

impl ControlPlane {
    /// Installs the definitions of these projects, whether or not they are there, and waits until they are served.
    pub async fn install(&self, projects: &[Project]) -> Result<()> {
        for project in projects {
            let folder = tools::crds()?.join(project.folder()).display().to_string();
            // Some are larger than the annotation that applying on the client's side would write.
            output(self.kubectl(["apply", "--server-side", "--force-conflicts", "--filename", &folder])?).await?;
            self.established(&["--filename", &folder]).await?;
        }
        Ok(())
    }

    /// Waits until definitions, named as for `kubectl wait`, are served.
    pub async fn established(&self, definitions: &[&str]) -> Result<()> {
        let wait = [&["wait", "--for=condition=Established", "--timeout=10s"], definitions].concat();
        // It fails at once on a definition so new that it has no conditions yet.
        until(SERVED, &format!("{definitions:?} to be served"), async || {
            let wait = self.kubectl(&wait).ok()?;
            output(wait).await.ok()
        })
        .await?;
        Ok(())
    }
}
