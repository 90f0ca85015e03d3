//! The Deployment of the API.

use serde_json::{Value, json};

use super::{
    Desired, Owner, Release,
    env::env,
    merged,
    pod::{Scheduling, container, pod},
    put, service, value,
};
use crate::{api::ConversationServiceSpec, kinds::Kind};

pub(super) fn deployment(owner: &Owner, spec: &ConversationServiceSpec, release: &Release) -> Desired {
    let labels = owner.labels("api", &release.version);
    let mut metadata = json!({"labels": merged(labels.clone(), &value(&spec.pod.labels))});
    put(&mut metadata, "annotations", value(&spec.pod.annotations));
    let mut deployment = json!({
        "revisionHistoryLimit": 5,
        "progressDeadlineSeconds": 600,
        "strategy": {
            "type": "RollingUpdate",
            // A version that does not become ready takes nothing away from the one before.
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"},
        },
        "selector": {"matchLabels": owner.selector("api")},
        "template": {"metadata": metadata, "spec": template(owner, spec, release)},
    });
    // Left out with an autoscaler, whose number it then is.
    put(&mut deployment, "replicas", value(&spec.scaling().replicas));
    owner.object(Kind::Deployment, &owner.name, labels, json!({"spec": deployment}))
}

fn template(owner: &Owner, spec: &ConversationServiceSpec, release: &Release) -> Value {
    let settings = &spec.pod;
    let mut api = container("api", &release.image, value(&spec.image.pull_policy), &settings.resources);
    api["ports"] = json!([
        {"name": "http", "containerPort": 3000, "protocol": "TCP"},
        {"name": "management", "containerPort": 9090, "protocol": "TCP"},
    ]);
    api["env"] = env(spec).into();
    // What it said last stands in the status of the pod, so that one that ends at once tells why.
    api["terminationMessagePolicy"] = "FallbackToLogsOnError".into();
    // It listens within a second; a minute is for a node under stress.
    api["startupProbe"] = probe("/health/live", 2, 2, 30);
    // Says nothing of MongoDB, since a restart would not mend it.
    api["livenessProbe"] = probe("/health/live", 10, 5, 3);
    // Whether the schema is there and MongoDB answers. Three failures of 5 s outlast the election of a new primary.
    api["readinessProbe"] = probe("/health/ready", 5, 5, 3);
    let shutdown = &spec.shutdown;
    if shutdown.pre_stop_seconds > 0 {
        // By the kubelet itself: the image has no shell.
        api["lifecycle"] = json!({"preStop": {"sleep": {"seconds": shutdown.pre_stop_seconds}}});
    }
    let scheduling = Scheduling {
        image_pull_secrets: &spec.image_pull_secrets,
        priority_class_name: settings.priority_class_name.as_deref(),
        node_selector: value(&settings.node_selector),
        tolerations: &settings.tolerations,
        affinity: &settings.affinity,
        platform_assigns_users: settings.platform_assigns_users,
    };
    let mut template = pod(&spec.mongodb, &scheduling, api);
    template["serviceAccountName"] = service::account_name(owner, spec).into();
    template["terminationGracePeriodSeconds"] =
        (shutdown.pre_stop_seconds + shutdown.drain_delay_seconds + shutdown.timeout_seconds + 5).into();
    template["topologySpreadConstraints"] = spread(owner);
    template
}

fn probe(path: &str, period: i32, timeout: i32, failures: i32) -> Value {
    json!({
        "httpGet": {"path": path, "port": "management"},
        "periodSeconds": period, "timeoutSeconds": timeout, "failureThreshold": failures,
    })
}

/// Over zones and nodes, each revision by itself, so that a rollout is spread too.
fn spread(owner: &Owner) -> Value {
    let over = |key: &str| {
        json!({
            "topologyKey": key, "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway",
            "matchLabelKeys": ["pod-template-hash"], "labelSelector": {"matchLabels": owner.selector("api")},
        })
    };
    json!([over("topology.kubernetes.io/zone"), over("kubernetes.io/hostname")])
}
