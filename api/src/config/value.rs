//! Values of settings. Reading one never fails at once: what is wrong is kept, so that all faults are reported together.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use http::HeaderValue;
use tracing_subscriber::EnvFilter;

/// A value that a setting can have. The default stands in for one that could not be read while the rest is checked.
pub(super) trait Setting: Default {
    /// What to give, for the message when something else was given.
    const EXPECTED: &'static str;

    /// Reads a value.
    fn read(text: &str) -> Option<Self>;
}

/// A value as it was given: read, or the text that could not be.
#[derive(Clone, Debug)]
pub(super) struct Raw<T> {
    pub(super) value: Result<T, String>,
}

impl<T: Setting> FromStr for Raw<T> {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self { value: T::read(text).ok_or_else(|| text.to_owned()) })
    }
}

impl Setting for u16 {
    const EXPECTED: &'static str = "a port number from 0 to 65535, where 0 takes a free one";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Setting for u32 {
    const EXPECTED: &'static str = "a whole number from 1";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number| *number > 0)
    }
}

impl Setting for usize {
    const EXPECTED: &'static str = "a whole number from 1";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number| *number > 0)
    }
}

impl Setting for bool {
    const EXPECTED: &'static str = "true or false";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// An address to listen on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Host(pub(super) IpAddr);

impl Default for Host {
    fn default() -> Self {
        Self(Ipv4Addr::UNSPECIFIED.into())
    }
}

impl Setting for Host {
    const EXPECTED: &'static str = "an IP address of this machine such as 0.0.0.0, 127.0.0.1 or ::";

    fn read(text: &str) -> Option<Self> {
        text.parse().map(Self).ok()
    }
}

impl Setting for PathBuf {
    const EXPECTED: &'static str = "the path of a folder";

    fn read(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::from(text))
    }
}

impl Setting for String {
    const EXPECTED: &'static str = "a text that is not empty, or leave it out";

    fn read(text: &str) -> Option<Self> {
        (!text.trim().is_empty()).then(|| text.to_owned())
    }
}

impl Setting for Duration {
    const EXPECTED: &'static str = "a duration such as 500ms, 30s, 5m or 30d, or a whole number of seconds";

    fn read(text: &str) -> Option<Self> {
        text.parse().map(Self::from_secs).ok().or_else(|| humantime::parse_duration(text).ok())
    }
}

/// Which log lines are written; known to be a filter.
#[derive(Clone, Debug, Default)]
pub(super) struct LogFilter(pub(super) String);

impl Setting for LogFilter {
    const EXPECTED: &'static str = "a level (error, warn, info, debug, trace) or directives such as info,hyper=debug";

    fn read(text: &str) -> Option<Self> {
        EnvFilter::builder().parse(text).ok().filter(|_| !text.is_empty()).map(|_| Self(text.to_owned()))
    }
}

/// Origins, separated by commas.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins(pub(super) Vec<HeaderValue>);

impl Setting for Origins {
    const EXPECTED: &'static str = "origins such as https://app.example.com, separated by commas, without a path";

    fn read(text: &str) -> Option<Self> {
        let origins = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        let checked = origins.map(|origin| {
            let (scheme, rest) = origin.split_once("://")?;
            let fits = matches!(scheme, "http" | "https") && !rest.is_empty() && !rest.contains(['/', '*', ' ']);
            if fits { HeaderValue::from_str(origin).ok() } else { None }
        });
        checked.collect::<Option<_>>().map(Self)
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

impl Setting for LogFormat {
    const EXPECTED: &'static str = "auto, json or text";

    fn read(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Self::Auto),
            "json" => Some(Self::Json),
            "text" => Some(Self::Text),
            _ => None,
        }
    }
}
