//! Who may do what, and what is told of it.

use anyhow::{Context, Result, bail};
use conversation_testkit::ControlPlane;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::Error;
use kube::api::{Api, ListParams, PostParams};
use serde_json::json;

#[tokio::test]
async fn a_service_account_without_a_role_is_refused_and_the_audit_log_tells() -> Result<()> {
    let plane = ControlPlane::shared().await?;
    let namespace = plane.namespace("access").await?;
    let kubeconfig = plane.service_account_kubeconfig(namespace.name(), "default").await?;
    let secrets: Api<Secret> = Api::namespaced(plane.client_of(&kubeconfig).await?, namespace.name());

    match secrets.list(&ListParams::default()).await {
        Err(Error::Api(status)) => assert_eq!(status.code, 403, "{status:?}"),
        other => bail!("{other:?}"),
    }

    let user = format!("system:serviceaccount:{namespace}:default");
    let call = plane.audit()?.into_iter().find(|call| call.user == user).context("call in the audit log")?;
    assert_eq!((call.verb.as_str(), call.group.as_str(), call.resource.as_str()), ("list", "", "secrets"));
    assert_eq!((call.namespace.as_str(), call.code), (namespace.name(), 403));
    Ok(())
}

#[tokio::test]
async fn a_privileged_pod_is_refused_in_a_restricted_namespace() -> Result<()> {
    let plane = ControlPlane::shared().await?;
    let namespace = plane.restricted_namespace("restricted").await?;
    let pods: Api<Pod> = Api::namespaced(plane.client()?, namespace.name());
    let container = json!({ "name": "root", "image": "example.com/root:1", "securityContext": { "privileged": true } });
    let pod = json!({ "metadata": { "name": "root" }, "spec": { "containers": [container] } });

    match pods.create(&PostParams::default(), &serde_json::from_value(pod)?).await {
        Err(Error::Api(status)) => assert!(status.message.contains("violates PodSecurity"), "{status:?}"),
        other => bail!("{other:?}"),
    }
    Ok(())
}
