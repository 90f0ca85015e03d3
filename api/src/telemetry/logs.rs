//! Log lines on standard output: JSON in production, readable on a terminal. Never a payload, never a credential.

mod line;
mod output;

use std::{io::IsTerminal, panic};

use tracing_subscriber::{
    EnvFilter,
    fmt::{self, format::JsonFields},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::config::LogFormat;
use line::JsonLine;
pub use output::LastLines;
use output::Output;

/// The target of the lines that requests leave behind.
pub const REQUESTS: &str = "conversation_api::request";

/// Begins logging, until what it returns is dropped. `filter` is a level such as `info`, or directives such as `info,hyper=warn`.
///
/// # Errors
/// When the filter is none, or logging was begun before.
pub fn begin(format: LogFormat, filter: &str) -> anyhow::Result<LastLines> {
    let terminal = std::io::stdout().is_terminal();
    let json = match format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    let (output, last_lines) = Output::begin()?;
    let registry = tracing_subscriber::registry().with(EnvFilter::builder().parse(filter)?);
    if json {
        let lines = fmt::layer().fmt_fields(JsonFields::new()).event_format(JsonLine);
        registry.with(lines.with_writer(output)).try_init()?;
    } else {
        registry.with(fmt::layer().with_target(false).with_ansi(terminal).with_writer(output)).try_init()?;
    }
    panic::set_hook(Box::new(log_panic));
    Ok(last_lines)
}

/// A panic is one log line, within the span of its request.
fn log_panic(info: &panic::PanicHookInfo<'_>) {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let message = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(panic = message, location, "a thread panicked");
}
