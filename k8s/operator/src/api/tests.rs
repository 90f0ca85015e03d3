//! The CRDs keep what they promise: a description everywhere, structural schemas, and rules that refuse with a message.

use kube::CustomResourceExt;
use kube_cel::Validator;
use serde_json::{Value, json};

use super::{ConversationSchema, ConversationService};
use crate::desired::reserved;

fn schema<K: CustomResourceExt>() -> Value {
    let crd = serde_json::to_value(K::crd()).expect("JSON");
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

/// Every schema in a schema, with its path.
fn walk(path: &str, schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(&format!("{path}.{name}"), property, visit);
    }
    for (key, mark) in [("items", "[]"), ("additionalProperties", "{}")] {
        if schema[key].is_object() {
            walk(&format!("{path}{mark}"), &schema[key], visit);
        }
    }
}

fn everywhere(mut visit: impl FnMut(&str, &Value)) {
    walk("ConversationService", &schema::<ConversationService>(), &mut visit);
    walk("ConversationSchema", &schema::<ConversationSchema>(), &mut visit);
}

#[test]
fn every_field_has_a_description() {
    everywhere(|path, schema| {
        let element = path.ends_with("[]") || path.ends_with("{}");
        assert!(element || schema["description"].is_string(), "{path} has none: {schema}");
    });
}

#[test]
fn every_schema_is_structural() {
    everywhere(|path, schema| {
        let int_or_string = schema["x-kubernetes-int-or-string"] == true;
        assert!(int_or_string || schema["type"].is_string(), "{path} has no type: {schema}");
        for word in ["anyOf", "oneOf", "allOf", "$ref"] {
            assert!(int_or_string || schema[word].is_null(), "{path} has {word}");
        }
    });
}

#[test]
fn every_list_string_and_map_that_users_write_is_bounded() {
    everywhere(|path, schema| {
        let bounded = |words: &[&str]| words.iter().any(|word| !schema[word].is_null());
        if !path.contains(".spec") {
            return;
        }
        match schema["type"].as_str() {
            Some("array") => assert!(bounded(&["maxItems"]), "{path}"),
            Some("object") if schema["additionalProperties"].is_object() => {
                assert!(bounded(&["maxProperties"]), "{path}");
            }
            Some("integer") => assert!(bounded(&["minimum"]), "{path}"),
            Some("string") if !path.ends_with("{}") => {
                assert!(bounded(&["maxLength", "pattern", "enum"]), "{path}");
            }
            _ => {}
        }
    });
}

fn service(change: impl FnOnce(&mut Value)) -> Value {
    let mut object = json!({
        "apiVersion": "conversation.dev/v1alpha1", "kind": "ConversationService", "metadata": {"name": "shop"},
        "spec": {
            "image": {"repository": "registry.example/conversation-api", "tag": "1.0.0"},
            "mongodb": {"uriSecret": {"name": "mongodb"}, "database": "shop"},
        },
    });
    change(&mut object);
    object
}

/// The messages of the rules that refuse an object, or the change of an object into it.
fn refusals(object: &Value, old: Option<&Value>) -> Vec<String> {
    match Validator::new().validate_with_defaults(&schema::<ConversationService>(), object, old) {
        Ok(()) => Vec::new(),
        Err(errors) => errors.iter().map(|error| error.message.clone()).collect(),
    }
}

#[track_caller]
fn refused(change: impl FnOnce(&mut Value), message: &str) {
    let refusals = refusals(&service(change), None);
    assert!(matches!(&refusals[..], [only] if only.contains(message)), "{refusals:?}");
}

#[track_caller]
fn accepted(change: impl FnOnce(&mut Value)) {
    assert_eq!(refusals(&service(change), None), Vec::<String>::new());
}

#[test]
fn the_least_that_can_be_said_is_accepted() {
    accepted(|_| ());
}

#[test]
fn the_database_cannot_be_changed() {
    let old = service(|_| ());
    let new = service(|object| object["spec"]["mongodb"]["database"] = "other".into());
    let refusals = refusals(&new, Some(&old));
    assert!(matches!(&refusals[..], [only] if only.contains("mongodb.database cannot be changed")), "{refusals:?}");
}

#[test]
fn replicas_and_autoscaling_exclude_each_other() {
    let autoscaling = json!({"maxReplicas": 9, "cpuUtilization": 70});
    accepted(|object| object["spec"]["scaling"] = json!({"autoscaling": autoscaling}));
    accepted(|object| object["spec"]["scaling"] = json!({"replicas": 3}));
    let both = json!({"replicas": 3, "autoscaling": autoscaling});
    refused(|object| object["spec"]["scaling"] = both, "exactly one of scaling.replicas and scaling.autoscaling");
    refused(|object| object["spec"]["scaling"] = json!({}), "exactly one of scaling.replicas");
}

#[test]
fn two_pods_by_default_are_not_stored_because_beside_them_no_autoscaler_could_be_asked_for() {
    let scaling = &schema::<ConversationService>()["properties"]["spec"]["properties"]["scaling"];
    assert!(scaling["default"].is_null() && scaling["properties"]["replicas"]["default"].is_null(), "{scaling}");
    let least: ConversationService = serde_json::from_value(service(|_| ())).expect("a service");
    assert_eq!(least.spec.scaling().replicas, Some(2));
}

#[test]
fn the_bounds_of_autoscaling_are_in_order_and_have_a_target() {
    let scaling = json!({"autoscaling": {"minReplicas": 5, "maxReplicas": 4, "cpuUtilization": 70}});
    refused(|object| object["spec"]["scaling"] = scaling, "must not be larger than maxReplicas");
    let scaling = json!({"autoscaling": {"maxReplicas": 4}});
    refused(|object| object["spec"]["scaling"] = scaling, "a target");
}

#[test]
fn an_autoscaler_has_something_to_take_a_share_of() {
    let with = |resources: Value| {
        move |object: &mut Value| {
            object["spec"]["scaling"] = json!({"autoscaling": {"maxReplicas": 4, "cpuUtilization": 70}});
            object["spec"]["pod"] = json!({"resources": resources});
        }
    };
    refused(with(json!({"requests": {"memory": "1Gi"}})), "give pod.resources.requests.cpu");
    accepted(with(json!({"requests": {"cpu": 1}})));
    accepted(with(json!({"limits": {"cpu": "2"}})));
}

#[test]
fn ingress_and_gateway_exclude_each_other() {
    let (ingress, gateway) = (json!({"host": "a.example"}), json!({"parentRefs": [{"name": "public"}]}));
    accepted(|object| object["spec"]["exposure"] = json!({"ingress": ingress}));
    accepted(|object| object["spec"]["exposure"] = json!({"gateway": gateway}));
    let both = json!({"ingress": ingress, "gateway": gateway});
    refused(|object| object["spec"]["exposure"] = both, "exactly one of exposure.ingress and exposure.gateway");
}

#[test]
fn a_migrator_that_cannot_be_derived_must_be_named() {
    let digest = format!("sha256:{}", "a".repeat(64));
    refused(
        |object| object["spec"]["image"] = json!({"repository": "r/conversation-api", "digest": digest}),
        "migratorImage",
    );
    refused(|object| object["spec"]["image"] = json!({"repository": "r/api", "tag": "1"}), "migratorImage");
    accepted(|object| {
        object["spec"]["image"] = json!({"repository": "r/api", "tag": "1"});
        object["spec"]["migration"] = json!({"policy": "None"});
    });
    accepted(|object| {
        object["spec"]["image"] = json!({"repository": "r/api", "tag": "1"});
        object["spec"]["migratorImage"] = json!({"repository": "r/migrator", "tag": "1"});
    });
}

#[test]
fn an_image_without_a_version_is_refused() {
    refused(|object| object["spec"]["image"] = json!({"repository": "r/conversation-api"}), "a tag or a digest");
    let latest = json!({"repository": "r/conversation-api", "tag": "latest"});
    refused(|object| object["spec"]["image"] = latest.clone(), "the tag latest is no version");
    accepted(|object| {
        object["spec"]["migratorImage"] = latest;
        object["spec"]["migratorImage"]["digest"] = format!("sha256:{}", "a".repeat(64)).into();
    });
}

#[test]
fn a_repository_with_more_than_a_repository_in_it_is_refused() {
    for (repository, message) in [
        ("https://registry.example/conversation-api", "no scheme"),
        ("registry.example/api:1.0.0/conversation-api", ""),
        ("registry.example:5000/voice/conversation-api", ""),
        ("registry.example/conversation-migrator:1.0.0", "no tag and no digest"),
        ("registry.example/conversation-migrator@sha256:00", "no tag and no digest"),
        ("registry.example/Voice/conversation-api", "no capitals"),
    ] {
        let change = |object: &mut Value| {
            object["spec"]["image"]["repository"] = repository.into();
            object["spec"]["migratorImage"] = json!({"repository": "r/migrator", "tag": "1"});
        };
        if message.is_empty() { accepted(change) } else { refused(change, message) }
    }
}

#[test]
fn a_credential_where_the_name_of_a_secret_belongs_is_refused() {
    let credential = "mongodb+srv://voice:hunter2@cluster.example/";
    for (place, rest) in [
        ("/spec/mongodb/uriSecret/name", json!({})),
        ("/spec/mongodb/tls/secretName", json!({"mongodb": {"tls": {"secretName": ""}}})),
        ("/spec/redis/urlSecret/name", json!({"redis": {"urlSecret": {"name": ""}}})),
        ("/spec/migration/uriSecret/name", json!({"migration": {"uriSecret": {"name": ""}}})),
        ("/spec/imagePullSecrets/0/name", json!({"imagePullSecrets": [{"name": ""}]})),
        ("/spec/pod/env/0/secret/name", json!({"pod": {"env": [{"name": "A", "secret": {"name": "", "key": "k"}}]}})),
    ] {
        let object = service(|object| {
            for (field, value) in rest.as_object().into_iter().flatten() {
                match (&mut object["spec"][field], value) {
                    (Value::Object(there), Value::Object(more)) => there.extend(more.clone()),
                    (there, value) => *there = value.clone(),
                }
            }
            *object.pointer_mut(place).expect("a place") = credential.into();
        });
        let refusals = refusals(&object, None);
        let named = matches!(&refusals[..], [only] if only.contains("not the name of a secret"));
        assert!(named, "{place}: {refusals:?}");
    }
}

#[test]
fn a_variable_that_is_the_operators_is_refused_with_what_to_use_instead() {
    for (variable, instead) in reserved() {
        let pod = json!({"env": [{"name": "SWEEP_INTERVAL", "value": "1s"}, {"name": variable, "value": "x"}]});
        refused(|object| object["spec"]["pod"] = pod, &format!("pod.env must not have {variable}: {instead}"));
    }
    let spec = &schema::<ConversationService>()["properties"]["spec"];
    for field in reserved().filter_map(|(_, instead)| Some(instead.split_once("use ")?.1.to_owned())) {
        let place = field.split('.').fold(spec, |schema, name| &schema["properties"][name]);
        assert!(place["type"].is_string(), "there is no field {field}");
    }
    refused(|object| object["spec"]["pod"] = json!({"env": [{"name": "A"}]}), "exactly one of value and secret");
}

#[test]
fn lists_that_kubernetes_refuses_with_a_name_twice_have_each_name_once() {
    let by_name = json!(["name"]);
    let service = schema::<ConversationService>();
    let spec = &service["properties"]["spec"]["properties"];
    let schema = schema::<ConversationSchema>();
    for list in [
        &spec["imagePullSecrets"],
        &spec["pod"]["properties"]["env"],
        &schema["properties"]["spec"]["properties"]["imagePullSecrets"],
    ] {
        assert_eq!((&list["x-kubernetes-list-type"], &list["x-kubernetes-list-map-keys"]), (&json!("map"), &by_name));
    }
}

#[test]
fn the_labels_of_the_operator_cannot_be_taken() {
    let labels = json!({"app.kubernetes.io/name": "x"});
    refused(|object| object["spec"]["pod"] = json!({"labels": labels}), "the operator's own");
}

#[test]
fn a_name_that_a_service_cannot_have_is_refused() {
    for name in ["1shop", "a.b", &"a".repeat(41)] {
        refused(|object| object["metadata"]["name"] = name.into(), "the name must begin with a letter");
    }
}
