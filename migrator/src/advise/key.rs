//! How well a shard key spreads data, judged by a sample in the order of arrival.

use std::collections::HashMap;

use serde::Serialize;

/// From this share of one value on, its shard would carry more than the others however chunks are cut.
const HOT_SHARE: f64 = 0.05;
/// From this on, keys that come later sort later.
const MONOTONIC: f64 = 0.7;

/// How well a shard key spreads data.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyReport {
    /// How many documents were looked at.
    pub sampled: usize,
    /// How many different values they had.
    pub cardinality: usize,
    /// The share of the most frequent value.
    pub highest_frequency: f64,
    /// How strongly later values sort later, from 0 (not at all) to 1 (always). A hashed key does not care; a ranged
    /// one would send all new sessions to one shard.
    pub monotonicity: f64,
}

impl KeyReport {
    /// The report on values in the order of arrival.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a sample is far smaller than a double can count")]
    pub fn of(values: &[&str]) -> Self {
        let counts = counts(values);
        let most = counts.values().max().copied().unwrap_or(0);
        Self {
            sampled: values.len(),
            cardinality: counts.len(),
            highest_frequency: most as f64 / (values.len().max(1)) as f64,
            monotonicity: monotonicity(values),
        }
    }

    /// The report as rows of measure, value and meaning.
    #[must_use]
    pub fn rows(&self) -> Vec<Vec<String>> {
        let frequency = if self.highest_frequency > HOT_SHARE {
            "one session is hot: its shard carries it alone"
        } else {
            "no session stands out"
        };
        let monotonicity = if self.monotonicity > MONOTONIC {
            "ids grow with time: keep the key hashed"
        } else {
            "ids do not grow with time"
        };
        [
            ("sampled", self.sampled.to_string(), "documents"),
            ("cardinality", self.cardinality.to_string(), "sessions in the sample; chunks cannot be cut finer"),
            ("highest frequency", format!("{:.4}", self.highest_frequency), frequency),
            ("monotonicity", format!("{:.2}", self.monotonicity), monotonicity),
        ]
        .into_iter()
        .map(|(measure, value, meaning)| vec![measure.to_owned(), value, meaning.to_owned()])
        .collect()
    }
}

/// The most frequent values, the first one first.
#[must_use]
pub(super) fn most_frequent<'v>(values: &[&'v str], how_many: usize) -> Vec<&'v str> {
    let mut counted: Vec<(&str, usize)> = counts(values).into_iter().collect();
    counted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    counted.into_iter().take(how_many).map(|(value, _)| value).collect()
}

fn counts<'v>(values: &[&'v str]) -> HashMap<&'v str, usize> {
    let mut counts = HashMap::new();
    for value in values {
        *counts.entry(*value).or_default() += 1;
    }
    counts
}

/// Of the neighbours that differ, how many more go one way than the other, as a share.
#[expect(clippy::cast_precision_loss, reason = "a sample is far smaller than a double can count")]
fn monotonicity(values: &[&str]) -> f64 {
    let up = values.windows(2).filter(|pair| pair[0] < pair[1]).count();
    let down = values.windows(2).filter(|pair| pair[0] > pair[1]).count();
    if up + down == 0 { 0.0 } else { (up as f64 - down as f64).abs() / (up + down) as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing_ids_are_monotonic_and_shuffled_ones_are_not() {
        let growing: Vec<String> = (0..100).map(|n| format!("{n:03}")).collect();
        let growing: Vec<&str> = growing.iter().map(String::as_str).collect();
        assert!((KeyReport::of(&growing).monotonicity - 1.0).abs() < f64::EPSILON);
        let shuffled: Vec<String> = (0..100).map(|n| format!("{:03}", (n * 37) % 101)).collect();
        let shuffled: Vec<&str> = shuffled.iter().map(String::as_str).collect();
        assert!(KeyReport::of(&shuffled).monotonicity < 0.5);
    }

    #[test]
    fn a_hot_session_shows() {
        let values = ["a", "b", "a", "c", "a"];
        let report = KeyReport::of(&values);
        assert_eq!((report.sampled, report.cardinality), (5, 3));
        assert!((report.highest_frequency - 0.6).abs() < 1e-9);
        assert_eq!(most_frequent(&values, 2), ["a", "b"]);
        assert!(report.rows()[2][2].contains("hot"));
    }

    #[test]
    fn an_empty_sample_says_nothing() {
        let report = KeyReport::of(&[]);
        assert_eq!((report.sampled, report.cardinality, report.monotonicity), (0, 0, 0.0));
    }
}
