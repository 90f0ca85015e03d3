//! The chart and the operator make the same objects of the same wishes. Where they do not, the table says why.

use std::{collections::BTreeMap, path::Path, process::Command as Process};

use anyhow::{Context, Result, ensure};
use conversation_operator::{
    api::{ConversationSchema, ConversationService},
    desired::{Command, Owner, Release, job, objects},
    kinds::Kind,
};
use conversation_testkit::helm4;
use serde::Deserialize as _;
use serde_json::{Value, json};

/// What may differ, and why. Nothing stands here that does not differ.
type Table = &'static [(&'static str, &'static str)];

const EVERYWHERE: Table = &[
    ("metadata/labels/app.kubernetes.io~1managed-by", "each says who it is"),
    ("metadata/labels/helm.sh~1chart", "Helm's own"),
    ("metadata/ownerReferences", "what Helm made it removes by its own records"),
    ("metadata/namespace", "Helm sends it with the request"),
];

/// Renders the chart with Helm.
fn chart(values: &Value) -> Result<Vec<Value>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("values.yaml");
    std::fs::write(&file, values.to_string())?;
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/conversation-service");
    let mut helm = Process::new(helm4()?);
    helm.args(["template", "shop", "--namespace", "voice", "--values"]).arg(&file).arg(chart);
    helm.args(["--api-versions", "monitoring.coreos.com/v1", "--api-versions", "gateway.networking.k8s.io/v1"]);
    let output = helm.output().context("helm")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let documents = serde_yaml::Deserializer::from_str(&text).map(Value::deserialize);
    Ok(documents.collect::<Result<Vec<_>, _>>()?.into_iter().filter(|object| !object.is_null()).collect())
}

fn service(spec: &Value) -> Result<ConversationService> {
    let metadata = json!({"name": "shop", "namespace": "voice", "uid": "u-1"});
    let object = json!({"apiVersion": "conversation.dev/v1alpha1", "kind": "ConversationService", "metadata": metadata,
        "spec": spec});
    Ok(serde_json::from_value(object)?)
}

/// What differs, by where. Elements that have a name are told apart by it, and others by their place.
fn differences(path: &str, chart: &Value, operator: &Value, found: &mut BTreeMap<String, String>) {
    let inside = |name: &str| {
        let name = name.replace('/', "~1");
        if path.is_empty() { name } else { format!("{path}/{name}") }
    };
    match (chart, operator) {
        (Value::Object(left), Value::Object(right)) => {
            let names: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for name in names {
                differences(&inside(name), &chart[name], &operator[name], found);
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            let key = |index: usize, element: &Value| {
                element["name"].as_str().map_or_else(|| index.to_string(), str::to_owned)
            };
            let keyed = |list: &[Value]| -> Value {
                list.iter()
                    .enumerate()
                    .map(|(index, it)| (key(index, it), it.clone()))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            };
            differences(path, &keyed(left), &keyed(right), found);
        }
        _ if chart == operator => {}
        _ => {
            found.insert(path.to_owned(), format!("chart {chart}, operator {operator}"));
        }
    }
}

#[track_caller]
fn compare(what: &str, chart: &Value, operator: &Value, tables: &[Table]) {
    let mut found = BTreeMap::new();
    differences("", chart, operator, &mut found);
    let allowed: BTreeMap<&str, &str> = tables.iter().flat_map(|table| table.iter().copied()).collect();
    let own: Vec<&str> = tables.iter().skip(1).flat_map(|table| table.iter().map(|(path, _)| *path)).collect();
    let unforeseen: Vec<_> = found.iter().filter(|(path, _)| !allowed.contains_key(path.as_str())).collect();
    assert!(unforeseen.is_empty(), "{what}: {unforeseen:#?}");
    let stale: Vec<_> = own.iter().filter(|path| !found.contains_key(**path)).collect();
    assert!(stale.is_empty(), "{what} differs no more in {stale:?}");
}

fn find<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let is = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
    objects.iter().find(is).unwrap_or_else(|| panic!("no {kind} {name}"))
}

/// The least that each must be told.
fn least() -> (Value, Value) {
    let values = json!({
        "fullnameOverride": "shop",
        "image": {"registry": "registry.example", "tag": "1.0.0"},
        "mongodb": {"existingSecret": "mongodb"},
    });
    let image = json!({"repository": "registry.example/conversation-api", "tag": "1.0.0"});
    (values, json!({"image": image, "mongodb": {"uriSecret": {"name": "mongodb"}}}))
}

/// All that both can be told.
fn all() -> (Value, Value) {
    let toleration = json!({"key": "dedicated", "operator": "Equal", "value": "voice", "effect": "NoSchedule"});
    let resources = json!({"requests": {"cpu": "1", "memory": "256Mi"}, "limits": {"memory": "512Mi"}});
    let index = json!({"collection": "sessions", "name": "by_agent", "keys": [{"field": "metadata.agent", "order": "ascending"}]});
    let zone = json!({"name": "eu", "shards": ["a", "b"]});
    let values = json!({
        "fullnameOverride": "shop",
        "image": {"registry": "registry.example", "tag": "1.0.0", "pullPolicy": "Always"},
        "imagePullSecrets": [{"name": "registry"}],
        "mongodb": {"existingSecret": "mongodb", "uriKey": "url", "database": "shop", "tls": {"existingSecret": "ca"}},
        "redis": {"existingSecret": "redis"},
        "settings": {"LOG_LEVEL": "debug", "MAX_BODY_BYTES": 2_097_152, "REQUEST_TIMEOUT": "12s",
            "CORS_ORIGINS": "https://a.example,https://b.example", "SWEEP_INTERVAL": "5s"},
        "migration": {
            "mongodb": {"existingSecret": "admin", "uriKey": "url"},
            "declaration": {"retentionDays": 90, "indexes": [index], "zone": zone, "chunksPerShard": 8,
                "allowDrop": ["events.old"]},
            "timeoutSeconds": 600,
        },
        "progressDeadlineSeconds": 600,
        "shutdown": {"preStopSeconds": 7, "drainDelaySeconds": 3, "timeoutSeconds": 12},
        "resources": resources,
        "podLabels": {"team": "voice"}, "podAnnotations": {"x": "y"},
        "nodeSelector": {"disk": "ssd"}, "tolerations": [toleration], "priorityClassName": "high",
        "serviceAccount": {"annotations": {"cloud": "role"}},
        "autoscaling": {"enabled": true, "minReplicas": 3, "maxReplicas": 9, "targetCPUUtilizationPercentage": 50},
        "serviceMonitor": {"enabled": true, "labels": {"release": "p"}},
        "gateway": {"enabled": true, "parentRefs": [{"name": "public", "namespace": "gateways"}],
            "hostnames": ["a.example"], "requestTimeout": "17s"},
    });
    let spec = json!({
        "image": {"repository": "registry.example/conversation-api", "tag": "1.0.0", "pullPolicy": "Always"},
        "imagePullSecrets": [{"name": "registry"}],
        "mongodb": {"uriSecret": {"name": "mongodb", "key": "url"}, "database": "shop", "tls": {"secretName": "ca"}},
        "redis": {"urlSecret": {"name": "redis"}},
        "corsOrigins": ["https://a.example", "https://b.example"],
        "limits": {"maxBodyBytes": 2_097_152, "requestTimeout": "12s"},
        "telemetry": {"logLevel": "debug", "serviceMonitor": {"labels": {"release": "p"}}},
        "migration": {"policy": "Approve", "uriSecret": {"name": "admin", "key": "url"}, "allowDrop": ["events.old"],
            "timeoutSeconds": 600, "verifyEverySeconds": 600},
        "retention": {"days": 90}, "indexes": [index], "sharding": {"zone": zone, "chunksPerShard": 8},
        "shutdown": {"preStopSeconds": 7, "drainDelaySeconds": 3, "timeoutSeconds": 12},
        "scaling": {"autoscaling": {"minReplicas": 3, "maxReplicas": 9, "cpuUtilization": 50}},
        "exposure": {"gateway": {"parentRefs": [{"name": "public", "namespace": "gateways"}],
            "hostnames": ["a.example"]}},
        "pod": {"resources": resources, "labels": {"team": "voice"}, "annotations": {"x": "y"},
            "nodeSelector": {"disk": "ssd"}, "tolerations": [toleration], "priorityClassName": "high",
            "serviceAccountAnnotations": {"cloud": "role"}, "env": [{"name": "SWEEP_INTERVAL", "value": "5s"}]},
    });
    (values, spec)
}

fn made(spec: &Value) -> Result<Vec<Value>> {
    let release = Release { image: "registry.example/conversation-api:1.0.0".to_owned(), version: "1.0.0".to_owned() };
    Ok(objects(&service(spec)?, Some(&release)).into_iter().map(|object| object.body).collect())
}

/// What the operator makes, with the chart's name in its labels: another test shows why that differs.
fn operator(spec: &Value) -> Result<Vec<Value>> {
    let text = serde_json::to_string(&made(spec)?)?;
    let (name, chart) = (r#""app.kubernetes.io/name":"conversationservice""#, NAMED_BY_THE_CHART);
    ensure!(text.contains(name), "no object is labelled");
    Ok(serde_json::from_str(&text.replace(name, chart))?)
}

const NAMED_BY_THE_CHART: &str = r#""app.kubernetes.io/name":"conversation-service""#;

const POD: Table = &[("spec/template/metadata/labels/app.kubernetes.io~1managed-by", "each says who it is")];

#[test]
fn the_pods_of_the_api_are_the_same_by_default() -> Result<()> {
    let (values, spec) = least();
    let (chart, operator) = (chart(&values)?, operator(&spec)?);
    let by_default: Table = &[
        ("spec/progressDeadlineSeconds", "the chart's pods wait for the migration, the operator's begin after it"),
        ("spec/template/spec/containers/api/imagePullPolicy", "the default of Kubernetes for a tag is the chart's"),
    ];
    let of = |objects: &[Value]| find(objects, "Deployment", "shop").clone();
    compare("Deployment", &of(&chart), &of(&operator), &[EVERYWHERE, POD, by_default]);
    for kind in ["Service", "ServiceAccount", "PodDisruptionBudget"] {
        compare(kind, find(&chart, kind, "shop"), find(&operator, kind, "shop"), &[EVERYWHERE]);
    }
    let name = "shop-management";
    compare(name, find(&chart, "Service", name), find(&operator, "Service", name), &[EVERYWHERE]);
    Ok(())
}

#[test]
fn all_that_both_can_be_told_makes_the_same_of_both() -> Result<()> {
    let (values, spec) = all();
    let (chart, operator) = (chart(&values)?, operator(&spec)?);
    let of = |objects: &[Value]| find(objects, "Deployment", "shop").clone();
    compare("Deployment", &of(&chart), &of(&operator), &[EVERYWHERE, POD]);
    for kind in ["ServiceAccount", "PodDisruptionBudget", "HorizontalPodAutoscaler"] {
        compare(kind, find(&chart, kind, "shop"), find(&operator, kind, "shop"), &[EVERYWHERE]);
    }
    const WHY: &str = "the operator compares the list as a whole with what is stored, which has the defaults";
    let written_out: Table = &[
        ("spec/parentRefs/public/group", WHY),
        ("spec/parentRefs/public/kind", WHY),
        ("spec/rules/0/backendRefs/shop/group", WHY),
        ("spec/rules/0/backendRefs/shop/kind", WHY),
        ("spec/rules/0/backendRefs/shop/weight", WHY),
    ];
    let kind = "HTTPRoute";
    compare(kind, find(&chart, kind, "shop"), find(&operator, kind, "shop"), &[EVERYWHERE, written_out]);
    let timeout: Table = &[("spec/endpoints/0/scrapeTimeout", "Prometheus' own default is the chart's")];
    let kind = "ServiceMonitor";
    compare(kind, find(&chart, kind, "shop"), find(&operator, kind, "shop"), &[EVERYWHERE, timeout]);
    Ok(())
}

#[test]
fn who_pods_run_as_where_and_at_which_address_is_the_same() -> Result<()> {
    let (mut values, mut spec) = least();
    let zones = json!([{"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["a"]}]);
    let affinity = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
        {"nodeSelectorTerms": [{"matchExpressions": zones}]}}});
    let mesh = json!({"sidecar.istio.io/inject": "false"});
    values["podSecurityContext"] = json!({"platformAssignsUsers": true});
    values["affinity"] = affinity.clone();
    values["migration"] = json!({"podAnnotations": mesh});
    spec["pod"] = json!({"platformAssignsUsers": true, "affinity": affinity});
    spec["migration"] = json!({"podAnnotations": mesh});
    let (chart, operator) = (chart(&values)?, operator(&spec)?);
    let schema: ConversationSchema =
        serde_json::from_value(find(&operator, Kind::ConversationSchema.row().name, "shop").clone())?;
    let job = job(&Owner::from(&schema), &schema.spec, &Command::Plan, 1).body;
    let job_of_chart = chart.iter().find(|object| object["kind"] == "Job").context("a Job")?;
    let pods = [(find(&chart, "Deployment", "shop"), find(&operator, "Deployment", "shop")), (job_of_chart, &job)];
    for (chart, operator) in pods {
        for place in ["securityContext", "affinity"] {
            let of = |object: &Value| object["spec"]["template"]["spec"][place].clone();
            assert!(of(chart).is_object());
            compare(place, &of(chart), &of(operator), &[EVERYWHERE]);
        }
    }
    let of = |job: &Value| job["spec"]["template"]["metadata"]["annotations"].clone();
    compare("annotations", &of(job_of_chart), &of(&job), &[EVERYWHERE]);
    Ok(())
}

#[test]
fn the_migrator_runs_in_the_same_pod() -> Result<()> {
    let (values, spec) = all();
    let (chart, operator) = (chart(&values)?, operator(&spec)?);
    let job_of_chart = chart.iter().find(|object| object["kind"] == "Job").context("a Job")?;
    let service = service(&spec)?;
    let schema = find(&operator, "ConversationSchema", "shop");
    let schema: ConversationSchema = serde_json::from_value(schema.clone())?;
    let job = job(&Owner::from(&service), &schema.spec, &Command::Apply { approval: None }, 1);
    let pod = |job: &Value| {
        let mut pod = job["spec"]["template"]["spec"].clone();
        pod["containers"][0]["name"] = "migrator".into();
        pod
    };
    let limit: Table =
        &[("activeDeadlineSeconds", "the chart's Jobs have several pods, one after the other, with a limit each")];
    compare("Job", &pod(job_of_chart), &pod(&job.body), &[EVERYWHERE, limit]);
    Ok(())
}

#[test]
fn the_gate_operator_of_the_chart_asks_for_the_schema_that_a_service_asks_for() -> Result<()> {
    let (mut values, spec) = all();
    values["migration"]["gate"] = "operator".into();
    // Of this gate alone.
    values["migration"]["policy"] = "Approve".into();
    values["migration"]["verifyEverySeconds"] = 600.into();
    // Read by the types of the definition, which have the defaults.
    let read = |object: &Value| -> Result<Value> {
        let mut object = object.clone();
        object["metadata"] = json!({"name": "shop"});
        Ok(serde_json::to_value(serde_json::from_value::<ConversationSchema>(object)?.spec)?)
    };
    let kind = Kind::ConversationSchema.row().name;
    let chart = read(find(&chart(&values)?, kind, "shop"))?;
    let operator = read(find(&operator(&spec)?, kind, "shop"))?;
    compare(kind, &chart, &operator, &[EVERYWHERE]);
    Ok(())
}

/// All that something is found by: `selector`, `podSelector` and `labelSelector`, wherever they are.
fn selectors(object: &Value, found: &mut Vec<Value>) {
    for (name, value) in object.as_object().into_iter().flatten() {
        if name.to_ascii_lowercase().ends_with("selector") && name != "nodeSelector" {
            found.push(value.clone());
        }
        selectors(value, found);
    }
    object.as_array().into_iter().flatten().for_each(|element| selectors(element, found));
}

/// All that something may be found by.
fn labels(object: &Value, found: &mut Vec<Value>) {
    if object["metadata"]["labels"].is_object() {
        found.push(object["metadata"]["labels"].clone());
    }
    object.as_object().into_iter().flatten().for_each(|(_, value)| labels(value, found));
}

fn selects(selector: &Value, labels: &Value) -> bool {
    let plain = selector["matchLabels"].is_null() && selector["matchExpressions"].is_null();
    let named = if plain { selector } else { &selector["matchLabels"] };
    let among = |expression: &Value| {
        let label = &labels[expression["key"].as_str().unwrap_or_default()];
        expression["values"].as_array().is_some_and(|values| values.contains(label))
    };
    named.as_object().into_iter().flatten().all(|(name, value)| labels[name] == *value)
        && selector["matchExpressions"].as_array().into_iter().flatten().all(among)
}

#[test]
fn a_release_and_an_object_of_one_name_do_not_find_each_others_pods() -> Result<()> {
    let (mut values, mut spec) = all();
    values["networkPolicy"] = json!({"enabled": true});
    spec["networkPolicy"] = json!({"databasePorts": [27017]});
    let chart = chart(&values)?;
    let mut operator = made(&spec)?;
    let schema: ConversationSchema =
        serde_json::from_value(find(&operator, Kind::ConversationSchema.row().name, "shop").clone())?;
    operator.push(job(&Owner::from(&schema), &schema.spec, &Command::Plan, 1).body);
    let of = |objects: &[Value]| {
        let (mut by, mut at) = (Vec::new(), Vec::new());
        objects.iter().for_each(|object| selectors(object, &mut by));
        objects.iter().for_each(|object| labels(object, &mut at));
        (by, at)
    };
    let ((chart_by, chart_at), (operator_by, operator_at)) = (of(&chart), of(&operator));
    let finds = |by: &[Value], at: &[Value]| by.iter().filter(|by| at.iter().any(|at| selects(by, at))).count();
    assert!(chart_by.len() > 5 && operator_by.len() > 5, "{chart_by:?} {operator_by:?}");
    let own = (finds(&chart_by, &chart_at), finds(&operator_by, &operator_at));
    // The peers of a NetworkPolicy may be nobody of this release.
    assert!(own.0 > 5 && own.1 == operator_by.len(), "{own:?}");
    assert_eq!((finds(&chart_by, &operator_at), finds(&operator_by, &chart_at)), (0, 0));
    Ok(())
}
