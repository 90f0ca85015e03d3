//! What a test begins with: the control plane with the manifests installed, a namespace of its own, and an operator that
//! looks after it.

use std::{fmt::Debug, ops::Deref, path::PathBuf, process::Command};

use anyhow::{Context, Result};
use conversation_operator::{
    api::{Condition, ConversationSchema, ConversationService},
    kinds::Kind,
};
use conversation_testkit::{
    ControlPlane, Process, ProcessNode, ReplicaSet,
    control_plane::{Namespace, Project, Version, output},
    unique_database, until,
};
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
    core::{DynamicObject, NamespaceResourceScope},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::{DEADLINE, process::Operator};

/// The account that the manifests make for the operator.
pub(crate) const OPERATOR: &str = "conversation-operator";
/// Where they put it.
pub(crate) const SYSTEM: &str = "conversation-system";

static INSTALLED: OnceCell<PathBuf> = OnceCell::const_new();

/// Who the operator is to the API server.
pub(crate) fn account() -> String {
    format!("system:serviceaccount:{SYSTEM}:{OPERATOR}")
}

/// A control plane, and a namespace of the test's own in it.
pub(crate) struct World {
    pub(crate) plane: Plane,
    pub(crate) namespace: Namespace,
    pub(crate) client: Client,
    kubeconfig: PathBuf,
}

/// The control plane of all tests, or one that ends with its test.
pub(crate) enum Plane {
    Shared(&'static ControlPlane),
    Own(Box<ControlPlane>),
}

impl Deref for Plane {
    type Target = ControlPlane;

    fn deref(&self) -> &ControlPlane {
        match self {
            Self::Shared(plane) => plane,
            Self::Own(plane) => plane,
        }
    }
}

impl World {
    pub(crate) async fn new(name: &str) -> Result<Self> {
        let plane = ControlPlane::shared().await?;
        let kubeconfig = INSTALLED.get_or_try_init(|| install(plane)).await?.clone();
        Self::on(Plane::Shared(plane), kubeconfig, name).await
    }

    /// With a control plane of its own, for a test that does something to it.
    pub(crate) async fn apart(name: &str) -> Result<Self> {
        Self::with(Version::Newest, name).await
    }

    /// With one of the oldest version that is supported.
    pub(crate) async fn oldest(name: &str) -> Result<Self> {
        Self::with(Version::Oldest, name).await
    }

    /// With a control plane of its own that has no kinds of other projects.
    pub(crate) async fn bare(name: &str) -> Result<Self> {
        let plane = ControlPlane::start(Version::Newest).await?;
        let kubeconfig = install_ours(&plane).await?;
        Self::on(Plane::Own(Box::new(plane)), kubeconfig, name).await
    }

    async fn with(version: Version, name: &str) -> Result<Self> {
        let plane = ControlPlane::start(version).await?;
        let kubeconfig = install(&plane).await?;
        Self::on(Plane::Own(Box::new(plane)), kubeconfig, name).await
    }

    async fn on(plane: Plane, kubeconfig: PathBuf, name: &str) -> Result<Self> {
        let (namespace, client) = (plane.restricted_namespace(name).await?, plane.client()?);
        Ok(Self { plane, namespace, client, kubeconfig })
    }

    /// An operator that looks after the namespace of the test.
    pub(crate) fn operator(&self) -> Result<Operator> {
        self.operator_named("operator", &[])
    }

    /// One of several, with settings of its own. They agree on one that works.
    pub(crate) fn operator_named(&self, name: &str, settings: &[(&str, &str)]) -> Result<Operator> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_conversation-operator"));
        command.env_clear().env("KUBECONFIG", &self.kubeconfig).env("WATCH_NAMESPACE", self.namespace.name());
        command.env("LEASE_NAMESPACE", SYSTEM).env("LEASE_NAME", self.namespace.name()).env("POD_NAME", name);
        command.env("PORT", "0").env("HOST", "127.0.0.1").env("LEASE_SECONDS", "15");
        command.env("LOG_LEVEL", "info,conversation_operator=debug").envs(settings.iter().copied());
        let log = self.plane.directory().join(format!("{}-{name}.log", self.namespace));
        Ok(Operator { process: Process::start(&mut command, &log)? })
    }

    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), self.namespace.name())
    }

    pub(crate) fn services(&self) -> Api<ConversationService> {
        self.api()
    }

    pub(crate) fn schemas(&self) -> Api<ConversationSchema> {
        self.api()
    }

    pub(crate) fn kind(&self, kind: Kind) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), self.namespace.name(), &kind.resource())
    }

    /// Makes a service whose pods kwok plays: with no migration, because played Jobs say nothing.
    pub(crate) async fn played(&self, name: &str, spec: Value) -> Result<ConversationService> {
        let mut full = json!({
            "image": {"repository": "registry.example/conversation-api", "tag": "1.0.0"},
            "mongodb": {"uriSecret": {"name": "mongodb"}},
            "migration": {"policy": "None"},
        });
        merge(&mut full, &spec);
        self.create(&self.services(), name, full).await
    }

    pub(crate) async fn create<K>(&self, api: &Api<K>, name: &str, spec: Value) -> Result<K>
    where
        K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + serde::Serialize,
    {
        let object = json!({
            "apiVersion": K::api_version(&()), "kind": K::kind(&()), "metadata": {"name": name}, "spec": spec,
        });
        let object = serde_json::from_value(object).context("an object")?;
        api.create(&PostParams::default(), &object).await.context("creation")
    }

    /// Changes an object as `kubectl edit` would.
    pub(crate) async fn edit<K>(&self, api: &Api<K>, name: &str, change: Value) -> Result<K>
    where
        K: Clone + Debug + DeserializeOwned,
    {
        api.patch(name, &PatchParams::default(), &Patch::Merge(change)).await.context("edit")
    }

    pub(crate) async fn delete(&self, kind: Kind, name: &str) -> Result<()> {
        self.kind(kind).delete(name, &DeleteParams::default()).await.context("deletion")?;
        Ok(())
    }

    /// A database of its own on a real replica set, and the Secret `mongodb` with its connection string.
    pub(crate) async fn database(&self) -> Result<Database> {
        self.database_on(ReplicaSet::shared().await?).await
    }

    /// The same on a replica set that a test does something to.
    pub(crate) async fn database_on(&self, set: &ReplicaSet) -> Result<Database> {
        self.plane.process_node().await?;
        self.secret("mongodb", &set.uri()).await?;
        Ok(Database { name: unique_database(), uri: set.uri(), client: set.client().await? })
    }

    /// Makes a Secret with a connection string.
    pub(crate) async fn secret(&self, name: &str, uri: &str) -> Result<()> {
        let secret = json!({"metadata": {"name": name}, "stringData": {"uri": uri}});
        let secrets: Api<Secret> = self.api();
        secrets.create(&PostParams::default(), &serde_json::from_value(secret)?).await.context("secret")?;
        Ok(())
    }

    /// Makes a service whose pods and Jobs really run.
    pub(crate) async fn real(&self, name: &str, database: &Database, spec: Value) -> Result<ConversationService> {
        let mut full = json!({
            "image": {"repository": "registry.example/conversation-api", "tag": "1.0.0"},
            "mongodb": {"uriSecret": {"name": "mongodb"}, "database": database.name},
            "scaling": {"replicas": 1},
            "pod": ProcessNode::placement(),
            "shutdown": {"preStopSeconds": 0, "drainDelaySeconds": 0, "timeoutSeconds": 5},
        });
        merge(&mut full, &spec);
        self.create(&self.services(), name, full).await
    }

    /// The specification of a schema whose Jobs really run.
    pub(crate) fn schema_spec(&self, database: &Database, spec: Value) -> Value {
        let mut full = json!({
            "image": {"repository": "registry.example/conversation-migrator", "tag": "1.0.0"},
            "mongodb": {"uriSecret": {"name": "mongodb"}, "database": database.name},
            "pod": ProcessNode::placement(),
        });
        merge(&mut full, &spec);
        full
    }

    /// The names of the pods of a component.
    pub(crate) async fn pods(&self, instance: &str, component: &str) -> Result<Vec<String>> {
        let labels = format!("app.kubernetes.io/instance={instance},app.kubernetes.io/component={component}");
        let pods = self.kind(Kind::Pod).list(&ListParams::default().labels(&labels)).await?;
        Ok(pods.iter().map(ResourceExt::name_any).collect())
    }

    /// Waits until a service says something of itself.
    pub(crate) async fn says(&self, name: &str, type_: &str, status: &str, reason: &str) -> Result<Condition> {
        self.said(name, &format!("{type_}={status} because of {reason}"), |condition| {
            condition.type_ == type_ && format!("{:?}", condition.status) == status && condition.reason == reason
        })
        .await
    }

    pub(crate) async fn said(&self, name: &str, what: &str, is: impl Fn(&Condition) -> bool) -> Result<Condition> {
        let services = self.services();
        let mut last = None;
        // A Job that takes too long is ended after a minute and a half.
        let said = until(DEADLINE * 2, &format!("{name} to say {what}"), async || {
            let service = services.get(name).await.ok()?;
            let generation = service.metadata.generation;
            let status = service.status?;
            let found = status.conditions.iter().find(|condition| is(condition)).cloned();
            last = Some(status);
            found.filter(|condition| Some(condition.observed_generation) == generation)
        })
        .await;
        said.with_context(|| format!("the last status: {last:#?}"))
    }

    pub(crate) async fn ready(&self, name: &str) -> Result<Condition> {
        self.says(name, "Ready", "True", "Ready").await
    }

    /// Waits for an object to be as it should be.
    pub(crate) async fn object(
        &self,
        kind: Kind,
        name: &str,
        what: &str,
        is: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let api = self.kind(kind);
        let what = format!("{} {name} {what}", kind.row().name);
        until(DEADLINE, &what, async || {
            let object = serde_json::to_value(api.get_opt(name).await.ok()??).ok()?;
            is(&object).then_some(object)
        })
        .await
    }

    pub(crate) async fn gone(&self, kind: Kind, name: &str) -> Result<()> {
        let api = self.kind(kind);
        let what = format!("{} {name} to be gone", kind.row().name);
        until(DEADLINE, &what, async || matches!(api.get_opt(name).await, Ok(None))).await
    }

    /// The calls that the operator has made in the namespace so far.
    pub(crate) fn calls(&self) -> Result<Vec<String>> {
        let user = account();
        let calls = self.plane.audit()?.into_iter();
        let calls = calls.filter(|call| call.user == user && call.namespace == self.namespace.name());
        Ok(calls.map(|call| format!("{} {}/{} {}", call.verb, call.resource, call.subresource, call.name)).collect())
    }

    /// Those of them that may have changed something.
    pub(crate) fn writes(&self) -> Result<Vec<String>> {
        let reads = |call: &String| ["get ", "list ", "watch "].iter().any(|verb| call.starts_with(verb));
        Ok(self.calls()?.into_iter().filter(|call| !reads(call)).collect())
    }
}

/// Installs what the manifests have and the kinds of other projects, and gives a kubeconfig of the operator's own account.
pub(crate) async fn install(plane: &ControlPlane) -> Result<PathBuf> {
    plane.install(&[Project::PrometheusOperator, Project::GatewayApi]).await?;
    install_ours(plane).await
}

async fn install_ours(plane: &ControlPlane) -> Result<PathBuf> {
    let overlay = concat!(env!("CARGO_MANIFEST_DIR"), "/../overlays/cluster-wide");
    output(plane.kubectl(["apply", "--server-side", "--kustomize", overlay])?).await?;
    plane
        .established(&["crd/conversationservices.conversation.dev", "crd/conversationschemas.conversation.dev"])
        .await?;
    // Who decides sees roles a moment after they are made.
    let account = account();
    until(DEADLINE, "the roles to be in force", async || {
        plane.may(&account, "update", "leases.coordination.k8s.io", SYSTEM).await.unwrap_or(false)
            && plane.may(&account, "patch", "deployments.apps", "default").await.unwrap_or(false)
    })
    .await?;
    plane.service_account_kubeconfig(SYSTEM, OPERATOR).await
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

/// A database of a test's own.
pub(crate) struct Database {
    pub(crate) name: String,
    pub(crate) uri: String,
    pub(crate) client: mongodb::Client,
}

/// The image of a Deployment.
pub(crate) fn image(deployment: &Value) -> &str {
    deployment.pointer("/spec/template/spec/containers/0/image").and_then(Value::as_str).unwrap_or_default()
}
