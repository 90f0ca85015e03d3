//! Each command: observe, work, tell.

use std::{
    fs,
    io::{IsTerminal, Write, stderr, stdin, stdout},
    path::Path,
};

use anyhow::{Context, Result, bail};
use conversation_store::mongo::schema::DECLARED;

use crate::{
    apply,
    cli::{ApplyOptions, Cli, Command, Output, PlanOptions},
    connect::Connection,
    exit::Exit,
    observe::Observation,
    plan::{self, Plan},
    render::{self, render},
    status::Status,
    verify::Report,
};

/// Runs the command.
///
/// # Errors
/// One sentence with cause and remedy.
pub async fn run(cli: Cli) -> Result<Exit> {
    let connection = Connection::open(&cli.deployment).await?;
    let exit = execute(&connection, cli.command).await;
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
        Command::Verify { output } => {
            let (observed, plan) = observe(connection, &PlanOptions::default()).await?;
            let report = Report::of(&observed, &plan);
            tell(&render(output, &report, &tables(&report)))?;
            if report.as_declared && output == Output::Table {
                tell("as declared\n")?;
            }
            Ok(report.exit())
        }
        Command::Status { output } => {
            let status = Status::of(connection).await?;
            tell(&render(output, &status, &status.tables()))?;
            Ok(Exit::Clean)
        }
    }
}

async fn apply_plan(connection: &Connection, options: &ApplyOptions) -> Result<Exit> {
    let (observed, now) = observe(connection, &options.planning).await?;
    let plan = match &options.plan {
        None => now,
        Some(file) => {
            let written = read(file)?;
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
        confirm(connection, &plan)?;
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

fn confirm(connection: &Connection, plan: &Plan) -> Result<()> {
    if !stdin().is_terminal() {
        bail!("there is no terminal to ask at: add --yes to apply {} steps", plan.steps.len());
    }
    tell(&render(Output::Table, plan, &render::plan(plan)))?;
    tell(&format!("Apply {} steps to {} at {}? [y/N] ", plan.steps.len(), plan.database, connection.hosts))?;
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
