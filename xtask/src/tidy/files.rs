//! Rules on whole files: their names, their length, their first line.

use std::collections::BTreeSet;
use std::path::Path;

use super::Violation;

/// No file is longer than can be read in one sitting.
const LONGEST: usize = 500;
/// `main.rs` only wires up what has a better place.
const LONGEST_MAIN: usize = 60;

/// The lock file must be there: binaries are built from it.
///
/// It need only be listed once anything is, so that a fresh repository passes.
pub(super) fn lock_file(tracked: &BTreeSet<String>) -> Vec<Violation> {
    if tracked.is_empty() || tracked.contains("Cargo.lock") {
        return Vec::new();
    }
    vec![Violation::new("Cargo.lock", 1, "is not committed")]
}

pub(super) fn check(path: &str, text: &str) -> Vec<Violation> {
    let file = Path::new(path);
    if file.extension().is_none_or(|extension| extension != "rs") {
        return Vec::new();
    }
    let name = file.file_name().and_then(|name| name.to_str());
    let count = text.lines().count();
    let mut violations = Vec::new();
    if name == Some("mod.rs") {
        violations.push(Violation::new(path, 1, "is foo.rs beside foo/, never mod.rs"));
    }
    if count > LONGEST {
        let message = format!("has {count} lines, more than {LONGEST}");
        violations.push(Violation::new(path, LONGEST + 1, message));
    }
    if name == Some("main.rs") && count >= LONGEST_MAIN {
        let message = format!("has {count} lines, and a main.rs fewer than {LONGEST_MAIN}");
        violations.push(Violation::new(path, LONGEST_MAIN, message));
    }
    if !text.starts_with("//!") {
        violations.push(Violation::new(path, 1, "does not begin by saying what it is for (//!)"));
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::{check, lock_file};
    use std::collections::BTreeSet;

    fn messages(path: &str, text: &str) -> Vec<String> {
        check(path, text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_named_mod_is_found() {
        let found = messages("api/src/http/mod.rs", "//! Routes.\n");
        assert_eq!(found, ["api/src/http/mod.rs:1: is foo.rs beside foo/, never mod.rs"]);
    }

    #[test]
    fn a_long_file_is_found_and_one_at_the_limit_is_not() {
        assert!(messages("a.rs", &"//! Text.\n".repeat(500)).is_empty());
        let found = messages("a.rs", &"//! Text.\n".repeat(501));
        assert_eq!(found, ["a.rs:501: has 501 lines, more than 500"]);
    }

    #[test]
    fn a_main_of_sixty_lines_is_found() {
        assert!(messages("api/src/main.rs", &"//! Text.\n".repeat(59)).is_empty());
        let found = messages("api/src/main.rs", &"//! Text.\n".repeat(60));
        assert_eq!(found, ["api/src/main.rs:60: has 60 lines, and a main.rs fewer than 60"]);
    }

    #[test]
    fn a_file_without_a_header_is_found() {
        let found = messages("a.rs", "use std::fs;\n");
        assert_eq!(found, ["a.rs:1: does not begin by saying what it is for (//!)"]);
        assert!(messages("a.py", "import os\n").is_empty());
    }

    #[test]
    fn a_lock_file_that_is_not_committed_is_found() {
        let tracked = |path: &str| BTreeSet::from([path.to_owned()]);
        assert_eq!(lock_file(&tracked("Cargo.toml")).len(), 1);
        assert!(lock_file(&tracked("Cargo.lock")).is_empty());
    }
}
