//! Definitions of other projects' custom resources.

use anyhow::Result;

use super::{ControlPlane, output};
use crate::tools;

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
            let wait = ["wait", "--for=condition=Established", "--timeout=60s", "--filename", &folder];
            output(self.kubectl(wait)?).await?;
        }
        Ok(())
    }
}
