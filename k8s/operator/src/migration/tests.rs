//! The table of what follows what, and whole migrations walked through with it.

mod failures;

use std::collections::BTreeMap;

use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::Time,
    jiff::{SignedDuration, Timestamp},
};
use serde_json::json;

use super::{End, Run, State, Step, Summary, Trouble, Want, next, record, states};
use crate::{
    api::{self, AppliedSchema, ConditionStatus, ConversationSchemaStatus, Failure, Plan, SchemaPolicy},
    conditions::{DEGRADED, MIGRATION_PENDING, PROGRESSING, READY, SCHEMA_DRIFT, Said},
    desired::Command,
};

type Status = ConversationSchemaStatus;

const EVERY: i64 = 3600;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn want() -> Want {
    Want {
        namespace: "voice".to_owned(),
        name: "shop".to_owned(),
        revision: "r1".to_owned(),
        policy: SchemaPolicy::Automatic,
        approval: None,
        verify_every: SignedDuration::from_secs(EVERY),
        paused: false,
        bodies: BTreeMap::new(),
    }
}

fn approved(policy: SchemaPolicy, approval: &str) -> Want {
    Want { policy, approval: Some(approval.to_owned()), ..want() }
}

fn plan(outcome: &str, destructive: &[&str], second: i64) -> Plan {
    Plan {
        revision: "r1".to_owned(),
        approval: "a1".to_owned(),
        outcome: outcome.to_owned(),
        steps: Vec::new(),
        destructive: destructive.iter().map(|&step| step.to_owned()).collect(),
        blocked: Vec::new(),
        omitted: 0,
        at: Time(at(second)),
    }
}

fn applied(revision: &str, second: i64) -> AppliedSchema {
    AppliedSchema {
        revision: revision.to_owned(),
        schema_version: Some(1),
        schema_checksum: None,
        at: Time(at(second)),
    }
}

fn failure(second: i64) -> Failure {
    let text = "x".to_owned();
    Failure { revision: "r1".to_owned(), job: text.clone(), reason: text.clone(), message: text, at: Time(at(second)) }
}

fn run(number: i64, command: &str, revision: &str, state: State) -> Run {
    let job = format!("shop-migrate-{number}");
    let (command, revision) = (command.to_owned(), revision.to_owned());
    let (uid, body) = (format!("uid-{number}"), String::new());
    Run { job, uid, pod: None, number, command, revision, body, made: at(0), state }
}

fn said(second: i64, summary: serde_json::Value) -> State {
    let summary = Summary::parse(&summary.to_string());
    State::Ended(Box::new(End { at: at(second), exit_code: Some(0), summary, failure: None }))
}

fn failed(second: i64, reason: &str, summary: Option<serde_json::Value>) -> State {
    let summary = summary.and_then(|summary| Summary::parse(&summary.to_string()));
    State::Ended(Box::new(End { at: at(second), exit_code: None, summary, failure: Some(Trouble::new(reason, "why")) }))
}

fn exited(second: i64, code: i32, message: &str) -> State {
    let failure = Some(Trouble::new("BackoffLimitExceeded", message));
    State::Ended(Box::new(End { at: at(second), exit_code: Some(code), summary: Summary::parse(message), failure }))
}

/// By the operator's own decision.
fn apply() -> Command {
    Command::Apply { approval: None }
}

fn apply_approved() -> Command {
    Command::Apply { approval: Some("a1".to_owned()) }
}

fn risky(risk: &str) -> api::Step {
    api::Step { id: "set-expiry events.retention".to_owned(), risk: risk.to_owned(), ..api::Step::default() }
}

#[test]
fn the_table_of_what_follows_what() {
    use SchemaPolicy::{Approve, Automatic, Observe};
    let none = Status::default;
    let planned =
        |outcome: &str, destructive: &[&str]| Status { plan: Some(plan(outcome, destructive, 100)), ..none() };
    let settled = || Status { applied: Some(applied("r1", 100)), ..planned("clean", &[]) };
    let of = |policy| Want { policy, ..want() };
    let drop = &["drop-index events.old"][..];
    let (every, fresh) = (100 + EVERY, 100 + 300);
    let refused = || Some(Failure { reason: Failure::REFUSED.to_owned(), ..failure(100) });
    let verified = |outcome: &str, second| Status {
        verified: Some(outcome.to_owned()),
        last_verified: Some(Time(at(second))),
        ..settled()
    };

    let table: Vec<(&str, Want, Status, i64, Step)> = vec![
        ("nothing is known: plan", want(), none(), 100, Step::Start(Command::Plan, 1)),
        (
            "the plan is for another revision: plan",
            want(),
            Status { plan: Some(Plan { revision: "r0".to_owned(), ..plan("pending", &[], 100) }), runs: 4, ..none() },
            100,
            Step::Start(Command::Plan, 5),
        ),
        ("harmless steps are made", want(), planned("pending", &[]), 100, Step::Start(apply(), 1)),
        ("destructive ones wait", want(), planned("pending", drop), 100, Step::Rest(at(fresh))),
        (
            "an approval of another plan is none",
            approved(Automatic, "a0"),
            planned("pending", drop),
            100,
            Step::Rest(at(fresh)),
        ),
        (
            "approved, they are made with the approval",
            approved(Automatic, "a1"),
            planned("pending", drop),
            100,
            Step::Start(apply_approved(), 1),
        ),
        (
            "what is risky is destructive though the list of that was cut",
            want(),
            Status { plan: Some(Plan { steps: vec![risky("high")], ..plan("pending", &[], 100) }), ..none() },
            100,
            Step::Rest(at(fresh)),
        ),
        (
            "other risks are not",
            want(),
            Status { plan: Some(Plan { steps: vec![risky("medium")], ..plan("pending", &[], 100) }), ..none() },
            100,
            Step::Start(apply(), 1),
        ),
        ("by policy every plan waits", of(Approve), planned("pending", &[]), 100, Step::Rest(at(fresh))),
        (
            "until it is approved",
            approved(Approve, "a1"),
            planned("pending", &[]),
            100,
            Step::Start(apply_approved(), 1),
        ),
        ("an observer never applies", approved(Observe, "a1"), planned("pending", &[]), 100, Step::Rest(at(fresh))),
        ("what waits is kept fresh", of(Observe), planned("pending", &[]), fresh, Step::Start(Command::Plan, 1)),
        ("what is blocked waits for a person", want(), planned("blocked", &[]), 100, Step::Rest(at(fresh))),
        (
            "but not so often when nothing waits for it",
            want(),
            Status { applied: Some(applied("r1", 50)), ..planned("blocked", &[]) },
            100,
            Step::Rest(at(every)),
        ),
        ("and is looked at again", want(), planned("blocked", &[]), fresh, Step::Start(Command::Plan, 1)),
        ("when all is there it is compared later", want(), settled(), 100, Step::Rest(at(every))),
        ("and then is", want(), settled(), every, Step::Start(Command::Verify, 1)),
        ("counted from the last comparison", want(), verified("clean", 500), 600, Step::Rest(at(500 + EVERY))),
        ("drift may be mended by a plan", want(), verified("drift", 500), 600, Step::Start(Command::Plan, 1)),
        ("but a plan since then has said what it can", want(), verified("drift", 100), 600, Step::Rest(at(every))),
        (
            "what failed waits",
            want(),
            Status { failure: Some(failure(100)), attempts: 1, runs: 1, ..none() },
            105,
            Step::Rest(at(110)),
        ),
        (
            "twice as long each time",
            want(),
            Status { failure: Some(failure(100)), attempts: 3, runs: 3, ..none() },
            105,
            Step::Rest(at(140)),
        ),
        (
            "but never longer than five minutes",
            want(),
            Status { failure: Some(failure(100)), attempts: 900, runs: 900, ..none() },
            105,
            Step::Rest(at(400)),
        ),
        (
            "then it is tried again under a new name",
            want(),
            Status { failure: Some(failure(100)), attempts: 3, runs: 3, ..none() },
            140,
            Step::Start(Command::Plan, 4),
        ),
        (
            "a command that was refused is not repeated before long",
            want(),
            Status { failure: refused(), attempts: 1, runs: 1, ..none() },
            140,
            Step::Rest(at(every)),
        ),
        (
            "another revision does not wait for the failure of this one",
            Want { revision: "r2".to_owned(), ..want() },
            Status { failure: Some(failure(100)), attempts: 3, runs: 3, ..none() },
            105,
            Step::Start(Command::Plan, 4),
        ),
        ("nothing happens to what is paused", Want { paused: true, ..want() }, none(), 100, Step::Pause),
    ];
    for (what, want, status, now, expected) in table {
        assert_eq!(next(&want, &status, None, at(now)), expected, "{what}");
    }
}

#[test]
fn a_run_is_awaited_and_one_for_something_else_is_removed_unless_it_changes_the_database() {
    let status = Status::default();
    let decide = |run: &Run| next(&want(), &status, Some(run), at(100));
    let current = run(1, "plan", "r1", State::Running);
    assert_eq!(decide(&current), Step::Await(current.clone()));
    let old = run(1, "plan", "r0", State::Running);
    assert_eq!(decide(&old), Step::Remove(old.clone()));
    let never_began = run(1, "apply", "r0", State::Waiting(None));
    assert_eq!(decide(&never_began), Step::Remove(never_began));
    let applies = run(1, "apply", "r0", State::Running);
    assert_eq!(decide(&applies), Step::Await(applies.clone()));
}

#[test]
fn of_what_is_paused_nothing_changes_but_that_no_apply_begins() {
    let status = Status::default();
    let paused = Want { paused: true, bodies: [("plan", "b2".to_owned())].into(), ..want() };
    let decide = |run: &Run| next(&paused, &status, Some(run), at(100));
    for run in [
        run(1, "plan", "r1", State::Running),
        run(1, "apply", "r0", State::Running),
        // One that would be made otherwise now, and one for something else.
        run(1, "plan", "r1", State::Waiting(None)),
        run(1, "verify", "r0", State::Waiting(None)),
    ] {
        assert_eq!(decide(&run), Step::Pause, "{run:?}");
    }
    let apply = run(1, "apply", "r1", State::Waiting(None));
    assert_eq!(decide(&apply), Step::Remove(apply));
    // Its Job expires, and what it said with it.
    let ended = run(1, "apply", "r1", said(90, json!({"outcome": "clean"})));
    assert_eq!(decide(&ended), Step::Record(ended));
}

#[test]
fn a_run_that_has_not_begun_is_removed_when_it_would_not_be_made_so_now() {
    let planned = Status { plan: Some(plan("pending", &["drop-index events.old"], 10)), ..Status::default() };
    let removed = |want: &Want, run: &Run| next(want, &planned, Some(run), at(100)) == Step::Remove(run.clone());
    let waiting = |command: &str| Run { body: "b1".to_owned(), ..run(1, command, "r1", State::Waiting(None)) };
    let bodies = |body: &str| ["plan", "apply", "verify"].map(|command| (command, body.to_owned())).into();
    let want = Want { bodies: bodies("b1"), ..approved(SchemaPolicy::Automatic, "a1") };
    for command in ["plan", "apply", "verify"] {
        assert!(!removed(&want, &waiting(command)), "{command}");
        // Such as after a correction of the pull secrets, which is no other revision.
        assert!(removed(&Want { bodies: bodies("b2"), ..want.clone() }, &waiting(command)), "{command}");
    }
    let withdrawn = Want { approval: None, ..want.clone() };
    let observed = Want { policy: SchemaPolicy::Observe, ..want.clone() };
    let paused = Want { paused: true, ..want.clone() };
    for want in [withdrawn, observed, paused] {
        assert!(removed(&want, &waiting("apply")), "{want:?}");
        assert!(!removed(&want, &waiting("plan")), "{want:?}");
        let begun = Run { state: State::Running, ..waiting("apply") };
        assert!(!removed(&want, &begun), "what has begun is awaited");
    }
}

/// Records a run and gives what is known afterwards; doing so twice makes no difference.
fn recorded(status: &Status, run: &Run) -> Status {
    assert_eq!(next(&want(), status, Some(run), at(0)), Step::Record(run.clone()));
    let after = record(status.clone(), run);
    assert_eq!(after, record(status.clone(), run));
    assert_eq!(after.runs, run.number);
    after
}

#[test]
fn a_migration_from_the_first_plan_to_the_schedule() {
    let pending = json!({"outcome": "pending", "approval": "a1", "steps": [{"id": "create-index events.timeline"}]});
    let status = recorded(&Status::default(), &run(1, "plan", "r1", said(10, pending)));
    assert_eq!(next(&want(), &status, None, at(11)), Step::Start(apply(), 2));
    let clean = json!({"outcome": "clean", "schemaVersion": 1, "schemaChecksum": "c", "approval": "a2"});
    let status = recorded(&status, &run(2, "apply", "r1", said(20, clean.clone())));
    let applied = status.applied.clone().expect("applied");
    assert_eq!((applied.revision.as_str(), applied.schema_version, applied.at.0), ("r1", Some(1), at(20)));
    assert_eq!(status.plan.as_ref().map(|plan| plan.steps.len()), Some(0));
    assert_eq!(next(&want(), &status, None, at(21)), Step::Rest(at(20 + EVERY)));
    let status = recorded(&status, &run(3, "verify", "r1", said(4000, clean)));
    assert_eq!(next(&want(), &status, None, at(4001)), Step::Rest(at(4000 + EVERY)));
}

#[test]
fn a_database_that_has_everything_is_applied_without_an_apply() {
    let clean = json!({"outcome": "clean", "schemaVersion": 1});
    let status = recorded(&Status::default(), &run(1, "plan", "r1", said(10, clean)));
    assert_eq!(status.applied.map(|applied| applied.revision), Some("r1".to_owned()));
}

#[test]
fn drift_that_a_plan_mends_is_mended_and_the_rest_is_said() {
    let status = Status { applied: Some(applied("r1", 10)), plan: Some(plan("clean", &[], 10)), ..Status::default() };
    let drift = json!([{"subject": "events.timeline", "problem": "is not there any more", "remedy": "apply"}]);
    let status = recorded(&status, &run(1, "verify", "r1", said(5000, json!({"outcome": "drift", "drift": drift}))));
    assert_eq!(holds(&want(), &status, SCHEMA_DRIFT).reason, "ChangedByHand");
    assert_eq!(next(&want(), &status, None, at(5001)), Step::Start(Command::Plan, 2));
    let pending = json!({"outcome": "pending", "approval": "a1", "drift": drift});
    let status = recorded(&status, &run(2, "plan", "r1", said(5010, pending)));
    assert_eq!(status.applied.as_ref().map(|applied| applied.revision.as_str()), Some("r1"), "pods may still roll");
    assert_eq!(next(&want(), &status, None, at(5011)), Step::Start(apply(), 3));
    let status = recorded(&status, &run(3, "apply", "r1", said(5020, json!({"outcome": "clean"}))));
    assert_eq!(status.drift, []);
    assert_eq!(holds_not(&want(), &status, SCHEMA_DRIFT).reason, "AsDeclared");
    assert_eq!(next(&want(), &status, None, at(5021)), Step::Rest(at(5020 + EVERY)));
}

#[test]
fn drift_that_no_plan_mends_does_not_turn_in_circles() {
    let status = Status { applied: Some(applied("r1", 10)), plan: Some(plan("clean", &[], 10)), ..Status::default() };
    let drift = json!({"outcome": "drift", "drift": [{"subject": "events.mine", "problem": "is not declared"}]});
    let status = recorded(&status, &run(1, "verify", "r1", said(5000, drift.clone())));
    let status = recorded(&status, &run(2, "plan", "r1", said(5010, drift)));
    assert_eq!(next(&want(), &status, None, at(5011)), Step::Rest(at(5010 + EVERY)));
    assert_eq!(holds(&want(), &status, SCHEMA_DRIFT).message, "events.mine: is not declared");
    assert_eq!(status.applied.map(|applied| applied.at.0), Some(at(10)));
}

#[test]
fn what_is_to_be_done_is_done_though_something_drifted_too() {
    let drift = json!([{"subject": "index events.mine", "problem": "is not declared", "remedy": "drop it"}]);
    let both =
        json!({"outcome": "drift", "approval": "a1", "drift": drift, "steps": [{"id": "create-index events.x"}]});
    let status = recorded(&Status::default(), &run(1, "plan", "r1", said(10, both)));
    assert_eq!(next(&want(), &status, None, at(11)), Step::Start(apply(), 2));
    assert_eq!(holds(&want(), &status, SCHEMA_DRIFT).reason, "NotDeclared");
}

#[test]
fn a_release_that_is_taken_back_is_not_held_up_by_the_schema_of_the_newer_one() {
    let newer =
        json!({"subject": "schema version", "problem": "the deployment has version 2", "remedy": "use the newer"});
    let blocked = |steps: serde_json::Value, newer_one: bool| {
        let summary = json!({"outcome": "blocked", "approval": "a1", "blocked": [newer], "steps": steps,
            "newer": newer_one});
        recorded(&Status::default(), &run(1, "plan", "r1", said(10, summary)))
    };
    let status = blocked(json!([]), true);
    assert_eq!(status.applied.as_ref().map(|applied| applied.revision.as_str()), Some("r1"));
    assert_eq!(next(&want(), &status, None, at(11)), Step::Rest(at(10 + EVERY)));
    assert_eq!(holds_not(&want(), &status, MIGRATION_PENDING).reason, "NothingPending");

    // What this release would do besides is not done, and it would be wrong to say that nothing is due.
    let status = blocked(json!([{"id": "set-expiry events.retention"}]), true);
    assert_eq!(next(&want(), &status, None, at(11)), Step::Rest(at(10 + EVERY)));
    let pending = holds(&want(), &status, MIGRATION_PENDING);
    assert_eq!(pending.reason, "NewerSchema");
    assert!(pending.message.contains("set-expiry events.retention"), "{}", pending.message);
    assert_eq!(holds(&want(), &status, READY).reason, "Applied");

    // By the migrator's word for it, and not by how it tells it to people.
    let status = blocked(json!([]), false);
    assert_eq!(status.applied, None);
    let pending = holds(&want(), &status, MIGRATION_PENDING);
    assert_eq!(pending.reason, "Blocked");
    assert!(pending.message.contains("the deployment has version 2; use the newer"), "{}", pending.message);
}

#[test]
fn attempts_are_counted_until_something_is_achieved() {
    let status = Status { attempts: 4, runs: 4, failure: Some(failure(1)), ..Status::default() };
    let pending = json!({"outcome": "pending", "approval": "a1"});
    let status = recorded(&status, &run(5, "plan", "r1", said(10, pending)));
    assert_eq!((status.attempts, status.failure.is_none()), (4, true));
    let status = recorded(&status, &run(6, "apply", "r1", said(20, json!({"outcome": "drift"}))));
    assert_eq!(status.attempts, 0);
}

fn condition(want: &Want, status: &Status, type_: &str) -> Said {
    let step = next(want, status, None, at(0));
    states(want, status, &step, None).into_iter().find(|said| said.type_ == type_).expect("a condition")
}

#[track_caller]
fn holds(want: &Want, status: &Status, type_: &str) -> Said {
    let said = condition(want, status, type_);
    assert_eq!(said.status, ConditionStatus::True, "{said:?}");
    said
}

#[track_caller]
fn holds_not(want: &Want, status: &Status, type_: &str) -> Said {
    let said = condition(want, status, type_);
    assert_eq!(said.status, ConditionStatus::False, "{said:?}");
    said
}

#[test]
fn conditions_say_who_is_waited_for_and_how_to_go_on() {
    let mut status = Status { plan: Some(plan("pending", &["drop-index events.old"], 0)), ..Status::default() };
    let pending = holds(&want(), &status, MIGRATION_PENDING);
    assert_eq!(pending.reason, "DestructiveNotApproved");
    let annotate = "annotate --overwrite --namespace voice conversationschema shop conversation.dev/approve-plan=a1";
    assert!(pending.message.contains(annotate), "{}", pending.message);
    assert!(pending.message.contains("drop-index events.old"), "{}", pending.message);
    assert_eq!(holds_not(&want(), &status, READY).reason, "DestructiveNotApproved");
    assert_eq!(holds_not(&want(), &status, PROGRESSING).reason, "Waiting");
    assert_eq!(holds_not(&want(), &status, DEGRADED).reason, "AsExpected");

    status.plan = Some(plan("pending", &[], 0));
    let of = |policy| Want { policy, ..want() };
    assert_eq!(holds(&of(SchemaPolicy::Approve), &status, MIGRATION_PENDING).reason, "AwaitingApproval");
    assert_eq!(holds(&of(SchemaPolicy::Observe), &status, MIGRATION_PENDING).reason, "Observed");
    assert_eq!(holds(&want(), &status, MIGRATION_PENDING).reason, "Applying");
    assert_eq!(holds(&want(), &status, PROGRESSING).reason, "Migrating");
    // That it failed is said when it was tried.
    let paused = Want { paused: true, ..want() };
    assert_eq!(holds(&paused, &status, MIGRATION_PENDING).reason, "Paused");
    let removed = Step::Remove(run(1, "apply", "r1", State::Waiting(None)));
    let of = |status: &Status, step: &Step| {
        let said = states(&want(), status, step, None).into_iter().find(|said| said.type_ == MIGRATION_PENDING);
        said.expect("a condition").reason
    };
    assert_eq!(of(&status, &removed), "Applying");
    let failed = Status { failure: Some(failure(0)), attempts: 1, ..status.clone() };
    assert_eq!(of(&failed, &Step::Rest(at(10))), "ApplyFailed");
    assert_eq!(of(&failed, &Step::Start(apply(), 2)), "Applying");

    status.applied = Some(applied("r1", 0));
    status.plan = Some(plan("clean", &[], 0));
    assert_eq!(holds(&want(), &status, READY).reason, "Applied");
    assert_eq!(holds_not(&want(), &status, MIGRATION_PENDING).reason, "NothingPending");
    assert_eq!(holds_not(&Want { paused: true, ..want() }, &status, PROGRESSING).reason, "Paused");
}

#[test]
fn an_approval_of_another_plan_is_answered() {
    let drops = Status { plan: Some(plan("pending", &["drop-index events.old"], 0)), ..Status::default() };
    let harmless = Status { plan: Some(plan("pending", &[], 0)), ..Status::default() };
    for (policy, status) in [(SchemaPolicy::Automatic, drops), (SchemaPolicy::Approve, harmless)] {
        let said = |approval: &str| holds(&approved(policy, approval), &status, MIGRATION_PENDING).message;
        assert!(said("a0").contains("the approval a0 is not of this plan; to apply it: kubectl"), "{}", said("a0"));
        assert!(!said("a1").contains("is not of this plan"), "{}", said("a1"));
        assert!(said(&"x".repeat(5000)).len() < 500, "it may be any text");
    }
}

#[test]
fn what_nobody_changed_by_hand_is_not_said_to_be() {
    let begins = condition(&want(), &Status::default(), SCHEMA_DRIFT);
    assert_eq!((begins.status, begins.reason.as_str()), (ConditionStatus::Unknown, "NotCompared"));

    let found = |problem: &str| api::Drift { problem: problem.to_owned(), ..api::Drift::default() };
    let once = || found("{ \"at\": 1 } is not declared: the server still deletes documents");
    let mut status = Status { drift: vec![once()], ..Status::default() };
    assert_eq!(holds(&want(), &status, SCHEMA_DRIFT).reason, "NotDeclared");
    status.drift.push(found("was applied before and is no longer so: no query is served by it"));
    assert_eq!(holds(&want(), &status, SCHEMA_DRIFT).reason, "ChangedByHand");
}

#[test]
fn a_run_that_cannot_begin_says_why() {
    let trouble = Trouble::new("ImagePullFailed", "no such image");
    let waiting = run(1, "plan", "r1", State::Waiting(Some(trouble)));
    let status = Status::default();
    let step = next(&want(), &status, Some(&waiting), at(0));
    let said = states(&want(), &status, &step, None);
    let degraded = said.iter().find(|said| said.type_ == DEGRADED).expect("a condition");
    assert_eq!((degraded.status, degraded.reason.as_str()), (ConditionStatus::True, "ImagePullFailed"));
    // Also when not even its Job could be made.
    let refused = Trouble::new("PodsRefused", "exceeded quota");
    for step in [step, Step::Start(Command::Plan, 1)] {
        let said = states(&want(), &status, &step, Some(&refused));
        assert!(said.iter().any(|said| said.type_ == DEGRADED && said.reason == "PodsRefused"), "{step:?}");
    }
}
