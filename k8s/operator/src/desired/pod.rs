//! What the pods of the API and of the migrator have in common.

use serde_json::{Map, Value, json};

use super::{put, value};
use crate::api::{ImagePullSecret, Mongodb, Resources, Tls, Toleration, UriSecret};

/// The user of the images, and its group.
const USER: u32 = 65532;

/// Where a pod runs, and as whom.
pub(super) struct Scheduling<'a> {
    pub(super) image_pull_secrets: &'a [ImagePullSecret],
    pub(super) priority_class_name: Option<&'a str>,
    pub(super) node_selector: Value,
    pub(super) tolerations: &'a [Toleration],
    pub(super) affinity: &'a Map<String, Value>,
    pub(super) platform_assigns_users: bool,
}

/// A pod that meets the restricted Pod Security Standard, which neither image needs an exception from.
pub(super) fn pod(mongodb: &Mongodb, scheduling: &Scheduling<'_>, mut container: Value) -> Value {
    let mut security = json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
    if !scheduling.platform_assigns_users {
        for who in ["runAsUser", "runAsGroup", "fsGroup"] {
            security[who] = USER.into();
        }
    }
    let mut pod = json!({
        "automountServiceAccountToken": false,
        "enableServiceLinks": false,
        "securityContext": security,
    });
    if let Some(Tls { secret_name, mount_path }) = &mongodb.tls {
        let mount = json!([{"name": "mongodb-tls", "mountPath": mount_path, "readOnly": true}]);
        container["volumeMounts"] = mount;
        // The group of the pod reads it, nobody else.
        let secret = json!({"secretName": secret_name, "defaultMode": 0o440});
        pod["volumes"] = json!([{"name": "mongodb-tls", "secret": secret}]);
    }
    pod["containers"] = json!([container]);
    put(&mut pod, "imagePullSecrets", value(&scheduling.image_pull_secrets));
    put(&mut pod, "priorityClassName", scheduling.priority_class_name.unwrap_or_default());
    put(&mut pod, "nodeSelector", scheduling.node_selector.clone());
    put(&mut pod, "tolerations", value(&scheduling.tolerations));
    put(&mut pod, "affinity", scheduling.affinity.clone());
    pod
}

/// A container without privileges.
pub(super) fn container(name: &str, image: &str, pull_policy: Value, resources: &Resources) -> Value {
    let mut container = json!({
        "name": name,
        "image": image,
        "securityContext": {
            "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]},
        },
    });
    put(&mut container, "imagePullPolicy", pull_policy);
    put(&mut container, "resources", value(resources));
    container
}

/// The variable with the connection string.
pub(super) fn mongodb_uri(UriSecret { name, key }: &UriSecret) -> Value {
    from_secret("MONGODB_URI", name, key)
}

/// A variable whose value is in a secret.
pub(super) fn from_secret(variable: &str, secret: &str, key: &str) -> Value {
    json!({"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}})
}
