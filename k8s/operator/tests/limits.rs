//! The bounds that the definition lets users choose are those that the service starts with, alone and together.

use std::process::Command;

use anyhow::{Context, Result};
use conversation_operator::{
    api::ConversationService,
    desired::{Release, objects},
    kinds::Kind,
};
use conversation_testkit::product;
use kube::CustomResourceExt;
use kube_cel::Validator;
use serde_json::{Value, json};

fn object(limits: &Value) -> Value {
    json!({
        "apiVersion": "conversation.dev/v1alpha1", "kind": "ConversationService", "metadata": {"name": "shop"},
        "spec": {
            "image": {"repository": "registry.example/conversation-api", "tag": "1.0.0"},
            "mongodb": {"uriSecret": {"name": "mongodb"}},
            "limits": limits,
        },
    })
}

fn schema() -> Result<Value> {
    let crd = serde_json::to_value(ConversationService::crd())?;
    Ok(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone())
}

/// What the definition says against some bounds.
fn refused(limits: &Value) -> Result<Vec<String>> {
    let errors = Validator::new().validate_with_defaults(&schema()?, &object(limits), None).err();
    Ok(errors.into_iter().flatten().map(|error| error.message.clone()).collect())
}

/// What the service says of the pod's variables, unless it takes them.
fn fault(limits: &Value) -> Result<Option<String>> {
    let service: ConversationService = serde_json::from_value(object(limits))?;
    let release = Release { image: "api:1".to_owned(), version: "1".to_owned() };
    let objects = objects(&service, Some(&release));
    let deployment = objects.iter().find(|object| object.kind == Kind::Deployment).context("a Deployment")?;
    let env = deployment.body.pointer("/spec/template/spec/containers/0/env").and_then(Value::as_array);
    let variables = env.context("variables")?.iter().map(|variable| {
        let name = variable["name"].as_str().unwrap_or_default();
        (name, variable["value"].as_str().unwrap_or("mongodb://db.example/"))
    });
    let output =
        Command::new(product("conversation-api")?).arg("--print-config").env_clear().envs(variables).output()?;
    Ok((!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned()))
}

#[track_caller]
fn agree(limits: &Value, accepted: bool) -> Result<()> {
    let (refused, fault) = (refused(limits)?, fault(limits)?);
    assert_eq!((refused.is_empty(), fault.is_none()), (accepted, accepted), "{limits}: {refused:?}, {fault:?}");
    Ok(())
}

/// A bound, which a schema has with a fraction.
fn whole(bound: &Value) -> Result<Value> {
    Ok(bound.to_string().trim_end_matches(".0").parse::<i64>().context("a bound")?.into())
}

#[test]
fn the_service_starts_with_every_bound_that_can_be_chosen() -> Result<()> {
    let schema = schema()?;
    let fields = schema.pointer("/properties/spec/properties/limits/properties").and_then(Value::as_object);
    for (name, field) in fields.context("fields")? {
        let bounds = match field["type"].as_str() {
            Some("integer") => vec![whole(&field["minimum"])?, whole(&field["maximum"])?],
            _ => vec![json!("1ms"), json!("999999999d")],
        };
        for bound in bounds {
            // What is a part of it is as small as can be, and what it is a part of as large.
            let mut limits = match name.as_str() {
                "maxBodyBytes" => json!({"maxPayloadBytes": 2, "maxMetadataBytes": 2}),
                "requestTimeout" => json!({"bodyReadTimeout": "0s", "mongodbOperationTimeout": "0s"}),
                "bodyReadTimeout" | "mongodbOperationTimeout" => {
                    json!({"requestTimeout": "999999999d", "bodyReadTimeout": "0s", "mongodbOperationTimeout": "0s"})
                }
                _ => json!({"maxBodyBytes": 67_108_864}),
            };
            limits[name] = match (name.as_str(), bound.as_str()) {
                // Shorter than the longest request.
                ("bodyReadTimeout" | "mongodbOperationTimeout", Some("999999999d")) => json!("999999998d"),
                _ => bound,
            };
            agree(&limits, true)?;
        }
    }
    Ok(())
}

#[test]
fn what_the_service_refuses_together_cannot_be_chosen_together() -> Result<()> {
    for (limits, accepted) in [
        // Beside what is left out.
        (json!({"requestTimeout": "10s"}), false),
        (json!({"requestTimeout": "10001ms"}), true),
        (json!({"bodyReadTimeout": "15s"}), false),
        (json!({"bodyReadTimeout": "14999ms"}), true),
        (json!({"mongodbOperationTimeout": "15s"}), false),
        (json!({"mongodbOperationTimeout": "14s"}), true),
        (json!({"requestTimeout": "5s", "bodyReadTimeout": "4s"}), false),
        (json!({"maxPayloadBytes": 1_048_577}), false),
        (json!({"maxPayloadBytes": 1_048_576}), true),
        (json!({"maxMetadataBytes": 1_048_577}), false),
        (json!({"maxBodyBytes": 262_143}), false),
        (json!({"maxBodyBytes": 262_144}), true),
        (json!({"maxBodyBytes": 16_383, "maxPayloadBytes": 2}), false),
        // In different units.
        (json!({"requestTimeout": "2m", "bodyReadTimeout": "120s"}), false),
        (json!({"requestTimeout": "2m", "bodyReadTimeout": "119s"}), true),
        (json!({"requestTimeout": "1h", "bodyReadTimeout": "60m"}), false),
        (json!({"requestTimeout": "1h", "bodyReadTimeout": "59m"}), true),
        (json!({"requestTimeout": "1d", "bodyReadTimeout": "24h"}), false),
        (json!({"requestTimeout": "1d", "bodyReadTimeout": "23h"}), true),
    ] {
        agree(&limits, accepted)?;
    }
    let said = refused(&json!({"requestTimeout": "9s"}))?;
    assert!(matches!(&said[..], [only] if only.contains("limits.bodyReadTimeout (10s when left out)")), "{said:?}");
    Ok(())
}
