//! The rights of the operator are those that it uses: on the oldest version of Kubernetes that is supported.

use std::collections::BTreeSet;

use anyhow::Result;
use conversation_operator::{
    kinds::Kind,
    rbac::{lease_rules, rules},
};
use conversation_testkit::{control_plane::Call, until};
use k8s_openapi::api::{core::v1::ResourceQuota, rbac::v1::ClusterRole};
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::json;

use crate::{
    DEADLINE,
    world::{OPERATOR, World, account},
};

/// Not used where the admission that asks for them is off, as it is by default.
const UNUSED: [&str; 2] = ["update conversationservices/finalizers", "update conversationschemas/finalizers"];
/// Only when an event is repeated within minutes, or copies are behind.
const RARE: [&str; 2] = ["patch events", "get jobs"];

#[tokio::test]
async fn every_right_is_used_and_none_is_missing() -> Result<()> {
    let world = World::oldest("rights").await?;
    let database = world.database().await?;
    let operator = world.operator()?;
    let all = json!({
        "scaling": {"replicas": null, "autoscaling": {"minReplicas": 2, "maxReplicas": 3, "cpuUtilization": 60}},
        "exposure": {"ingress": {"host": "a.example"}},
        "networkPolicy": {},
        "telemetry": {"serviceMonitor": {}, "prometheusRule": {}},
    });
    world.played("other", json!({"exposure": {"gateway": {"parentRefs": [{"name": "public"}]}}})).await?;
    world.ready("other").await?;
    world.real("shop", &database, all).await?;
    world.ready("shop").await?;

    // All that can be pruned is.
    let nothing = json!({
        "scaling": {"replicas": 1, "autoscaling": null}, "exposure": null, "networkPolicy": null,
        "telemetry": {"serviceMonitor": null, "prometheusRule": null}, "migration": {"policy": "None"},
        "pod": {"serviceAccountName": "default"},
    });
    world.edit(&world.services(), "shop", json!({"spec": nothing})).await?;
    world.edit(&world.services(), "other", json!({"spec": nothing})).await?;
    for kind in [Kind::ServiceAccount, Kind::ConversationSchema, Kind::ServiceMonitor, Kind::HorizontalPodAutoscaler] {
        world.gone(kind, "shop").await?;
    }
    world.gone(Kind::HttpRoute, "other").await?;
    world.ready("shop").await?;
    // A run that is for what is no longer declared is removed.
    let wrong = json!({"image": {"repository": "registry.example/misspelt", "tag": "1"}});
    let spec = world.schema_spec(&database, wrong);
    world.create(&world.schemas(), "alone", spec).await?;
    world.object(Kind::Job, "alone-migrate-1", "to be there", |_| true).await?;
    world.edit(&world.schemas(), "alone", json!({"spec": {"image": {"tag": "2"}}})).await?;
    world.object(Kind::Job, "alone-migrate-1", "to be another one", |it| it.to_string().contains("misspelt:2")).await?;
    // What keeps a Job from its pod is in its events.
    let quota = json!({"hard": {"pods": "0"}});
    world.create(&world.api::<ResourceQuota>(), "quota", quota).await?;
    world.create(&world.schemas(), "crowded", world.schema_spec(&database, json!({}))).await?;
    until(crate::DEADLINE, "its events to be read", async || {
        world.calls().is_ok_and(|calls| calls.iter().any(|call| call.starts_with("list events")))
    })
    .await?;
    operator.process.terminate()?;
    operator.process.wait(crate::DEADLINE).await?;

    let user = account();
    let calls: Vec<_> = world.plane.audit()?.into_iter().filter(|call| call.user == user).collect();
    let refused: Vec<_> = calls.iter().filter(|call| call.code == 403).collect();
    assert!(refused.is_empty(), "{refused:?}");
    let named = |resource: &str, subresource: &str| match subresource {
        "" => resource.to_owned(),
        subresource => format!("{resource}/{subresource}"),
    };
    // Applying an object that is not there needs the right to create it too, and its answer tells that it was made.
    let made = |call: &&Call| call.verb == "patch" && call.code == 201;
    let verbs = calls.iter().map(|call| (call.verb.as_str(), call));
    let verbs = verbs.chain(calls.iter().filter(made).map(|call| ("create", call)));
    let used: BTreeSet<String> =
        verbs.map(|(verb, call)| format!("{verb} {}", named(&call.resource, &call.subresource))).collect();
    let granted = rules().into_iter().chain(lease_rules()).flat_map(|rule| {
        let resources = rule.resources.clone();
        rule.verbs.into_iter().flat_map(move |verb| resources.clone().into_iter().map(move |it| format!("{verb} {it}")))
    });
    let spare: Vec<String> = granted
        .filter(|it| !used.contains(it) && !UNUSED.contains(&it.as_str()) && !RARE.contains(&it.as_str()))
        .collect();
    assert!(spare.is_empty(), "granted and not used: {spare:#?}");
    Ok(())
}

#[tokio::test]
async fn kinds_that_may_not_be_listed_are_named_by_an_operator_that_is_not_ready() -> Result<()> {
    let world = World::apart("unlisted").await?;
    let roles: Api<ClusterRole> = Api::all(world.client.clone());
    let all = roles.get(OPERATOR).await?.rules.unwrap_or_default();
    let without = |kind: &str| {
        let mut rules = all.clone();
        rules.retain(|rule| rule.resources.iter().flatten().all(|resource| resource != kind));
        rules
    };
    let may = async |rules| {
        let change = Patch::Merge(json!({"rules": rules}));
        roles.patch(OPERATOR, &PatchParams::default(), &change).await.map(drop)
    };
    may(without("deployments")).await?;
    until(DEADLINE, "the right to be gone", async || {
        world.plane.may(&account(), "list", "deployments.apps", "default").await.is_ok_and(|may| !may)
    })
    .await?;
    let operator = world.operator()?;
    until(DEADLINE, "Deployments alone to be named", async || {
        operator
            .ask("/health/ready")
            .await
            .is_ok_and(|(status, why)| status == 503 && why.trim() == "not listed yet: Deployment")
    })
    .await?;
    may(all.clone()).await?;
    until(DEADLINE, "the operator to be ready", async || {
        operator.ask("/health/ready").await.is_ok_and(|(status, _)| status == 200)
    })
    .await
}
