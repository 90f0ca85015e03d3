//! The schemas of the values are closed, and know every value that there is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::support::{charts, walk};

/// What the schema leaves to others, by how it says so.
const LEFT_OPEN: [&str; 3] =
    ["the API server checks it.", "Whatever a parent chart has there.", "Any object of Kubernetes."];

fn schema(chart: &Path) -> Result<Value> {
    Ok(serde_json::from_str(&fs::read_to_string(chart.join("values.schema.json"))?)?)
}

#[test]
fn every_object_in_the_values_is_closed() -> Result<()> {
    let mut open = Vec::new();
    for chart in charts() {
        let schema = schema(&chart)?;
        walk(&schema, &chart.display().to_string(), &mut |place, value| {
            let is_object = value.get("type").is_some_and(|kind| kind == "object");
            let described = value.get("description").and_then(Value::as_str).unwrap_or_default();
            // Labels and annotations are maps of texts, which is as closed as a map can be.
            if is_object
                && value.get("additionalProperties").is_none()
                && !LEFT_OPEN.iter().any(|end| described.ends_with(end))
            {
                open.push(place.to_owned());
            }
        });
    }
    assert_eq!(open, Vec::<String>::new());
    Ok(())
}

#[test]
fn the_schema_has_exactly_the_values_that_there_are() -> Result<()> {
    let top = |value: &Value| {
        value.as_object().into_iter().flat_map(|fields| fields.keys().cloned()).collect::<BTreeSet<_>>()
    };
    for chart in charts() {
        let values: Value = serde_yaml::from_str(&fs::read_to_string(chart.join("values.yaml"))?)?;
        assert_eq!(top(&values), top(&schema(&chart)?["properties"]), "{}", chart.display());
    }
    Ok(())
}
