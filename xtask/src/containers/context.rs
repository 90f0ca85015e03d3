//! What the build stage of the image would have before it: the files that reach the engine and that it copies.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::dockerfile::Dockerfile;
use super::ignore::{Ignore, is_at_or_below};
use super::text;
use crate::run;

/// Beside it lies the folder that `--build` compiles into.
const FOLDER: &str = "target/containers/context";

/// The files, put in a folder of their own.
pub(super) struct Staged {
    pub(super) folder: PathBuf,
    pub(super) count: usize,
    pub(super) violations: Vec<String>,
}

/// Copies them there.
pub(super) fn stage(dockerfile: &Dockerfile) -> Result<Staged> {
    let listed = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listing = run::output(run::at_root("git").args(listed))?;
    // One that is deleted but still listed is not there to be copied.
    let present = listing.split_terminator('\0').filter(|path| run::root().join(path).is_file());
    let present: BTreeSet<&str> = present.collect();
    let (chosen, violations) = choose(dockerfile, &text(".dockerignore")?, &present);

    let folder = run::root().join(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(&folder).context("removal of the former build context")?;
    }
    for path in &chosen {
        let to = folder.join(path);
        fs::create_dir_all(to.parent().unwrap_or(&folder)).context("folder of the build context")?;
        fs::copy(run::root().join(path), to).with_context(|| format!("copy of {path}"))?;
    }
    Ok(Staged { folder, count: chosen.len(), violations })
}

fn choose<'a>(dockerfile: &Dockerfile, ignore: &str, present: &BTreeSet<&'a str>) -> (BTreeSet<&'a str>, Vec<String>) {
    let ignore = match Ignore::parse(ignore) {
        Ok(ignore) => ignore,
        Err(violations) => return (BTreeSet::new(), violations),
    };
    let mut chosen = BTreeSet::new();
    let mut violations = Vec::new();
    for (line, source) in dockerfile.copied() {
        let found = present.iter().filter(|path| is_at_or_below(path, source) && !ignore.leaves_out(path));
        let before = chosen.len();
        chosen.extend(found);
        if chosen.len() == before {
            let fault = match present.iter().any(|path| is_at_or_below(path, source)) {
                true => "is left out by .dockerignore",
                false => "does not exist",
            };
            violations.push(format!("Dockerfile:{line}: COPY {source}: {fault}"));
        }
    }
    (chosen, violations)
}

#[cfg(test)]
mod tests {
    use super::{Dockerfile, choose};
    use std::collections::BTreeSet;

    fn found(copy: &str) -> (Vec<&'static str>, Vec<String>) {
        let dockerfile = Dockerfile::parse(&format!("FROM rust:1 AS source\n{copy}\n"));
        let present = BTreeSet::from(["Cargo.toml", "api/src/main.rs", "charts/x.yaml"]);
        let (chosen, violations) = choose(&dockerfile, "*\n!Cargo.toml\n!api\n", &present);
        (chosen.into_iter().collect(), violations)
    }

    #[test]
    fn what_is_copied_and_not_ignored_is_staged() {
        let expected = (vec!["Cargo.toml", "api/src/main.rs"], vec![]);
        assert_eq!(found("COPY Cargo.toml ./\nCOPY api api"), expected);
    }

    #[test]
    fn copying_what_is_not_there_is_found() {
        assert_eq!(found("COPY operator operator").1, ["Dockerfile:2: COPY operator: does not exist"]);
    }

    #[test]
    fn copying_what_the_engine_is_not_sent_is_found() {
        assert_eq!(found("COPY charts charts").1, ["Dockerfile:2: COPY charts: is left out by .dockerignore"]);
    }
}
