//! Applying a plan: under a lease, step by step, each noted in the journal before and after, so that a run that was
//! killed is taken up by the next one.

mod execute;
mod journal;
mod lease;
pub mod progress;

use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use bson::doc;
use tokio_util::sync::CancellationToken;

pub use journal::{Entry, State};
pub use lease::{Held, Lease, holder};

use crate::{
    cli::ApplyOptions,
    connect::Connection,
    declaration::Declared,
    observe::Observation,
    plan::{self, Action, Plan, Step},
};

/// Takes what happens, for a person who watches.
pub type Watcher<'w> = &'w (dyn Fn(String) + Send + Sync);

/// A plan that is being applied.
#[derive(Clone, Copy)]
pub struct Run<'r> {
    /// Where.
    pub connection: &'r Connection,
    /// What the deployment must have.
    pub declared: &'r Declared,
    /// The plan.
    pub plan: &'r Plan,
    /// Which of its steps, and how.
    pub options: &'r ApplyOptions,
    /// Who watches.
    pub watch: Watcher<'r>,
}

/// Applies the steps of a plan that are chosen.
///
/// # Errors
/// When another runner holds the lease, a step fails, or the time is over. What was done stays done.
pub async fn apply(run: Run<'_>) -> Result<()> {
    let Run { connection, plan, options, watch, .. } = run;
    let chosen = chosen(plan, options)?;
    let (length, patience) = (Duration::from_secs(options.lease_seconds), Duration::from_secs(options.wait));
    leased(connection, length, patience, watch, async |lease: &Lease| {
        let work = make_steps(&run, &chosen, lease);
        tokio::time::timeout(options.limit(), work).await.unwrap_or_else(|_| {
            Err(anyhow!(
                "the time of --timeout is over; what the server is at goes on by itself: see status, then apply again"
            ))
        })
    })
    .await
}

/// The steps that `options` choose.
///
/// # Errors
/// When they name a step that is not in the plan.
pub fn chosen<'p>(plan: &'p Plan, options: &ApplyOptions) -> Result<Vec<&'p Step>> {
    check_names(plan, options)?;
    Ok(plan.steps.iter().filter(|step| is_chosen(step, options)).collect())
}

/// What an unfinished run has made or begun of the plan that `options` expect.
///
/// # Errors
/// When the deployment does not answer.
pub async fn made_before(connection: &Connection, options: &ApplyOptions) -> Result<Vec<String>> {
    match &options.expect {
        Some(approval) => journal::made_under(connection, approval).await,
        None => Ok(Vec::new()),
    }
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

async fn make_steps(run: &Run<'_>, chosen: &[&Step], lease: &Lease) -> Result<()> {
    // Another runner may have worked while this one asked or waited, and what is the same step may be made otherwise where
    // documents have arrived.
    let now = Observation::of(run.connection).await?;
    let due = plan::build(run.declared, &now, &run.options.planning).steps;
    let is_chosen = |step: &&Step| chosen.iter().any(|c| c.action.approved() == step.action.approved());
    let chosen: Vec<&Step> = due.iter().filter(is_chosen).collect();
    for (at, step) in chosen.iter().enumerate() {
        if step.action == Action::RecordVersion && chosen.len() < due.len() {
            (run.watch)("record-version: left out, because other steps were".into());
            continue;
        }
        // A runner that slept through its lease must not begin another step (fencing).
        lease.check().await?;
        (run.watch)(format!("[{}/{}] {}", at + 1, chosen.len(), step.id));
        journal::begin(run, step, lease.token()).await?;
        let outcome = execute::step(run, step).await;
        journal::end(run, step, lease.token(), outcome.as_ref().err().map(ToString::to_string)).await?;
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
    let unforeseen =
        now.steps.iter().find(|step| !written.steps.iter().any(|w| w.action.approved() == step.action.approved()));
    if let Some(step) = unforeseen {
        bail!("the deployment has moved since the plan was written ({} is due now): make a new one", step.id);
    }
    for step in
        written.steps.iter().filter(|step| !now.steps.iter().any(|n| n.action.approved() == step.action.approved()))
    {
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
