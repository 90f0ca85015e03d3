//! What Helm makes of the operator's chart alone; what holds for both charts is in the `rendering` beside it.

use std::fs;

use anyhow::{Context, Result};
use conversation_testkit::control_plane::Helm;
use serde_json::Value;

use super::super::support::{HELMS, at, manifest_of, operator_chart, root, topologies_of};
use super::{OPERATOR, rendered};

#[test]
fn nothing_is_a_hook() -> Result<()> {
    for (name, values) in topologies_of(&operator_chart())? {
        for object in rendered(Helm::V4, &values, &[])? {
            assert_eq!(at(&object, "/metadata/annotations/helm.sh~1hook"), "", "{name}");
        }
    }
    Ok(())
}

#[test]
fn the_definitions_are_those_of_the_operators_types() -> Result<()> {
    let minimal = operator_chart().join("ci/minimal-values.yaml");
    for helm in HELMS {
        let objects = rendered(helm, &minimal, &[])?;
        for kind in ["conversationservices", "conversationschemas"] {
            let file = fs::read_to_string(root().join(format!("k8s/crds/{kind}.yaml")))?;
            let generated: Value = serde_yaml::from_str(&file)?;
            let name = at(&generated, "/metadata/name");
            let definition =
                objects.iter().find(|object| at(object, "/metadata/name") == name).context(name.to_owned())?;
            // Helm reads numbers as it likes; the server reads 1 and 1.0 alike.
            assert_eq!(whole(&definition["spec"]), whole(&generated["spec"]), "{helm:?} {kind}");
        }
    }
    Ok(())
}

#[test]
fn a_misspelt_value_is_refused_with_its_name_by_both_helms() -> Result<()> {
    let chart = operator_chart();
    let minimal = chart.join("ci/minimal-values.yaml");
    for helm in HELMS {
        for (value, name) in [
            ("replicaCount=3", "replicaCount"),
            ("watchNamespaces=voice", "watchNamespaces"),
            ("crds.keep=false", "keep"),
            ("probes.readiness.periodSecond=1", "periodSecond"),
            ("networkPolicy.apiServerPort=443", "apiServerPort"),
        ] {
            let refusal = manifest_of(&chart, helm, OPERATOR, &minimal, &["--set", value]).expect_err(value);
            assert!(format!("{refusal:#}").contains(&format!("'{name}'")), "{helm:?} {value}: {refusal:#}");
        }
    }
    Ok(())
}

/// The value with every number that is whole written as such.
fn whole(value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
            Some(float) if float.fract() == 0.0 => Value::from(float as i64),
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(whole).collect(),
        Value::Object(fields) => fields.iter().map(|(key, inner)| (key.clone(), whole(inner))).collect(),
        other => other.clone(),
    }
}
