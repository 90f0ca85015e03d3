//! The committed table is complete, and a table that is not is refused with the name of what is wrong.

use std::path::Path;

use serde_json::{Value, json};

use super::{COMMITTED, Costs};

fn changed(change: impl FnOnce(&mut Value)) -> String {
    let mut table: Value = serde_json::from_str(COMMITTED).expect("JSON");
    change(&mut table);
    Costs::parse(&table.to_string()).expect_err("refused")
}

#[test]
fn the_committed_table_is_complete() {
    let costs = Costs::parse(COMMITTED).expect("complete");
    assert_eq!(costs.all().len(), 4 * 8 + 2 * 3 + 3);
}

#[test]
fn every_file_of_results_is_there_and_every_source_is_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
    let costs = Costs::committed();
    for (name, source) in &costs.sources {
        assert!(source.results.iter().all(|file| root.join(file).is_file()), "{name}: {source:?}");
        assert!(costs.all().iter().any(|(_, cost)| cost.source == *name), "{name} measures nothing");
    }
}

#[test]
fn a_cost_that_is_missing_or_unknown_is_named() {
    let fault = changed(|table| {
        table["operations"]["append"].as_object_mut().expect("an object").remove("oplog_bytes");
    });
    assert!(fault.contains("oplog_bytes"), "{fault}");
    let fault = changed(|table| table["events"]["weight"] = json!(1));
    assert!(fault.contains("weight"), "{fault}");
}

#[test]
fn a_cost_outside_of_its_error_bars_or_without_a_source_is_named() {
    let fault = changed(|table| table["events"]["bson_bytes"]["low"] = json!(1e9));
    assert!(fault.contains("event.bson_bytes"), "{fault}");
    let fault = changed(|table| table["operations"]["read"]["oplog_bytes"]["source"] = json!("hearsay"));
    assert!(fault.contains("read.oplog_bytes") && fault.contains("hearsay"), "{fault}");
}
