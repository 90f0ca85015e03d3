//! Reads the command line, runs the command, and ends with its exit status.

use std::{io::Write, process::ExitCode};

use clap::Parser;
use conversation_migrator::{cli::Cli, commands, exit::Exit};

#[tokio::main]
async fn main() -> ExitCode {
    // Two providers of cryptography in one binary panic at the first TLS handshake, so one is chosen here.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match commands::run(Cli::parse()).await {
        Ok(exit) => exit.into(),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "conversation-migrator: {error:#}");
            Exit::Error.into()
        }
    }
}
