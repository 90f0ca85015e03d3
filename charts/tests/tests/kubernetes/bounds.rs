//! What the chart hands on to a ConversationSchema is bounded as there, so that no value passes the one and is refused by the
//! other, or by the migrator, whose bounds the definition has.

use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use super::support::{chart, root};

/// Values and the fields that they become, and whether nothing, which is a 0 or an empty text or list, leaves the field out.
const FIELDS: [(&str, &str, bool); 29] = [
    ("migration.declaration.retentionDays", "retention.days", true),
    ("migration.declaration.indexes", "indexes", true),
    ("migration.declaration.indexes[].collection", "indexes[].collection", false),
    ("migration.declaration.indexes[].name", "indexes[].name", false),
    ("migration.declaration.indexes[].keys", "indexes[].keys", false),
    ("migration.declaration.indexes[].keys[].field", "indexes[].keys[].field", false),
    ("migration.declaration.indexes[].keys[].order", "indexes[].keys[].order", false),
    ("migration.declaration.zone.name", "sharding.zone.name", true),
    ("migration.declaration.zone.shards", "sharding.zone.shards", true),
    ("migration.declaration.zone.shards[]", "sharding.zone.shards[]", false),
    ("migration.declaration.chunksPerShard", "sharding.chunksPerShard", true),
    ("migration.declaration.allowDrop", "migration.allowDrop", true),
    ("migration.declaration.allowDrop[]", "migration.allowDrop[]", false),
    ("migration.policy", "migration.policy", false),
    ("migration.timeoutSeconds", "migration.timeoutSeconds", false),
    ("migration.verifyEverySeconds", "verifyEverySeconds", false),
    ("migration.image.pullPolicy", "image.pullPolicy", true),
    ("mongodb.database", "mongodb.database", false),
    ("mongodb.tls.mountPath", "mongodb.tls.mountPath", false),
    ("imagePullSecrets", "imagePullSecrets", true),
    ("imagePullSecrets[].name", "imagePullSecrets[].name", false),
    ("priorityClassName", "pod.priorityClassName", true),
    ("nodeSelector", "pod.nodeSelector", true),
    ("tolerations", "pod.tolerations", true),
    ("tolerations[].key", "pod.tolerations[].key", true),
    ("tolerations[].value", "pod.tolerations[].value", true),
    ("tolerations[].effect", "pod.tolerations[].effect", true),
    ("tolerations[].tolerationSeconds", "pod.tolerations[].tolerationSeconds", false),
    ("migration.declaration.indexes[].sparse", "indexes[].sparse", false),
];

#[test]
fn no_value_is_bounded_more_widely_than_the_field_that_it_becomes() -> Result<()> {
    let values: Value = serde_json::from_str(&fs::read_to_string(chart().join("values.schema.json"))?)?;
    let definition: Value =
        serde_yaml::from_str(&fs::read_to_string(root().join("k8s/crds/conversationschemas.yaml"))?)?;
    let spec = definition.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec").context("the spec")?;
    let checks = fs::read_to_string(chart().join("templates/_checks.tpl"))?;
    let mut wider = Vec::new();
    for (value, field, may_be_left_out) in FIELDS {
        let ours = at(&values, value).with_context(|| value.to_owned())?;
        let theirs = at(spec, field).with_context(|| field.to_owned())?;
        for bound in ["maximum", "maxLength", "maxItems", "maxProperties"] {
            if let Some(most) = theirs[bound].as_f64()
                && ours.get("enum").is_none()
                && ours[bound].as_f64().is_none_or(|own| own > most)
            {
                wider.push(format!("{value}: {bound} is not {most}"));
            }
        }
        for bound in ["minimum", "minLength", "minItems"] {
            let least = theirs[bound].as_f64().unwrap_or_default();
            if !may_be_left_out && ours.get("enum").is_none() && ours[bound].as_f64().unwrap_or_default() < least {
                wider.push(format!("{value}: {bound} is not {least}"));
            }
        }
        if let Some(pattern) = theirs["pattern"].as_str()
            && ours.get("enum").is_none()
            && ours["pattern"] != pattern
            && !(elsewhere(ours) && checks.contains(pattern.trim_matches(['^', '$'])))
        {
            wider.push(format!("{value}: the pattern is not {pattern}"));
        }
        let choices = choices(theirs);
        for choice in ours["enum"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let fits = choices.is_empty() || choices.contains(&choice) || may_be_left_out && choice.is_empty();
            if !fits {
                wider.push(format!("{value}: {choice} is none of {choices:?}"));
            }
        }
    }
    assert_eq!(wider, [""; 0]);
    Ok(())
}

/// Whether a template looks at a value, since the schema would repeat what may be a credential.
fn elsewhere(value: &Value) -> bool {
    value["description"].as_str().is_some_and(|text| text.starts_with("_checks.tpl refuses"))
}

/// What a field may be, if that is listed: as such, or as a pattern such as `^(A|B)$`.
fn choices(field: &Value) -> Vec<&str> {
    let pattern = field["pattern"].as_str().and_then(|pattern| pattern.strip_prefix("^(")?.strip_suffix(")$"));
    let listed = field["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    listed.chain(pattern.into_iter().flat_map(|pattern| pattern.split('|'))).collect()
}

/// The schema of a field such as `indexes[].name`.
fn at<'a>(schema: &'a Value, place: &str) -> Option<&'a Value> {
    place.replace("[]", ".[]").split('.').try_fold(schema, |inner, part| {
        let inner = match part {
            "[]" => inner.get("items")?,
            name => inner.get("properties")?.get(name)?,
        };
        match inner.get("$ref").and_then(Value::as_str) {
            Some(reference) => schema.pointer(reference.strip_prefix('#')?),
            None => Some(inner),
        }
    })
}
