//! The checks, tools and generated files of this repository: `cargo xtask help`.
#![expect(clippy::print_stdout, reason = "the standard output is what a command-line tool speaks through")]

mod bench;
mod cluster;
mod codegen;
mod commands;
mod containers;
mod kind;
mod load;
mod run;
mod test;
mod tidy;
mod tools;

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", [].as_slice()),
    };
    match commands::run(name, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without the backtrace, which would bury what the command printed last.
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
