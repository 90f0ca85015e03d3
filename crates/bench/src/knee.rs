//! The knee of a series: where its cost leaves the level that it had kept so far.

/// How far above its level a cost is still that level: about twice the noise between two runs.
pub(crate) const TOLERANCE: f64 = 0.2;

/// The index from which on all costs are higher than the mean of those before it by more than [`TOLERANCE`]; none of a
/// series that is flat, falls, or comes back to its level after one bad round.
pub(crate) fn knee(costs: &[f64]) -> Option<usize> {
    (1..costs.len()).find(|index| {
        let (before, after) = costs.split_at(*index);
        let level = before.iter().sum::<f64>() / before.len() as f64;
        after.iter().all(|cost| *cost > level * (1.0 + TOLERANCE))
    })
}

#[cfg(test)]
mod tests {
    use super::knee;

    #[test]
    fn a_flat_or_falling_series_has_none() {
        for flat in [&[][..], &[3.0], &[1.0, 1.19, 1.0, 1.1], &[4.0, 2.0, 1.0]] {
            assert_eq!(knee(flat), None, "{flat:?}");
        }
    }

    #[test]
    fn the_first_step_up_is_the_knee() {
        assert_eq!(knee(&[1.0, 1.0, 1.3, 9.0]), Some(2));
        assert_eq!(knee(&[1.0, 2.0]), Some(1));
    }

    #[test]
    fn a_bump_that_does_not_last_is_none() {
        assert_eq!(knee(&[1.0, 1.5, 1.0, 1.0]), None);
        assert_eq!(knee(&[1.0, 1.5, 1.0, 2.0, 2.0]), Some(3));
    }

    #[test]
    fn a_slow_climb_is_found_although_no_step_is_high() {
        assert_eq!(knee(&[1.0, 1.15, 1.32, 1.5]), Some(2));
    }
}
