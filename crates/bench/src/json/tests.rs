//! The file of made-up figures, and its description.

use std::collections::BTreeSet;
use std::fs;

use clap::Parser as _;
use serde_json::Value;

use super::render;
use crate::args::Args;
use crate::series::tests::series;
use crate::{machine, report, results};

fn file() -> Value {
    let mut results = report::tests::results(20_700.0, 6_345.0);
    results.series.push(series("made up", &[(10_000, 1000.0, 0.5), (100_000, 900.0, 1.0)]));
    let args = Args::parse_from(["bench", "--set", "LOG_LEVEL=warn"]);
    let text = render(&machine::tests::made_up(), &args, &results).expect("JSON");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn the_figures_are_where_a_program_looks_for_them() {
    let file = file();
    let append = &file["stores"][0]["operations"][0];
    assert_eq!(append["operation"], "append");
    assert_eq!(append["service"]["cpu_s_per_10k"], 0.3);
    assert_eq!(append["oplog_bytes"], 512.4);
    assert_eq!(append["bare"][0]["by"], "insert one");
    assert_eq!(file["stores"][0]["collections"][0]["index_bytes_each"]["timeline"], 100.0);
    assert_eq!(file["series"][0]["knee_of_cpu"], 100_000);
    assert_eq!(file["targets"][0]["met"], true);
    assert_eq!(file["targets"][16]["reached"], Value::Null);
    assert_eq!(file["run"]["settings"]["LOG_LEVEL"], "warn");
}

#[test]
fn every_member_is_described() {
    fn members(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| members(value, found)),
            Value::Object(map) => map.iter().for_each(|(name, value)| {
                found.insert(name.clone());
                // The members of these are names of settings, figures and indexes.
                if !["settings", "figures", "index_bytes_each"].contains(&name.as_str()) {
                    members(value, found);
                }
            }),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    members(&file(), &mut found);
    let description = fs::read_to_string(results::folder().join("README.md")).expect("description");
    for member in found {
        assert!(description.contains(&format!("`{member}`")), "{member} is not described");
    }
}
