//! Names that YAML reads as something else, and names that the API server does not take.

use std::path::Path;

use anyhow::{Context, Result};
use conversation_testkit::control_plane::Helm;

use super::cluster::{file, kubectl, restricted, shared};
use super::support::{HELMS, RELEASE, chart, charts, manifest_of, objects, operator_chart, topologies_of, topology};

/// What is no text to YAML, as a release, as the name of its objects, which begins with a letter, and as its namespace.
const ODD: [[&str; 3]; 5] = [
    ["true", "true", "1e5"],
    ["null", "null", "0"],
    ["123", "false", "123"],
    ["1e5", "null", "1e5"],
    ["no", "no", "no"],
];
/// The same, ordinary.
const ORDINARY: [&str; 3] = ["release-of-mine", "name-of-mine", "namespace-of-mine"];
/// Values that are names of the user's, of each chart.
const NAMES: [(&str, &[&str]); 2] = [
    (
        "conversation-service",
        &[
            "nameOverride",
            "image.repository",
            "image.tag",
            "mongodb.existingSecret",
            "mongodb.uriKey",
            "mongodb.database",
            "mongodb.tls.existingSecret",
            "redis.existingSecret",
            "redis.urlKey",
            "migration.image.repository",
            "migration.image.tag",
            "migration.mongodb.existingSecret",
            "migration.mongodb.uriKey",
            "serviceAccount.name",
            "priorityClassName",
            "nodeSelector.pool",
            "podLabels.team",
            "podAnnotations.team",
            "commonLabels.team",
            "imagePullSecrets[0].name",
            "topologySpread[0].topologyKey",
        ],
    ),
    (
        "conversation-operator",
        &[
            "nameOverride",
            "image.repository",
            "image.tag",
            "watchNamespace",
            "logLevel",
            "serviceAccount.name",
            "priorityClassName",
            "commonLabels.team",
            "imagePullSecrets[0].name",
            "topologySpread[0].topologyKey",
        ],
    ),
];

#[test]
fn a_release_may_have_a_name_that_is_no_text_to_yaml() -> Result<()> {
    for chart in charts() {
        for (name, values) in topologies_of(&chart)? {
            let ordinary = named(&chart, Helm::V4, &values, ORDINARY)?;
            for odd in ODD {
                let expected = ORDINARY.iter().zip(odd).fold(comparable(&ordinary)?, |objects, (name, odd)| {
                    objects.into_iter().map(|object| object.replace(name, odd)).collect()
                });
                for helm in HELMS {
                    let manifest = named(&chart, helm, &values, odd)?;
                    same(expected.clone(), comparable(&manifest)?, &format!("{name} as {odd:?} by {helm:?}"));
                    // To YAML 1.1, which Kubernetes reads, this is false; to the reader here it is a text.
                    let plain = manifest.lines().find(|line| line.ends_with(": no") || line.contains(": no }"));
                    assert_eq!(plain, None, "{name} by {helm:?}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn names_may_be_numbers() -> Result<()> {
    for (chart, names) in charts().iter().zip(NAMES.map(|(_, names)| names)) {
        let values = chart.join("ci/locked-down-values.yaml");
        let rendered = |helm, gate: &str, name: fn(usize) -> String| {
            let sets: Vec<String> = names.iter().enumerate().map(|(n, value)| format!("{value}={}", name(n))).collect();
            let sets = sets.join(",");
            let chosen = format!("migration.gate={gate}");
            // The migrator has no pods of its own with every gate.
            let chosen = ["--set", &chosen, "--set-json", "migration.podAnnotations={}"];
            let chosen: &[&str] = if gate.is_empty() { &[] } else { &chosen };
            comparable(&manifest_of(chart, helm, RELEASE, &values, &[&["--set-string", &sets], chosen].concat())?)
        };
        let gates: &[&str] = if *chart == operator_chart() { &[""] } else { &["job", "init", "operator"] };
        for (gate, helm) in gates.iter().flat_map(|gate| HELMS.map(|helm| (gate, helm))) {
            for odd in [|n| format!("{}", 1_234_567_890 + n), |n| format!("{}e5", n + 1)] {
                let mut expected = rendered(helm, gate, |n| format!("x{n:02}x"))?;
                for n in 0..names.len() {
                    expected.iter_mut().for_each(|object| *object = object.replace(&format!("x{n:02}x"), &odd(n)));
                }
                same(expected, rendered(helm, gate, odd)?, &format!("{} {gate} by {helm:?}", chart.display()));
            }
        }
    }
    Ok(())
}

#[test]
fn a_name_that_no_service_can_have_is_refused() -> Result<()> {
    for chart in charts() {
        let values = chart.join("ci/minimal-values.yaml");
        for (helm, release) in HELMS.into_iter().flat_map(|helm| ["calls.v1", "1st"].map(|release| (helm, release))) {
            let refusal = manifest_of(&chart, helm, release, &values, &[]).expect_err(release);
            assert!(format!("{refusal:#}").contains("fullnameOverride is needed"), "{helm:?} {release}: {refusal:#}");
            manifest_of(&chart, helm, release, &values, &["--set", "fullnameOverride=calls"]).context(release)?;
            let refusal = manifest_of(&chart, helm, RELEASE, &values, &["--set-string", "fullnameOverride=1st"]);
            let refusal = refusal.expect_err("a name that begins with a digit");
            assert!(format!("{refusal:#}").contains("fullnameOverride"), "{helm:?}: {refusal:#}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_api_server_takes_odd_names() -> Result<()> {
    let plane = shared().await?;
    let namespace = restricted(plane, "odd-names").await?;
    let long = format!("image.tag={}._-.-x", "v".repeat(60));
    let cases: [(&str, &[&str]); 7] = [
        ("no", &["--set", "fullnameOverride=no"]),
        ("123", &["--set", "fullnameOverride=null-123", "--set-string", "mongodb.existingSecret=1234567890"]),
        ("calls.v1", &["--set", "fullnameOverride=calls"]),
        ("1e5", &["--set-string", "fullnameOverride=true,mongodb.database=123,migration.gate=operator"]),
        (RELEASE, &["--set-string", "image.tag=_x."]),
        (RELEASE, &["--set-string", &long]),
        // Cut where it has two hyphens, and where the suffixes of what is made from it are added.
        (
            "a-release-that-is-as-long-as-helm-lets-one-be--x",
            &["--set", "image.registry=[fd00::1]:5000/voice", "--set", "nameOverride=a--b--c--d--e--f"],
        ),
    ];
    for (number, (release, more)) in cases.into_iter().enumerate() {
        // Pods are refused without it.
        let account =
            [more, &["--set", "serviceAccount.create=false,helmTest.curlImage=r.example.com/curl:8.16.0"]].concat();
        let manifest = manifest_of(&chart(), Helm::V4, release, &topology("minimal"), &account)?;
        let file = file(plane, &format!("odd-{number}"), &manifest)?;
        let apply = ["apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename", &file];
        kubectl(plane, &namespace, &apply).await.with_context(|| format!("{release} {more:?}"))?;
    }
    Ok(())
}

/// What Helm makes of a topology by the names of release, objects and namespace.
fn named(chart: &Path, helm: Helm, values: &Path, [release, name, namespace]: [&str; 3]) -> Result<String> {
    let name = format!("fullnameOverride={name}");
    manifest_of(chart, helm, release, values, &["--set-string", &name, "--namespace", namespace])
}

/// Each object as a text, without the hash in the name of its Job.
fn comparable(manifest: &str) -> Result<Vec<String>> {
    let objects = objects(manifest)?.into_iter().map(|object| {
        let text = object.to_string();
        let (before, after) = text.split_once("-migrate-").unwrap_or((&text, ""));
        let hash = after.bytes().take_while(u8::is_ascii_hexdigit).count();
        if hash == 10 { format!("{before}-migrate-{}", &after[hash..]) } else { text }
    });
    Ok(objects.collect())
}

/// Compares objects in any order: names decide theirs.
fn same(mut expected: Vec<String>, mut found: Vec<String>, what: &str) {
    expected.sort();
    found.sort();
    for (expected, found) in expected.iter().zip(&found) {
        assert_eq!(found, expected, "{what}");
    }
    assert_eq!(found.len(), expected.len(), "{what}");
}
