//! Reads the command line, runs the command, and ends with its exit status.

use std::{io::Write, process::ExitCode};

use clap::Parser;
use conversation_migrator::{cli::Cli, commands, declaration::Unreadable, exit::Exit};

#[tokio::main]
async fn main() -> ExitCode {
    // Two providers of cryptography in one binary panic at the first TLS handshake, so one is chosen here.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => {
            let _ = told.print();
            return if told.use_stderr() { Exit::Usage } else { Exit::Clean }.into();
        }
    };
    match commands::run(cli).await {
        Ok(exit) => exit.into(),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "conversation-migrator: {error:#}");
            if error.is::<Unreadable>() { Exit::Usage } else { Exit::Error }.into()
        }
    }
}
