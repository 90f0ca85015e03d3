//! `advise` on a load, run as its users do and without a database.

use std::process::{Command, Output};

use serde_json::Value;

fn advise(flags: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conversation-migrator"));
    command.env_clear().arg("advise").args(flags.split_whitespace()).output().expect("it runs")
}

fn told(flags: &str) -> String {
    let output = advise(flags);
    assert!(output.status.success(), "{flags}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn refused(flags: &str) -> String {
    let output = advise(flags);
    assert!(!output.status.success() && output.stdout.is_empty(), "{flags} is refused");
    String::from_utf8(output.stderr).expect("text")
}

fn answers(flags: &str) -> Value {
    serde_json::from_str(&told(flags)).expect("JSON")
}

#[test]
fn a_load_is_answered_without_a_database() {
    let told = told("--sessions-per-day 5e6 --events-per-session 22 --retention-days 90");
    for expected in ["5,000,000 sessions a day", "pods", "by memory", "working set", "window", "vCPU", "GiB-months"] {
        assert!(told.contains(expected), "{expected} in {told}");
    }
}

#[test]
fn json_has_every_figure_with_its_error_bars_whatever_spelling_asked_for_it() {
    let answer = answers("--sessions-per-day 5e6 --json");
    assert_eq!(answer, answers("--sessions-per-day 5_000_000 --output json"));
    for figure in ["/capacity/service/pods", "/capacity/shards/byDisk", "/capacity/toPrice/vcpu"] {
        let figure = answer.pointer(figure).unwrap_or_else(|| panic!("{figure} in {answer}"));
        let end = |name: &str| figure[name].as_f64().expect("a number");
        assert!(end("low") <= end("expected") && end("expected") <= end("high"), "{figure}");
    }
    assert_eq!(answer["capacity"]["inputs"]["eventsPerSession"], 20.0);
    assert!(answer.get("breakpoint").is_none());
}

#[test]
fn a_machine_has_a_breakpoint_that_more_processors_move() {
    let at = |processors: u32| {
        let answer = answers(&format!("--processors {processors} --members 1 --json"));
        answer["breakpoint"]["sessionsPerSecond"]["expected"].as_f64().expect("a number")
    };
    assert!((at(4) / at(2) - 2.0).abs() < 1e-9);
    let table = told("--processors 2 --members 1 --generator-seconds 8");
    assert!(table.contains("One machine of 2 processors is saturated at"), "{table}");
}

#[test]
fn a_bad_value_is_refused_with_its_flag_and_the_remedy() {
    for (flags, flag, remedy) in [
        ("--sessions-per-day 0", "--sessions-per-day", "from 1 to 10000000000"),
        ("--sessions-per-day many", "--sessions-per-day", "such as 5000, 5_000 or 5e3"),
        ("--sessions-per-day 1e6 --retention-days -1", "--retention-days", "from 0.01"),
        ("--sessions-per-day 1e6 --utilisation 60", "--utilisation", "from 0.05 to 1"),
        ("--processors 2 --members 1.5", "--members", "a whole number from 1 to 50"),
        ("--sessions-per-day 1e6 --generator-seconds 3", "--processors", "required"),
        ("--sessions-per-day 1e6 --json --output table", "--json", "cannot be used with"),
        ("--events-per-session 22", "--sessions-per-day", "add"),
    ] {
        let refused = refused(flags);
        assert!(refused.contains(flag) && refused.contains(remedy), "{flags}: {refused}");
    }
}

#[test]
fn costs_measured_elsewhere_take_the_place_of_ours() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("costs.json");
    let flags = format!("--processors 2 --members 1 --costs {}", file.display());
    assert!(refused(&flags).contains("cannot be read"));

    let ours = include_str!("../costs.json");
    let mut theirs: Value = serde_json::from_str(ours).expect("JSON");
    theirs["measured"]["commit"] = "elsewhere".into();
    std::fs::write(&file, theirs.to_string()).expect("written");
    assert_eq!(answers(&format!("{flags} --json"))["breakpoint"]["measured"]["commit"], "elsewhere");
    std::fs::write(&file, ours.replace("oplog_bytes", "oplog")).expect("written");
    let fault = refused(&flags);
    assert!(fault.contains("costs.json is no table of costs") && fault.contains("oplog_bytes"), "{fault}");
}

#[test]
fn without_a_load_advice_is_on_a_deployment_as_before() {
    assert!(refused("").contains("set MONGODB_URI"));
}
