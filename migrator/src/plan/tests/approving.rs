//! Which plans are approved.

use proptest::prelude::*;

use super::{
    additions::{AGENT, KEPT_90_DAYS, declared, having},
    *,
};

fn retaining(documents: u64) -> Plan {
    build(&declared(KEPT_90_DAYS), &having(&Declared::by_release(), documents), &PlanOptions::default())
}

fn told(plan: &Plan, asked: Asked<'_>, made: &[String]) -> Vec<String> {
    let chosen: Vec<&Step> = plan.steps.iter().collect();
    objections(plan, &chosen, asked, made)
        .into_iter()
        .map(|found| format!("{} {}", found.subject, found.remedy))
        .collect()
}

#[test]
fn what_deletes_needs_an_approval_and_what_does_not_needs_none() {
    let plan = retaining(1);
    let approval = plan.approval.as_str();
    let objections = told(&plan, Asked::default(), &[]);
    assert_eq!(objections.len(), 2);
    assert!(objections.iter().all(|found| found.contains(&format!("--expect {approval} or --allow-destructive"))));
    assert!(told(&plan, Asked { expected: Some(approval), ..Asked::default() }, &[]).is_empty());
    assert!(told(&plan, Asked { destructive: true, ..Asked::default() }, &[]).is_empty());
    assert!(told(&retaining(0), Asked::default(), &[]).is_empty());
    assert!(objections_to_none_chosen(&plan).is_empty(), "what is left out needs no approval");
}

fn objections_to_none_chosen(plan: &Plan) -> Vec<Finding> {
    objections(plan, &[], Asked::default(), &[])
}

#[test]
fn a_drop_is_approved_by_its_flag_and_not_by_the_declaration() {
    let text = r#"{"allowDrop":["sessions.by_agent"],"ignoreIndexUse":true}"#;
    let plan = build(&declared(text), &having(&declared(AGENT), 7), &PlanOptions::default());
    assert_eq!(told(&plan, Asked::default(), &[]).len(), 1);
    let drops = ["sessions.by_agent".to_owned()];
    assert!(told(&plan, Asked { drops: &drops, ..Asked::default() }, &[]).is_empty());
    let other = ["sessions.by_agents".to_owned()];
    assert_eq!(told(&plan, Asked { drops: &other, ..Asked::default() }, &[]).len(), 1);
}

#[test]
fn an_approval_of_another_plan_is_none() {
    let plan = retaining(1);
    let declaration = KEPT_90_DAYS.replace("90", "30");
    let shorter = build(&declared(&declaration), &having(&Declared::by_release(), 1), &PlanOptions::default());
    assert_ne!(plan.approval, shorter.approval, "it deletes more");
    let elsewhere = Plan { cluster: "another".into(), ..plan.clone() }.sealed();
    assert_ne!(plan.approval, elsewhere.approval);
    let objections = told(&shorter, Asked { expected: Some(&plan.approval), ..Asked::default() }, &[]);
    assert!(objections.len() == 1 && objections[0].contains(&shorter.approval), "{objections:?}");
}

#[test]
fn the_rest_of_an_approved_plan_is_approved_and_nothing_besides() {
    let whole = retaining(1);
    let expected = Some(whole.approval.as_str());
    for left in 0..whole.steps.len() {
        let rest = Plan { steps: whole.steps[left..].to_vec(), ..whole.clone() }.sealed();
        let made: Vec<String> = whole.steps[..left].iter().map(|step| step.action.approved()).collect();
        assert!(told(&rest, Asked { expected, ..Asked::default() }, &made).is_empty(), "{left} were made");
        let action = Action::DropIndex { collection: "events".into(), index: "timeline".into() };
        let more = Step { action, ..rest.steps[0].clone() };
        let rest = Plan { steps: [vec![more], rest.steps].concat(), ..rest }.sealed();
        assert_eq!(told(&rest, Asked { expected, ..Asked::default() }, &made).len(), 1);
    }
}

proptest! {
    #[test]
    fn an_approval_is_the_same_however_much_data_there_is(
        sharded: bool,
        documents in proptest::collection::vec((0_u64..10_000_000, 0_u64..1_000_000_000), 2),
    ) {
        let plan = |documents: u64, bytes: u64| {
            let mut observed = empty(sharded);
            for name in [schema::SESSIONS, schema::EVENTS] {
                let found = Collection { documents, bytes, ..Collection::default() };
                observed.collections.insert(name.to_owned(), found);
            }
            build(&declared(KEPT_90_DAYS), &observed, &PlanOptions::default())
        };
        let [one, other] = [documents[0], documents[1]].map(|(documents, bytes)| plan(documents, bytes));
        prop_assert_eq!(one.approval.len(), 16);
        prop_assert_eq!(&one.approval, &other.approval);
        prop_assert_eq!(&one.approval, &plan(0, 0).approval);
    }
}
