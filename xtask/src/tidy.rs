//! `cargo xtask tidy`: the house rules that no compiler lint knows, with every violation reported.

mod dependencies;
mod files;
mod lines;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;

use anyhow::{Result, bail};

use crate::run;

/// A broken rule at a place.
#[derive(Debug, PartialEq)]
pub(crate) struct Violation {
    path: String,
    line: usize,
    message: String,
}

impl Violation {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        let (path, message) = (path.to_owned(), message.into());
        Self { path, line, message }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.path, self.line, self.message)
    }
}

pub(crate) fn command(_: &[String]) -> Result<()> {
    let tracked = listed(&["--cached"])?;
    let mut violations = files::lock_file(&tracked);
    // What is not committed yet is checked too: a violation is best found before the commit.
    let present = listed(&["--cached", "--others", "--exclude-standard"])?;
    for path in &present {
        // Neither a file that is deleted but still listed nor a binary one has text to check.
        let Ok(text) = fs::read_to_string(run::root().join(path)) else {
            continue;
        };
        violations.extend(files::check(path, &text));
        violations.extend(lines::check(path, &text));
        violations.extend(dependencies::check(path, &text));
    }
    for violation in &violations {
        println!("{violation}");
    }
    match violations.len() {
        0 => {
            println!("tidy: {} files", present.len());
            Ok(())
        }
        count => bail!("house rules broken in {count} places"),
    }
}

fn listed(which: &[&str]) -> Result<BTreeSet<String>> {
    let listing = run::output(run::at_root("git").args(["ls-files", "-z"]).args(which))?;
    let paths = listing.split_terminator('\0');
    Ok(paths.map(str::to_owned).collect())
}
