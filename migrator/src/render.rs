//! Plans and reports as text for people, as JSON for programs, as Markdown for a review.

use serde::Serialize;

use crate::{
    cli::Output,
    plan::{Finding, Plan, Risk, Step},
};

/// A table with a title.
#[derive(Debug)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// The heads of its columns.
    pub head: Vec<&'static str>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

/// Shows `value` as JSON, or its tables in another form.
#[must_use]
pub fn render(output: Output, value: &impl Serialize, tables: &[Table]) -> String {
    let filled = tables.iter().filter(|table| !table.rows.is_empty());
    match output {
        Output::Json => serde_json::to_string_pretty(value).unwrap_or_default() + "\n",
        Output::Table => filled.map(Table::plain).collect::<Vec<_>>().join("\n"),
        Output::Markdown => filled.map(Table::markdown).collect::<Vec<_>>().join("\n"),
    }
}

/// The tables of a plan.
#[must_use]
pub fn plan(plan: &Plan) -> Vec<Table> {
    let steps = plan.steps.iter().map(step).collect();
    vec![
        Table {
            title: format!(
                "Plan for {} to schema version {} ({}), approval {}",
                plan.database, plan.schema_version, plan.schema_checksum, plan.approval
            ),
            head: vec!["step", "why", "documents", "bytes", "writes", "risk"],
            rows: steps,
        },
        findings("Changed by hand", &plan.drift),
        findings("Blocked", &plan.blocked),
        Table {
            title: "Not applicable".into(),
            head: vec!["step"],
            rows: plan.not_applicable.iter().map(|text| vec![text.clone()]).collect(),
        },
    ]
}

/// Findings as a table.
#[must_use]
pub fn findings(title: &str, findings: &[Finding]) -> Table {
    let row = |finding: &Finding| vec![finding.subject.clone(), finding.problem.clone(), finding.remedy.clone()];
    Table { title: title.into(), head: vec!["what", "problem", "remedy"], rows: findings.iter().map(row).collect() }
}

fn step(step: &Step) -> Vec<String> {
    let risk = match step.risk {
        Risk::None => "none",
        Risk::Low => "low",
        Risk::Medium => "medium",
        Risk::High => "high",
    };
    vec![
        step.id.clone(),
        step.why.clone(),
        step.cost.documents.to_string(),
        step.cost.bytes.to_string(),
        if step.cost.writes_pause { "pause" } else { "go on" }.into(),
        risk.into(),
    ]
}

impl Table {
    fn plain(&self) -> String {
        let widths: Vec<usize> = (0..self.head.len())
            .map(|column| {
                self.rows
                    .iter()
                    .map(|row| row[column].chars().count())
                    .chain([self.head[column].len()])
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let line = |cells: Vec<&str>| {
            let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            format!("  {}\n", padded.join("  ").trim_end())
        };
        let rows = self.rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
        format!("{}\n{}{}", self.title, line(self.head.clone()), rows.collect::<String>())
    }

    fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let head = line(self.head.iter().map(|&cell| cell.to_owned()).collect());
        let rule = line(vec!["---".to_owned(); self.head.len()]);
        let rows = self.rows.iter().map(|row| line(row.iter().map(|cell| cell.replace('|', "\\|")).collect()));
        format!("## {}\n\n{head}{rule}{}", self.title, rows.collect::<String>())
    }
}
