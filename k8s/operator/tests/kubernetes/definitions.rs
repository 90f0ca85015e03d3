//! The definitions of the two kinds: what the API server refuses by them, and what becomes of objects when they change.

use anyhow::{Context, Result};
use conversation_testkit::control_plane::output;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api,
    api::{DynamicObject, Patch, PatchParams, PostParams},
    core::ApiResource,
};
use serde_json::{Value, json};

use crate::{DEADLINE, world::World};

/// What the API server says to an object.
async fn refusal(world: &World, name: &str, change: Value) -> Result<String> {
    let refused = world.played(name, change).await.err().context("it was accepted")?;
    Ok(format!("{refused:#}"))
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_a_message_that_says_why() -> Result<()> {
    let world = World::new("refused").await?;
    let autoscaling = json!({"maxReplicas": 4, "cpuUtilization": 60});
    let cases = [
        (json!({"scaling": {"replicas": 1, "autoscaling": autoscaling}}), "exactly one of scaling.replicas"),
        (json!({"exposure": {}}), "exactly one of exposure.ingress and exposure.gateway"),
        (json!({"image": {"repository": "r/api", "tag": null}}), "a tag or a digest"),
        (json!({"migration": {"policy": "Automatic"}, "image": {"repository": "r/api"}}), "give migratorImage"),
        (json!({"image": {"tag": "latest"}}), "the tag latest is no version"),
        (json!({"image": {"repository": "https://r/conversation-api"}}), "has no scheme"),
        (json!({"image": {"repository": "r/conversation-api:1"}}), "has no tag and no digest"),
        (json!({"mongodb": {"uriSecret": {"name": "mongodb://u:p@db"}}}), "not the name of a secret"),
        (json!({"pod": {"env": [{"name": "PORT", "value": "1"}]}}), "must not have PORT: it is always 3000"),
        (json!({"pod": {"env": [{"name": "MAX_NESTING", "value": "1"}]}}), "MAX_NESTING: use limits.maxNesting"),
        (json!({"pod": {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}}), "Duplicate value"),
        (json!({"imagePullSecrets": [{"name": "a"}, {"name": "a"}]}), "Duplicate value"),
        (json!({"pod": {"labels": {"app.kubernetes.io/name": "x"}}}), "the operator's own"),
        (
            json!({"pod": {"serviceAccountName": "theirs", "serviceAccountAnnotations": {"a.example/role": "x"}}}),
            "are for the account that is made here",
        ),
        (json!({"scaling": {"replicas": -1}}), "should be greater than or equal to 0"),
        (json!({"retention": {"days": 0}}), "should be greater than or equal to 1"),
        (json!({"mongodb": {"database": "a.b"}}), "should match"),
        (json!({"limits": {"requestTimeout": "9s"}}), "limits.bodyReadTimeout (10s when left out) must be shorter"),
        (json!({"limits": {"maxPayloadBytes": 9_000_000}}), "must not be larger than limits.maxBodyBytes"),
    ];
    for (change, message) in cases {
        let said = refusal(&world, "shop", change.clone()).await?;
        assert!(said.contains(message), "{change}: {said}");
    }
    let said = refusal(&world, &"a".repeat(41), json!({})).await?;
    assert!(said.contains("not be longer than 40 characters"), "{said}");

    world.played("shop", json!({})).await?;
    let moved = world.edit(&world.services(), "shop", json!({"spec": {"mongodb": {"database": "other"}}})).await;
    let said = format!("{:#}", moved.err().context("it was accepted")?);
    assert!(said.contains("mongodb.database cannot be changed"), "{said}");
    Ok(())
}

#[tokio::test]
async fn an_autoscaler_can_be_asked_for_where_nothing_was_said_of_scaling() -> Result<()> {
    let world = World::new("scaled-later").await?;
    world.played("shop", json!({"scaling": null})).await?;
    let autoscaling = json!({"maxReplicas": 4, "cpuUtilization": 60});
    world.edit(&world.services(), "shop", json!({"spec": {"scaling": {"autoscaling": autoscaling}}})).await?;
    Ok(())
}

#[tokio::test]
async fn a_misspelt_field_is_refused_by_its_name_as_kubectl_asks_for_it() -> Result<()> {
    let world = World::new("misspelt").await?;
    let mut spec =
        json!({"image": {"repository": "r/conversation-api", "tag": "1"}, "mongodb": {"uriSecret": {"name": "m"}}});
    spec["scalling"] = json!({"replicas": 3});
    let object = json!({"apiVersion": "conversation.dev/v1alpha1", "kind": "ConversationService",
        "metadata": {"name": "shop", "namespace": world.namespace.name()}, "spec": spec});
    let file = world.plane.directory().join("misspelt.json");
    std::fs::write(&file, object.to_string())?;
    let create = ["create", "--validate=strict", "--filename", &file.display().to_string()];
    let said = format!("{:#}", output(world.plane.kubectl(create)?).await.err().context("it was accepted")?);
    assert!(said.contains(r#"unknown field "spec.scalling""#), "{said}");
    Ok(())
}

/// A definition as an earlier release may have had it: without some fields, and without any rule.
fn earlier(mut schema: Value) -> Value {
    fn forget_rules(schema: &mut Value) {
        match schema {
            Value::Object(members) => {
                members.remove("x-kubernetes-validations");
                members.values_mut().for_each(forget_rules);
            }
            Value::Array(items) => items.iter_mut().for_each(forget_rules),
            _ => {}
        }
    }
    forget_rules(&mut schema);
    let spec = &mut schema["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    for later in ["shutdown", "corsOrigins", "networkPolicy"] {
        spec["properties"].as_object_mut().map(|fields| fields.remove(later));
    }
    schema
}

#[tokio::test]
async fn objects_that_were_stored_before_an_upgrade_of_the_definitions_stay_readable_and_are_served() -> Result<()> {
    let world = World::apart("upgrade-crd").await?;
    let definitions: Api<CustomResourceDefinition> = Api::all(world.client.clone());
    let name = "conversationservices.conversation.dev";
    let current = definitions.get(name).await?;
    let put = async |definition: Value| {
        let params = PatchParams::apply("test").force();
        definitions.patch(name, &params, &Patch::Apply(definition)).await
    };
    let applied = |definition: &CustomResourceDefinition| {
        let mut value = serde_json::to_value(definition).expect("JSON");
        value["metadata"] = json!({"name": name});
        value["apiVersion"] = "apiextensions.k8s.io/v1".into();
        value["kind"] = "CustomResourceDefinition".into();
        value.as_object_mut().map(|members| members.remove("status"));
        value
    };
    put(earlier(applied(&current))).await?;
    let untyped = ApiResource::erase::<conversation_operator::api::ConversationService>(&());
    let objects: Api<DynamicObject> = Api::namespaced_with(world.client.clone(), world.namespace.name(), &untyped);
    // What today's rules refuse: two ways of scaling at once.
    let scaling = json!({"replicas": 2, "autoscaling": {"maxReplicas": 4, "cpuUtilization": 60}});
    let spec = json!({"image": {"repository": "registry.example/conversation-api", "tag": "1.0.0"},
        "mongodb": {"uriSecret": {"name": "m"}}, "migration": {"policy": "None"}});
    for (name, scaling) in [("plain", json!({"replicas": 1})), ("strange", scaling)] {
        let mut spec = spec.clone();
        spec["scaling"] = scaling;
        let object = json!({"apiVersion": "conversation.dev/v1alpha1", "kind": "ConversationService",
            "metadata": {"name": name}, "spec": spec});
        // The API server takes up a changed definition a moment later.
        let object: DynamicObject = serde_json::from_value(object)?;
        conversation_testkit::until(DEADLINE, "the earlier definition to be in force", async || {
            objects.create(&PostParams::default(), &object).await.is_ok()
        })
        .await?;
    }

    put(applied(&current)).await?;
    let _operator = world.operator()?;
    world.ready("plain").await?;
    let plain = world.services().get("plain").await?;
    assert_eq!(plain.spec.shutdown.timeout_seconds, 20, "what is new has its default");
    // What is refused today can still be read, labelled and mended.
    world.services().get("strange").await?;
    world.edit(&world.services(), "strange", json!({"metadata": {"labels": {"team": "voice"}}})).await?;
    world.edit(&world.services(), "strange", json!({"spec": {"scaling": {"autoscaling": null}}})).await?;
    world.ready("strange").await?;
    Ok(())
}
