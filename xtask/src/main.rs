//! The checks, tools and generated files of this repository: `cargo xtask help`.
#![expect(clippy::print_stdout, reason = "the standard output is what a command-line tool speaks through")]

mod bench;
mod cluster;
mod codegen;
mod containers;
mod load;
mod run;
mod test;
mod tidy;
mod tools;

use std::{env, process::ExitCode};

use anyhow::Result;

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
    ("tidy", "check the house rules", tidy::command),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", [].as_slice()),
    };
    let Some((.., command)) = COMMANDS.iter().find(|(known, ..)| *known == name) else {
        eprintln!("unknown command {name}: see cargo xtask help");
        return ExitCode::FAILURE;
    };
    match command(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without the backtrace, which would bury what the command printed last.
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn help(_: &[String]) -> Result<()> {
    println!("cargo xtask <command>\n");
    for (name, purpose, _) in COMMANDS {
        println!("  {name:10} {purpose}");
    }
    Ok(())
}
