//! Rules on single lines: what may not be written, and where.

use std::path::Path;

use super::Violation;

/// This file names what it forbids.
const OWN_PATH: &str = "xtask/src/tidy/lines.rs";

/// Texts that no Rust line may hold, and what to do instead.
const FORBIDDEN: [(&str, &str); 4] = [
    ("#[ignore", "no test is ignored: fix it or remove it"),
    ("todo!", "unfinished code is not committed"),
    ("unimplemented!", "unfinished code is not committed"),
    ("[allow(", "write #[expect(…, reason)], which tells when it is no longer needed"),
];

/// The ways to read the environment at run time; `env!` is fixed at build time and harmless.
const ENVIRONMENT: &str = "env::var";

/// Where a path on somebody's machine begins.
const MACHINE: [&str; 3] = ["/root/", "/work/", "/home/"];

pub(super) fn check(path: &str, text: &str) -> Vec<Violation> {
    if path == OWN_PATH {
        return Vec::new();
    }
    let is_rust = path.ends_with(".rs");
    let mut violations = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let mut report = |message: &str| {
            violations.push(Violation::new(path, number, message));
        };
        if let Some(start) = MACHINE.iter().find(|start| begins_path(line, start)) {
            report(&format!("names a path of one machine, {start}"));
        }
        // A comment may speak of what the code may not hold.
        if !is_rust || line.trim_start().starts_with("//") {
            continue;
        }
        for (text, advice) in FORBIDDEN {
            if line.contains(text) {
                report(&format!("{text}: {advice}"));
            }
        }
        if line.contains(ENVIRONMENT) && !may_read_environment(path) {
            report("only config.rs reads the environment");
        }
    }
    violations
}

/// Whether an absolute path begins so in the line, rather than a longer path going through it.
fn begins_path(line: &str, start: &str) -> bool {
    line.match_indices(start).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !"._-}*)".contains(c))
    })
}

fn may_read_environment(path: &str) -> bool {
    let path = Path::new(path);
    path.ends_with("config.rs")
        || path.starts_with("crates/testkit")
        || path.starts_with("xtask")
        || path.iter().any(|part| ["bench", "benches", "tests"].iter().any(|name| part == *name))
}

#[cfg(test)]
mod tests {
    use super::check;

    fn messages(path: &str, text: &str) -> Vec<String> {
        check(path, text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_ignored_test_is_found() {
        let found = messages("a.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() {}\n");
        assert_eq!(found, ["a.rs:2: #[ignore: no test is ignored: fix it or remove it"]);
    }

    #[test]
    fn unfinished_code_is_found() {
        assert_eq!(messages("a.rs", "fn f() { todo!() }").len(), 1);
        assert_eq!(messages("a.rs", "fn f() { unimplemented!() }").len(), 1);
        assert!(messages("a.rs", "// There is no todo!() here.").is_empty());
    }

    #[test]
    fn an_allowed_lint_is_found_on_an_item_and_on_a_crate() {
        assert_eq!(messages("a.rs", "#[allow(dead_code)]").len(), 1);
        assert_eq!(messages("a.rs", "#![allow(dead_code)]").len(), 1);
        assert!(messages("a.rs", "#[expect(dead_code, reason = \"x\")]").is_empty());
    }

    #[test]
    fn reading_the_environment_is_found_outside_of_config() {
        let line = "let port = std::env::var(\"PORT\");";
        let found = messages("api/src/server.rs", line);
        assert_eq!(found, ["api/src/server.rs:1: only config.rs reads the environment"]);
        assert_eq!(messages("api/src/server.rs", "env::vars_os()").len(), 1);
        assert!(messages("api/src/server.rs", "env!(\"CARGO_PKG_NAME\")").is_empty());
        for path in ["api/src/config.rs", "api/tests/a.rs", "xtask/src/run.rs"] {
            assert!(messages(path, line).is_empty(), "{path}");
        }
    }

    #[test]
    fn a_path_of_one_machine_is_found_in_any_text() {
        let found = messages("README.md", "Run it.\nSee /root/notes.\n");
        assert_eq!(found, ["README.md:2: names a path of one machine, /root/"]);
        assert_eq!(messages("a.rs", "// In /work/main.").len(), 1);
        assert!(messages("README.md", "see docs/work/plan.md and ../home/x").is_empty());
    }
}
