//! Log lines on standard output: JSON in production, readable on a terminal. Never a payload, never a credential.

use std::{io::IsTerminal, panic};

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::LogFormat;

/// Begins logging. `filter` is a level such as `info`, or directives such as `info,hyper=warn`.
///
/// # Errors
/// When the filter is none, or logging was begun before.
pub fn begin(format: LogFormat, filter: &str) -> anyhow::Result<()> {
    let terminal = std::io::stdout().is_terminal();
    let json = match format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    let registry = tracing_subscriber::registry().with(EnvFilter::builder().parse(filter)?);
    if json {
        let lines = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
        registry.with(lines).try_init()?;
    } else {
        registry.with(fmt::layer().with_target(false).with_ansi(terminal)).try_init()?;
    }
    panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// A panic is one log line, within the span of its request.
fn log_panic(info: &panic::PanicHookInfo<'_>) {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let message = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(panic = message, location, "a thread panicked");
}
