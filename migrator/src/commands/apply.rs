//! Applying a plan, or what of it distributes collections.

use std::{
    fs,
    io::{Write as _, stderr},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use conversation_store::mongo::schema::DECLARED;

use super::{Found, confirm, observe, tables, tell};
use crate::{
    apply::{self, Run},
    cli::{ApplyOptions, Output, PlanOptions},
    connect::Connection,
    declaration::Declared,
    exit::Exit,
    plan::{Action, Asked, Plan, Step, objections},
    render::{self, render},
    verify::Report,
};

/// Applies the plan for what is there now, or the one in a file.
pub(super) async fn plan(connection: &Connection, declared: &Declared, options: &ApplyOptions) -> Result<Found> {
    let Some(file) = options.plan.as_deref() else {
        let (_, plan) = observe(connection, declared, &options.planning).await?;
        return approved(connection, declared, plan, options).await;
    };
    let written = read(file)?;
    // What a reviewed plan may do stands in it, and not in the flags of the day.
    let declared = &Declared::of(written.declaration.clone());
    let options = &ApplyOptions { planning: written.options(), allow_destructive: true, ..options.clone() };
    let (observed, now) = observe(connection, declared, &options.planning).await?;
    apply::check_fits(connection, &written, &now, &observed).await?;
    // Steps that an interrupted run has made are not made again.
    let due = |step: &Step| now.steps.iter().any(|n| n.action.approved() == step.action.approved());
    let plan = Plan { steps: written.steps.iter().filter(|step| due(step)).cloned().collect(), ..written };
    approved(connection, declared, plan, options).await
}

/// Applies a plan that nothing speaks against.
async fn approved(
    connection: &Connection,
    declared: &Declared,
    mut plan: Plan,
    options: &ApplyOptions,
) -> Result<Found> {
    if plan.blocked.is_empty() && !plan.steps.is_empty() {
        let made = apply::made_before(connection, options).await?;
        let asked = Asked {
            expected: options.expect.as_deref(),
            destructive: options.allow_destructive,
            drops: &options.planning.allow_drop,
        };
        plan.blocked = objections(&plan, &apply::chosen(&plan, options)?, asked, &made);
    }
    if !plan.blocked.is_empty() {
        tell(&render(Output::Table, &plan, &render::plan(&plan)))?;
        return Ok(Found { exit: Exit::Blocked, plan: Some(plan) });
    }
    if plan.steps.is_empty() {
        tell("nothing to do\n")?;
        return Ok(Found { exit: plan.exit(), plan: Some(plan) });
    }
    if !options.yes {
        tell(&render(Output::Table, &plan, &render::plan(&plan)))?;
        confirm(&format!("Apply {} steps to {} at {}?", plan.steps.len(), plan.database, connection.hosts))?;
    }
    let watch = |line| {
        let _ = writeln!(stderr(), "{line}");
    };
    apply::apply(Run { connection, declared, plan: &plan, options, watch: &watch }).await?;
    let (observed, plan) = observe(connection, declared, &PlanOptions::default()).await?;
    let report = Report::of(&observed, &plan);
    tell(&render(Output::Table, &report, &tables(&report)))?;
    if report.as_declared {
        tell("applied, and as declared\n")?;
    }
    Ok(Found { exit: report.exit(), plan: Some(plan) })
}

/// Applies the steps that distribute collections, and the indexes that these rest on.
pub(super) async fn shards(connection: &Connection, declared: &Declared, options: ApplyOptions) -> Result<Found> {
    if !connection.sharded {
        bail!(
            "{} is a replica set, which has no shards: turn it into a sharded cluster and connect to its mongos",
            connection.hosts
        );
    }
    let (_, found) = observe(connection, declared, &options.planning).await?;
    let sharding = |step: &&Step| match &step.action {
        Action::CreateCollection { .. } | Action::ShardCollection { .. } => true,
        Action::CreateIndex { collection, index, .. } => DECLARED
            .iter()
            .filter(|release| release.name == collection)
            .flat_map(|release| release.indexes.iter().map(|i| (i, release.shard_key)))
            .any(|(i, key)| i.name == index && i.keys.starts_with(key)),
        _ => false,
    };
    let only: Vec<String> = found.steps.iter().filter(sharding).map(|step| step.id.clone()).collect();
    if only.is_empty() && found.blocked.is_empty() {
        tell("everything declared is distributed\n")?;
        return Ok(Found { exit: found.exit(), plan: Some(found) });
    }
    plan(connection, declared, &ApplyOptions { only, ..options }).await
}

fn read(file: &Path) -> Result<Plan> {
    let text = fs::read_to_string(file).with_context(|| format!("the plan file {} cannot be read", file.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("{} is not a plan file: write one with plan --output json", file.display()))
}
