//! Definitions of other projects' custom resources, taken out of their Go modules: the only source in a registry.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::run;
use crate::tools::{go, place};

/// The wrapper module that pins them.
const TOOL: &str = "crds";

/// A project's folder in `.tools/crds`, its module, and the files to take from it.
const SOURCES: &[(&str, &str, &str, &[&str])] = &[
    (
        "prometheus-operator",
        "github.com/prometheus-operator/prometheus-operator",
        "example/prometheus-operator-crd",
        &[
            "monitoring.coreos.com_servicemonitors.yaml",
            "monitoring.coreos.com_podmonitors.yaml",
            "monitoring.coreos.com_prometheusrules.yaml",
        ],
    ),
    (
        "keda",
        "github.com/kedacore/keda/v2",
        "config/crd/bases",
        &["keda.sh_scaledobjects.yaml", "keda.sh_triggerauthentications.yaml"],
    ),
    (
        "gateway-api",
        "sigs.k8s.io/gateway-api",
        "config/crd/standard",
        &[
            "gateway.networking.k8s.io_gatewayclasses.yaml",
            "gateway.networking.k8s.io_gateways.yaml",
            "gateway.networking.k8s.io_httproutes.yaml",
            "gateway.networking.k8s.io_referencegrants.yaml",
        ],
    ),
    ("argo-cd", "github.com/argoproj/argo-cd/v3", "manifests/crds", &["application-crd.yaml"]),
    ("flux", "github.com/fluxcd/helm-controller", "config/crd/bases", &["helm.toolkit.fluxcd.io_helmreleases.yaml"]),
    (
        "flux",
        "github.com/fluxcd/source-controller",
        "config/crd/bases",
        &[
            "source.toolkit.fluxcd.io_gitrepositories.yaml",
            "source.toolkit.fluxcd.io_helmrepositories.yaml",
            "source.toolkit.fluxcd.io_ocirepositories.yaml",
        ],
    ),
];

/// The folder that holds them.
pub(crate) fn ensure() -> Result<PathBuf> {
    if let Some(named) = run::named("KUBERNETES_CRDS")? {
        return Ok(named);
    }
    let pins = go::pins(TOOL)?;
    let files: Vec<_> = SOURCES.iter().flat_map(|(.., files)| *files).copied().collect();
    let version = format!("{pins}\n{}\n", files.join("\n"));
    place::renamed(TOOL, &version, |place| fetch(&pins, place))
}

fn fetch(pins: &str, place: &Path) -> Result<()> {
    run::run(go::command(TOOL)?.args(["mod", "download"]))?;
    let cache = run::output(go::command(TOOL)?.args(["env", "GOMODCACHE"]))?;
    let cache = Path::new(cache.trim());
    for (project, module, folder, files) in SOURCES {
        let source = cache.join(format!("{module}@{}", go::pinned(pins, module)?)).join(folder);
        let target = place.join(project);
        fs::create_dir_all(&target).context("folder of definitions")?;
        for file in *files {
            let text = fs::read(source.join(file)).with_context(|| format!("{file} of {module}"))?;
            // Written rather than copied: files in the module cache are read-only.
            fs::write(target.join(file), text).with_context(|| file.to_string())?;
        }
    }
    Ok(())
}
