//! A run from beginning to end: servers, load, fault, audit.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;

use conversation_auditor::{Args as Audit, audit};

use crate::{
    args::Args,
    binaries::Binaries,
    k6::K6,
    outcome::Outcome,
    profile::{Fault, Profile, StoreKind},
    stand::{DATABASE, Stand},
};

/// What k6 may take beyond its time: calls are finished, and requests repeated for a minute.
const GRACE: Duration = Duration::from_secs(180);
/// Sessions that the auditor walks at once, and events on its pages.
const CONNECTIONS: usize = 8;
const PAGE: u16 = 10;

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Load {
    /// The profile.
    pub profile: Profile,
    /// What is broken meanwhile.
    pub fault: Option<Fault>,
    /// On which store.
    pub store: StoreKind,
    /// The mean of the day.
    pub sessions_per_day: u64,
    /// How long, such as `90s`.
    pub duration: String,
    /// Further settings of k6.
    pub settings: BTreeMap<String, String>,
}

impl Load {
    /// What the arguments ask for.
    ///
    /// # Errors
    /// When a fault is asked for on a store that cannot have it.
    pub fn asked_for(args: &Args) -> Result<Self> {
        let fault = args.fault.or(args.profile.fault());
        let needed = fault.and_then(Fault::store);
        let store = args.store.or(needed).unwrap_or(StoreKind::Mongodb);
        if let Some(needed) = needed {
            ensure!(store == needed, "this fault needs the store {needed:?}");
        }
        let mut settings: BTreeMap<String, String> = args.settings.iter().cloned().collect();
        if matches!(fault, Some(Fault::Failover | Fault::Migration)) {
            // Answers are late while there is no primary, and calls pile up.
            settings.entry("LATENCY_FACTOR".to_owned()).or_insert_with(|| "0".to_owned());
            settings.entry("STALL_SECONDS".to_owned()).or_insert_with(|| "20".to_owned());
        }
        let (profile, sessions_per_day, duration) = (args.profile, args.sessions_per_day, args.duration.clone());
        Ok(Self { profile, fault, store, sessions_per_day, duration, settings })
    }

    fn environment(&self, url: String) -> BTreeMap<String, String> {
        let mut environment = self.settings.clone();
        environment.insert("BASE_URL".to_owned(), url);
        environment.insert("SESSIONS_PER_DAY".to_owned(), self.sessions_per_day.to_string());
        environment.insert("DURATION".to_owned(), self.duration.clone());
        environment
    }
}

/// Starts the servers, makes the load and the fault, and audits.
///
/// # Errors
/// When one of these cannot be done; that a threshold is missed or something is found is no error but an outcome.
pub async fn run(load: &Load, binaries: &Binaries) -> Result<Outcome> {
    let folder = TempDir::with_prefix("load-").context("temporary folder")?;
    eprintln!("{}: servers", load.profile.name());
    let stand = Stand::start(load.store, load.fault, binaries, folder.path()).await?;
    let k6 = K6::start(&binaries.k6, load.profile, &load.environment(stand.service.url("")), folder.path())?;
    eprintln!("{}: {} of load on {}", load.profile.name(), load.duration, stand.service.url(""));
    let deadline = seconds(&load.duration)? + GRACE;
    let broken = match load.fault {
        Some(fault) => {
            k6.until_more_acknowledged().await?;
            let happened = fault.happen(&stand, binaries, &k6).await;
            happened.with_context(|| format!("fault {}; k6 said:\n{}", fault.name(), k6.log()))?
        }
        None => Vec::new(),
    };
    let summary = k6.finish(deadline).await?;
    eprintln!("{}: audit", load.profile.name());
    let audit = Audit {
        ledgers: vec![k6.ledger()],
        url: stand.service.url(""),
        mongodb_uri: stand.store.uri(),
        mongodb_database: DATABASE.to_owned(),
        page_size: PAGE,
        connections: CONNECTIONS,
        json: false,
    };
    let audit = audit_of(&audit).await?;
    Ok(Outcome { load: load.clone(), broken, summary, audit })
}

async fn audit_of(args: &Audit) -> Result<conversation_auditor::Report> {
    audit(args).await.context("audit")
}

/// The times that `load-tests/lib/settings.js` understands too.
fn seconds(text: &str) -> Result<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => bail!("--duration is {text:?}: give a time such as 90s, 10m, 4h or 2d"),
    };
    let number: f64 = digits.parse().with_context(|| format!("--duration {text:?}"))?;
    Duration::try_from_secs_f64(number * unit).with_context(|| format!("--duration {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::seconds;
    use std::time::Duration;

    #[test]
    fn a_time_has_a_unit() {
        assert_eq!(seconds("1.5m").expect("a time"), Duration::from_secs(90));
        assert_eq!(seconds("8").expect("a time"), Duration::from_secs(8));
        assert!(seconds("soon").is_err() && seconds("1w").is_err());
    }
}
