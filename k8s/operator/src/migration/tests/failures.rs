//! What is made of runs that failed.

use std::sync::Arc;

use k8s_openapi::api::{batch::v1::Job, core::v1::Pod};

use super::*;
use crate::conditions::merge;

#[test]
fn a_plan_that_moved_since_its_approval_is_made_anew() {
    let status = Status { plan: Some(plan("pending", &["drop-index events.old"], 10)), runs: 1, ..Status::default() };
    let refused = json!({"outcome": "blocked", "error": "the plan is another one now"});
    let status = recorded(&status, &run(2, "apply", "r1", failed(20, "BackoffLimitExceeded", Some(refused))));
    assert_eq!(status.plan, None);
    assert_eq!(status.failure.as_ref().map(|failure| failure.reason.as_str()), Some("PlanChanged"));
    // At once, but not again and again.
    assert_eq!(next(&want(), &status, None, at(21)), Step::Start(Command::Plan, 3));
    let again = Status { attempts: 2, ..status };
    assert_eq!(next(&want(), &again, None, at(21)), Step::Rest(at(40)));
}

#[test]
fn failures_say_what_the_migrator_said_or_why_it_could_not() {
    let error = json!({"outcome": "error", "error": "cannot reach MongoDB; check the connection string"});
    let reason = |state: State| {
        let status = recorded(&Status::default(), &run(1, "plan", "r1", state));
        assert_eq!((status.attempts, status.runs), (1, 1));
        let degraded = holds(&want(), &status, DEGRADED);
        (degraded.reason, degraded.message)
    };
    let (why, message) = reason(failed(10, "BackoffLimitExceeded", Some(error.clone())));
    assert_eq!(why, "MigratorFailed");
    assert!(message.contains("cannot reach MongoDB; check the connection string"), "{message}");
    assert_eq!(reason(said(10, error)).0, "MigratorFailed");
    let (why, message) = reason(failed(10, "DeadlineExceeded", None));
    assert_eq!(why, "TimedOut");
    assert!(message.ends_with("raise timeoutSeconds, unless its container never began"), "{message}");
    let late = Some(Trouble::new("DeadlineExceeded", "why"));
    let ended = State::Ended(Box::new(End { at: at(10), exit_code: Some(143), summary: None, failure: late }));
    assert!(reason(ended).1.ends_with("raise timeoutSeconds"));
    // That a signal ended it is what the migrator can say of it.
    let signal = json!({"outcome": "error", "error": "ended by a signal"});
    assert_eq!(reason(failed(10, "DeadlineExceeded", Some(signal))).0, "TimedOut");
    assert_eq!(reason(failed(10, "BackoffLimitExceeded", None)).0, "MigratorFailed");
    let silent = State::Ended(Box::new(End { at: at(1), exit_code: Some(0), summary: None, failure: None }));
    assert_eq!(reason(silent).0, "MigratorFailed");
    // With a summary for a declaration, and without one for a command line.
    let unusable = json!({"outcome": "error", "error": "the declaration has an unknown field"}).to_string();
    let (why, message) = reason(exited(10, 64, &unusable));
    assert_eq!(why, "CommandRefused");
    assert!(message.contains("not tried again soon") && message.contains("unknown field"), "{message}");
    assert!(reason(exited(10, 64, "error: unexpected argument")).1.contains("unexpected argument"));
}

#[test]
fn a_run_that_never_began_before_its_deadline_says_what_was_in_its_way() {
    let about = |job: &str| {
        let trouble = Trouble::new("ImagePullFailed", format!("pod {job}-x7k2p: no such image"));
        let step = Step::Await(run(2, "plan", "r1", State::Waiting(Some(trouble))));
        let said = states(&want(), &Status { runs: 1, ..Status::default() }, &step, None);
        Status { conditions: merge(&[], said, 1, at(0)), runs: 1, ..Status::default() }
    };
    let late = run(2, "plan", "r1", failed(700, "DeadlineExceeded", None));
    let reason = |status: &Status| recorded(status, &late).failure.map(|failure| failure.reason);
    assert_eq!(reason(&about("shop-migrate-2")).as_deref(), Some("ImagePullFailed"));
    assert_eq!(reason(&about("shop-migrate-1")).as_deref(), Some("TimedOut"));
}

#[test]
fn a_failed_apply_leaves_no_other_revision_applied() {
    let before = Status { applied: Some(applied("r0", 1)), plan: Some(plan("pending", &[], 10)), ..Status::default() };
    let applied = |state: State| {
        let status = recorded(&before, &run(1, "apply", "r1", state));
        status.applied.map(|applied| applied.revision)
    };
    assert_eq!(applied(failed(20, "DeadlineExceeded", None)), None);
    assert_eq!(applied(said(20, json!({"outcome": "pending"}))), None);
    let refused = json!({"outcome": "blocked"});
    assert_eq!(applied(failed(20, "BackoffLimitExceeded", Some(refused))).as_deref(), Some("r0"), "nothing was made");
    assert_eq!(applied(exited(20, 64, "no such flag")).as_deref(), Some("r0"), "nothing was made");
}

#[test]
fn attempts_are_those_of_one_revision() {
    let before = Status { attempts: 7, failure: Some(failure(1)), ..Status::default() };
    let other = |state: State| recorded(&before, &run(1, "plan", "r2", state)).attempts;
    assert_eq!(other(failed(10, "BackoffLimitExceeded", None)), 1);
    assert_eq!(other(said(10, json!({"outcome": "pending", "approval": "a1"}))), 0);
}

#[test]
fn the_pod_that_did_the_work_is_the_one_that_is_read() {
    let job: Job = serde_json::from_value(json!({
        "metadata": {"name": "shop-migrate-1", "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"conversation.dev/command": "plan", "conversation.dev/run": "1"}},
        "status": {"conditions": [{"type": "Complete", "status": "True"}]},
    }))
    .expect("a job");
    let pod = |state: serde_json::Value| -> Arc<Pod> {
        let statuses = json!([{"name": "migrator", "image": "", "imageID": "", "ready": false, "restartCount": 0,
            "state": state}]);
        Arc::new(serde_json::from_value(json!({"status": {"containerStatuses": statuses}})).expect("a pod"))
    };
    let evicted = || pod(json!({"waiting": {"reason": "ContainerCreating"}}));
    let ended = pod(json!({"terminated": {"exitCode": 2, "message": r#"{"outcome": "pending"}"#}}));
    let end = |pods: &[Arc<Pod>]| match Run::read(&job, pods).expect("a run").state {
        State::Ended(end) => (end.exit_code, end.summary.map(|summary| summary.outcome)),
        other => panic!("{other:?}"),
    };
    assert_eq!(end(&[evicted(), ended]), (Some(2), Some("pending".to_owned())));
    // The copies of pods are behind; the caller asks the API server then.
    assert_eq!(end(&[evicted()]), (None, None));
}
