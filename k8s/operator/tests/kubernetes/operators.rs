//! Operators as processes: several of them, one that dies, and one whose API server is away.

use std::time::Duration;

use anyhow::{Context, Result};
use conversation_operator::kinds::Kind;
use conversation_testkit::until;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use serde_json::json;

use crate::{
    DEADLINE,
    world::{Operator, SYSTEM, World},
};

/// Who holds the Lease of a world's operators: the name that it was given, without what makes it unique.
async fn holder(world: &World) -> Option<String> {
    let leases: Api<Lease> = Api::namespaced(world.client.clone(), SYSTEM);
    let lease = leases.get_opt(world.namespace.name()).await.ok()??;
    let holder = lease.spec?.holder_identity?;
    Some(holder.rsplit_once('_')?.0.to_owned())
}

async fn leads(world: &World, name: &str) -> Result<()> {
    until(DEADLINE, &format!("{name} to lead"), async || holder(world).await.as_deref() == Some(name)).await
}

/// What an operator says of itself over HTTP.
async fn ask(operator: &Operator, path: &str) -> Result<(u16, String)> {
    let address = until(DEADLINE, "the operator to listen", async || operator.address()).await?;
    let answer = reqwest::get(format!("http://{address}{path}")).await?;
    Ok((answer.status().as_u16(), answer.text().await?))
}

#[tokio::test]
async fn of_two_operators_one_works_and_the_other_takes_over_when_it_dies() -> Result<()> {
    let world = World::new("two").await?;
    let first = world.operator_named("first", &[])?;
    leads(&world, "first").await?;
    let second = world.operator_named("second", &[])?;
    // Who stands by is ready all the same, and tells that it does not work.
    until(DEADLINE, "the second to be ready", async || ask(&second, "/health/ready").await.is_ok_and(|it| it.0 == 200))
        .await?;
    assert!(ask(&second, "/metrics").await?.1.contains("conversation_operator_leader 0"));
    assert!(ask(&first, "/metrics").await?.1.contains("conversation_operator_leader 1"));
    world.played("shop", json!({})).await?;
    world.ready("shop").await?;

    first.process.kill()?;
    leads(&world, "second").await?;
    world.delete(Kind::Service, "shop").await?;
    world.object(Kind::Service, "shop", "to come back", |_| true).await?;
    assert!(ask(&second, "/metrics").await?.1.contains("conversation_operator_leader 1"));
    Ok(())
}

#[tokio::test]
async fn an_operator_that_is_told_to_end_gives_the_lease_back_at_once() -> Result<()> {
    let world = World::new("handback").await?;
    let settings = [("LEASE_SECONDS", "300")];
    let first = world.operator_named("first", &settings)?;
    leads(&world, "first").await?;
    first.process.terminate()?;
    let status = first.process.wait(DEADLINE).await?;
    assert!(status.success(), "{status}: {}", first.process.log());
    assert_eq!(holder(&world).await, None);
    Ok(())
}

#[tokio::test]
async fn a_leader_that_is_stopped_for_longer_than_its_lease_writes_nothing_when_it_wakes_up() -> Result<()> {
    let world = World::new("frozen").await?;
    let first = world.operator_named("first", &[])?;
    leads(&world, "first").await?;
    world.played("shop", json!({})).await?;
    world.ready("shop").await?;
    first.process.pause()?;
    let second = world.operator_named("second", &[])?;
    leads(&world, "second").await?;
    first.process.resume()?;
    until(DEADLINE, "the first to stand by", async || first.process.log().contains("the lease is lost")).await?;
    assert_eq!(holder(&world).await.as_deref(), Some("second"));
    let put = || Ok::<_, anyhow::Error>(world.writes()?.iter().filter(|call| *call == "patch services/ shop").count());
    let before = put()?;
    world.delete(Kind::Service, "shop").await?;
    world.object(Kind::Service, "shop", "to come back", |_| true).await?;
    world.ready("shop").await?;
    // Two that work would both have put it back by now: each watches the same change.
    assert_eq!(put()?, before + 1);
    drop(second);
    Ok(())
}

#[tokio::test]
async fn two_hundred_services_at_once_are_made_with_a_bounded_number_of_calls() -> Result<()> {
    const SERVICES: usize = 200;
    let world = World::new("many").await?;
    for number in 0..SERVICES {
        world.played(&format!("shop-{number}"), json!({"scaling": {"replicas": 1}})).await?;
    }
    let began = tokio::time::Instant::now();
    let operator = world.operator()?;
    let services = world.services();
    until(Duration::from_secs(240), "all to be ready", async || {
        let all = services.list(&kube::api::ListParams::default()).await.ok()?;
        let ready = all.iter().filter(|service| {
            let conditions = service.status.as_ref().map(|status| &status.conditions);
            conditions.into_iter().flatten().any(|it| it.type_ == "Ready" && format!("{:?}", it.status) == "True")
        });
        (ready.count() == SERVICES).then_some(())
    })
    .await?;
    let took = began.elapsed();
    let calls = world.calls()?;
    let per_service = calls.len() as f64 / SERVICES as f64;
    eprintln!("{SERVICES} services in {took:?} with {} calls, {per_service:.1} for each", calls.len());
    // Four objects, each looked for and made; the status and an event as each service begins, rolls and is ready.
    assert!(per_service < 24.0, "{per_service} calls for each service");

    let metrics = ask(&operator, "/metrics").await?.1;
    let gauge = r#"conversation_operator_objects{condition="Ready",kind="ConversationService",status="True"} 200"#;
    assert!(metrics.contains(gauge), "{metrics}");
    eprintln!("{} MiB", operator.process.memory_bytes()? / 1024 / 1024);
    Ok(())
}

#[tokio::test]
async fn an_operator_that_begins_anew_looks_at_everything_and_writes_nothing() -> Result<()> {
    let world = World::new("steady").await?;
    let database = world.database().await?;
    let first = world.operator_named("first", &[])?;
    let spec = json!({
        "networkPolicy": {}, "telemetry": {"serviceMonitor": {}, "prometheusRule": {}},
        "exposure": {"gateway": {"parentRefs": [{"name": "public"}]}},
        "pod": {"resources": {"requests": {"cpu": ".1", "memory": "1e8"}}},
    });
    world.real("shop", &database, spec).await?;
    world.ready("shop").await?;
    first.process.terminate()?;
    first.process.wait(DEADLINE).await?;
    let before = world.writes()?.len();

    let second = world.operator_named("second", &[])?;
    let looked = |kind: &str| {
        format!(r#"conversation_operator_reconcile_duration_seconds_count{{kind="{kind}",outcome="done"}}"#)
    };
    until(DEADLINE, "all to be looked at", async || {
        let metrics = ask(&second, "/metrics").await.ok()?.1;
        ["ConversationService", "ConversationSchema"].iter().all(|kind| metrics.contains(&looked(kind))).then_some(())
    })
    .await?;
    // What is in progress has ended when the process has.
    second.process.terminate()?;
    second.process.wait(DEADLINE).await?;
    assert_eq!(world.writes()?[before..], [] as [String; 0]);
    Ok(())
}

#[tokio::test]
async fn after_an_outage_of_the_api_server_all_goes_on() -> Result<()> {
    let world = World::apart("outage").await?;
    let operator = world.operator()?;
    world.played("shop", json!({})).await?;
    world.ready("shop").await?;

    world.plane.kill()?;
    until(DEADLINE, "the operator to be unready", async || {
        ask(&operator, "/health/ready").await.is_ok_and(|(status, why)| status == 503 && why.contains("API server"))
    })
    .await?;
    assert_eq!(ask(&operator, "/health/live").await?.0, 200);
    world.plane.restart().await?;
    until(DEADLINE, "the operator to be ready", async || {
        ask(&operator, "/health/ready").await.is_ok_and(|it| it.0 == 200)
    })
    .await?;
    world.delete(Kind::Deployment, "shop").await?;
    world.object(Kind::Deployment, "shop", "to come back", |_| true).await?;
    world.ready("shop").await?;
    operator.process.exit_status()?.is_none().then_some(()).context("the process has lived through it")
}
