//! Fields that others put where nothing was declared. Who wrote a field is in the object's `managedFields`; a default of the
//! API server has no writer.

use serde_json::Value;

/// What others put under `/spec`, by JSON pointers in an order in which it can be removed. An autoscaler's number of replicas
/// is its own business, and so are annotations of pods, by which `kubectl rollout restart` works. A writer's entry is in it
/// too: when what it set were the default, the object would look the same after the removal, and that for ever. `other` tells
/// by manager and operation whether a writer is another one.
#[must_use]
pub fn additions(declared: &Value, found: &Value, other: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let (mut fields, mut writers) = (Vec::new(), Vec::new());
    let entries = found["metadata"]["managedFields"].as_array().into_iter().flatten();
    for (index, entry) in entries.enumerate() {
        let [manager, operation, subresource] =
            ["manager", "operation", "subresource"].map(|field| entry[field].as_str().unwrap_or_default());
        // By a subresource only status and scale are written.
        if !subresource.is_empty() || !other(manager, operation) {
            continue;
        }
        let before = fields.len();
        walk("/spec", &entry["fieldsV1"]["f:spec"], &declared["spec"], &found["spec"], &mut fields);
        if fields.len() > before {
            writers.push(format!("/metadata/managedFields/{index}"));
        }
    }
    fields.sort_unstable();
    fields.dedup();
    writers.reverse();
    fields.extend(writers);
    fields
}

fn walk(path: &str, written: &Value, declared: &Value, found: &Value, fields: &mut Vec<String>) {
    for (name, inner) in written.as_object().into_iter().flatten() {
        if let Some(field) = name.strip_prefix("f:") {
            let path = format!("{path}/{}", field.replace('~', "~0").replace('/', "~1"));
            match (&declared[field], &found[field]) {
                (_, Value::Null) => {}
                (Value::Null, _) if !theirs(&path) => fields.push(path),
                (declared, found) => walk(&path, inner, declared, found, fields),
            }
        } else if let Some(key) = name.strip_prefix("k:") {
            // An element of a list; one that is not declared at all is found by comparing.
            let Ok(Value::Object(key)) = serde_json::from_str(key) else { continue };
            let is = |element: &&Value| key.iter().all(|(name, value)| element[name.as_str()] == *value);
            let position = found.as_array().and_then(|all| all.iter().position(|element| is(&element)));
            let declared = declared.as_array().and_then(|all| all.iter().find(is));
            if let (Some(index), Some(declared)) = (position, declared) {
                walk(&format!("{path}/{index}"), inner, declared, &found[index], fields);
            }
        }
    }
}

fn theirs(path: &str) -> bool {
    path == "/spec/replicas" || path.starts_with("/spec/template/metadata/annotations")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is to be removed after somebody wrote fields into a Deployment.
    fn after(spec: Value, fields: Value) -> Vec<String> {
        let container = json!({"name": "api", "image": "api:1"});
        let declared = json!({"spec": {"template": {"metadata": {"labels": {}}, "spec": {"containers": [container]}}}});
        let managed = json!([
            {"manager": "conversation-operator", "operation": "Apply", "fieldsV1": {"f:spec": {"f:own": {}}}},
            {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:spec": fields}},
            {"manager": "kube-controller-manager", "subresource": "status", "fieldsV1": {"f:spec": {"f:own": {}}}},
        ]);
        let mut found = json!({"metadata": {"managedFields": managed}, "spec": spec});
        found["spec"]["own"] = 1.into();
        additions(&declared, &found, |manager, _| manager != "conversation-operator")
    }

    #[test]
    fn a_field_that_somebody_put_in_is_removed_with_the_note_of_who_did() {
        let removed = after(json!({"paused": true}), json!({"f:paused": {}}));
        assert_eq!(removed, ["/spec/paused", "/metadata/managedFields/1"]);
        let pod = json!({"hostNetwork": true, "containers": [{"name": "api", "image": "api:1", "command": ["sh"]}]});
        let written = json!({"f:hostNetwork": {}, "f:containers": {r#"k:{"name":"api"}"#: {".": {}, "f:command": {}}}});
        let removed = after(json!({"template": {"spec": pod}}), json!({"f:template": {"f:spec": written}}));
        let path = "/spec/template/spec";
        let expected = [format!("{path}/containers/0/command"), format!("{path}/hostNetwork")];
        assert_eq!(removed[..2], expected);
    }

    #[test]
    fn what_others_may_set_and_what_is_declared_stays() {
        let container = json!({"name": "api", "image": "api:2"});
        let annotations = json!({"kubectl.kubernetes.io/restartedAt": "now"});
        let template = json!({"metadata": {"annotations": annotations}, "spec": {"containers": [container]}});
        let written = json!({
            "f:replicas": {},
            "f:gone": {},
            "f:template": {
                "f:metadata": {"f:annotations": {".": {}, "f:kubectl.kubernetes.io/restartedAt": {}}},
                // Put back by applying what is declared.
                "f:spec": {"f:containers": {r#"k:{"name":"api"}"#: {"f:image": {}}}},
            },
        });
        assert_eq!(after(json!({"replicas": 7, "template": template}), written), Vec::<String>::new());
    }
}
