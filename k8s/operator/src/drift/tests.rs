//! What is drift and what is not.

use serde_json::{Value, json};

use super::Drift;

fn deployment() -> Value {
    json!({
        "metadata": {"labels": {"a": "b"}, "ownerReferences": [{"uid": "1", "name": "shop"}]},
        "spec": {
            "replicas": 2,
            "template": {"spec": {
                "containers": [{
                    "name": "api",
                    "image": "api:1",
                    "args": ["x", "y"],
                    "env": [{"name": "A", "value": "1"}, {"name": "B", "value": ""}],
                    "resources": {"requests": {"cpu": "0.5"}},
                }],
            }},
        },
    })
}

/// What differs after a change of what is stored of it.
fn after(change: impl FnOnce(&mut Value)) -> Drift {
    let mut stored = deployment();
    // As the API server stores it.
    let container = &mut stored["spec"]["template"]["spec"]["containers"][0];
    container["resources"]["requests"]["cpu"] = "500m".into();
    container["env"][1].as_object_mut().expect("a variable").remove("value");
    container["terminationMessagePath"] = "/dev/termination-log".into();
    stored["spec"]["progressDeadlineSeconds"] = 600.into();
    stored["status"] = json!({"replicas": 2});
    change(&mut stored);
    Drift::between(&deployment(), &stored)
}

#[track_caller]
fn changed(path: &str, change: impl FnOnce(&mut Value)) {
    let drift = after(change);
    assert_eq!((drift.paths().collect::<Vec<_>>(), &drift.foreign[..]), (vec![path], &[] as &[String]));
}

#[track_caller]
fn foreign(path: &str, change: impl FnOnce(&mut Value)) {
    assert_eq!(after(change), Drift { changed: Vec::new(), foreign: vec![path.to_owned()] });
}

fn push(stored: &mut Value, list: &str, element: Value) {
    stored.pointer_mut(list).and_then(Value::as_array_mut).expect("a list").push(element);
}

#[test]
fn what_the_api_server_makes_of_an_object_is_no_drift() {
    assert!(after(|_| ()).is_none());
}

#[test]
fn what_others_own_is_no_drift() {
    assert!(after(|stored| stored["metadata"]["annotations"] = json!({"x": "y"})).is_none());
    assert!(after(|stored| stored["metadata"]["labels"]["team"] = "voice".into()).is_none());
    assert!(after(|stored| push(stored, "/metadata/ownerReferences", json!({"uid": "2", "name": "app"}))).is_none());
}

#[test]
fn a_changed_field_is_drift() {
    changed("/spec/replicas", |stored| stored["spec"]["replicas"] = 5.into());
    let image = "/spec/template/spec/containers/0/image";
    changed(image, |stored| *stored.pointer_mut(image).expect("a field") = "api:2".into());
    changed("/metadata/labels/a", |stored| stored["metadata"]["labels"] = json!({}));
    let cpu = "/spec/template/spec/containers/0/resources/requests/cpu";
    changed(cpu, |stored| *stored.pointer_mut(cpu).expect("a field") = "501m".into());
}

#[test]
fn an_element_that_was_taken_out_is_drift() {
    let env = "/spec/template/spec/containers/0/env";
    changed(&format!("{env}/-"), |stored| {
        stored.pointer_mut(env).and_then(Value::as_array_mut).expect("a list").remove(0);
    });
    let args = "/spec/template/spec/containers/0/args";
    changed(args, |stored| *stored.pointer_mut(args).expect("a list") = json!(["x"]));
}

#[test]
fn an_element_that_somebody_put_into_a_declared_list_is_drift() {
    foreign("/spec/template/spec/containers/0/env/0", |stored| {
        let env = stored.pointer_mut("/spec/template/spec/containers/0/env").and_then(Value::as_array_mut);
        env.expect("a list").insert(0, json!({"name": "C", "value": "3"}));
    });
    foreign("/spec/template/spec/containers/1", |stored| {
        push(stored, "/spec/template/spec/containers", json!({"name": "sidecar"}));
    });
}

#[test]
fn a_patch_undoes_what_applying_could_not() {
    let port = |name: &str, number: u16| json!({"name": name, "port": number, "protocol": "TCP"});
    let mount = |name: &str, path: &str| json!({"name": name, "mountPath": path});
    let spread = |key: &str, when: &str| json!({"topologyKey": key, "whenUnsatisfiable": when});
    let declared = json!({
        "ports": [port("http", 80), port("management", 9090)],
        "mounts": [mount("tmp", "/tmp"), mount("tls", "/tls")],
        "spread": [spread("zone", "ScheduleAnyway")],
        "args": ["x", "y"],
        "labels": {"a/b": "c"},
    });
    let edits = [
        ("/ports", json!([port("http", 81), port("management", 9090)])),
        ("/ports", json!([port("http", 9090), port("management", 80)])),
        ("/ports", json!([port("management", 9090), port("other", 80)])),
        ("/ports", json!([])),
        ("/mounts", json!([mount("tmp", "/tmp"), mount("tls", "/other"), mount("tls", "/tls")])),
        ("/mounts", json!([mount("tls", "/tmp"), mount("tmp", "/tls")])),
        ("/spread", json!([spread("zone", "DoNotSchedule"), spread("zone", "ScheduleAnyway")])),
        ("/spread", json!([spread("node", "DoNotSchedule")])),
        ("/args", json!(["x", "z"])),
        ("/args", json!(["z"])),
        ("/labels", json!({"a/b": "d"})),
        ("/labels", json!({})),
        ("", json!({})),
    ];
    for (path, value) in edits {
        let mut found = declared.clone();
        *found.pointer_mut(path).expect("a field") = value;
        let drift = Drift::between(&declared, &found);
        assert!(!drift.is_none(), "{path}: {found}");
        let patch: json_patch::Patch = serde_json::from_value(drift.patch().into()).expect("a patch");
        json_patch::patch(&mut found, &patch).expect("it fits");
        assert!(Drift::between(&declared, &found).is_none(), "{path}: {found}");
    }
}

#[test]
fn amounts_are_those_of_resources_alone() {
    let declared = json!({"env": [{"name": "MAX_BODY_BYTES", "value": "1048576"}]});
    let found = json!({"env": [{"name": "MAX_BODY_BYTES", "value": "1Mi"}]});
    assert_eq!(Drift::between(&declared, &found).paths().collect::<Vec<_>>(), ["/env/0/value"]);
}
