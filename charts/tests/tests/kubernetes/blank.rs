//! Values that are set to `null`, as by a section whose content was commented out. Helm takes them out, so the schema needs
//! each, and by that names it, unless it may well be absent.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use conversation_testkit::control_plane::Helm;
use serde_json::{Map, Value, json};

use super::support::{HELMS, RELEASE, charts, manifest_of, objects, text, walk};

/// What may be taken away, by how its place begins, and why.
const MAY_BE_ABSENT: [(&str, &str); 6] = [
    ("/podSecurityContext/", "platforms assign users themselves"),
    ("/resources/", "what is neither requested nor limited is for the cluster to decide"),
    ("/migration/resources/", "the same of the migrator"),
    ("/helmTest/resources/", "the same of the test"),
    ("/autoscaling/behavior/", "autoscaling/v2 has a default for each"),
    ("/dashboards/labels/", "another sidecar selects by another label"),
];

#[test]
fn a_value_without_content_is_refused_with_its_name_or_may_be_absent() -> Result<()> {
    for chart in charts() {
        let values: Value = serde_yaml::from_str(&fs::read_to_string(chart.join("values.yaml"))?)?;
        let mut levels: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for place in places(&values) {
            levels.entry(place.matches('/').count()).or_default().insert(place);
        }
        for helm in HELMS {
            // All of a level at once: the schema names all that it misses.
            for places in levels.values() {
                let needed: BTreeSet<String> = places.iter().filter(|place| !may_be_absent(place)).cloned().collect();
                if !needed.is_empty() {
                    let refusal = without(&chart, helm, &needed).expect_err("values that are needed");
                    assert_eq!(missing(&format!("{refusal:#}")), needed, "{} by {helm:?}", chart.display());
                }
            }
        }
    }
    Ok(())
}

#[test]
fn what_may_be_absent_leaves_no_null_behind() -> Result<()> {
    for chart in charts() {
        let values: Value = serde_yaml::from_str(&fs::read_to_string(chart.join("values.yaml"))?)?;
        for place in places(&values).into_iter().filter(|place| may_be_absent(place)) {
            if place.starts_with("/networkPolicy/") {
                continue;
            }
            let manifest =
                without(&chart, Helm::V4, &BTreeSet::from([place.clone()])).with_context(|| place.clone())?;
            for object in objects(&manifest)? {
                walk(&object, &place, &mut |at, value| assert!(!value.is_null(), "{at} is null without {place}"));
            }
        }
    }
    Ok(())
}

fn may_be_absent(place: &str) -> bool {
    MAY_BE_ABSENT.iter().any(|(beginning, _)| place.starts_with(beginning))
}

/// Where values are; what is inside of lists belongs to the user.
fn places(values: &Value) -> Vec<String> {
    let mut places = Vec::new();
    walk(values, "", &mut |place, _| {
        let in_a_list = place.split('/').any(|part| part.parse::<usize>().is_ok());
        if !place.is_empty() && !in_a_list {
            places.push(place.to_owned());
        }
    });
    places
}

/// Renders a chart with values taken away.
fn without(chart: &Path, helm: Helm, places: &BTreeSet<String>) -> Result<String> {
    let mut nulls = json!({});
    for place in places {
        let mut inner = &mut nulls;
        for part in place.split('/').skip(1) {
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            inner = &mut inner[part];
        }
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("nulls.yaml");
    fs::write(&file, nulls.to_string())?;
    manifest_of(chart, helm, RELEASE, &chart.join("ci/minimal-values.yaml"), &["--values", text(&file)])
}

/// What a refusal says is missing: `at '/image': missing properties 'tag', 'digest'`.
fn missing(refusal: &str) -> BTreeSet<String> {
    let lines = refusal.lines().filter_map(|line| line.split_once("at '")?.1.split_once("': missing propert"));
    lines
        .flat_map(|(place, names)| names.split('\'').skip(1).step_by(2).map(move |name| format!("{place}/{name}")))
        .collect()
}
