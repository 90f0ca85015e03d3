//! Each command: observe, work, tell.

use std::{
    fs,
    io::{IsTerminal, Write, stderr, stdin, stdout},
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use conversation_store::mongo::schema::{self, DECLARED};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    advise::Advice,
    apply::{self, progress},
    capacity::{Answers, costs::Costs, inputs::Inputs},
    cli::{AdviseOptions, ApplyOptions, Cli, Command, Output, PlanOptions, ReshardOptions},
    connect::Connection,
    exit::Exit,
    observe::Observation,
    plan::{self, Action, Plan},
    render::{self, render},
    reshard,
    status::Status,
    verify::Report,
};

/// How long the lease of a resharding outlives a runner that was killed.
const LEASE: Duration = Duration::from_secs(30);

/// Runs the command.
///
/// # Errors
/// One sentence with cause and remedy.
pub async fn run(cli: Cli) -> Result<Exit> {
    // What a load needs is the same whatever deployment there is.
    if let Command::Advise(options) = &cli.command
        && (options.costs.is_some() || options.load != Inputs::default())
    {
        return estimate(options);
    }
    let connection = Connection::open(&cli.deployment).await?;
    let mut terminated = signal(SignalKind::terminate())?;
    let exit = tokio::select! {
        exit = execute(&connection, cli.command) => exit,
        _ = terminated.recv() => Err(anyhow!("ended by a signal; what the server is at goes on by itself, and a lease expires: apply again")),
    };
    // A driver that is dropped with the runtime panics over connections that it was still opening.
    connection.client.shutdown().await;
    exit
}

async fn execute(connection: &Connection, command: Command) -> Result<Exit> {
    match command {
        Command::Plan(options) => {
            let (_, plan) = observe(connection, &options).await?;
            tell(&render(options.output, &plan, &render::plan(&plan)))?;
            if plan.exit() == Exit::Clean && options.output == Output::Table {
                tell("nothing to do\n")?;
            }
            Ok(plan.exit())
        }
        Command::Apply(options) => apply_plan(connection, &options).await,
        Command::Verify { orphans, output } => {
            let (mut observed, plan) = observe(connection, &PlanOptions::default()).await?;
            if orphans {
                observed.count_orphans(connection).await?;
            }
            let report = Report::of(&observed, &plan);
            tell(&render(output, &report, &tables(&report)))?;
            if report.as_declared && output == Output::Table {
                tell("as declared\n")?;
            }
            Ok(report.exit())
        }
        Command::Shard(options) => shard(connection, options).await,
        Command::Reshard(options) => reshard_collection(connection, &options).await,
        Command::Advise(options) => {
            let advice = Advice::of(connection).await?;
            tell(&render(options.output(), &advice, &advice.tables()))?;
            Ok(Exit::Clean)
        }
        Command::Status { output } => {
            let status = Status::of(connection).await?;
            tell(&render(output, &status, &status.tables()))?;
            Ok(Exit::Clean)
        }
    }
}

fn estimate(options: &AdviseOptions) -> Result<Exit> {
    if !options.load.asks() {
        bail!("the load is incomplete: add --sessions-per-day N for what it needs, or --processors N for a breakpoint");
    }
    let costs = options.costs.as_deref().map_or_else(|| Ok(Costs::committed()), measured)?;
    let answers = Answers::to(&options.load, &costs);
    tell(&render(options.output(), &answers, &answers.tables()))?;
    Ok(Exit::Clean)
}

async fn apply_plan(connection: &Connection, options: &ApplyOptions) -> Result<Exit> {
    let written = options.plan.as_deref().map(read).transpose()?;
    // What a reviewed plan may do stands in it, and not in the flags of the day.
    let planning = written.as_ref().map_or_else(|| options.planning.clone(), Plan::options);
    let options = &ApplyOptions { planning, ..options.clone() };
    let (observed, now) = observe(connection, &options.planning).await?;
    let plan = match written {
        None => now,
        Some(written) => {
            apply::check_fits(connection, &written, &now, &observed).await?;
            // Steps that an interrupted run has made are not made again.
            let due = |step: &plan::Step| now.steps.iter().any(|n| n.action == step.action);
            Plan { steps: written.steps.iter().filter(|step| due(step)).cloned().collect(), ..written }
        }
    };
    if !plan.blocked.is_empty() {
        tell(&render(Output::Table, &plan, &render::plan(&plan)))?;
        return Ok(Exit::Blocked);
    }
    if plan.steps.is_empty() {
        tell("nothing to do\n")?;
        return Ok(plan.exit());
    }
    if !options.yes {
        tell(&render(Output::Table, &plan, &render::plan(&plan)))?;
        confirm(&format!("Apply {} steps to {} at {}?", plan.steps.len(), plan.database, connection.hosts))?;
    }
    apply::apply(connection, &plan, options, &|line| {
        let _ = writeln!(stderr(), "{line}");
    })
    .await?;
    let (observed, plan) = observe(connection, &PlanOptions::default()).await?;
    let report = Report::of(&observed, &plan);
    tell(&render(Output::Table, &report, &tables(&report)))?;
    if report.as_declared {
        tell("applied, and as declared\n")?;
    }
    Ok(report.exit())
}

/// Applies the steps that distribute collections, and the indexes that these rest on.
async fn shard(connection: &Connection, options: ApplyOptions) -> Result<Exit> {
    if !connection.sharded {
        bail!(
            "{} is a replica set, which has no shards: turn it into a sharded cluster and connect to its mongos",
            connection.hosts
        );
    }
    let (_, plan) = observe(connection, &options.planning).await?;
    let sharding = |step: &&plan::Step| match &step.action {
        Action::CreateCollection { .. } | Action::ShardCollection { .. } => true,
        Action::CreateIndex { collection, index } => DECLARED
            .iter()
            .filter(|declared| declared.name == collection)
            .flat_map(|declared| declared.indexes.iter().map(|i| (i, declared.shard_key)))
            .any(|(i, key)| i.name == index && i.keys.starts_with(key)),
        _ => false,
    };
    let only: Vec<String> = plan.steps.iter().filter(sharding).map(|step| step.id.clone()).collect();
    if only.is_empty() && plan.blocked.is_empty() {
        tell("everything declared is distributed\n")?;
        return Ok(plan.exit());
    }
    apply_plan(connection, &ApplyOptions { only, ..options }).await
}

async fn reshard_collection(connection: &Connection, options: &ReshardOptions) -> Result<Exit> {
    let name = &options.collection;
    let Some(declared) = DECLARED.iter().find(|declared| declared.name == name) else {
        let names: Vec<&str> = DECLARED.iter().map(|declared| declared.name).collect();
        bail!("no collection {name} is declared: use {}", names.join(" or "));
    };
    let observed = Observation::of(connection).await?;
    let running = progress::running(&connection.client, connection.database.name()).await?;
    let running = running.iter().any(|running| running.what.contains("Reshard"));
    let plan = reshard::preflight(declared, &observed, &reshard::rooms(connection).await?, running);
    tell(&render(options.output, &plan, &plan.tables()))?;
    match (plan.done, plan.obstacles.is_empty()) {
        (true, _) => return Ok(Exit::Clean),
        (false, false) => return Ok(Exit::Blocked),
        (false, true) if options.preflight => return Ok(Exit::Pending),
        (false, true) => {}
    }
    if !options.yes {
        confirm(&format!("Copy {} documents of {name} to new shards at {}?", plan.documents, connection.hosts))?;
    }
    let key = schema::document(declared.shard_key);
    let watch: apply::Watcher<'_> = &|line| {
        let _ = writeln!(stderr(), "{line}");
    };
    apply::leased(connection, LEASE, Duration::ZERO, watch, async |_| {
        reshard::reshard(connection, &plan, key, watch).await
    })
    .await?;
    tell(&format!("{name} has its declared shard key\n"))?;
    Ok(Exit::Clean)
}

async fn observe(connection: &Connection, options: &PlanOptions) -> Result<(Observation, Plan)> {
    let observed = Observation::of(connection).await?;
    let plan = plan::build(DECLARED, &observed, options);
    Ok((observed, plan))
}

fn tables(report: &Report) -> Vec<render::Table> {
    vec![
        render::findings("Pending", &report.pending),
        render::findings("Changed by hand", &report.drift),
        render::findings("Blocked", &report.blocked),
        render::findings("Notes", &report.notes),
    ]
}

fn read(file: &Path) -> Result<Plan> {
    let text = fs::read_to_string(file).with_context(|| format!("the plan file {} cannot be read", file.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("{} is not a plan file: write one with plan --output json", file.display()))
}

fn measured(file: &Path) -> Result<Costs> {
    let text = fs::read_to_string(file).with_context(|| format!("the costs in {} cannot be read", file.display()))?;
    Costs::parse(&text)
        .map_err(|fault| anyhow!("{} is no table of costs: {fault}; see docs/capacity.md", file.display()))
}

fn confirm(question: &str) -> Result<()> {
    if !stdin().is_terminal() {
        bail!("there is no terminal to ask at: add --yes ({question})");
    }
    tell(&format!("{question} [y/N] "))?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    if !matches!(answer.trim(), "y" | "Y" | "yes") {
        bail!("nothing was done");
    }
    Ok(())
}

fn tell(text: &str) -> Result<()> {
    let mut out = stdout();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
