//! Starts the service: settings, logs, then its life. A fault at the start is one line and a status that is not zero.

use std::{io::Write, process::ExitCode};

use conversation_api::{
    app,
    config::{Config, Request},
    telemetry::logs,
};

/// The allocator of the benchmark's figures. It is built without transparent huge pages (`no_thp`), which held 10 of the
/// 27 MiB of a process at rest.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit status for settings that cannot be used, as sysexits.h has it.
const EX_CONFIG: u8 = 78;

fn main() -> ExitCode {
    match Request::read() {
        Err(faults) => end(EX_CONFIG, &format!("the settings cannot be used:\n{faults}")),
        Ok(Request::Print(text)) => {
            let written = std::io::stdout().write_all(text.as_bytes());
            if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Ok(Request::Serve(config)) => match serve(config) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => end(1, &format!("{error:#}")),
        },
    }
}

fn serve(config: Config) -> anyhow::Result<()> {
    // Two providers of cryptography in one binary panic at the first TLS handshake, so one is chosen here.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let _last_lines = logs::begin(config.log_format, &config.log_filter)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        let ended = app::termination()?;
        app::run(config, ended).await
    });
    // A thread that is stuck in a system call must not keep the process from ending.
    runtime.shutdown_background();
    ended
}

fn end(status: u8, sentence: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "conversation-api: {sentence}");
    ExitCode::from(status)
}
