//! As much of HTTP/1.1 as a load generator needs: requests as bytes, and answers cut from a stream.

use std::io::Write as _;

use anyhow::{Context, Result, bail};

/// A request, before it is bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The verb.
    pub(crate) method: &'static str,
    /// Path and query.
    pub(crate) path: String,
    /// The JSON text, empty for none.
    pub(crate) body: String,
}

impl Request {
    /// A request without a body.
    pub(crate) fn get(path: String) -> Self {
        Self { method: "GET", path, body: String::new() }
    }

    /// A request with a JSON body, or an empty one.
    pub(crate) fn post(path: String, body: String) -> Self {
        Self { method: "POST", path, body }
    }

    /// Replaces `bytes` by the request as it is sent.
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) -> Result<()> {
        let Self { method, path, body } = self;
        bytes.clear();
        write!(bytes, "{method} {path} HTTP/1.1\r\nhost: bench\r\n")?;
        if !body.is_empty() {
            write!(bytes, "content-type: application/json\r\n")?;
        }
        if *method != "GET" {
            write!(bytes, "content-length: {}\r\n", body.len())?;
        }
        write!(bytes, "\r\n{body}")?;
        Ok(())
    }
}

/// Where an answer lies in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// Where its body begins.
    pub(crate) body: usize,
    /// Where it ends.
    pub(crate) end: usize,
}

/// Reads the head of the answer at the beginning of `bytes`; none while it is incomplete.
///
/// # Errors
/// When it is not HTTP/1.1 with a length, which is all that this service sends.
pub(crate) fn answer(bytes: &[u8]) -> Result<Option<Answer>> {
    let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&bytes[..head]).context("head of an answer")?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let (Some(status), Some(length)) = (status, length) else {
        bail!("an answer without a status or a length:\n{text}");
    };
    let body = head + 4;
    Ok(Some(Answer { status, body, end: body + length }))
}

#[cfg(test)]
mod tests {
    use super::{Answer, Request, answer};

    fn bytes(request: &Request) -> String {
        let mut bytes = b"left over".to_vec();
        request.write(&mut bytes).expect("written");
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn a_request_says_how_long_its_body_is() {
        let posted = bytes(&Request::post("/a".into(), "{}".into()));
        let expected =
            "POST /a HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(posted, expected);
        let empty = bytes(&Request::post("/a".into(), String::new()));
        assert_eq!(empty, "POST /a HTTP/1.1\r\nhost: bench\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(bytes(&Request::get("/a?b=1".into())), "GET /a?b=1 HTTP/1.1\r\nhost: bench\r\n\r\n");
    }

    #[test]
    fn an_answer_is_found_once_its_head_is_complete() {
        let whole = b"HTTP/1.1 201 Created\r\nA: b\r\nContent-Length: 3\r\n\r\n{}\n";
        for cut in 0..whole.len() - 3 {
            assert_eq!(answer(&whole[..cut]).expect("so far"), None, "{cut}");
        }
        let body = whole.len() - 3;
        assert_eq!(answer(whole).expect("read"), Some(Answer { status: 201, body, end: whole.len() }));
    }

    #[test]
    fn an_answer_without_a_length_is_an_error() {
        assert!(answer(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(answer(b"SMTP\r\ncontent-length: 0\r\n\r\n").is_err());
    }
}
