//! The k6 modules themselves: settings that cannot be used, calls that can be repeated, one file to carry away.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

pub(crate) fn profile(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../profiles").join(name)
}

pub(crate) fn k6(arguments: &[&str], settings: &[(&str, &str)], script: &Path) -> Output {
    let mut command = Command::new(conversation_testkit::k6().expect("k6"));
    command.args(arguments).arg(script);
    // Only `run` takes the environment by itself.
    command.args(settings.iter().flat_map(|(name, value)| ["--env".to_owned(), format!("{name}={value}")]));
    command.env("K6_NO_USAGE_REPORT", "true").env("K6_AUTO_EXTENSION_RESOLUTION", "false");
    command.output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn settings_that_cannot_be_used_are_all_named_before_anything_is_sent() {
    let wrong = [("SESSIONS_PER_DAY", "many"), ("DURATION", "soon"), ("PEAK", "0")];
    let output = k6(&["run"], &wrong, &profile("smoke.js"));
    let said = text(&output.stderr);
    assert!(!output.status.success());
    for (name, value) in wrong {
        assert!(said.contains(&format!("{name} is \\\"{value}\\\"")), "{name} in {said}");
    }
}

#[test]
fn every_profile_is_open_and_drops_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../profiles");
    let names: Vec<String> = std::fs::read_dir(folder)
        .expect("profiles")
        .map(|entry| entry.expect("a file").file_name().into_string().expect("text"))
        .collect();
    assert_eq!(names.len(), 9, "{names:?}");
    for name in names {
        let output = k6(&["inspect"], &[("SESSIONS_PER_DAY", "5e6")], &profile(&name));
        let options: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(options["thresholds"]["dropped_iterations"].as_array().map(Vec::len), Some(1), "{name}");
        for scenario in options["scenarios"].as_object().expect("scenarios").values() {
            assert_eq!(scenario["executor"], "ramping-arrival-rate", "{name}");
            assert_eq!(scenario["timeUnit"], "24h0m0s", "the rate of {name} is in sessions per day");
        }
    }
}

#[test]
fn a_rate_per_day_is_what_arrives() {
    let output = k6(&["inspect"], &[("SESSIONS_PER_DAY", "5e6"), ("PEAK", "3")], &profile("load.js"));
    let options: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let stages = options["scenarios"]["calls"]["stages"].as_array().expect("stages");
    let targets: Vec<u64> = stages.iter().filter_map(|stage| stage["target"].as_u64()).collect();
    assert_eq!(targets[..4], [22_500_000, 22_500_000, 15_000_000, 15_000_000], "a burst, then the peak");
}

#[test]
fn the_same_seed_makes_the_same_calls() {
    let folder = TempDir::new().expect("a folder");
    let script = folder.path().join("calls.js");
    let lib = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lib").canonicalize().expect("modules");
    let source = format!(
        "import {{ plan, SHARES }} from '{lib}/call.js';\n\
         import {{ stream }} from '{lib}/random.js';\n\
         export default function () {{\n\
           const calls = (seed) => Array.from({{ length: 2000 }}, (_, n) => plan(stream(seed, n), 20, 0));\n\
           const ids = (calls) => calls.flat().flatMap((s) => s.events || (s.event && !s.repeat && !s.conflict ? [s.event] : []));\n\
           const one = calls(1);\n\
           const share = (test) => one.flat().filter(test).length / ids(one).length;\n\
           console.log(JSON.stringify({{\n\
             same: JSON.stringify(one) === JSON.stringify(calls(1)), other: JSON.stringify(one) !== JSON.stringify(calls(2)),\n\
             mean: ids(one).length / one.length, duplicates: share((s) => s.event && s.repeat), conflicts: share((s) => s.conflict),\n\
             late: one.map((steps) => steps.slice(steps.findIndex((s) => s.kind === 'end')).filter((s) => s.kind === 'append' && !s.repeat && !s.conflict).length).reduce((a, b) => a + b) / ids(one).length,\n\
           }}));\n\
         }}\n",
        lib = lib.display()
    );
    std::fs::write(&script, source).expect("written");
    let output = k6(&["run", "--quiet", "--log-format=raw"], &[], &script);
    let said = text(&output.stderr);
    let line = said.lines().find(|line| line.starts_with('{')).unwrap_or_else(|| panic!("{said}"));
    let found: serde_json::Value = serde_json::from_str(line).expect("JSON");
    assert!(found["same"] == true && found["other"] == true, "{found}");
    let near = |name: &str, expected: f64, by: f64| {
        let value = found[name].as_f64().expect("a number");
        assert!((value - expected).abs() <= by, "{name} is {value} and should be about {expected}");
    };
    near("mean", 20.0, 1.0);
    near("duplicates", 0.05, 0.01);
    near("conflicts", 0.01, 0.005);
    near("late", 0.02, 0.005);
}

#[test]
fn a_profile_fits_into_one_file_for_a_cluster() {
    let folder = TempDir::new().expect("a folder");
    let archive = folder.path().join("load.tar");
    let output = format!("--archive-out={}", archive.display());
    // Rates are worked out when the archive is made, so the settings must be given then.
    let made = k6(&["archive", &output], &[("SESSIONS_PER_DAY", "7e6"), ("PEAK", "2")], &profile("load.js"));
    assert!(made.status.success(), "{}", text(&made.stderr));
    let bytes = std::fs::metadata(&archive).expect("an archive").len();
    assert!(bytes < 1_000_000, "{bytes} bytes do not fit into a ConfigMap");
    let inspected = k6(&["inspect"], &[], &archive);
    let options: serde_json::Value = serde_json::from_slice(&inspected.stdout).expect("JSON");
    assert_eq!(
        options["scenarios"]["calls"]["stages"][0]["target"], 21_000_000,
        "the burst of 7 million at a peak of 2"
    );
}
