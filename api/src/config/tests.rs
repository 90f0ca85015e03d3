//! What is accepted, what is refused, and that nothing secret is shown.

use clap::CommandFactory;

use super::{Faults, Request, cli::Cli};

fn read(arguments: &[&str]) -> Result<Request, Faults> {
    let arguments = std::iter::once("conversation-api").chain(arguments.iter().copied());
    Request::from_matches(&Cli::command().get_matches_from(arguments))
}

fn faults(arguments: &[&str]) -> String {
    read(arguments).err().map(|faults| faults.to_string()).unwrap_or_default()
}

#[test]
fn nothing_set_means_the_embedded_store_on_the_usual_ports() {
    let Ok(Request::Serve(config)) = read(&[]) else { panic!("the defaults are valid") };
    assert_eq!((config.port, config.management_port), (3000, 9090));
    assert!(config.mongodb.is_none());
}

#[test]
fn all_faults_are_reported_at_once_each_with_its_remedy() {
    let text = faults(&["--port", "70000", "--late-event-grace", "soon", "--log-format", "xml", "--cors-origins", "*"]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    for (name, remedy) in
        [("PORT", "0 to 65535"), ("LATE_EVENT_GRACE", "30s"), ("LOG_FORMAT", "json"), ("CORS_ORIGINS", "https://")]
    {
        assert!(lines.iter().any(|line| line.starts_with(name) && line.contains(remedy)), "{name} in {text}");
    }
}

#[test]
fn an_empty_value_is_a_fault_and_not_a_default() {
    assert!(faults(&["--mongodb-uri", ""]).starts_with("MONGODB_URI is \"\""));
    assert!(faults(&["--port", ""]).starts_with("PORT is \"\""));
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    assert!(faults(&["--port", "9090"]).contains("MANAGEMENT_PORT is the same as PORT"));
    assert!(faults(&["--max-payload-bytes", "2000000"]).contains("MAX_BODY_BYTES"));
    assert!(faults(&["--body-read-timeout", "60s"]).contains("REQUEST_TIMEOUT"));
    assert!(faults(&["--mongodb-uri", "mongodb://a", "--mongodb-uri-file", "b"]).contains("keep one of them"));
}

#[test]
fn a_secret_can_come_from_a_file() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "mongodb://user:pw@host/\n").expect("written");
    let path = file.path().to_str().expect("a path");
    let Ok(Request::Serve(config)) = read(&["--mongodb-uri-file", path]) else { panic!("a valid setting") };
    use secrecy::ExposeSecret;
    assert_eq!(config.mongodb.expect("MongoDB").uri.expose_secret(), "mongodb://user:pw@host/");
    assert!(faults(&["--mongodb-uri-file", "/none"]).contains("cannot be read"));
}

#[test]
fn printed_settings_hold_no_secret() {
    let Ok(Request::Print(text)) = read(&["--print-config", "--mongodb-uri", "mongodb://user:pw@host/", "--port", "1"])
    else {
        panic!("valid settings")
    };
    assert!(
        !text.contains("pw") && text.contains("MONGODB_URI=***\n") && text.contains("\nDATA_DIR=./data\n"),
        "{text}"
    );
    assert!(text.starts_with("PORT=1\n") && text.contains("# CORS_ORIGINS is not set\n"));
}
