//! How cost changes with size: on MongoDB, since the embedded store is one machine's.

mod fill;
mod ground;
mod payloads;
mod sessions;
mod shards;
mod stored;
mod tenants;

use anyhow::Result;

use crate::args::{Args, Growth};
use crate::results::Results;
use crate::targets::{SHARDS, STORED};

/// Measures every series that was asked for.
pub(crate) async fn run(args: &Args, growth: &Growth) -> Result<Results> {
    let wanted = |name: &str| name.contains(&args.only);
    let mut series = Vec::new();
    if wanted(STORED) {
        series.push(stored::measure(args, growth.up_to).await?);
    }
    if sessions::names().any(wanted) {
        series.extend(sessions::measure(args, growth.up_to, wanted).await?);
    }
    if tenants::names().any(wanted) {
        series.extend(tenants::measure(args, wanted).await?);
    }
    if wanted(payloads::NAME) {
        series.push(payloads::measure(args).await?);
    }
    if wanted(SHARDS) {
        series.push(shards::measure(args).await?);
    }
    Ok(Results { stores: Vec::new(), series })
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
