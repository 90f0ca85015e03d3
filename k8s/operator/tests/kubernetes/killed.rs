//! An operator that is killed after any of its writes: the next one goes on, and nothing is done twice.

use anyhow::{Context, Result};
use conversation_operator::kinds::Kind;
use conversation_testkit::until;
use kube::api::ListParams;
use serde_json::json;

use crate::{
    DEADLINE,
    world::{World, image},
};

/// Starts an operator, kills it when it has written something, and so on until the end is reached. Tells how many were killed.
async fn killed_until(world: &World, end: impl AsyncFn() -> bool) -> Result<usize> {
    let mut killed = 0;
    while !end().await {
        let before = world.writes()?.len();
        // Each has a Lease of its own, because that of a dead one has yet to expire.
        let lease = format!("{}-{before}", world.namespace);
        let operator = world.operator_named(&format!("victim-{before}"), &[("LEASE_NAME", lease.as_str())])?;
        until(DEADLINE, "a write, or the end", async || {
            world.writes().is_ok_and(|writes| writes.len() > before) || end().await
        })
        .await?;
        operator.process.kill()?;
        killed += 1;
    }
    Ok(killed)
}

/// Whether a service says this of what is declared now.
async fn is_said(world: &World, condition: &str, reason: &str) -> bool {
    let Ok(service) = world.services().get("shop").await else { return false };
    let generation = service.metadata.generation;
    let conditions = service.status.map(|status| status.conditions).unwrap_or_default();
    let now = conditions.into_iter().filter(|it| Some(it.observed_generation) == generation);
    now.into_iter().any(|it| it.type_ == condition && it.reason == reason)
}

#[tokio::test]
async fn an_operator_that_is_killed_whenever_it_has_written_gets_there_and_repeats_nothing() -> Result<()> {
    // Its own audit log is short, so that a write is seen soon after it was made.
    let world = World::apart("killed").await?;
    let database = world.database().await?;
    let is_ready = async || is_said(&world, "Ready", "Ready").await;
    let runs = async || {
        let status = world.schemas().get("shop").await?.status.context("a status")?;
        anyhow::Ok((status.attempts, status.runs))
    };
    world.real("shop", &database, json!({"retention": {"days": 90}})).await?;
    let killed = killed_until(&world, is_ready).await?;
    assert!(killed >= 4, "{killed} were killed");
    assert_eq!(runs().await?, (0, 2), "a plan and an apply, each once");

    // An upgrade with what destroys, of which there must be something.
    let pod = world.pods("shop", "api").await?.pop().context("a pod")?;
    let url = world.plane.process_node().await?.pod_url(world.namespace.name(), &pod, "http")?;
    let session = json!({"sessionId": "sess_1", "language": "en-US"});
    let answer = reqwest::Client::new().post(format!("{url}/v1/sessions")).json(&session).send().await?;
    assert_eq!(answer.status(), 201);
    let change = json!({"spec": {"image": {"tag": "2.0.0"}, "retention": {"days": 30}}});
    world.edit(&world.services(), "shop", change).await?;
    let killed =
        killed_until(&world, async || is_said(&world, "MigrationPending", "DestructiveNotApproved").await).await?;
    assert!(killed >= 2, "{killed} were killed");
    assert_eq!(runs().await?, (0, 3), "one more plan");

    let plan = world.services().get("shop").await?.status.and_then(|status| status.plan).context("a plan")?;
    let approval = json!({"metadata": {"annotations": {"conversation.dev/approve-plan": plan.approval}}});
    world.edit(&world.services(), "shop", approval).await?;
    let killed = killed_until(&world, is_ready).await?;
    assert!(killed >= 3, "{killed} were killed");
    assert_eq!(runs().await?, (0, 4), "one more apply");
    let deployment = world.object(Kind::Deployment, "shop", "to be there", |_| true).await?;
    assert_eq!(image(&deployment), "registry.example/conversation-api:2.0.0");
    Ok(())
}

#[tokio::test]
async fn an_operator_that_is_killed_while_it_prunes_is_followed_by_one_that_waits_for_its_lease() -> Result<()> {
    const SERVICES: usize = 6;
    let world = World::apart("pruning").await?;
    let names: Vec<String> = (0..SERVICES).map(|number| format!("shop-{number}")).collect();
    let first = world.operator()?;
    for name in &names {
        world.played(name, json!({"networkPolicy": {}, "exposure": {"ingress": {"host": "a.example"}}})).await?;
    }
    for name in &names {
        world.ready(name).await?;
    }
    first.process.terminate()?;
    first.process.wait(DEADLINE).await?;

    let left = async || {
        let all = async |kind: Kind| world.kind(kind).list(&ListParams::default()).await.map(|list| list.items.len());
        anyhow::Ok(all(Kind::NetworkPolicy).await? + all(Kind::Ingress).await?)
    };
    let settings = [("LEASE_NAME", world.namespace.name()), ("LEASE_SECONDS", "3")];
    for name in &names {
        world.edit(&world.services(), name, json!({"spec": {"networkPolicy": null, "exposure": null}})).await?;
        // What the one before was about to do is left to this one.
        let before = left().await?;
        let operator = world.operator_named(&format!("victim-of-{name}"), &settings)?;
        until(DEADLINE, "something to be deleted", async || left().await.is_ok_and(|left| left < before)).await?;
        operator.process.kill()?;
    }
    let _operator = world.operator()?;
    for name in &names {
        world.ready(name).await?;
    }
    let deletions = || Ok::<_, anyhow::Error>(world.calls()?.into_iter().filter(|call| call.starts_with("delete ")));
    until(DEADLINE, "all in the audit log", async || deletions().is_ok_and(|all| all.count() >= 2 * SERVICES)).await?;
    let mut deleted: Vec<String> = deletions()?.collect();
    deleted.sort_unstable();
    let each = |resource: &'static str| names.iter().map(move |name| format!("delete {resource}/ {name}"));
    assert_eq!(deleted, each("ingresses").chain(each("networkpolicies")).collect::<Vec<_>>());
    Ok(())
}
