//! Settings that the service would not start with are refused by the chart, and no others.

use std::process::Command;

use anyhow::{Context, Result};
use conversation_testkit::control_plane::Helm;
use conversation_testkit::product;

use super::support::{manifest, topology};

/// Settings that are near a bound of the service, and whether it starts with them.
const SETTINGS: [(&str, &str, bool); 47] = [
    ("REQUEST_TIMEOUT", "10s", false),
    ("REQUEST_TIMEOUT", "10", false),
    ("REQUEST_TIMEOUT", "11", true),
    ("REQUEST_TIMEOUT", "011", true),
    ("REQUEST_TIMEOUT", "10s 1ms", true),
    ("REQUEST_TIMEOUT", "10s1ms", true),
    ("REQUEST_TIMEOUT", "9999ms", false),
    ("REQUEST_TIMEOUT", "10001 millis", true),
    ("REQUEST_TIMEOUT", "0", false),
    ("REQUEST_TIMEOUT", "soon", false),
    ("REQUEST_TIMEOUT", "90secc", false),
    ("REQUEST_TIMEOUT", "10 11", false),
    ("REQUEST_TIMEOUT", "-1", false),
    ("REQUEST_TIMEOUT", "1min", true),
    ("REQUEST_TIMEOUT", "1H", false),
    ("BODY_READ_TIMEOUT", "15", false),
    ("BODY_READ_TIMEOUT", "14secs", true),
    ("BODY_READ_TIMEOUT", "1M", false),
    ("BODY_READ_TIMEOUT", "1 month", false),
    ("BODY_READ_TIMEOUT", "2weeks", false),
    ("BODY_READ_TIMEOUT", "1yr", false),
    ("BODY_READ_TIMEOUT", "14000000us", true),
    ("MONGODB_OPERATION_TIMEOUT", "15s", false),
    ("MONGODB_OPERATION_TIMEOUT", "14999ms", true),
    ("MONGODB_MAX_POOL_SIZE", "4294967295", true),
    ("MONGODB_MAX_POOL_SIZE", "many", false),
    ("MAX_BODY_BYTES", "262144", true),
    ("MAX_BODY_BYTES", "262143", false),
    ("MAX_PAYLOAD_BYTES", "1048576", true),
    ("MAX_PAYLOAD_BYTES", "1048577", false),
    ("MAX_METADATA_BYTES", "1048576", true),
    ("MAX_METADATA_BYTES", "1048577", false),
    ("MAX_NESTING", "90", true),
    ("MAX_NESTING", "91", false),
    ("SWEEP_INTERVAL", "1s", true),
    ("SWEEP_INTERVAL", "999ms", false),
    ("SWEEP_INTERVAL", "1day", true),
    ("LATE_EVENT_GRACE", "0", true),
    ("ERASURE_TOMBSTONE_TTL", "2 years 3months", true),
    ("LOG_FORMAT", "text", true),
    ("LOG_FORMAT", "xml", false),
    ("LOG_LEVEL", "info,hyper=debug", true),
    ("CORS_ORIGINS", "https://a.example.com, http://localhost:8080", true),
    ("CORS_ORIGINS", "*", false),
    ("CORS_ORIGINS", "https://a.example.com/", false),
    ("CORS_ORIGINS", "https://*.example.com", false),
    ("CORS_ORIGINS", "a.example.com", false),
];

#[test]
fn the_chart_takes_the_settings_that_the_service_starts_with() -> Result<()> {
    let service = product("conversation-api")?;
    for (name, value, fits) in SETTINGS {
        let mut command = Command::new(&service);
        command.arg("--print-config").env_clear().env("MONGODB_URI", "mongodb://mongodb").env(name, value);
        assert_eq!(command.output().context("the service")?.status.success(), fits, "the service, {name}={value}");
        let setting = format!("settings.{name}={}", value.replace(',', "\\,"));
        let rendered = manifest(
            Helm::V4,
            &topology("minimal"),
            &["--set-string", &setting, "--set", "shutdown.timeoutSeconds=3600"],
        );
        assert_eq!(rendered.is_ok(), fits, "the chart, {name}={value}: {rendered:?}");
        if let Err(refusal) = rendered {
            assert!(format!("{refusal:#}").contains(name), "{name}={value}: {refusal:#}");
        }
    }
    Ok(())
}
