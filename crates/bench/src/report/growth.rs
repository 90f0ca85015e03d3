//! The series as tables, each with its knee.

use super::{figures, grouped, noise};
use crate::series::{Point, Series};
use crate::storage;

/// One series.
pub(super) fn section(series: &Series) -> String {
    let Series { name, unit, how, points } = series;
    let own: Vec<&str> = points.first().into_iter().flat_map(|point| &point.figures).map(|(name, _)| *name).collect();
    let own = |of: fn(&str) -> String| own.iter().map(|name| of(name)).collect::<String>();
    let rows: String = points.iter().map(row).collect();
    let weights = points.iter().filter(|point| !point.weights.is_empty());
    let weights: String = weights
        .map(|point| format!("\nAt {} {unit}:\n{}", grouped(point.at as f64), storage::table(&point.weights)))
        .collect();
    format!(
        "\n## {name}\n\n{how}\n\n\
         | {unit} | by | per second (lowest–highest round) | p50 / p99 ms | CPU-s per 10,000 | mongod | both | oplog bytes |{} service ÷ bare |\n\
         | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |{} ---: |\n{rows}\n{}{}{weights}",
        own(|name| format!(" {name} |")),
        own(|_| " ---: |".into()),
        knees(series),
        noise(points.iter().map(|point| &point.measured)),
    )
}

fn row(point: &Point) -> String {
    let Point { at, measured, figures: own, weights: _ } = point;
    let service = &measured.service;
    let logged = measured.oplog.map(grouped).unwrap_or_default();
    let values: String = own.iter().map(|(_, value)| format!(" {} |", own_figure(*value))).collect();
    let mut rows = format!(
        "| **{}** | {} | {} | {:.2} | {:.2} | {logged} |{values} |\n",
        grouped(*at as f64),
        service.name,
        figures(service),
        service.median().store,
        point.cost(),
    );
    for turns in &measured.bare {
        let (store, ratio, none) = (turns.median().store, measured.ratio(turns), " |".repeat(1 + own.len()));
        let both = turns.median().process + store;
        rows.push_str(&format!(
            "| | {} | {} | {store:.2} | {both:.2} |{none} {ratio:.2} |\n",
            turns.name,
            figures(turns)
        ));
    }
    rows
}

fn own_figure(value: f64) -> String {
    if value < 100.0 { format!("{value:.2}") } else { grouped(value) }
}

/// Where it begins to cost more, in a sentence.
fn knees(series: &Series) -> String {
    let unit = series.unit;
    let knee = |knee: Option<u64>| match knee {
        Some(at) => format!("leaves its level at {} {unit}", grouped(at as f64)),
        None => "keeps its level throughout".to_owned(),
    };
    format!(
        "Knee: the processor time of an item {}; the time that it takes, at full load, {}.\n",
        knee(series.knee_of_cost()),
        knee(series.knee_of_time())
    )
}
