//! What differs from one platform to another: who pods run as, at which addresses, and near what.

use anyhow::Result;
use conversation_operator::kinds::Kind;
use serde_json::{Value, json};

use crate::world::World;

fn pod(deployment: &Value) -> &Value {
    &deployment["spec"]["template"]["spec"]
}

#[tokio::test]
async fn a_platform_assigns_users_until_it_does_not() -> Result<()> {
    let world = World::new("platform").await?;
    let _operator = world.operator()?;
    let near = json!([{"weight": 1, "podAffinityTerm": {"topologyKey": "zone", "labelSelector": {"matchLabels": {"a": "b"}}}}]);
    let affinity = json!({"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": near}});
    let spec = json!({
        "listenAddress": "::", "pod": {"platformAssignsUsers": true, "affinity": affinity},
        "migration": {"podAnnotations": {"sidecar.istio.io/inject": "false"}},
    });
    world.played("shop", spec).await?;
    world.ready("shop").await?;
    let made = world.object(Kind::Deployment, "shop", "to be there", |_| true).await?;
    let security = &pod(&made)["securityContext"];
    assert_eq!(*security, json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}));
    assert_eq!(pod(&made)["affinity"], affinity);
    let listens = json!({"name": "HOST", "value": "::"});
    let env = pod(&made)["containers"][0]["env"].as_array();
    assert!(env.is_some_and(|env| env.contains(&listens)), "{env:?}");

    let change = json!({"spec": {"listenAddress": null, "pod": {"platformAssignsUsers": null, "affinity": null}}});
    world.edit(&world.services(), "shop", change).await?;
    let fixed = |it: &Value| pod(it)["securityContext"]["fsGroup"] == 65532 && pod(it)["affinity"].is_null();
    let changed = world.object(Kind::Deployment, "shop", "with the images' user", fixed).await?;
    assert_eq!(changed["metadata"]["generation"], 2, "each was written once");
    Ok(())
}

#[tokio::test]
async fn what_the_api_server_does_not_know_of_affinity_is_said() -> Result<()> {
    let world = World::new("affinity").await?;
    let _operator = world.operator()?;
    world.played("shop", json!({"pod": {"affinity": {"podAfinity": {}}}})).await?;
    let degraded = world.says("shop", "Degraded", "True", "Refused").await?;
    assert!(degraded.message.contains("podAfinity"), "{}", degraded.message);
    Ok(())
}
