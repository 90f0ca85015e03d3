//! What this service is to reach, as a table, and how far it got. The targets are for 64 connections unless they say so.

use crate::args::StoreKind::{self, Embedded, Mongodb};
use crate::results::Results;

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Target {
    /// What is to be reached, as a noun.
    pub(crate) name: &'static str,
    /// The figure that is compared.
    figure: Figure,
    /// With what.
    pub(crate) bound: Bound,
}

/// A figure of a run.
#[derive(Clone, Copy, Debug)]
enum Figure {
    /// The rate of an operation, as a share of that of the bare driver's way of this name.
    Ratio(StoreKind, &'static str, &'static str),
    /// The same of the latency that 99 of 100 calls keep below.
    Tail(StoreKind, &'static str, &'static str),
    /// The rate of an operation, as a share of another one's.
    Between(StoreKind, &'static str, &'static str),
    /// Items a second.
    Rate(StoreKind, &'static str),
    /// Processor seconds of the service per 10,000.
    Processor(StoreKind, &'static str),
    /// MiB before the first request.
    AtRest(StoreKind),
    /// The most MiB in any round.
    Peak(StoreKind),
    /// The highest processor time of a series, as a share of that at its smallest size.
    Rise(&'static str),
    /// The processor time of the store at the smallest size of a series, as a share of that at its largest.
    Kept(&'static str),
}

/// What a figure is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    /// It is to be this or more.
    AtLeast(f64),
    /// It is to be this or less.
    AtMost(f64),
    /// It is to be less than this.
    Below(f64),
    /// It is told, and compared with nothing.
    Told,
}

/// How many connections the targets are for, where they do not say so.
pub(crate) const CONNECTIONS: u32 = 64;

/// The series that two of the targets are about.
pub(crate) const STORED: &str = "append by events stored";
/// See [`STORED`].
pub(crate) const SHARDS: &str = "append by shards";

const fn target(name: &'static str, figure: Figure, bound: Bound) -> Target {
    Target { name, figure, bound }
}

use Bound::{AtLeast, AtMost, Below, Told};
use Figure::{AtRest, Between, Kept, Peak, Processor, Rate, Ratio, Rise, Tail};

/// All targets, in the order of the report.
pub(crate) static TARGETS: [Target; 18] = [
    target("append, 64 connections ÷ insert one", Ratio(Mongodb, "append", "insert one"), AtLeast(3.0)),
    target("append, 64 connections: p99 ÷ that of insert one", Tail(Mongodb, "append", "insert one"), Below(1.0)),
    target(
        "append, 256 connections ÷ insert one",
        Ratio(Mongodb, "append, 256 connections", "insert one"),
        AtLeast(4.0),
    ),
    target("batch append ÷ insert many", Ratio(Mongodb, "append, 100 per request", "insert many × 100"), AtLeast(0.85)),
    target("duplicate append ÷ append", Between(Mongodb, "append, duplicate", "append"), AtLeast(1.0)),
    target("create ÷ upsert", Ratio(Mongodb, "create", "upsert, new"), AtLeast(2.5)),
    target("read with total ÷ find", Ratio(Mongodb, "read 50 of 100, with total", "find 50, raw bytes"), AtLeast(0.7)),
    target("read without total ÷ find", Ratio(Mongodb, "read 50 of 100, cursor", "find 50, raw bytes"), AtLeast(0.85)),
    target("complete, repeated ÷ find one", Ratio(Mongodb, "complete, repeated", "find one"), AtLeast(0.9)),
    target("service CPU-s per 10,000 appends", Processor(Mongodb, "append"), AtMost(0.35)),
    target("memory at rest on MongoDB, MiB", AtRest(Mongodb), Below(30.0)),
    target("memory under load on MongoDB, MiB", Peak(Mongodb), Below(80.0)),
    target("memory at rest, embedded, MiB", AtRest(Embedded), Below(30.0)),
    target("memory under load, embedded, MiB", Peak(Embedded), Below(80.0)),
    target("embedded append a second, where a flush takes 0.2 ms", Rate(Embedded, "append"), AtLeast(15_000.0)),
    target("embedded append ÷ SQLite's batched insert", Ratio(Embedded, "append", "insert, 512 per commit"), Told),
    target("append: highest CPU at any number of events stored ÷ that at the smallest", Rise(STORED), AtMost(1.2)),
    target("append: CPU of the shards, one of them ÷ two", Kept(SHARDS), AtLeast(0.9)),
];

impl Target {
    /// The figure, if this run has it.
    pub(crate) fn figure(&self, results: &Results) -> Option<f64> {
        let operation = |store, name| results.operation(store, name);
        match self.figure {
            Ratio(store, name, way) => {
                let measured = operation(store, name)?;
                Some(measured.ratio(measured.by(way)?))
            }
            Tail(store, name, way) => {
                let measured = operation(store, name)?;
                Some(measured.service.median().p99 / measured.by(way)?.median().p99)
            }
            Between(store, name, other) => {
                let [one, other] = [operation(store, name)?, operation(store, other)?];
                Some(one.service.median().per_second / other.service.median().per_second)
            }
            Rate(store, name) => Some(operation(store, name)?.service.median().per_second),
            Processor(store, name) => Some(operation(store, name)?.service.median().process),
            AtRest(store) => Some(results.store(store)?.at_rest.resident),
            Peak(store) => Some(results.store(store)?.peak()),
            Rise(series) => results.series(series)?.rise(),
            Kept(series) => {
                let [first, .., last] = &results.series(series)?.points[..] else { return None };
                Some(first.measured.service.median().store / last.measured.service.median().store)
            }
        }
    }
}

impl Bound {
    /// Whether a figure is as it is to be; nothing where it is only told.
    pub(crate) fn is_met(self, figure: f64) -> Option<bool> {
        match self {
            AtLeast(bound) => Some(figure >= bound),
            AtMost(bound) => Some(figure <= bound),
            Below(bound) => Some(figure < bound),
            Told => None,
        }
    }

    /// As in a table.
    pub(crate) fn text(self) -> String {
        match self {
            AtLeast(bound) => format!("≥ {bound}"),
            AtMost(bound) => format!("≤ {bound}"),
            Below(bound) => format!("< {bound}"),
            Told => String::new(),
        }
    }
}

/// The targets that this run says something about, as a Markdown table, and the names of the others.
pub(crate) fn table(results: &Results) -> String {
    let mut rows = String::new();
    let mut others = Vec::new();
    for target in &TARGETS {
        let Some(figure) = target.figure(results) else {
            others.push(target.name);
            continue;
        };
        let verdict = match target.bound.is_met(figure) {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "",
        };
        let figure = if figure < 1000.0 { format!("{figure:.2}") } else { format!("{figure:.0}") };
        rows.push_str(&format!("| {} | {} | {figure} | {verdict} |\n", target.name, target.bound.text()));
    }
    let others = if others.is_empty() { String::new() } else { format!("\nNot in this run: {}.\n", others.join("; ")) };
    format!("| target | bound | reached | |\n| --- | ---: | ---: | --- |\n{rows}{others}")
}

#[cfg(test)]
mod tests {
    use super::{Bound, Figure, SHARDS, STORED, TARGETS, table};
    use crate::args::StoreKind;
    use crate::operations::OPERATIONS;
    use crate::results::Results;
    use crate::series::tests::series;

    #[test]
    fn every_target_is_about_operations_that_are_measured() {
        let known = |store, name: &str, way: Option<&str>| {
            let operation = OPERATIONS.iter().find(|operation| operation.name == name);
            let ways = operation.map(|operation| match store {
                StoreKind::Mongodb => operation.mongodb,
                StoreKind::Embedded => operation.embedded,
            });
            ways.is_some_and(|ways| way.is_none_or(|way| ways.iter().any(|known| known.name == way)))
        };
        for target in &TARGETS {
            let known = match target.figure {
                Figure::Ratio(store, name, way) | Figure::Tail(store, name, way) => known(store, name, Some(way)),
                Figure::Between(store, name, other) => known(store, name, None) && known(store, other, None),
                Figure::Rate(store, name) | Figure::Processor(store, name) => known(store, name, None),
                Figure::AtRest(_) | Figure::Peak(_) => true,
                Figure::Rise(series) | Figure::Kept(series) => [STORED, SHARDS].contains(&series),
            };
            assert!(known, "{}", target.name);
        }
    }

    #[test]
    fn a_bound_is_met_on_its_own_side() {
        assert_eq!([2.9, 3.0].map(|figure| Bound::AtLeast(3.0).is_met(figure)), [Some(false), Some(true)]);
        assert_eq!([0.35, 0.36].map(|figure| Bound::AtMost(0.35).is_met(figure)), [Some(true), Some(false)]);
        assert_eq!([30.0, 29.9].map(|figure| Bound::Below(30.0).is_met(figure)), [Some(false), Some(true)]);
        assert_eq!(Bound::Told.is_met(1.0), None);
    }

    #[test]
    fn what_was_not_measured_is_named_and_not_judged() {
        let mut two = series(SHARDS, &[(1, 1000.0, 0.5), (2, 1000.0, 0.5)]);
        two.points[1].measured.service.rounds[0].store *= 1.25;
        let table = table(&Results { series: vec![two], ..Results::default() });
        assert!(
            table.contains("| append: CPU of the shards, one of them ÷ two | ≥ 0.9 | 0.80 | **missed** |\n"),
            "{table}"
        );
        assert!(table.contains("Not in this run: append, 64 connections ÷ insert one;"), "{table}");
    }
}
