//! The direction in which our crates depend on each other, so that the core stays free of the rest.

use super::Violation;

const PREFIX: &str = "conversation-";

/// A crate, what it may depend on of ours, and what its tests may use beyond that.
type Rule = (&'static str, &'static [&'static str], &'static [&'static str]);

const RULES: &[Rule] = &[
    ("conversation-core", &[], &[]),
    ("conversation-store", &["core"], &["testkit"]),
    ("conversation-api", &["core", "store"], &["testkit"]),
    ("conversation-migrator", &["core", "store"], &["testkit"]),
    ("conversation-operator", &[], &["testkit"]),
    // It knows the charts by what they render and install.
    ("conversation-chart-tests", &[], &["testkit"]),
    // It starts processes and knows them by their addresses only.
    ("conversation-testkit", &[], &[]),
    // It is never shipped, so it may start servers outside of tests.
    ("conversation-bench", &["core", "store", "api", "testkit"], &[]),
    // It speaks HTTP and the database's own protocol, so that it shares no mistake with what it audits.
    ("conversation-auditor", &[], &[]),
    // It is never shipped either: it starts servers, breaks them under load, and has the outcome audited.
    ("conversation-load", &["core", "auditor", "testkit"], &[]),
    // The service with faults built in, for the tests of the auditor.
    ("conversation-sabotage", &["core", "api"], &["auditor", "load", "testkit"]),
    ("xtask", &[], &[]),
];

pub(super) fn check(path: &str, text: &str) -> Vec<Violation> {
    let is_manifest = path == "Cargo.toml" || path.ends_with("/Cargo.toml");
    // The root manifest declares versions for all and depends on nothing.
    if !is_manifest || !text.contains("[package]") {
        return Vec::new();
    }
    let name = text.lines().find_map(|line| line.strip_prefix("name = "));
    let name = name.unwrap_or_default().trim_matches('"');
    let Some((_, always, in_tests)) = RULES.iter().find(|(known, ..)| *known == name) else {
        let message = format!("crate {name} has no rule in xtask/src/tidy/dependencies.rs");
        return vec![Violation::new(path, 1, message)];
    };

    let mut violations = Vec::new();
    let mut section = "";
    for (line, number) in text.lines().zip(1..) {
        let dependency = match line.strip_prefix('[') {
            Some(header) => {
                section = header.trim_end_matches(']');
                // Also `[dependencies.conversation-core]`.
                section.rsplit_once('.').map(|(_, last)| last)
            }
            None if section.ends_with("dependencies") => Some(line),
            None => None,
        };
        let Some(ours) = dependency.and_then(|key| key.strip_prefix(PREFIX)) else {
            continue;
        };
        let ours = ours.split(['.', ' ', '=']).next().unwrap_or(ours);
        let for_tests = section.contains("dev-dependencies");
        if always.contains(&ours) || (for_tests && in_tests.contains(&ours)) {
            continue;
        }
        let advice = match in_tests.contains(&ours) {
            true => "outside of its tests",
            false => "at all",
        };
        let message = format!("{name} may not depend on {PREFIX}{ours} {advice}");
        violations.push(Violation::new(path, number, message));
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::check;

    fn messages(name: &str, rest: &str) -> Vec<String> {
        let text = format!("[package]\nname = \"{name}\"\n{rest}");
        let violations = check("x/Cargo.toml", &text);
        violations.into_iter().map(|found| found.message).collect()
    }

    #[test]
    fn the_core_depending_on_the_store_is_found_however_it_is_written() {
        let expected = ["conversation-core may not depend on conversation-store at all"];
        for rest in [
            "[dependencies]\nconversation-store.workspace = true",
            "[dependencies]\nconversation-store = { path = \"../store\" }",
            "[dependencies.conversation-store]\nworkspace = true",
            "[target.'cfg(unix)'.dependencies]\nconversation-store.workspace = true",
            "[dev-dependencies]\nconversation-store.workspace = true",
        ] {
            assert_eq!(messages("conversation-core", rest), expected, "{rest}");
        }
    }

    #[test]
    fn the_testkit_is_found_unless_only_tests_depend_on_it() {
        let dependency = "conversation-testkit.workspace = true";
        let found = messages("conversation-api", &format!("[dependencies]\n{dependency}"));
        let expected = "conversation-api may not depend on conversation-testkit outside of its tests";
        assert_eq!(found, [expected]);
        let in_tests = format!("[dev-dependencies]\n{dependency}");
        assert!(messages("conversation-api", &in_tests).is_empty());
    }

    #[test]
    fn a_crate_without_a_rule_is_found() {
        assert_eq!(messages("conversation-new", "").len(), 1);
    }

    #[test]
    fn other_crates_are_nobodys_business() {
        assert!(messages("conversation-core", "[dependencies]\nserde = \"1\"").is_empty());
    }
}
