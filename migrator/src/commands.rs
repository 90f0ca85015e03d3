//! Each command: observe, work, tell.

mod apply;

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
    apply::{Watcher, leased, progress},
    capacity::{Answers, costs::Costs, inputs::Inputs},
    cli::{AdviseOptions, Cli, Command, Output, PlanOptions, ReshardOptions, VerifyOptions},
    connect::Connection,
    declaration::{Declaration, Declared},
    exit::Exit,
    observe::Observation,
    plan::{self, Plan},
    render::{self, render},
    reshard,
    status::Status,
    summary::Summary,
    verify::Report,
};

/// How long the lease of a resharding outlives a runner that was killed.
const LEASE: Duration = Duration::from_secs(30);

/// What a command found: how it ended, and the plan that it saw last.
#[derive(Debug)]
struct Found {
    exit: Exit,
    plan: Option<Plan>,
}

impl From<Exit> for Found {
    fn from(exit: Exit) -> Self {
        Self { exit, plan: None }
    }
}

/// Runs the command, and writes its summary where one is wanted.
///
/// # Errors
/// One sentence with cause and remedy.
pub async fn run(cli: Cli) -> Result<Exit> {
    let (name, reporting) = (cli.command.name(), cli.command.reporting().cloned().unwrap_or_default());
    let found = find(cli).await;
    if let Some(file) = &reporting.summary {
        let summary = match &found {
            Ok(found) => Summary::of(name, found.exit, found.plan.as_ref()),
            Err(error) => Summary::of_error(name, format!("{error:#}")),
        };
        // What was done is done, and its exit status says so, whether or not somebody can read about it.
        if let Err(cause) = summary.write(file) {
            let _ = writeln!(stderr(), "conversation-migrator: no summary in {}: {cause}", file.display());
        }
    }
    found.map(|found| {
        let newer = found.plan.as_ref().is_some_and(Plan::is_newer);
        reporting.status(found.exit, newer)
    })
}

async fn find(cli: Cli) -> Result<Found> {
    // What a load needs is the same whatever deployment there is.
    if let Command::Advise(options) = &cli.command
        && (options.costs.is_some() || options.load != Inputs::default())
    {
        return estimate(options).map(Found::from);
    }
    let declaration =
        cli.deployment.declaration.as_deref().map_or_else(|| Ok(Declaration::default()), Declaration::parse)?;
    let declared = Declared::of(declaration);
    let connection = Connection::open(&cli.deployment).await?;
    let mut terminated = signal(SignalKind::terminate())?;
    let found = tokio::select! {
        found = execute(&connection, &declared, cli.command) => found,
        _ = terminated.recv() => Err(anyhow!("ended by a signal; what the server is at goes on by itself, and a lease expires: apply again")),
    };
    // A driver that is dropped with the runtime panics over connections that it was still opening.
    connection.client.shutdown().await;
    found
}

async fn execute(connection: &Connection, declared: &Declared, command: Command) -> Result<Found> {
    match command {
        Command::Plan(options) => {
            let (_, plan) = observe(connection, declared, &options).await?;
            let output = options.reporting.output;
            tell(&render(output, &plan, &render::plan(&plan)))?;
            if plan.exit() == Exit::Clean && output == Output::Table {
                tell("nothing to do\n")?;
            }
            Ok(Found { exit: plan.exit(), plan: Some(plan) })
        }
        Command::Apply(options) => apply::plan(connection, declared, &options).await,
        Command::Verify(VerifyOptions { orphans, reporting }) => {
            let (mut observed, plan) = observe(connection, declared, &PlanOptions::default()).await?;
            if orphans {
                observed.count_orphans(connection).await?;
            }
            let report = Report::of(&observed, &plan);
            tell(&render(reporting.output, &report, &tables(&report)))?;
            if report.as_declared && reporting.output == Output::Table {
                tell("as declared\n")?;
            }
            Ok(Found { exit: report.exit(), plan: Some(plan) })
        }
        Command::Shard(options) => apply::shards(connection, declared, options).await,
        Command::Reshard(options) => reshard_collection(connection, &options).await.map(Found::from),
        Command::Advise(options) => {
            let advice = Advice::of(connection, declared).await?;
            tell(&render(options.output(), &advice, &advice.tables()))?;
            Ok(Exit::Clean.into())
        }
        Command::Status { output } => {
            let status = Status::of(connection).await?;
            tell(&render(output, &status, &status.tables()))?;
            Ok(Exit::Clean.into())
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
    let watch: Watcher<'_> = &|line| {
        let _ = writeln!(stderr(), "{line}");
    };
    leased(connection, LEASE, Duration::ZERO, watch, async |_| reshard::reshard(connection, &plan, key, watch).await)
        .await?;
    tell(&format!("{name} has its declared shard key\n"))?;
    Ok(Exit::Clean)
}

async fn observe(connection: &Connection, declared: &Declared, options: &PlanOptions) -> Result<(Observation, Plan)> {
    let observed = Observation::of(connection).await?;
    let plan = plan::build(declared, &observed, options);
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
