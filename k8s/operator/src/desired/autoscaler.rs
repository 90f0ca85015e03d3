//! The HorizontalPodAutoscaler.

use serde_json::{Value, json};

use super::{Desired, Owner, value};
use crate::{
    api::{Autoscaling, ConversationServiceSpec},
    kinds::Kind,
};

pub(super) fn autoscaler(owner: &Owner, spec: &ConversationServiceSpec) -> Option<Desired> {
    let Autoscaling { min_replicas, max_replicas, cpu_utilization, memory_utilization, behavior } =
        spec.scaling.as_ref()?.autoscaling.as_ref()?;
    // Of the one container, since a sidecar that is put into the pods may request nothing, and a percentage of all is none then.
    let metric = |name: &str, utilization: &Option<i32>| {
        let target = json!({"type": "Utilization", "averageUtilization": (*utilization)?});
        let resource = json!({"name": name, "container": "api", "target": target});
        Some(json!({"type": "ContainerResource", "containerResource": resource}))
    };
    let metrics: Vec<Value> =
        [metric("cpu", cpu_utilization), metric("memory", memory_utilization)].into_iter().flatten().collect();
    let autoscaler = json!({"spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": owner.name},
        "minReplicas": min_replicas,
        "maxReplicas": max_replicas,
        "metrics": metrics,
        "behavior": behavior.as_ref().map_or_else(behavior_by_default, value),
    }});
    let labels = owner.labels("api", &spec.image.version());
    Some(owner.object(Kind::HorizontalPodAutoscaler, &owner.name, labels, autoscaler))
}

/// Up at once, because calls begin in waves; down by a tenth a minute, because each ended pod makes clients connect anew.
fn behavior_by_default() -> Value {
    json!({
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "policies": [{"type": "Percent", "value": 100, "periodSeconds": 30}],
        },
        "scaleDown": {
            "stabilizationWindowSeconds": 300,
            "policies": [{"type": "Percent", "value": 10, "periodSeconds": 60}],
        },
    })
}
