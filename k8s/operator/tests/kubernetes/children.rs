//! The objects of a service: made, kept as declared, and removed when they are no longer wanted.

use anyhow::Result;
use conversation_operator::kinds::Kind;
use conversation_testkit::until;
use k8s_openapi::api::apps::v1::Deployment;
use serde_json::{Value, json};

use crate::{DEADLINE, world::World};

#[tokio::test]
async fn a_service_becomes_ready_with_all_that_it_asks_for() -> Result<()> {
    let world = World::new("children").await?;
    let _operator = world.operator()?;
    let spec = json!({
        "scaling": {"autoscaling": {"minReplicas": 2, "maxReplicas": 4, "cpuUtilization": 60}},
        "exposure": {"gateway": {"parentRefs": [{"name": "public"}], "hostnames": ["a.example"]}},
        "networkPolicy": {"clients": [{}], "databasePorts": [27017]},
        "telemetry": {"serviceMonitor": {}, "prometheusRule": {}},
        "pod": {"resources": {"requests": {"cpu": "0.5", "memory": "1024Mi"}}},
    });
    world.played("shop", spec).await?;
    // Played pods use no processors, so the autoscaler leaves the number where it began.
    world.ready("shop").await?;
    for kind in [
        Kind::ServiceAccount,
        Kind::Service,
        Kind::Deployment,
        Kind::HorizontalPodAutoscaler,
        Kind::PodDisruptionBudget,
        Kind::HttpRoute,
        Kind::NetworkPolicy,
        Kind::ServiceMonitor,
        Kind::PrometheusRule,
    ] {
        world.object(kind, "shop", "to be there", |_| true).await?;
    }
    let status = world.services().get("shop").await?.status.expect("a status");
    assert_eq!(status.endpoint.as_deref(), Some("https://a.example"));
    assert_eq!(status.version.as_deref(), Some("1.0.0"));
    Ok(())
}

#[tokio::test]
async fn a_deleted_or_edited_object_comes_back_as_declared() -> Result<()> {
    let world = World::new("restored").await?;
    let _operator = world.operator()?;
    world.played("shop", json!({"scaling": {"replicas": 2}})).await?;
    world.ready("shop").await?;

    let first = world.object(Kind::Service, "shop", "to be there", |_| true).await?;
    world.delete(Kind::Service, "shop").await?;
    world.object(Kind::Service, "shop", "to come back", |it| it["metadata"]["uid"] != first["metadata"]["uid"]).await?;

    world.edit(&world.kind(Kind::Deployment), "shop", json!({"spec": {"replicas": 7}})).await?;
    world.object(Kind::Deployment, "shop", "with two pods again", |it| it["spec"]["replicas"] == 2).await?;

    let env = "/spec/template/spec/containers/0/env";
    let deployments = world.api::<Deployment>();
    let mut edited: Value = serde_json::to_value(deployments.get("shop").await?)?;
    let list = edited.pointer_mut(env).and_then(Value::as_array_mut).expect("variables");
    list.push(json!({"name": "EVIL", "value": "1"}));
    let change =
        json!({"spec": {"template": {"spec": {"containers": edited["spec"]["template"]["spec"]["containers"]}}}});
    world.edit(&deployments, "shop", change).await?;
    let evil = |it: &Value| it.pointer(env).is_some_and(|env| env.to_string().contains("EVIL"));
    world.object(Kind::Deployment, "shop", "without the variable", |it| !evil(it)).await?;
    world.ready("shop").await?;
    Ok(())
}

#[tokio::test]
async fn what_is_no_longer_declared_is_removed_and_what_others_add_stays() -> Result<()> {
    let world = World::new("pruned").await?;
    let _operator = world.operator()?;
    world.played("shop", json!({"networkPolicy": {}, "exposure": {"ingress": {"host": "a.example"}}})).await?;
    world.ready("shop").await?;
    world.object(Kind::Ingress, "shop", "to be there", |_| true).await?;
    let restarted =
        json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "x"}}}}});
    world.edit(&world.kind(Kind::Deployment), "shop", restarted).await?;

    let change = json!({"spec": {"networkPolicy": null, "exposure": null, "scaling": {"replicas": 1}}});
    world.edit(&world.services(), "shop", change).await?;
    world.gone(Kind::NetworkPolicy, "shop").await?;
    world.gone(Kind::Ingress, "shop").await?;
    world.gone(Kind::PodDisruptionBudget, "shop").await?;
    world.ready("shop").await?;
    let annotation = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt";
    world.object(Kind::Deployment, "shop", "restarted still", |it| it.pointer(annotation).is_some()).await?;
    Ok(())
}

#[tokio::test]
async fn a_field_that_nobody_declared_does_not_stay_in_a_deployment() -> Result<()> {
    let world = World::new("foreign").await?;
    let _operator = world.operator()?;
    world.played("shop", json!({"scaling": {"replicas": 1}})).await?;
    world.ready("shop").await?;
    let container = json!([{"name": "api", "command": ["sleep"]}]);
    let change =
        json!({"spec": {"paused": true, "template": {"spec": {"hostNetwork": true, "containers": container}}}});
    let deployments = world.kind(Kind::Deployment);
    let change = kube::api::Patch::Strategic(change);
    deployments.patch("shop", &kube::api::PatchParams::apply("somebody"), &change).await?;
    let gone = |it: &Value| {
        let pod = &it["spec"]["template"]["spec"];
        it["spec"]["paused"].is_null() && pod["hostNetwork"].is_null() && pod["containers"][0]["command"].is_null()
    };
    world.object(Kind::Deployment, "shop", "as declared", gone).await?;
    world.ready("shop").await?;

    // A default that somebody wrote down is no reason to write again and again.
    let default = json!({"spec": {"minReadySeconds": 1}});
    world.edit(&deployments, "shop", default).await?;
    world.object(Kind::Deployment, "shop", "with its default", |it| it["spec"]["minReadySeconds"].is_null()).await?;
    world.ready("shop").await?;
    Ok(())
}

#[tokio::test]
async fn a_paused_service_is_left_alone_until_it_is_not() -> Result<()> {
    let world = World::new("paused").await?;
    let _operator = world.operator()?;
    world.played("shop", json!({"scaling": {"replicas": 2}})).await?;
    world.ready("shop").await?;
    world.edit(&world.services(), "shop", json!({"spec": {"paused": true}})).await?;
    world.says("shop", "Progressing", "False", "Paused").await?;
    world.ready("shop").await?;

    world.edit(&world.kind(Kind::Deployment), "shop", json!({"spec": {"replicas": 3}})).await?;
    world.edit(&world.services(), "shop", json!({"spec": {"image": {"tag": "2.0.0"}}})).await?;
    // What is said of the new generation shows that the operator has seen both changes.
    world.says("shop", "Progressing", "False", "Paused").await?;
    world.says("shop", "Ready", "False", "Paused").await?;
    let image = "/spec/template/spec/containers/0/image";
    let left = world.object(Kind::Deployment, "shop", "to be there", |it| it["spec"]["replicas"] == 3).await?;
    assert_eq!(left.pointer(image), Some(&json!("registry.example/conversation-api:1.0.0")));

    world.edit(&world.services(), "shop", json!({"spec": {"paused": false}})).await?;
    world
        .object(Kind::Deployment, "shop", "as declared", |it| {
            it["spec"]["replicas"] == 2 && it.pointer(image) == Some(&json!("registry.example/conversation-api:2.0.0"))
        })
        .await?;
    world.ready("shop").await?;
    Ok(())
}

#[tokio::test]
async fn an_autoscaler_takes_over_without_a_moment_of_one_pod() -> Result<()> {
    let world = World::new("handover").await?;
    let _operator = world.operator()?;
    world.played("shop", json!({"scaling": {"replicas": 4}})).await?;
    world.ready("shop").await?;
    let autoscaling =
        json!({"replicas": null, "autoscaling": {"minReplicas": 2, "maxReplicas": 9, "cpuUtilization": 50}});
    world.edit(&world.services(), "shop", json!({"spec": {"scaling": autoscaling}})).await?;
    world.object(Kind::HorizontalPodAutoscaler, "shop", "to be there", |_| true).await?;
    world.ready("shop").await?;
    let deployment = world.object(Kind::Deployment, "shop", "to be there", |_| true).await?;
    assert_eq!(deployment["spec"]["replicas"], 4);
    // The other way the declared number wins again.
    world.edit(&world.services(), "shop", json!({"spec": {"scaling": {"replicas": 3, "autoscaling": null}}})).await?;
    world.object(Kind::Deployment, "shop", "with three pods", |it| it["spec"]["replicas"] == 3).await?;
    Ok(())
}

#[tokio::test]
async fn kubectl_scale_changes_the_number_of_pods() -> Result<()> {
    let world = World::new("scaled").await?;
    let _operator = world.operator()?;
    world.played("shop", json!({"scaling": {"replicas": 1}})).await?;
    world.ready("shop").await?;
    let scale = ["scale", "--namespace", world.namespace.name(), "--replicas=3", "conversationservice/shop"];
    conversation_testkit::control_plane::output(world.plane.kubectl(scale)?).await?;
    world.object(Kind::Deployment, "shop", "with three pods", |it| it["status"]["availableReplicas"] == 3).await?;
    world.ready("shop").await?;
    Ok(())
}

#[tokio::test]
async fn an_object_of_somebody_elses_is_not_taken_over() -> Result<()> {
    let world = World::new("taken").await?;
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"},
        "spec": {"ports": [{"name": "other", "port": 1234}]}});
    let services = world.api::<k8s_openapi::api::core::v1::Service>();
    services.create(&kube::api::PostParams::default(), &serde_json::from_value(service)?).await?;
    let _operator = world.operator()?;
    world.played("shop", json!({})).await?;
    let degraded = world.says("shop", "Degraded", "True", "NameTaken").await?;
    assert!(degraded.message.contains("Service shop exists and belongs to"), "{}", degraded.message);
    let left = services.get("shop").await?.spec.and_then(|spec| spec.ports).unwrap_or_default();
    assert_eq!(left.iter().map(|port| port.port).collect::<Vec<_>>(), [1234]);
    // The rest is made all the same.
    world.object(Kind::Deployment, "shop", "to be there", |_| true).await?;
    services.delete("shop", &kube::api::DeleteParams::default()).await?;
    world.ready("shop").await?;
    Ok(())
}

#[tokio::test]
async fn when_all_is_as_declared_nothing_is_written() -> Result<()> {
    let world = World::new("quiet").await?;
    let first = world.operator_named("first", &[])?;
    world.played("shop", json!({"networkPolicy": {}, "telemetry": {"serviceMonitor": {}}})).await?;
    world.ready("shop").await?;
    // What is in progress has ended when the process has.
    first.process.terminate()?;
    first.process.wait(DEADLINE).await?;
    let before = world.writes()?;
    let operator = world.operator_named("second", &[])?;
    operator.has_looked_at(&["ConversationService"]).await?;
    let looks = r#"conversation_operator_reconcile_duration_seconds_count{kind="ConversationService",outcome="done"}"#;
    let looked = operator.counted(looks).await?;
    // A note of somebody's on an object and on what is made of it is a reason to look, and none to write.
    let note = json!({"metadata": {"annotations": {"example.com/note": "mine"}}});
    world.edit(&world.services(), "shop", note.clone()).await?;
    until(DEADLINE, "a look", async || operator.counted(looks).await.is_ok_and(|now| now > looked)).await?;
    let looked = operator.counted(looks).await?;
    world.edit(&world.kind(Kind::Service), "shop", note).await?;
    until(DEADLINE, "another look", async || operator.counted(looks).await.is_ok_and(|now| now > looked)).await?;
    operator.process.terminate()?;
    operator.process.wait(DEADLINE).await?;
    assert_eq!(world.writes()?, before);
    Ok(())
}
