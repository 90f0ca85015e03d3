//! Programs built from Go modules: what they are made of is pinned in `xtask/go/<tool>`, by version and by hash.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::run;
use crate::tools::place;

/// A program, and the module it is of.
struct Program {
    /// Its file, its folder, and the name of the wrapper module.
    tool: &'static str,
    /// The environment variable that names another one.
    variable: &'static str,
    /// What to build: `.` for the wrapper's own `main.go`.
    package: &'static str,
    /// Go variables that tell a version, which a released program is told as it is linked.
    versions: &'static [(&'static str, Told, &'static str)],
}

/// How much of a module's version a variable tells.
enum Told {
    Whole,
    Major,
    Minor,
}

/// The newest Kubernetes that the charts and the operator are tested with.
pub(crate) fn kubernetes() -> Result<PathBuf> {
    ensure(&Program { tool: "kubernetes", variable: "KUBERNETES_BIN", package: ".", versions: KUBERNETES })
}

/// The oldest.
pub(crate) fn kubernetes_oldest() -> Result<PathBuf> {
    ensure(&Program {
        tool: "kubernetes-oldest",
        variable: "KUBERNETES_OLDEST_BIN",
        package: ".",
        versions: KUBERNETES,
    })
}

const KUBERNETES: &[(&str, Told, &str)] = &[
    ("k8s.io/component-base/version.gitVersion", Told::Whole, "k8s.io/kubernetes"),
    ("k8s.io/component-base/version.gitMajor", Told::Major, "k8s.io/kubernetes"),
    ("k8s.io/component-base/version.gitMinor", Told::Minor, "k8s.io/kubernetes"),
];

/// Where Kubernetes keeps everything.
pub(crate) fn etcd() -> Result<PathBuf> {
    ensure(&Program { tool: "etcd", variable: "ETCD_BIN", package: ".", versions: &[] })
}

/// Plays nodes and the life of the pods on them.
pub(crate) fn kwok() -> Result<PathBuf> {
    ensure(&Program {
        tool: "kwok",
        variable: "KWOK_BIN",
        package: "sigs.k8s.io/kwok/cmd/kwok",
        versions: &[("sigs.k8s.io/kwok/pkg/consts.Version", Told::Whole, "sigs.k8s.io/kwok")],
    })
}

/// The Helm that most have.
pub(crate) fn helm3() -> Result<PathBuf> {
    ensure(&Program {
        tool: "helm3",
        variable: "HELM3_BIN",
        package: "helm.sh/helm/v3/cmd/helm",
        versions: &[
            ("helm.sh/helm/v3/internal/version.version", Told::Whole, "helm.sh/helm/v3"),
            // Without these it would render and lint for Kubernetes 1.20.
            ("helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor", Told::Minor, "k8s.io/client-go"),
            ("helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor", Told::Minor, "k8s.io/client-go"),
        ],
    })
}

/// The Helm that applies on the server's side.
pub(crate) fn helm4() -> Result<PathBuf> {
    ensure(&Program {
        tool: "helm4",
        variable: "HELM4_BIN",
        package: "helm.sh/helm/v4/cmd/helm",
        versions: &[("helm.sh/helm/v4/internal/version.version", Told::Whole, "helm.sh/helm/v4")],
    })
}

/// Tests what a chart renders.
pub(crate) fn helm_unittest() -> Result<PathBuf> {
    ensure(&Program {
        tool: "helm-unittest",
        variable: "HELM_UNITTEST_BIN",
        package: "github.com/helm-unittest/helm-unittest/cmd/helm-unittest",
        versions: &[(
            "github.com/helm-unittest/helm-unittest/internal/build.version",
            Told::Whole,
            "github.com/helm-unittest/helm-unittest",
        )],
    })
}

/// Writes a chart's README from its values.
pub(crate) fn helm_docs() -> Result<PathBuf> {
    ensure(&Program {
        tool: "helm-docs",
        variable: "HELM_DOCS_BIN",
        package: "github.com/norwoodj/helm-docs/cmd/helm-docs",
        versions: &[("main.version", Told::Whole, "github.com/norwoodj/helm-docs")],
    })
}

fn ensure(program: &Program) -> Result<PathBuf> {
    // One of the same name on the PATH could be of any version, and what is tested depends on it.
    if let Some(named) = run::named(program.variable)? {
        return Ok(named);
    }
    let pins = pins(program.tool)?;
    let link = link(program, &pins)?;
    let main = fs::read_to_string(module(program.tool).join("main.go")).unwrap_or_default();
    // The whole of what it is made from, so that a changed pin, flag or wrapper counts as another version.
    let version = format!("{link}\n{pins}\n{main}");
    let place = place::renamed(program.tool, &version, |place| build(program, &link, place))?;
    Ok(place.join(program.tool))
}

fn build(program: &Program, link: &str, place: &Path) -> Result<()> {
    let mut build = command(program.tool)?;
    build.args(["build", "-trimpath", "-buildvcs=false", "-ldflags", link, "-o"]);
    run::run(build.arg(place.join(program.tool)).arg(program.package))
}

/// What the linker is told: no debug information, which doubles the size, and the versions.
fn link(program: &Program, pins: &str) -> Result<String> {
    let mut link = "-s -w".to_owned();
    for (variable, told, module) in program.versions {
        let version = pinned(pins, module)?;
        let value = match told {
            Told::Whole => version,
            Told::Major => version.trim_start_matches('v').split('.').next().context("major version")?,
            Told::Minor => version.split('.').nth(1).context("minor version")?,
        };
        link.push_str(&format!(" -X {variable}={value}"));
    }
    Ok(link)
}

/// The `go` command at a wrapper module, which takes only what that module pins.
pub(super) fn command(tool: &str) -> Result<Command> {
    if run::on_path("go").is_none() {
        bail!("go is not on the PATH: install Go 1.26 or later, or name programs of your own (README.md, Developing)");
    }
    let mut go = Command::new("go");
    // Whoever runs this decides on a toolchain, not a download.
    go.current_dir(module(tool)).envs([("GOTOOLCHAIN", "local"), ("GOFLAGS", "-mod=readonly"), ("CGO_ENABLED", "0")]);
    Ok(go)
}

/// The `go.mod` of a wrapper module.
pub(super) fn pins(tool: &str) -> Result<String> {
    let path = module(tool).join("go.mod");
    fs::read_to_string(&path).with_context(|| path.display().to_string())
}

/// The version of a module that a `go.mod` requires.
pub(super) fn pinned<'a>(pins: &'a str, module: &str) -> Result<&'a str> {
    let required = pins.lines().map(|line| line.trim_start().trim_start_matches("require "));
    let version = required.filter_map(|line| line.strip_prefix(module)?.strip_prefix(' ')).next();
    version.and_then(|rest| rest.split_whitespace().next()).with_context(|| format!("{module} in go.mod"))
}

fn module(tool: &str) -> PathBuf {
    run::root().join("xtask/go").join(tool)
}

#[cfg(test)]
mod tests {
    use super::pinned;

    const PINS: &str = "module m\n\nrequire k8s.io/api v0.1.0\n\nrequire (\n\tk8s.io/kubernetes v1.37.1\n\tk8s.io/x v2.0.0 // indirect\n)\n";

    #[test]
    fn a_version_is_read_from_a_block_and_from_a_line_of_its_own() -> anyhow::Result<()> {
        assert_eq!(pinned(PINS, "k8s.io/kubernetes")?, "v1.37.1");
        assert_eq!(pinned(PINS, "k8s.io/x")?, "v2.0.0");
        assert_eq!(pinned(PINS, "k8s.io/api")?, "v0.1.0");
        Ok(())
    }

    #[test]
    fn a_module_that_is_not_required_is_named() {
        let message = pinned(PINS, "k8s.io").map_err(|error| error.to_string());
        assert_eq!(message, Err("k8s.io in go.mod".to_owned()));
    }
}
