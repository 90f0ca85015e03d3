//! Operators as processes: several of them, one that dies, and one whose API server is away.

use std::{collections::BTreeSet, time::Duration};

use anyhow::Result;
use conversation_operator::kinds::Kind;
use conversation_testkit::until;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use serde_json::json;

use crate::{
    DEADLINE,
    world::{SYSTEM, World},
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

#[tokio::test]
async fn of_two_operators_one_works_and_the_other_takes_over_when_it_dies() -> Result<()> {
    let world = World::new("two").await?;
    let first = world.operator_named("first", &[])?;
    leads(&world, "first").await?;
    let second = world.operator_named("second", &[])?;
    // Who stands by is ready all the same, and tells that it does not work.
    until(DEADLINE, "the second to be ready", async || second.ask("/health/ready").await.is_ok_and(|it| it.0 == 200))
        .await?;
    assert!(second.ask("/metrics").await?.1.contains("conversation_operator_leader 0"));
    assert!(first.ask("/metrics").await?.1.contains("conversation_operator_leader 1"));
    world.played("shop", json!({})).await?;
    world.ready("shop").await?;

    first.process.kill()?;
    leads(&world, "second").await?;
    world.delete(Kind::Service, "shop").await?;
    world.object(Kind::Service, "shop", "to come back", |_| true).await?;
    assert!(second.ask("/metrics").await?.1.contains("conversation_operator_leader 1"));
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
    // Two that work would both have put it back: each watches the same change, and ends what it has begun.
    for operator in [first, second] {
        operator.process.terminate()?;
        operator.process.wait(DEADLINE).await?;
    }
    assert_eq!(put()?, before + 1);
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
    until(Duration::from_secs(600), "all to be ready", async || {
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

    let gauge = r#"conversation_operator_objects{condition="Ready",kind="ConversationService",status="True"}"#;
    until(DEADLINE, "the gauge", async || operator.counted(gauge).await.is_ok_and(|it| it == SERVICES as u64)).await?;
    eprintln!("{} MiB", operator.process.memory_bytes()? / 1024 / 1024);
    Ok(())
}

#[tokio::test]
async fn an_object_that_changes_all_the_time_is_worked_on_all_the_same() -> Result<()> {
    let world = World::new("busy").await?;
    let _operator = world.operator()?;
    world.played("shop", json!({"scaling": {"replicas": 1}})).await?;
    world.ready("shop").await?;
    let services = world.kind(Kind::Service);
    let changes = async {
        // By their number and not by time, which passes on a busy machine too.
        for number in 0..500 {
            let note = json!({"metadata": {"annotations": {"example.com/note": format!("{number}")}}});
            world.edit(&services, "shop", note).await?;
        }
        anyhow::bail!("nothing was done while there were changes")
    };
    let change = async {
        world.edit(&world.services(), "shop", json!({"spec": {"scaling": {"replicas": 2}}})).await?;
        world.object(Kind::Deployment, "shop", "with two pods", |it| it["spec"]["replicas"] == 2).await
    };
    tokio::select! {
        ended = changes => ended,
        changed = change => changed.map(drop),
    }
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
    second.has_looked_at(&["ConversationService", "ConversationSchema"]).await?;
    // What is in progress has ended when the process has.
    second.process.terminate()?;
    second.process.wait(DEADLINE).await?;
    assert_eq!(world.writes()?[before..], [] as [String; 0]);
    Ok(())
}

#[tokio::test]
async fn an_operator_that_is_told_to_end_in_the_middle_of_its_work_ends_what_it_has_begun() -> Result<()> {
    const SERVICES: usize = 40;
    let world = World::new("midway").await?;
    for number in 0..SERVICES {
        world.played(&format!("shop-{number}"), json!({"scaling": {"replicas": 1}})).await?;
    }
    // Nobody could wait for this Lease to expire.
    let settings = [("LEASE_SECONDS", "300"), ("CONCURRENCY", "4")];
    let first = world.operator_named("first", &settings)?;
    let accounts = world.kind(Kind::ServiceAccount);
    until(DEADLINE, "work to begin", async || {
        accounts.list(&kube::api::ListParams::default()).await.is_ok_and(|accounts| accounts.items.len() > 2)
    })
    .await?;
    first.process.terminate()?;
    let status = first.process.wait(DEADLINE).await?;
    assert!(status.success(), "{status}: {}", first.process.log());
    assert_eq!(holder(&world).await, None);
    let made = async |kind: Kind| {
        let objects = world.kind(kind).list(&kube::api::ListParams::default()).await?;
        let names = objects.iter().map(kube::ResourceExt::name_any).filter(|name| name.starts_with("shop-"));
        anyhow::Ok(names.collect::<BTreeSet<String>>())
    };
    let (begun, ended) = (made(Kind::ServiceAccount).await?, made(Kind::Deployment).await?);
    assert_eq!(begun, ended, "of each object all is made or nothing");
    assert!(ended.len() < SERVICES, "it has ended before there was nothing left to do");

    let _second = world.operator_named("second", &settings)?;
    for number in 0..SERVICES {
        world.ready(&format!("shop-{number}")).await?;
    }
    let writes = world.writes()?;
    for number in 0..SERVICES {
        for resource in ["services", "deployments"] {
            let write = format!("patch {resource}/ shop-{number}");
            assert_eq!(writes.iter().filter(|made| **made == write).count(), 1, "{write}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_object_that_is_broken_is_tried_less_and_less_often_and_holds_up_no_other() -> Result<()> {
    let world = World::new("backoff").await?;
    let operator = world.operator()?;
    let taken = json!({"ports": [{"name": "other", "port": 1234}]});
    world.create(&world.api::<k8s_openapi::api::core::v1::Service>(), "broken", taken).await?;
    world.played("broken", json!({})).await?;
    world.says("broken", "Degraded", "True", "NameTaken").await?;
    let failures = r#"conversation_operator_reconcile_errors_total{kind="ConversationService",reason="NameTaken"}"#;
    let failed = async |times: u64| {
        until(DEADLINE, "failures", async || operator.counted(failures).await.is_ok_and(|it| it >= times)).await
    };
    failed(4).await?;
    let (before, began) = (operator.counted(failures).await?, tokio::time::Instant::now());
    world.played("other", json!({})).await?;
    world.ready("other").await?;
    // After the fourth in a row 8 s are waited, and 16 s after the fifth.
    failed(before + 2).await?;
    assert!(began.elapsed() > Duration::from_secs(10), "two more failures after {:?}", began.elapsed());
    Ok(())
}
