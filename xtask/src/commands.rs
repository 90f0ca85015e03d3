//! What `cargo xtask` can do, by name.

use anyhow::{Result, bail};

use crate::{bench, cluster, codegen, containers, kind, load, test, tidy, tools};

/// A command's name, what it does, and the function that does it with the remaining arguments.
type Entry = (&'static str, &'static str, fn(&[String]) -> Result<()>);

const COMMANDS: &[Entry] = &[
    ("help", "print this table", help),
    ("tools", "fetch the servers and linters the tests use into .tools", tools::command),
    ("test", "the whole check, as continuous integration runs it", test::command),
    ("codegen", "rewrite the committed files that are generated", codegen::command),
    ("bench", "run the benchmark in release mode with these arguments", bench::command),
    ("load", "run a load profile, with a fault if asked, and audit what is stored", load::command),
    ("cluster", "start (up) or stop (down) a sharded cluster to develop against", cluster::command),
    ("containers", "check Dockerfile and docker-compose.yml; --build (slow) also compiles", containers::command),
    (
        "kind",
        "check what needs real nodes, images and traffic, on a cluster of kind's; --keep leaves it",
        kind::command,
    ),
    ("tidy", "check the house rules", tidy::command),
];

/// Runs the command of this name.
pub(crate) fn run(name: &str, arguments: &[String]) -> Result<()> {
    match COMMANDS.iter().find(|(known, ..)| *known == name) {
        Some((.., command)) => command(arguments),
        None => bail!("unknown command {name}: see cargo xtask help"),
    }
}

fn help(_: &[String]) -> Result<()> {
    println!("cargo xtask <command>\n");
    for (name, purpose, _) in COMMANDS {
        println!("  {name:10} {purpose}");
    }
    Ok(())
}
