//! Which of several operators works: the one that holds the Lease.
//!
//! Every write names the version of the Lease that it was decided on, so that of two that reach for it one is refused. A
//! Lease has expired when this process has not seen it change for its duration, by its own steady clock: the clocks of nodes
//! need not agree. A leader that cannot renew stops before anybody else may begin.

use std::time::Duration;

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
    jiff::Timestamp,
};
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use tokio::time::Instant;

use crate::desired::OPERATOR;

/// An operator that would like to work.
#[derive(Debug)]
pub struct Candidate {
    leases: Api<Lease>,
    name: String,
    identity: String,
    duration: Duration,
    seen: Option<Seen>,
}

/// A Lease as it was when it changed last.
#[derive(Debug)]
struct Seen {
    lease: Lease,
    at: Instant,
}

/// What can be done with a Lease.
#[derive(Debug, PartialEq, Eq)]
enum Move {
    /// It is this operator's: renew it.
    Renew,
    /// It is nobody's any more: take it.
    Take,
    /// It is somebody else's.
    Wait,
}

impl Candidate {
    /// A candidate for the Lease of this name.
    #[must_use]
    pub fn new(client: Client, namespace: &str, name: &str, identity: &str, duration: Duration) -> Self {
        let leases = Api::namespaced(client, namespace);
        Self { leases, name: name.to_owned(), identity: identity.to_owned(), duration, seen: None }
    }

    /// How long is waited between two looks at the Lease.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.duration / 5
    }

    /// For how long after a renewal this operator may work: less than the Lease holds for the others, by enough to stop.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.duration * 3 / 5
    }

    /// Looks at the Lease, and takes or renews it if that is due. Tells whether it is this operator's now.
    ///
    /// # Errors
    /// When the API server does not answer or refuses. That another operator was quicker is no error.
    pub async fn attempt(&mut self) -> kube::Result<bool> {
        let Some(lease) = self.leases.get_opt(&self.name).await? else {
            let metadata = ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() };
            let first = Lease { metadata, spec: Some(self.held(0)) };
            return self.write(self.leases.create(&Self::manager(), &first).await);
        };
        let unchanged = |seen: &Seen| seen.lease.metadata.resource_version == lease.metadata.resource_version;
        if !self.seen.as_ref().is_some_and(unchanged) {
            self.seen = Some(Seen { lease: lease.clone(), at: Instant::now() });
        }
        let quiet = self.seen.as_ref().map_or(Duration::ZERO, |seen| seen.at.elapsed());
        let spec = lease.spec.clone().unwrap_or_default();
        let transitions = spec.lease_transitions.unwrap_or_default();
        let next = match next(&spec, &self.identity, quiet) {
            Move::Wait => return Ok(false),
            Move::Take => self.held(transitions + 1),
            Move::Renew => LeaseSpec { acquire_time: spec.acquire_time, ..self.held(transitions) },
        };
        let renewed = Lease { spec: Some(next), ..lease };
        self.write(self.leases.replace(&self.name, &Self::manager(), &renewed).await)
    }

    /// Gives the Lease back, so that another operator need not wait until it expires.
    ///
    /// # Errors
    /// When the API server does not answer or refuses.
    pub async fn release(&mut self) -> kube::Result<()> {
        let Some(Seen { mut lease, .. }) = self.seen.take() else { return Ok(()) };
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() != Some(&self.identity) {
            return Ok(());
        }
        spec.holder_identity = None;
        spec.renew_time = None;
        self.leases.replace(&self.name, &Self::manager(), &lease).await.map(drop)
    }

    fn write(&mut self, written: kube::Result<Lease>) -> kube::Result<bool> {
        match written {
            Ok(lease) => {
                self.seen = Some(Seen { lease, at: Instant::now() });
                Ok(true)
            }
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn held(&self, transitions: i32) -> LeaseSpec {
        let now = MicroTime(Timestamp::now());
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            acquire_time: Some(now.clone()),
            renew_time: Some(now),
            lease_duration_seconds: i32::try_from(self.duration.as_secs()).ok(),
            lease_transitions: Some(transitions),
            ..LeaseSpec::default()
        }
    }

    fn manager() -> PostParams {
        PostParams { field_manager: Some(OPERATOR.to_owned()), ..PostParams::default() }
    }
}

/// What can be done with a Lease that has not changed for so long.
fn next(spec: &LeaseSpec, identity: &str, quiet: Duration) -> Move {
    let duration = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    match spec.holder_identity.as_deref() {
        Some(holder) if holder == identity => Move::Renew,
        None | Some("") => Move::Take,
        Some(_) if quiet >= Duration::from_secs(duration.unwrap_or_default()) => Move::Take,
        Some(_) => Move::Wait,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held_by(holder: Option<&str>) -> LeaseSpec {
        let holder_identity = holder.map(str::to_owned);
        LeaseSpec { holder_identity, lease_duration_seconds: Some(15), ..LeaseSpec::default() }
    }

    #[test]
    fn a_lease_is_taken_only_from_nobody_or_from_one_that_was_quiet_for_its_duration() {
        let (little, long) = (Duration::from_secs(14), Duration::from_secs(15));
        assert_eq!(next(&held_by(None), "me", little), Move::Take);
        assert_eq!(next(&held_by(Some("")), "me", little), Move::Take);
        assert_eq!(next(&held_by(Some("me")), "me", long), Move::Renew);
        assert_eq!(next(&held_by(Some("other")), "me", little), Move::Wait);
        assert_eq!(next(&held_by(Some("other")), "me", long), Move::Take);
    }
}
