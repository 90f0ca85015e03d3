//! A figure with its error bars, and sums of such figures.
//!
//! The ends of a result come from the ends of all its factors at once. That is wider than adding errors as if they were
//! independent, which costs measured in one run on one machine are not.

use std::{
    iter::Sum,
    ops::{Add, Div, Mul},
};

use serde::Serialize;

/// A figure that is expected, and what it is at the least and at the most.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Range {
    /// At the least.
    pub low: f64,
    /// Most likely.
    pub expected: f64,
    /// At the most.
    pub high: f64,
}

impl Range {
    /// A figure that is known.
    #[must_use]
    pub const fn exactly(value: f64) -> Self {
        Self { low: value, expected: value, high: value }
    }

    /// What a function that does not fall makes of it.
    #[must_use]
    pub fn map(self, rising: impl Fn(f64) -> f64) -> Self {
        Self { low: rising(self.low), expected: rising(self.expected), high: rising(self.high) }
    }

    /// The larger of two, end by end.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            low: self.low.max(other.low),
            expected: self.expected.max(other.expected),
            high: self.high.max(other.high),
        }
    }

    /// How often it goes into `whole`: the more it is, the fewer.
    #[must_use]
    pub fn into_whole(self, whole: f64) -> Self {
        Self { low: whole / self.high, expected: whole / self.expected, high: whole / self.low }
    }
}

impl Add for Range {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { low: self.low + other.low, expected: self.expected + other.expected, high: self.high + other.high }
    }
}

impl Mul<f64> for Range {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        self.map(|value| value * factor)
    }
}

impl Div<f64> for Range {
    type Output = Self;

    fn div(self, divisor: f64) -> Self {
        self.map(|value| value / divisor)
    }
}

impl Sum for Range {
    fn sum<I: Iterator<Item = Self>>(figures: I) -> Self {
        figures.fold(Self::exactly(0.0), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::Range;

    const SOME: Range = Range { low: 1.0, expected: 2.0, high: 4.0 };

    #[test]
    fn the_ends_of_a_sum_are_the_sums_of_the_ends() {
        let sum: Range = [SOME, SOME * 10.0].into_iter().sum();
        assert_eq!(sum, Range { low: 11.0, expected: 22.0, high: 44.0 });
        assert_eq!(SOME / 2.0, SOME * 0.5);
    }

    #[test]
    fn what_costs_more_goes_fewer_times_into_the_whole() {
        assert_eq!(SOME.into_whole(8.0), Range { low: 2.0, expected: 4.0, high: 8.0 });
    }

    #[test]
    fn the_larger_is_taken_end_by_end() {
        assert_eq!(SOME.max(Range::exactly(3.0)), Range { low: 3.0, expected: 3.0, high: 4.0 });
    }
}
