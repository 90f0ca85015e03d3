//! The service runner, against a shell script that logs what the API would.

use std::time::Duration;

use anyhow::{Context, Result};
use conversation_testkit::{Service, ServiceBuilder};

fn script(text: &str) -> ServiceBuilder {
    Service::builder("/bin/sh").arg("-c").arg(text)
}

#[tokio::test]
async fn the_addresses_come_from_the_log() -> Result<()> {
    let line = r#"{"fields":{"message":"listening","address":"0.0.0.0:81","management_address":"127.0.0.1:82"}}"#;
    let service = script(&format!("echo '{line}'; exec sleep 600")).start().await?;
    assert_eq!(service.url("/v1"), "http://127.0.0.1:81/v1");
    assert_eq!(service.management_url("/live"), "http://127.0.0.1:82/live");
    assert!(service.memory_bytes()? > 0);
    service.terminate()?;
    assert!(!service.wait(Duration::from_secs(60)).await?.success());
    Ok(())
}

#[tokio::test]
async fn an_end_before_listening_is_an_error_with_status_and_log() -> Result<()> {
    let ended = script("echo no such setting >&2; exit 3").start().await;
    let message = ended.err().context("error")?.to_string();
    assert!(message.contains("exit status: 3"), "{message}");
    assert!(message.contains("no such setting"), "{message}");
    Ok(())
}

#[tokio::test]
async fn only_the_settings_given_reach_the_service() -> Result<()> {
    let (status, log) =
        script("env").env("PORT", "8080").data_dir("/data").run_to_exit(Duration::from_secs(60)).await?;
    assert!(status.success());
    let mut names: Vec<&str> = log.lines().filter_map(|l| Some(l.split_once('=')?.0)).collect();
    names.retain(|name| !["PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "_"].contains(name));
    names.sort_unstable();
    let given = ["DATA_DIR", "HOST", "LOG_FORMAT", "MANAGEMENT_PORT", "PORT"];
    assert_eq!(names, given);
    assert!(log.contains("PORT=8080"));
    Ok(())
}
