//! The program itself: what its exit status says, and that its report can be read by programs.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::PathBuf,
    process::{Command, Output},
};

const CALL: &str = r#"{"kind":"call","session":"k6-r-0","language":"en"}"#;
const CLOSED: &str = r#"{"kind":"closed","session":"k6-r-0"}"#;

fn create(outcome: &str, status: u16) -> String {
    format!(
        r#"{{"kind":"create","session":"k6-r-0","outcome":"{outcome}","status":{status},"attempts":1,"unknown":0}}"#
    )
}

/// A service that knows no session.
fn empty_service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    url
}

fn ledger(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("written");
    path
}

fn audit(ledger: &PathBuf) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conversation-auditor"));
    command.arg(ledger).args(["--json", "--url", &empty_service()]).env_remove("MONGODB_URI");
    let Output { status, stdout, stderr } = command.output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn nothing_found_is_zero() {
    let refused = create("refused", 400);
    let (status, out, _) = audit(&ledger("refused", &format!("{CALL}\n{refused}\n{CLOSED}\n")));
    assert_eq!(status, Some(0), "{out}");
}

#[test]
fn something_found_is_one_and_named() {
    let acknowledged = create("acknowledged", 201);
    let (status, out, _) = audit(&ledger("lost", &format!("{CALL}\n{acknowledged}\n{CLOSED}\n")));
    assert_eq!(status, Some(1), "{out}");
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(report["findings"][0]["fault"], "session-lost");
    assert_eq!(report["findings"][0]["session"], "k6-r-0");
}

#[test]
fn an_audit_that_cannot_be_made_is_two() {
    let missing = PathBuf::from("there-is-no-such-ledger");
    let empty = ledger("empty", "");
    let foreign = ledger("foreign", "time=now level=info\nand more\n");
    for path in [missing, empty, foreign] {
        let (status, out, err) = audit(&path);
        assert_eq!(status, Some(2), "{out}{err}");
        assert_eq!(err.lines().count(), 1, "one sentence: {err}");
    }
}

#[test]
fn a_last_line_that_was_torn_is_no_obstacle() {
    let refused = create("refused", 400);
    let (status, _, err) = audit(&ledger("torn", &format!("{CALL}\n{refused}\n{{\"kind\":\"cl")));
    assert_eq!(status, Some(0), "{err}");
}
