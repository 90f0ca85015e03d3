//! Conditions: what is said now, put beside what was said before.

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use crate::api::{Condition, ConditionStatus};

/// All there is, works, and is what is declared.
pub const READY: &str = "Ready";
/// Something is being done to get there.
pub const PROGRESSING: &str = "Progressing";
/// Something is wrong that does not pass by itself.
pub const DEGRADED: &str = "Degraded";
/// The schema is not yet what is declared.
pub const MIGRATION_PENDING: &str = "MigrationPending";
/// The schema was found otherwise than it was applied.
pub const SCHEMA_DRIFT: &str = "SchemaDrift";

/// What is said now about one aspect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Which aspect.
    pub type_: &'static str,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why, in one word.
    pub reason: String,
    /// Why, for people.
    pub message: String,
}

impl Said {
    /// That an aspect holds or does not.
    pub fn new(type_: &'static str, holds: bool, reason: impl Into<String>, message: impl Into<String>) -> Self {
        let status = if holds { ConditionStatus::True } else { ConditionStatus::False };
        Self { type_, status, reason: reason.into(), message: message.into() }
    }

    /// That nobody can tell.
    pub fn unknown(type_: &'static str, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self { type_, status: ConditionStatus::Unknown, reason: reason.into(), message: message.into() }
    }
}

/// The conditions after what is said now. The time of the last transition stays while the status does.
#[must_use]
pub fn merge(before: &[Condition], said: Vec<Said>, generation: i64, now: Timestamp) -> Vec<Condition> {
    let condition = |Said { type_, status, reason, message }: Said| {
        let old = before.iter().find(|condition| condition.type_ == type_ && condition.status == status);
        // The API keeps whole seconds; what is finer would look like a change when it is read back.
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        Condition {
            type_: type_.to_owned(),
            status,
            reason,
            message,
            last_transition_time: old.map_or(Time(now), |old| old.last_transition_time.clone()),
            observed_generation: generation,
        }
    };
    said.into_iter().map(condition).collect()
}

/// The conditions whose status or reason is another one than before: what is worth an event.
pub fn transitions<'a>(before: &'a [Condition], after: &'a [Condition]) -> impl Iterator<Item = &'a Condition> {
    after.iter().filter(|new| {
        let old = before.iter().find(|old| old.type_ == new.type_);
        old.is_none_or(|old| old.status != new.status || old.reason != new.reason)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn the_time_of_a_transition_is_that_of_the_status_and_not_of_the_reason() {
        let first = merge(&[], vec![Said::new(READY, false, "A", "a")], 1, at(1));
        let second = merge(&first, vec![Said::new(READY, false, "B", "b")], 2, at(2));
        assert_eq!((second[0].last_transition_time.0, second[0].observed_generation), (at(1), 2));
        let third = merge(&second, vec![Said::new(READY, true, "C", "c")], 2, at(3));
        assert_eq!(third[0].last_transition_time.0, at(3));
    }

    #[test]
    fn saying_the_same_again_changes_nothing() {
        let said = || vec![Said::new(READY, true, "A", "a")];
        let first = merge(&[], said(), 1, at(1));
        let second = merge(&first, said(), 1, at(2));
        assert_eq!(first, second);
        assert_eq!(transitions(&first, &second).count(), 0);
    }

    #[test]
    fn another_reason_is_a_transition() {
        let first = merge(&[], vec![Said::new(READY, false, "A", "a")], 1, at(1));
        let second = merge(&first, vec![Said::new(READY, false, "B", "b")], 1, at(2));
        assert_eq!(transitions(&first, &second).count(), 1);
    }
}
