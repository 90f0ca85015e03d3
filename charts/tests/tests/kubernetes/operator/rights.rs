//! Who may do what, as the API server's own authorizer says.

use anyhow::Result;
use conversation_testkit::control_plane::{Helm, output};
use conversation_testkit::until;

use crate::DEADLINE;

use super::super::cluster::{helm, text};
use super::super::support::operator_chart;
use super::{OPERATOR, alone};

#[tokio::test]
async fn the_operator_of_one_namespace_has_no_right_beyond_it() -> Result<()> {
    let (plane, _turn) = alone().await?;
    let own = plane.restricted_namespace("own").await?;
    let (watched, other) = (plane.namespace("watched").await?, plane.namespace("other").await?);
    let (chart, values) = (text(&operator_chart()), text(&operator_chart().join("ci/minimal-values.yaml")));
    let namespace = format!("watchNamespace={watched}");
    let install = ["install", OPERATOR, &chart, "--values", &values, "--set", &namespace];
    helm(plane, Helm::V4, &own, &install).await?;

    let account = format!("system:serviceaccount:{own}:{OPERATOR}");
    // Who decides sees roles a moment after they are made.
    until(DEADLINE, "the roles to be in force", async || {
        plane.may(&account, "update", "leases.coordination.k8s.io", own.name()).await.unwrap_or(false)
            && plane.may(&account, "create", "jobs.batch", watched.name()).await.unwrap_or(false)
    })
    .await?;
    for (verb, resource, namespace, expected) in [
        ("list", "conversationservices.conversation.dev", watched.name(), true),
        ("patch", "conversationschemas.conversation.dev/status", watched.name(), true),
        ("create", "jobs.batch", watched.name(), true),
        ("list", "conversationservices.conversation.dev", other.name(), false),
        ("create", "jobs.batch", other.name(), false),
        ("create", "jobs.batch", own.name(), false),
        ("update", "leases.coordination.k8s.io", own.name(), true),
        ("update", "leases.coordination.k8s.io", watched.name(), false),
        // The connection strings are for pods only.
        ("get", "secrets", watched.name(), false),
        ("list", "secrets", watched.name(), false),
    ] {
        let may = plane.may(&account, verb, resource, namespace).await?;
        assert_eq!(may, expected, "{verb} {resource} in {namespace}");
    }
    helm(plane, Helm::V4, &own, &["uninstall", OPERATOR]).await.map(drop)
}

#[tokio::test]
async fn the_roles_for_people_add_to_kubernetes_own() -> Result<()> {
    let (plane, _turn) = alone().await?;
    let system = plane.restricted_namespace("people").await?;
    let (chart, values) = (text(&operator_chart()), text(&operator_chart().join("ci/minimal-values.yaml")));
    helm(plane, Helm::V3, &system, &["install", OPERATOR, &chart, "--values", &values]).await?;
    for role in ["view", "edit", "admin"] {
        let (role, user) = (format!("--clusterrole={role}"), format!("--user={role}"));
        let bind = ["create", "rolebinding", &user[7..], "--namespace", system.name(), &role, &user];
        output(plane.kubectl(bind)?).await?;
    }
    let (services, scale) = ("conversationservices.conversation.dev", "conversationservices.conversation.dev/scale");
    // The controller manager adds the rules after a moment.
    until(DEADLINE, "the roles to be completed", async || {
        plane.may("admin", "deletecollection", services, system.name()).await.unwrap_or(false)
            && plane.may("view", "get", services, system.name()).await.unwrap_or(false)
            && plane.may("edit", "patch", scale, system.name()).await.unwrap_or(false)
    })
    .await?;
    for (user, verb, resource, expected) in [
        ("view", "list", "conversationschemas.conversation.dev", true),
        ("view", "create", services, false),
        ("view", "patch", scale, false),
        ("edit", "get", services, true),
        ("edit", "create", services, true),
        ("edit", "deletecollection", services, false),
        ("edit", "patch", "conversationservices.conversation.dev/status", false),
        ("admin", "delete", "conversationschemas.conversation.dev", true),
        ("admin", "patch", "conversationservices.conversation.dev/status", false),
    ] {
        assert_eq!(plane.may(user, verb, resource, system.name()).await?, expected, "{user}: {verb} {resource}");
    }
    helm(plane, Helm::V3, &system, &["uninstall", OPERATOR]).await.map(drop)
}
