//! The queries of alerts and dashboards: PromQL, of metrics and labels that there are.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fs;

use anyhow::{Context, Result, anyhow, ensure};
use conversation_testkit::control_plane::Helm;
use conversation_testkit::{Service, product};
use promql_parser::parser::{Expr, VectorSelector, parse};
use promql_parser::util::{ExprVisitor, walk_expr};
use serde_json::json;

use super::support::{RELEASE, charts, manifest_of, objects, root, topologies_of, walk};

/// Labels that Prometheus adds.
const ADDED: [&str; 2] = ["job", "namespace"];

/// Metrics by their names, with the labels that are asked for.
#[derive(Default)]
struct Asked(BTreeMap<String, BTreeSet<String>>);

impl ExprVisitor for Asked {
    type Error = Infallible;

    fn pre_visit(&mut self, expression: &Expr) -> Result<bool, Infallible> {
        match expression {
            Expr::VectorSelector(selector) => self.selector(selector),
            Expr::MatrixSelector(matrix) => self.selector(&matrix.vs),
            _ => {}
        }
        Ok(true)
    }
}

impl Asked {
    fn selector(&mut self, selector: &VectorSelector) {
        let labels = selector.matchers.matchers.iter().map(|matcher| matcher.name.clone());
        let labels = labels.filter(|label| !ADDED.contains(&label.as_str()));
        self.0.entry(selector.name.clone().unwrap_or_default()).or_default().extend(labels);
    }
}

/// What all queries of the charts ask for, in whatever they are rendered to.
fn asked() -> Result<Asked> {
    let mut queries = BTreeSet::new();
    for chart in charts() {
        for (_, values) in topologies_of(&chart)? {
            for object in objects(&manifest_of(&chart, Helm::V4, RELEASE, &values, &[])?)? {
                let dashboards = object["data"].as_object().into_iter().flatten();
                let dashboards = dashboards.filter(|(file, _)| file.ends_with(".json"));
                let dashboards = dashboards.map(|(_, text)| serde_json::from_str(text.as_str().unwrap_or_default()));
                for document in dashboards.chain([Ok(object.clone())]) {
                    walk(&document?, "", &mut |place, value| {
                        let query = value.as_str().filter(|_| place.ends_with("/expr"));
                        queries.extend(query.map(|query| query.replace("$__rate_interval", "5m")));
                    });
                }
            }
        }
    }
    let mut asked = Asked::default();
    for query in &queries {
        let expression = parse(query).map_err(|error| anyhow!("{error}: {query}"))?;
        let Ok(_) = walk_expr(&mut asked, &expression);
    }
    Ok(asked)
}

#[tokio::test]
async fn every_query_is_of_metrics_and_labels_that_there_are() -> Result<()> {
    let service = Service::builder(product("conversation-api")?).start().await?;
    let session = json!({ "sessionId": "sess_1", "language": "en-US" });
    let answer = reqwest::Client::new().post(service.url("/v1/sessions")).json(&session).send().await?;
    ensure!(answer.status() == 201, "{answer:?}");
    let exposed = reqwest::get(service.management_url("/metrics")).await?.text().await?;
    let of_the_operator = fs::read_to_string(root().join("k8s/operator/src/metrics.rs"))?;

    let asked = asked()?;
    for name in ["up", "kube_job_failed", "conversation_operator_leader", "http_server_request_duration_seconds_bucket"]
    {
        ensure!(asked.0.contains_key(name), "no query of {name} was found");
    }
    for (metric, labels) in &asked.0 {
        if metric == "up" || metric.starts_with("kube_") {
            continue;
        }
        if metric.starts_with("conversation_operator_") {
            ensure!(of_the_operator.contains(&format!("\"{metric}\"")), "the operator has no {metric}");
            continue;
        }
        let is_it = |line: &&str| line.strip_prefix(metric.as_str()).is_some_and(|rest| rest.starts_with(['{', ' ']));
        let line = exposed.lines().find(is_it);
        let line = line.with_context(|| format!("the service has no {metric}:\n{exposed}"))?;
        for label in labels {
            ensure!(line.contains(&format!("{label}=\"")), "{metric} has no label {label}: {line}");
        }
    }
    Ok(())
}

#[test]
fn what_is_no_query_is_found() {
    for query in ["rate(up[5m]", "sum by (a rate(up[5m]))", "rate(up)"] {
        assert!(parse(query).is_err(), "{query}");
    }
}
