//! One operation at several sizes, and where its cost begins to depend on the size.

use crate::contest::Measured;
use crate::knee::knee;
use crate::round::Round;
use crate::storage::Weight;

/// An operation at several sizes.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    /// Its name, unlike all others.
    pub(crate) name: &'static str,
    /// What the sizes count.
    pub(crate) unit: &'static str,
    /// How it was measured, in a sentence or two.
    pub(crate) how: String,
    /// The sizes, smallest first.
    pub(crate) points: Vec<Point>,
}

/// The operation at one size.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    /// The size.
    pub(crate) at: u64,
    /// What was measured.
    pub(crate) measured: Measured,
    /// Figures that only this series has, by name.
    pub(crate) figures: Vec<(&'static str, f64)>,
    /// What the stored documents weigh, where that is of interest.
    pub(crate) weights: Vec<Weight>,
}

impl Point {
    /// A point without figures of its own.
    pub(crate) fn new(at: u64, measured: Measured) -> Self {
        Self { at, measured, figures: Vec::new(), weights: Vec::new() }
    }

    /// Processor seconds of service and store per 10,000.
    pub(crate) fn cost(&self) -> f64 {
        let Round { process, store, .. } = self.measured.service.median();
        process + store
    }

    /// Seconds that 10,000 take.
    fn time(&self) -> f64 {
        10_000.0 / self.measured.service.median().per_second
    }
}

impl Series {
    /// The size at which the processor time per item departs from flat.
    pub(crate) fn knee_of_cost(&self) -> Option<u64> {
        self.knee_of(Point::cost)
    }

    /// The size at which the time per item does.
    pub(crate) fn knee_of_time(&self) -> Option<u64> {
        self.knee_of(Point::time)
    }

    /// How many times the processor time at the smallest size the highest one is.
    pub(crate) fn rise(&self) -> Option<f64> {
        let [first, _, ..] = &self.points[..] else { return None };
        let most = self.points.iter().map(Point::cost).fold(0.0, f64::max);
        Some(most / first.cost())
    }

    fn knee_of(&self, cost: fn(&Point) -> f64) -> Option<u64> {
        let costs: Vec<f64> = self.points.iter().map(cost).collect();
        knee(&costs).and_then(|index| self.points.get(index)).map(|point| point.at)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Point, Series};
    use crate::contest::{Measured, Turns};
    use crate::round::Round;

    /// A series whose service has these rates and costs.
    pub(crate) fn series(name: &'static str, points: &[(u64, f64, f64)]) -> Series {
        let point = |&(at, per_second, process): &(u64, f64, f64)| {
            let rounds = vec![Round { per_second, process, store: 0.5, ..Round::default() }];
            let service = Turns { name: "service".into(), tasks: 64, rounds, peak: 30.0 };
            Point::new(at, Measured { operation: "append".into(), service, ..Measured::default() })
        };
        Series { name, unit: "events", how: "By hand.".into(), points: points.iter().map(point).collect() }
    }

    #[test]
    fn cost_and_time_have_knees_of_their_own() {
        let series = series("made up", &[(10, 1000.0, 0.5), (100, 700.0, 0.55), (1000, 650.0, 1.0)]);
        assert_eq!((series.knee_of_cost(), series.knee_of_time()), (Some(1000), Some(100)));
        assert_eq!(series.rise(), Some(1.5));
        assert_eq!(super::Series { points: Vec::new(), ..series }.rise(), None);
    }
}
