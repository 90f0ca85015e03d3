//! What Helm makes of the charts: the same by either Helm and each time, and nothing that server-side apply trips over.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use conversation_testkit::control_plane::Helm;
use serde_json::Value;

use super::support::{
    HELMS, RELEASE, at, charts, manifest, manifest_of, objects, rendered, topologies, topologies_of, topology, walk,
};

/// What the operator's topology has and no other gate takes, as it is by default.
const OF_THE_OPERATOR: &str = "migration.policy=Automatic,migration.verifyEverySeconds=3600";

#[test]
fn every_topology_is_rendered_the_same_twice_and_by_both_helms() -> Result<()> {
    for chart in charts() {
        for (name, values) in topologies_of(&chart)? {
            let once = manifest_of(&chart, Helm::V4, RELEASE, &values, &[])?;
            // GitOps compares texts: an order or a name that changes would be out of sync for ever.
            assert_eq!(once, manifest_of(&chart, Helm::V4, RELEASE, &values, &[])?, "{name}");
            let former = manifest_of(&chart, Helm::V3, RELEASE, &values, &[])?;
            assert_eq!(sorted(objects(&former)?), sorted(objects(&once)?), "{name}");
        }
    }
    Ok(())
}

#[test]
fn no_field_is_null_and_no_name_is_in_a_list_twice() -> Result<()> {
    for chart in charts() {
        for (name, values) in topologies_of(&chart)? {
            for object in objects(&manifest_of(&chart, Helm::V4, RELEASE, &values, &[])?)? {
                walk(&object, &name, &mut |place, value| {
                    assert!(
                        !value.is_null(),
                        "{place} is null, so that whoever applies it owns the absence of a field"
                    );
                    let items = value.as_array().into_iter().flatten();
                    let names: Vec<&str> = items.filter_map(|item| item.get("name")?.as_str()).collect();
                    let distinct: BTreeSet<&str> = names.iter().copied().collect();
                    assert_eq!(names.len(), distinct.len(), "{place}: {names:?}");
                });
            }
        }
    }
    Ok(())
}

#[test]
fn no_hook_needs_an_object_of_the_release() -> Result<()> {
    for (name, values) in topologies()? {
        for (gate, account) in [("hook", "true"), ("hook", "false"), ("job", "true")] {
            let gate = format!("migration.gate={gate}");
            let account = format!("serviceAccount.create={account}");
            let more = ["--set", &gate, "--set", &account, "--set", OF_THE_OPERATOR];
            let objects = rendered(Helm::V4, &values, &more)?;
            let (hooks, release): (Vec<&Value>, Vec<&Value>) = objects.iter().partition(|object| is_early_hook(object));
            let made: BTreeSet<(&str, &str)> =
                release.iter().map(|object| (at(object, "/kind"), at(object, "/metadata/name"))).collect();
            for hook in hooks {
                walk(hook, &name, &mut |place, value| {
                    for (kind, needed) in needs(place, value) {
                        assert!(!made.contains(&(kind, needed)), "{place} needs {kind} {needed} before it is there");
                    }
                });
            }
        }
    }
    Ok(())
}

#[test]
fn the_gate_hook_has_a_hook_and_no_other_gate_has() -> Result<()> {
    for gate in ["job", "hook", "init", "operator", "none"] {
        let gate_value = format!("migration.gate={gate}");
        // These are not for every gate.
        let without = ["--set", "migration.approve=", "--set-json", "migration.podAnnotations={}"];
        let more = [&["--set", &gate_value], &without[..]].concat();
        let objects = rendered(Helm::V4, &topology("locked-down"), &more)?;
        let hooks = objects.iter().filter(|object| is_early_hook(object)).count();
        assert_eq!(hooks, usize::from(gate == "hook"), "{gate}");
    }
    Ok(())
}

#[test]
fn a_job_that_would_differ_has_another_name() -> Result<()> {
    let changes = [
        "migration.rerun=1",
        "migration.rerun=2",
        "image.tag=0.9.0",
        "migration.image.tag=0.9.1",
        "migration.timeoutSeconds=60",
        "migration.approve=0123456789abcdef",
        "migration.declaration.retentionDays=90",
        "mongodb.database=other",
        "nodeSelector.pool=voice",
        "commonLabels.team=voice",
    ];
    let mut jobs = BTreeMap::new();
    for change in [None].into_iter().chain(changes.map(Some)) {
        let more: Vec<&str> = change.into_iter().flat_map(|change| ["--set-string", change]).collect();
        // Numbers are numbers to the schema.
        let more: Vec<&str> = match change {
            Some(change) if change.contains("Seconds") || change.contains("Days") => vec!["--set", change],
            _ => more,
        };
        let objects = rendered(Helm::V4, &topology("minimal"), &more)?;
        let job = objects.iter().find(|object| at(object, "/kind") == "Job").expect("a Job");
        let former = jobs.insert(at(job, "/metadata/name").to_owned(), change);
        assert_eq!(former, None, "{change:?} has the Job's name of another one");
    }
    // What is the API's own does not run the migration again.
    let objects = rendered(Helm::V4, &topology("minimal"), &["--set", "replicas=9,settings.LOG_LEVEL=debug"])?;
    let job = objects.iter().find(|object| at(object, "/kind") == "Job").expect("a Job");
    assert_eq!(jobs.get(at(job, "/metadata/name")), Some(&None));
    Ok(())
}

#[test]
fn a_misspelt_value_is_refused_with_its_name_by_both_helms() -> Result<()> {
    for helm in HELMS {
        for (value, name) in [
            ("replicaCount=3", "replicaCount"),
            ("mongodb.uri=mongodb://user:password@host", "uri"),
            ("settings.LOGLEVEL=info", "LOGLEVEL"),
            ("migration.declaration.retention=90", "retention"),
            ("probes.readiness.periodSecond=1", "periodSecond"),
        ] {
            let refusal = manifest(helm, &topology("minimal"), &["--set", value]).expect_err(value);
            assert!(format!("{refusal:#}").contains(&format!("'{name}'")), "{helm:?} {value}: {refusal:#}");
        }
    }
    Ok(())
}

fn sorted(mut objects: Vec<Value>) -> Vec<String> {
    let mut texts: Vec<String> = objects.drain(..).map(|object| object.to_string()).collect();
    texts.sort();
    texts
}

/// Whether it runs before the objects of the release are there; tests run after.
fn is_early_hook(object: &Value) -> bool {
    at(object, "/metadata/annotations/helm.sh~1hook").starts_with("pre-")
}

/// What a part of an object needs of others, by where it is.
fn needs<'a>(place: &str, value: &'a Value) -> Vec<(&'static str, &'a str)> {
    let field = place.rsplit('/').next().unwrap_or_default();
    let named = |kind, pointer| Some((kind, value.pointer(pointer)?.as_str()?));
    let need = match field {
        "serviceAccountName" => value.as_str().map(|name| ("ServiceAccount", name)),
        "secretKeyRef" | "secretRef" => named("Secret", "/name"),
        "configMapKeyRef" | "configMapRef" | "configMap" => named("ConfigMap", "/name"),
        "secret" => named("Secret", "/secretName"),
        "persistentVolumeClaim" => named("PersistentVolumeClaim", "/claimName"),
        _ => None,
    };
    need.into_iter().collect()
}
