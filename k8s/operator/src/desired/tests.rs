//! What is made for what is declared.

use k8s_openapi::api::{
    apps::v1::Deployment,
    autoscaling::v2::HorizontalPodAutoscaler,
    batch::v1::Job,
    core::v1::{Service, ServiceAccount},
    networking::v1::{Ingress, NetworkPolicy},
    policy::v1::PodDisruptionBudget,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    Command, Desired, Owner, Release, endpoint, env::LIMITS, fingerprint, job, job_name, label, objects, places,
    reserved, revision, schema_spec, value,
};
use crate::{
    api::{ConversationSchema, ConversationSchemaSpec, ConversationService},
    kinds::Kind,
};

fn service(spec: Value) -> ConversationService {
    let mut full = json!({
        "image": {"repository": "registry.example/conversation-api", "tag": "1.0.0"},
        "mongodb": {"uriSecret": {"name": "mongodb"}},
    });
    for (name, value) in spec.as_object().expect("an object") {
        full[name] = value.clone();
    }
    let metadata = json!({"name": "shop", "namespace": "voice", "uid": "u-1"});
    let object = json!({"apiVersion": "conversation.dev/v1alpha1", "kind": "ConversationService", "metadata": metadata,
        "spec": full});
    serde_json::from_value(object).expect("a service")
}

/// Everything that can be declared.
fn full() -> ConversationService {
    service(json!({
        "imagePullSecrets": [{"name": "registry"}],
        "scaling": {"autoscaling": {"maxReplicas": 9, "cpuUtilization": 60, "memoryUtilization": 80}},
        "mongodb": {"uriSecret": {"name": "mongodb", "key": "url"}, "database": "shop", "tls": {"secretName": "ca"}},
        "redis": {"urlSecret": {"name": "redis"}},
        "retention": {"days": 90},
        "exposure": {"ingress": {"host": "a.example", "tlsSecretName": "tls", "className": "nginx"}},
        "corsOrigins": ["https://a.example", "https://b.example"],
        "limits": {"maxBodyBytes": 2_097_152, "requestTimeout": "12s"},
        "telemetry": {"logLevel": "debug", "serviceMonitor": {"labels": {"release": "p"}}, "prometheusRule": {}},
        "networkPolicy": {"clients": [{}, {"namespaceLabels": {"a": "b"}}], "monitoring": [{"podLabels": {"c": "d"}}],
            "databasePorts": [27017]},
        "pod": {"nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "a", "operator": "Exists"}],
            "priorityClassName": "high", "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
                {"topologyKey": "zone", "labelSelector": {"matchLabels": {"e": "f"}}}]}}, "labels": {"team": "voice"}, "annotations": {"x": "y"},
            "env": [{"name": "SWEEP_INTERVAL", "value": "5s"}]},
        "migration": {"podAnnotations": {"mesh": "out"}, "podLabels": {"team": "data"}},
        "listenAddress": "::",
        "shutdown": {"preStopSeconds": 7, "drainDelaySeconds": 3, "timeoutSeconds": 11},
    }))
}

fn release() -> Release {
    Release { image: "registry.example/conversation-api:1.0.0".to_owned(), version: "1.0.0".to_owned() }
}

fn made(service: &ConversationService) -> Vec<Desired> {
    objects(service, Some(&release()))
}

#[track_caller]
fn find(objects: &[Desired], kind: Kind) -> &Value {
    &objects.iter().find(|object| object.kind == kind).expect("it is made").body
}

fn kinds(service: &ConversationService) -> Vec<Kind> {
    made(service).iter().map(|object| object.kind).collect()
}

/// A field that Kubernetes does not know is lost on the way through its types.
#[track_caller]
fn known<K: DeserializeOwned + Serialize>(body: &Value) {
    let typed: K = serde_json::from_value(body.clone()).expect("it has the kind's types");
    assert_eq!(&serde_json::to_value(typed).expect("JSON"), body);
}

fn all_known(object: &Desired) {
    match object.kind {
        Kind::ServiceAccount => known::<ServiceAccount>(&object.body),
        Kind::Service => known::<Service>(&object.body),
        Kind::ConversationSchema => known::<ConversationSchema>(&object.body),
        Kind::Deployment => known::<Deployment>(&object.body),
        Kind::HorizontalPodAutoscaler => known::<HorizontalPodAutoscaler>(&object.body),
        Kind::PodDisruptionBudget => known::<PodDisruptionBudget>(&object.body),
        Kind::Ingress => known::<Ingress>(&object.body),
        Kind::NetworkPolicy => known::<NetworkPolicy>(&object.body),
        Kind::Job => known::<Job>(&object.body),
        // Other projects' kinds have no types here; the tests with an API server have their CRDs.
        Kind::HttpRoute | Kind::ServiceMonitor | Kind::PrometheusRule | Kind::Pod => {}
    }
}

#[test]
fn every_field_is_one_that_kubernetes_knows() {
    made(&full()).iter().for_each(all_known);
    made(&service(json!({}))).iter().for_each(all_known);
    let spec = schema_spec(&full().spec).expect("a schema");
    for command in [Command::Plan, Command::Verify, Command::Apply { approval: Some("abc".to_owned()) }] {
        all_known(&job(&Owner::from(&full()), &spec, &command, 7));
    }
}

#[test]
fn nothing_is_made_that_would_not_be_stored() {
    fn check(path: &str, value: &Value) {
        let empty = value.is_null() || value == &json!([]) || value == &json!("");
        // A peer and a monitor's rule without labels mean all, and core's group is the empty name.
        let meant = path.ends_with("podSelector") || path.ends_with("group");
        assert!(!empty || meant, "{path} is empty");
        for (name, member) in value.as_object().into_iter().flatten() {
            check(&format!("{path}.{name}"), member);
        }
        for item in value.as_array().into_iter().flatten() {
            check(path, item);
        }
    }
    for object in made(&full()).iter().filter(|object| object.kind != Kind::ConversationSchema) {
        check(object.kind.row().name, &object.body);
    }
}

#[test]
fn every_object_has_an_owner_and_the_operators_label() {
    for Desired { kind, name, body } in made(&full()) {
        let metadata = &body["metadata"];
        assert_eq!(metadata["ownerReferences"][0]["uid"], "u-1", "{kind:?}");
        assert_eq!(metadata["labels"]["app.kubernetes.io/managed-by"], "conversation-operator", "{kind:?}");
        assert!(places(&Owner::from(&full())).contains(&(kind, name)), "{kind:?} would never be pruned");
    }
}

#[test]
fn the_least_declaration_makes_what_is_needed_and_no_more() {
    use Kind::{ConversationSchema, Deployment, PodDisruptionBudget, Service, ServiceAccount};
    let expected = [ServiceAccount, Service, Service, ConversationSchema, Deployment, PodDisruptionBudget];
    assert_eq!(kinds(&service(json!({}))), expected);
}

#[test]
fn a_single_pod_has_no_budget_because_that_would_block_drains() {
    assert!(!kinds(&service(json!({"scaling": {"replicas": 1}}))).contains(&Kind::PodDisruptionBudget));
}

#[test]
fn an_autoscaler_decides_alone() {
    let objects = made(&full());
    assert_eq!(find(&objects, Kind::Deployment)["spec"]["replicas"], Value::Null);
    let autoscaler = &find(&objects, Kind::HorizontalPodAutoscaler)["spec"];
    assert_eq!((&autoscaler["minReplicas"], &autoscaler["maxReplicas"]), (&json!(2), &json!(9)));
    assert_eq!(autoscaler["metrics"].as_array().map(Vec::len), Some(2));
    // A sidecar that requests nothing does not keep it from scaling.
    for metric in autoscaler["metrics"].as_array().expect("metrics") {
        assert_eq!(
            (&metric["type"], &metric["containerResource"]["container"]),
            (&json!("ContainerResource"), &json!("api"))
        );
    }
    assert_eq!(autoscaler["behavior"]["scaleDown"]["stabilizationWindowSeconds"], 300);
}

#[test]
fn without_an_image_to_run_there_is_no_deployment() {
    let objects = objects(&service(json!({})), None);
    assert!(objects.iter().all(|object| object.kind != Kind::Deployment));
}

#[test]
fn policy_none_makes_no_schema() {
    assert!(!kinds(&service(json!({"migration": {"policy": "None"}}))).contains(&Kind::ConversationSchema));
}

#[test]
fn the_pod_has_time_for_its_whole_end() {
    let objects = made(&full());
    let template = &find(&objects, Kind::Deployment)["spec"]["template"]["spec"];
    assert_eq!(template["terminationGracePeriodSeconds"], 7 + 3 + 11 + 5);
    assert_eq!(template["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"], 7);
}

#[test]
fn fields_become_variables_each_once() {
    let objects = made(&full());
    let env = &find(&objects, Kind::Deployment)["spec"]["template"]["spec"]["containers"][0]["env"];
    let names: Vec<&str> = env.as_array().expect("a list").iter().filter_map(|e| e["name"].as_str()).collect();
    let expected = [
        "MONGODB_URI",
        "REDIS_URL",
        "CORS_ORIGINS",
        "DRAIN_DELAY",
        "HOST",
        "LOG_FORMAT",
        "LOG_LEVEL",
        "MANAGEMENT_PORT",
        "MAX_BODY_BYTES",
        "MONGODB_DATABASE",
        "PORT",
        "REQUEST_TIMEOUT",
        "SHUTDOWN_TIMEOUT",
        "SWEEP_INTERVAL",
    ];
    assert_eq!(names, expected);
    let known: Vec<&str> = reserved().map(|(name, _)| name).collect();
    assert!(names.iter().all(|name| known.contains(name) != (*name == "SWEEP_INTERVAL")), "{known:?}");
    assert_eq!(env[0]["valueFrom"]["secretKeyRef"], json!({"name": "mongodb", "key": "url"}));
}

#[test]
fn a_platform_that_assigns_users_is_not_told_any() {
    let security = |spec: &Value| {
        let service = service(spec.clone());
        let job = job(&Owner::from(&service), &schema_spec(&service.spec).expect("a schema"), &Command::Plan, 1).body;
        let objects = made(&service);
        let of = |object: &Value| object["spec"]["template"]["spec"]["securityContext"].clone();
        let (api, migrator) = (of(find(&objects, Kind::Deployment)), of(&job));
        assert_eq!(api, migrator);
        api
    };
    let fixed = json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
    assert_eq!(security(&json!({"pod": {"platformAssignsUsers": true}})), fixed);
    assert_eq!(security(&json!({}))["fsGroup"], 65532);
}

#[test]
fn the_migrators_pods_have_what_a_service_says_of_them() {
    let job = job(&Owner::from(&full()), &schema_spec(&full().spec).expect("a schema"), &Command::Plan, 1).body;
    let pod = &job["spec"]["template"];
    assert_eq!(pod["metadata"]["annotations"], json!({"mesh": "out"}));
    assert_eq!(pod["metadata"]["labels"]["team"], "data");
    assert_eq!(pod["metadata"]["labels"]["conversation.dev/run"], "1");
    assert_eq!(pod["spec"]["affinity"], value(&full().spec.pod.affinity));
}

#[test]
fn names_are_found_wherever_the_pods_that_tell_them_listen() {
    let objects = made(&full());
    let egress = &find(&objects, Kind::NetworkPolicy)["spec"]["egress"];
    let ports: Vec<(i64, &str)> = egress[0]["ports"]
        .as_array()
        .expect("ports")
        .iter()
        .map(|port| (port["port"].as_i64().unwrap_or_default(), port["protocol"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(ports, [(53, "UDP"), (53, "TCP"), (5353, "UDP"), (5353, "TCP")]);
    assert_eq!(egress[0]["to"], Value::Null);
}

#[test]
fn what_a_pod_said_last_is_in_its_status() {
    let objects = made(&service(json!({})));
    let api = &find(&objects, Kind::Deployment)["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(api["terminationMessagePolicy"], "FallbackToLogsOnError");
}

#[test]
fn every_limit_is_a_setting_of_the_service() {
    let readme = include_str!("../../../../README.md");
    for (name, _) in LIMITS {
        assert!(readme.contains(&format!("| `{name}` |")), "{name} is no setting");
    }
}

#[test]
fn a_plan_that_finds_something_is_no_failed_job_and_an_apply_holds_to_its_approval() {
    let owner = Owner::from(&full());
    let spec = schema_spec(&full().spec).expect("a schema");
    let arguments = |command: Command| {
        let job = job(&owner, &spec, &command, 3);
        assert_eq!(job.name, "shop-migrate-3");
        // The wait for another runner's lease, the work itself, and time to say where it got.
        assert_eq!(job.body["spec"]["activeDeadlineSeconds"], 300 + 600 + 60);
        let container = &job.body["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["env"][2]["value"], r#"{"retention":{"days":90}}"#);
        let arguments: Vec<String> = serde_json::from_value(container["args"].clone()).expect("texts");
        arguments.join(" ")
    };
    assert_eq!(arguments(Command::Plan), "plan --exit-zero-on pending,drift,blocked --summary /dev/termination-log");
    assert_eq!(
        arguments(Command::Apply { approval: Some("abc".to_owned()) }),
        "apply --yes --wait 300 --timeout 600 --expect abc --exit-zero-on drift,newer --summary /dev/termination-log"
    );
    assert!(!arguments(Command::Apply { approval: None }).contains("--expect"));
}

#[test]
fn the_network_policy_is_for_the_pods_of_the_service_and_of_its_schema() {
    let schema = json!({"apiVersion": "conversation.dev/v1alpha1", "kind": "ConversationSchema",
        "metadata": {"name": "shop", "namespace": "voice", "uid": "u-2"}, "spec": schema_spec(&full().spec)});
    let schema: ConversationSchema = serde_json::from_value(schema).expect("a schema");
    let job = job(&Owner::from(&schema), &schema.spec, &Command::Plan, 1).body;
    let of = |object: &Value| object["spec"]["template"]["metadata"]["labels"].clone();
    let objects = made(&full());
    let found = [of(find(&objects, Kind::Deployment)), of(&job)].map(|labels| {
        let label = |name: &str| labels[format!("app.kubernetes.io/{name}")].as_str().unwrap_or_default().to_owned();
        (label("name"), label("instance"), label("component"))
    });
    let pod = |name: &str, component: &str| (name.to_owned(), "shop".to_owned(), component.to_owned());
    assert_eq!(found, [pod("conversationservice", "api"), pod("conversationschema", "migrator")]);
    let selector = &find(&objects, Kind::NetworkPolicy)["spec"]["podSelector"];
    assert_eq!(selector["matchLabels"], json!({"app.kubernetes.io/instance": "shop"}));
    let named = &selector["matchExpressions"][0];
    let names = json!(["conversationschema", "conversationservice"]);
    assert_eq!((&named["key"], &named["values"]), (&json!("app.kubernetes.io/name"), &names));
}

#[test]
fn a_job_tells_what_it_was_made_of() {
    let owner = Owner::from(&full());
    let spec = schema_spec(&full().spec).expect("a schema");
    let body = |spec: &ConversationSchemaSpec, command: Command, run: i64| {
        job(&owner, spec, &command, run).body["metadata"]["annotations"]["conversation.dev/body"].clone()
    };
    let first = body(&spec, Command::Plan, 1);
    assert!(first.is_string());
    assert_eq!(first, body(&spec, Command::Plan, 2), "whichever run it is");
    assert_eq!(first, fingerprint(&owner, &spec, &Command::Plan).as_str());
    let mut corrected = spec.clone();
    corrected.image_pull_secrets.clear();
    assert_ne!(first, body(&corrected, Command::Plan, 1));
    let approved = Command::Apply { approval: Some("abc".to_owned()) };
    assert_ne!(body(&spec, approved, 1), body(&spec, Command::Apply { approval: None }, 1));
}

#[test]
fn the_revision_is_of_what_the_database_becomes_and_not_of_how() {
    let of = |spec: Value| revision(&schema_spec(&service(spec).spec).expect("a schema"));
    let first = of(json!({}));
    assert_eq!(first, of(json!({"migration": {"policy": "Approve", "timeoutSeconds": 20}})));
    assert_ne!(first, of(json!({"image": {"repository": "registry.example/conversation-api", "tag": "1.0.1"}})));
    assert_ne!(first, of(json!({"retention": {"days": 1}})));
    assert_ne!(first, of(json!({"mongodb": {"uriSecret": {"name": "other"}}})));
}

#[test]
fn the_migrator_is_derived_or_as_given_and_has_its_own_secret() {
    let spec = schema_spec(&service(json!({"migration": {"uriSecret": {"name": "admin"}}})).spec).expect("a schema");
    assert_eq!(spec.image.reference(), "registry.example/conversation-migrator:1.0.0");
    assert_eq!(spec.mongodb.uri_secret.name, "admin");
}

#[test]
fn the_alerts_speak_of_this_object() {
    let objects = made(&full());
    let groups = &find(&objects, Kind::PrometheusRule)["spec"]["groups"];
    let rules = groups[0]["rules"].as_array().expect("rules");
    let expressions: Vec<&str> = rules.iter().filter_map(|rule| rule["expr"].as_str()).collect();
    let selectors: Vec<&str> = expressions.iter().flat_map(|expression| expression.split('{').skip(1)).collect();
    let api = r#"job="shop-management",namespace="voice""#;
    let migrations = r#"job_name=~"shop-migrate-[0-9]+",namespace="voice""#;
    for selector in &selectors {
        assert!(selector.starts_with(api) || selector.starts_with(migrations), "{selector}");
    }
    assert!(selectors.iter().any(|selector| selector.starts_with(migrations)), "{selectors:?}");
    // Objects have no values of the chart.
    assert!(!groups.to_string().contains("migration.rerun"), "{groups}");
    // Jobs have names that the expression finds.
    assert_eq!(job_name(&Owner::from(&full()), 12), "shop-migrate-12");
}

#[test]
fn the_endpoint_is_the_outermost_one() {
    assert_eq!(endpoint(&full()), "https://a.example");
    assert_eq!(endpoint(&service(json!({}))), "http://shop.voice.svc");
    let gateway = json!({"gateway": {"parentRefs": [{"name": "public"}], "hostnames": ["b.example"], "path": "/v1"}});
    assert_eq!(endpoint(&service(json!({"exposure": gateway}))), "https://b.example");
}

#[test]
fn a_version_that_no_label_can_have_becomes_one_that_it_can() {
    for (version, expected) in [("1.0.0", "1.0.0"), ("_1.0_", "1.0"), ("__", ""), (&"-".repeat(64), "")] {
        assert_eq!(label(version), expected, "{version}");
    }
    assert_eq!(label(&format!("_{}.-", "x".repeat(62))), "x".repeat(62));
}
