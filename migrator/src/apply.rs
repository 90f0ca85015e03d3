//! Applying a plan: under a lease, step by step, each noted in the journal before and after, so that a run that was
//! killed is taken up by the next one.

mod execute;
mod journal;
mod lease;
pub mod progress;

use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use bson::doc;
use conversation_store::mongo::schema::DECLARED;
use tokio_util::sync::CancellationToken;

pub use journal::{Entry, State};
pub use lease::{Held, Lease, holder};

use crate::{
    cli::{ApplyOptions, PlanOptions},
    connect::Connection,
    observe::Observation,
    plan::{self, Action, Plan, Step},
};

/// Takes what happens, for a person who watches.
pub type Watcher<'w> = &'w (dyn Fn(String) + Send + Sync);

/// Applies the steps of `plan` that `options` choose.
///
/// # Errors
/// When another runner holds the lease, a step fails, or the time is over. What was done stays done.
pub async fn apply(connection: &Connection, plan: &Plan, options: &ApplyOptions, watch: Watcher<'_>) -> Result<()> {
    let chosen: Vec<&Step> = plan.steps.iter().filter(|step| is_chosen(step, options)).collect();
    check_names(plan, options)?;
    let (length, patience) = (Duration::from_secs(options.lease_seconds), Duration::from_secs(options.wait));
    leased(connection, length, patience, watch, async |lease: &Lease| {
        let work = make_steps(connection, plan, &chosen, &options.planning, lease, watch);
        tokio::time::timeout(options.limit(), work).await.unwrap_or_else(|_| {
            Err(anyhow!(
                "the time of --timeout is over; what the server is at goes on by itself: see status, then apply again"
            ))
        })
    })
    .await
}

/// Does `work` while this process holds the lease.
///
/// # Errors
/// When another runner holds it or takes it over, and those of the work.
pub async fn leased(
    connection: &Connection,
    length: Duration,
    patience: Duration,
    watch: Watcher<'_>,
    work: impl AsyncFnOnce(&Lease) -> Result<()>,
) -> Result<()> {
    let lease = Lease::take(connection, length, patience, watch).await?;
    let lost = CancellationToken::new();
    let beating = lease.keep(lost.clone());
    let outcome = tokio::select! {
        outcome = work(&lease) => outcome,
        () = lost.cancelled() => Err(anyhow!("the lease was lost to another runner, so nothing more is done here: see status")),
    };
    beating.abort();
    lease.release().await;
    outcome
}

async fn make_steps(
    connection: &Connection,
    plan: &Plan,
    chosen: &[&Step],
    planning: &PlanOptions,
    lease: &Lease,
    watch: Watcher<'_>,
) -> Result<()> {
    // Another runner may have worked while this one asked or waited.
    let due = plan::build(DECLARED, &Observation::of(connection).await?, planning).steps;
    let chosen: Vec<&Step> =
        chosen.iter().copied().filter(|step| due.iter().any(|d| d.action == step.action)).collect();
    for (at, step) in chosen.iter().enumerate() {
        if step.action == Action::RecordVersion && chosen.len() < due.len() {
            watch("record-version: left out, because other steps were".into());
            continue;
        }
        // A runner that slept through its lease must not begin another step (fencing).
        lease.check().await?;
        watch(format!("[{}/{}] {}", at + 1, chosen.len(), step.id));
        journal::begin(connection, plan, step, lease.token()).await?;
        let outcome = execute::step(connection, step, watch).await;
        journal::end(connection, plan, step, lease.token(), outcome.as_ref().err().map(ToString::to_string)).await?;
        outcome?;
    }
    Ok(())
}

fn is_chosen(step: &Step, options: &ApplyOptions) -> bool {
    (options.only.is_empty() || options.only.contains(&step.id)) && !options.skip.contains(&step.id)
}

/// A misspelt step must not silently mean "none" or "all".
fn check_names(plan: &Plan, options: &ApplyOptions) -> Result<()> {
    let unknown: Vec<&str> = options
        .only
        .iter()
        .chain(&options.skip)
        .map(String::as_str)
        .filter(|name| !plan.steps.iter().any(|step| step.id == **name))
        .collect();
    if !unknown.is_empty() {
        bail!("the plan has no step {}: plan lists those it has", unknown.join(", "));
    }
    Ok(())
}

/// Whether a plan that was written before still fits: it is intact, for this deployment and this schema, and every step
/// that is due now is one of its own, while those no longer due were made by an interrupted run of it.
///
/// # Errors
/// When it does not fit.
pub async fn check_fits(connection: &Connection, written: &Plan, now: &Plan, observed: &Observation) -> Result<()> {
    if !written.is_intact() {
        bail!("the plan file was changed after it was written: make a new one with plan --output json");
    }
    if written.cluster != observed.cluster || written.database != observed.database {
        bail!("the plan file is for another deployment or database: make one for this with plan --output json");
    }
    if written.schema_checksum != now.schema_checksum {
        bail!(
            "the plan file leads to the schema {}, this migrator to {}: use one release for both",
            written.schema_checksum,
            now.schema_checksum
        );
    }
    let unforeseen = now.steps.iter().find(|step| !written.steps.iter().any(|w| w.action == step.action));
    if let Some(step) = unforeseen {
        bail!("the deployment has moved since the plan was written ({} is due now): make a new one", step.id);
    }
    for step in written.steps.iter().filter(|step| !now.steps.iter().any(|n| n.action == step.action)) {
        if !journal::was_made(connection, written, step).await? {
            bail!("the deployment has moved since the plan was written ({} is no longer due): make a new one", step.id);
        }
    }
    Ok(())
}

/// The collection of the lease, the journal and the applied version.
fn migrations(connection: &Connection) -> mongodb::Collection<bson::Document> {
    connection.database.collection(conversation_store::mongo::schema::MIGRATIONS)
}

/// The newest entries of the journal, and the lease.
///
/// # Errors
/// When the deployment does not answer.
pub async fn observe(connection: &Connection) -> Result<(Option<Held>, Vec<Entry>)> {
    let held = migrations(connection).find_one(doc! { "_id": lease::ID }).await?.and_then(|found| Held::read(&found));
    Ok((held, journal::newest(connection).await?))
}
