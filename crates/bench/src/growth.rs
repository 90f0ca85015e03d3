//! How cost changes with size: on MongoDB, since the embedded store is one machine's.

mod fill;
mod ground;
mod payloads;
mod sessions;
mod shards;
mod stored;
mod tenants;

use crate::args::{Args, Growth};
use crate::results::Results;
use crate::targets::{SHARDS, STORED};

/// Measures every series that was asked for; one that fails does not lose the others.
pub(crate) async fn run(args: &Args, growth: &Growth) -> Results {
    let wanted = |name: &str| name.contains(&args.only);
    let mut results = Results::default();
    if wanted(STORED) {
        let stored = stored::measure(args, growth.up_to, &mut results.failures).await;
        results.series.push(stored);
    }
    if sessions::names().any(wanted) {
        results.note("length of session", sessions::measure(args, growth.up_to, wanted).await);
    }
    if tenants::names().any(wanted) {
        results.note("tenants", tenants::measure(args, wanted).await);
    }
    if wanted(payloads::NAME) {
        results.note(payloads::NAME, payloads::measure(args).await.map(|series| vec![series]));
    }
    if wanted(SHARDS) {
        results.note(SHARDS, shards::measure(args).await.map(|series| vec![series]));
    }
    results
}

#[cfg(test)]
mod tests {
    use super::{SHARDS, STORED, payloads, sessions, tenants};
    use crate::results;

    #[test]
    fn every_series_is_described_for_programs() {
        let description = std::fs::read_to_string(results::folder().join("README.md")).expect("description");
        let names = sessions::names().chain(tenants::names()).chain([STORED, SHARDS, payloads::NAME]);
        for name in names {
            assert!(description.contains(&format!("`{name}`")), "{name} is not described");
        }
    }
}
