//! The health check that Argo CD is taught, run as Argo CD runs it.

use std::fs;

use anyhow::{Context, Result};
use mlua::{Lua, LuaSerdeExt, Table};
use serde_json::{Value, json};

use super::super::support::{objects, root};

fn object(paused: bool, observed: u64, conditions: &[(&str, &str)]) -> Value {
    let conditions: Vec<Value> = conditions
        .iter()
        .map(|(name, status)| json!({ "type": name, "status": status, "message": format!("{name} is {status}") }))
        .collect();
    json!({
        "metadata": { "generation": 2 },
        "spec": { "paused": paused },
        "status": { "observedGeneration": observed, "conditions": conditions },
    })
}

#[test]
fn argo_cd_waits_for_what_is_on_its_way_and_stops_at_what_needs_a_person() -> Result<()> {
    let ready = [("Ready", "True"), ("Degraded", "False")];
    let failed = [("Ready", "False"), ("Degraded", "True"), ("MigrationPending", "True"), ("Progressing", "False")];
    let migrating = [("Ready", "False"), ("Degraded", "False"), ("MigrationPending", "True"), ("Progressing", "True")];
    let waiting = [("Ready", "False"), ("Degraded", "False"), ("MigrationPending", "True"), ("Progressing", "False")];
    let rolling = [("Ready", "False"), ("Degraded", "False"), ("MigrationPending", "False"), ("Progressing", "True")];
    let cases = [
        ("nothing was said yet", json!({ "metadata": { "generation": 1 }, "spec": {} }), "Progressing"),
        ("what was said is of before", object(false, 1, &ready), "Progressing"),
        ("all is there", object(false, 2, &ready), "Healthy"),
        ("the migration failed", object(false, 2, &failed), "Degraded"),
        ("the migration runs", object(false, 2, &migrating), "Progressing"),
        ("a plan waits for its approval", object(false, 2, &waiting), "Suspended"),
        ("pods are replaced", object(false, 2, &rolling), "Progressing"),
        ("it is paused", object(true, 2, &ready), "Suspended"),
    ];
    let sample = fs::read_to_string(root().join("k8s/samples/argo-cd/health.yaml"))?;
    let config = objects(&sample)?.pop().context("a ConfigMap")?;
    for kind in ["ConversationService", "ConversationSchema"] {
        let key = format!("resource.customizations.health.conversation.dev_{kind}");
        let script = config["data"][&key].as_str().context(key)?;
        for (situation, object, expected) in &cases {
            let lua = Lua::new();
            lua.globals().set("obj", lua.to_value(object)?)?;
            let health: Table = lua.load(script).eval()?;
            assert_eq!(health.get::<String>("status")?, *expected, "{kind}: {situation}");
            assert_ne!(health.get::<String>("message")?, "", "{kind}: {situation}");
        }
    }
    Ok(())
}
