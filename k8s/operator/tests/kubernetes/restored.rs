//! Whatever the operator makes comes back: each kind of object, edited and deleted.

use anyhow::{Context, Result};
use conversation_operator::kinds::Kind;
use serde_json::{Value, json};

use crate::world::World;

/// A declared field of each object, and what somebody writes into it by hand.
fn edits() -> Vec<(Kind, &'static str, &'static str, Value)> {
    let elsewhere = json!({"app.kubernetes.io/component": "elsewhere"});
    vec![
        (Kind::ServiceAccount, "shop", "/automountServiceAccountToken", json!(true)),
        (Kind::Service, "shop", "/spec/selector", elsewhere.clone()),
        (Kind::Service, "shop-management", "/spec/selector", elsewhere),
        (Kind::ConversationSchema, "shop", "/spec/verifyEverySeconds", json!(4321)),
        (Kind::Deployment, "shop", "/spec/progressDeadlineSeconds", json!(4321)),
        (Kind::HorizontalPodAutoscaler, "shop", "/spec/maxReplicas", json!(99)),
        (Kind::PodDisruptionBudget, "shop", "/spec/maxUnavailable", json!(9)),
        (Kind::HttpRoute, "shop", "/spec/hostnames", json!(["elsewhere.example"])),
        (Kind::NetworkPolicy, "shop", "/spec/ingress", json!([{}])),
        (Kind::ServiceMonitor, "shop", "/spec/endpoints", json!([{"port": "elsewhere"}])),
        (Kind::PrometheusRule, "shop", "/spec/groups", json!([])),
        // Last, because a service is exposed by one of the two.
        (Kind::Ingress, "shop", "/spec/rules", json!([{"host": "elsewhere.example"}])),
    ]
}

#[tokio::test]
async fn every_object_that_is_edited_or_deleted_comes_back_as_declared() -> Result<()> {
    let edited: Vec<Kind> = edits().into_iter().map(|(kind, ..)| kind).collect();
    // Of a Job nothing can be changed that matters, and pods are the Deployment's.
    let kept = Kind::ALL.into_iter().filter(|kind| ![Kind::Job, Kind::Pod].contains(kind));
    assert_eq!(kept.filter(|kind| !edited.contains(kind)).collect::<Vec<_>>(), []);

    let world = World::new("each").await?;
    let database = world.database().await?;
    let _operator = world.operator()?;
    let spec = json!({
        "scaling": {"replicas": null, "autoscaling": {"minReplicas": 2, "maxReplicas": 3, "cpuUtilization": 60}},
        "exposure": {"gateway": {"parentRefs": [{"name": "public"}], "hostnames": ["a.example"]}},
        "networkPolicy": {"clients": [{}], "databasePorts": [27017]},
        "telemetry": {"serviceMonitor": {}, "prometheusRule": {}},
    });
    world.real("shop", &database, spec).await?;
    world.ready("shop").await?;
    for (kind, name, field, value) in edits() {
        if kind == Kind::Ingress {
            let exposure = json!({"spec": {"exposure": {"gateway": null, "ingress": {"host": "a.example"}}}});
            world.edit(&world.services(), "shop", exposure).await?;
        }
        comes_back(&world, kind, name, field, value).await.with_context(|| format!("{kind:?} {name}"))?;
    }
    world.ready("shop").await?;
    Ok(())
}

async fn comes_back(world: &World, kind: Kind, name: &str, field: &str, value: Value) -> Result<()> {
    let first = world.object(kind, name, "to be there", |_| true).await?;
    let is_declared = |object: &Value| object.pointer(field) == first.pointer(field);

    let edit = field.rsplit('/').filter(|part| !part.is_empty()).fold(value, |inner, part| json!({part: inner}));
    let edited = world.edit(&world.kind(kind), name, edit).await?;
    assert!(!is_declared(&serde_json::to_value(edited)?), "the edit changes nothing");
    world.object(kind, name, "put back", is_declared).await?;

    world.delete(kind, name).await?;
    let is_another = |object: &Value| object["metadata"]["uid"] != first["metadata"]["uid"];
    world.object(kind, name, "to come back", |object| is_another(object) && is_declared(object)).await?;
    Ok(())
}

/// The API server tells ports apart by their numbers, mounts by where they are, and constraints by two fields.
#[tokio::test]
async fn what_tells_elements_of_a_list_apart_is_put_back_too() -> Result<()> {
    let world = World::new("lists").await?;
    let _operator = world.operator()?;
    world.played("shop", json!({"mongodb": {"tls": {"secretName": "tls"}}})).await?;
    world.ready("shop").await?;
    let pod = "/spec/template/spec";
    let edits = [
        (Kind::Service, "/spec/ports".to_owned(), json!({"port": 81})),
        (Kind::Deployment, format!("{pod}/containers/0/ports"), json!({"containerPort": 81})),
        (Kind::Deployment, format!("{pod}/containers/0/volumeMounts"), json!({"mountPath": "/elsewhere"})),
        (Kind::Deployment, format!("{pod}/topologySpreadConstraints"), json!({"whenUnsatisfiable": "DoNotSchedule"})),
    ];
    for (kind, list, edit) in edits {
        let api = world.kind(kind);
        for (beside, op) in [(false, "replace"), (true, "add")] {
            let first = world.object(kind, "shop", "to be there", |_| true).await?;
            let is_declared = |object: &Value| object.pointer(&list) == first.pointer(&list);
            let mut element = first.pointer(&list).context("a list")?[0].clone();
            element.as_object_mut().context("an element")?.extend(edit.as_object().context("an edit")?.clone());
            if beside && element["name"].is_string() && element["mountPath"].is_null() {
                element["name"] = "other".into();
            }
            let patch = json!([{"op": op, "path": format!("{list}/0"), "value": element}]);
            let patch = kube::api::Patch::Json::<()>(serde_json::from_value(patch)?);
            let edited = api.patch("shop", &kube::api::PatchParams::default(), &patch).await.context(list.clone())?;
            assert!(!is_declared(&serde_json::to_value(edited)?), "the edit changes nothing");
            world.object(kind, "shop", &format!("with {list} put back"), is_declared).await?;
        }
    }
    world.ready("shop").await?;
    Ok(())
}

#[tokio::test]
async fn a_job_that_is_deleted_before_it_has_ended_comes_back() -> Result<()> {
    let world = World::new("job-back").await?;
    let database = world.database().await?;
    let _operator = world.operator()?;
    // It waits for a Secret that is not there.
    world.real("shop", &database, json!({"mongodb": {"uriSecret": {"name": "later"}}})).await?;
    let first = world.object(Kind::Job, "shop-migrate-1", "to be there", |_| true).await?;
    world.delete(Kind::Job, "shop-migrate-1").await?;
    let is_another = |job: &Value| job["metadata"]["uid"] != first["metadata"]["uid"];
    world.object(Kind::Job, "shop-migrate-1", "to come back", is_another).await?;
    world.secret("later", &database.uri).await?;
    world.ready("shop").await?;
    let status = world.schemas().get("shop").await?.status.context("a status")?;
    assert_eq!((status.attempts, status.runs), (0, 2), "a plan and an apply, each once: {status:#?}");
    Ok(())
}
