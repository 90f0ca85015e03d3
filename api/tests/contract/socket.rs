//! A plain TCP connection, for what an HTTP client would never send.

use std::time::Duration;

use conversation_testkit::Service;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::answer::Answer;

/// Waiting longer is a fault, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection, with what came over it and was not read yet.
pub(super) struct Socket {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Socket {
    /// Connects to the public port.
    pub(super) async fn open(service: &Service) -> Self {
        let url = service.url("");
        let address = url.strip_prefix("http://").expect("an address");
        Self { stream: TcpStream::connect(address).await.expect("a connection"), unread: Vec::new() }
    }

    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.expect("sent");
    }

    /// The next answer, which must tell its length.
    pub(super) async fn answer(&mut self) -> Answer {
        self.answer_within(PATIENCE).await.expect("an answer in time")
    }

    /// The next answer, or none when it does not come in time. What came of it is kept.
    pub(super) async fn answer_within(&mut self, patience: Duration) -> Option<Answer> {
        timeout(patience, self.next()).await.ok()
    }

    /// Waits until the service has closed the connection.
    pub(super) async fn closed(&mut self) {
        timeout(PATIENCE, async { while self.more().await {} }).await.expect("a closed connection");
    }

    async fn next(&mut self) -> Answer {
        let head = loop {
            if let Some(end) = self.unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break self.unread.drain(..end + 4).collect::<Vec<u8>>();
            }
            assert!(self.more().await, "the connection was closed before an answer");
        };
        let head = String::from_utf8(head).expect("a readable head");
        let (first, rest) = head.split_once("\r\n").expect("a status line");
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let headers = headers(rest);
        let length = headers.get("content-length").and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
        while self.unread.len() < length {
            assert!(self.more().await, "the connection was closed within an answer");
        }
        let body: Vec<u8> = self.unread.drain(..length).collect();
        Answer::new(status, headers, &body)
    }

    /// Reads what has come; false at the end.
    async fn more(&mut self) -> bool {
        self.stream.read_buf(&mut self.unread).await.unwrap_or(0) > 0
    }
}

fn headers(lines: &str) -> HeaderMap {
    let pairs = lines.lines().filter_map(|line| line.split_once(": "));
    pairs
        .map(|(name, value)| {
            let name = HeaderName::try_from(name).expect("a header name");
            (name, HeaderValue::from_str(value).expect("a header value"))
        })
        .collect()
}
