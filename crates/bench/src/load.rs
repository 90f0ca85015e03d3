//! A closed-loop load generator: so many connections, each of which sends its next request when it has the answer to the
//! one before. It runs on one thread of its own, to leave the machine to what is measured.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};

use crate::http::{Answer, Request, answer};
use crate::sample::Sample;

/// Holds a page of 50 events.
const BUFFER: usize = 64 * 1024;

/// When it is enough.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// After so long.
    For(Duration),
    /// After so many requests.
    Times(u64),
}

/// The request of each number.
pub(crate) type Requests = Arc<dyn Fn(u64) -> Request + Send + Sync>;

/// What is asked again and again.
#[derive(Clone)]
pub(crate) struct Case {
    /// The request of each number.
    pub(crate) request: Requests,
    /// The one status that is an answer.
    pub(crate) status: u16,
    /// What each request counts for.
    pub(crate) items: u64,
}

impl Case {
    /// Requests that each count for one.
    pub(crate) fn new(status: u16, request: impl Fn(u64) -> Request + Send + Sync + 'static) -> Self {
        Self { request: Arc::new(request), status, items: 1 }
    }
}

/// What to send, and for how long.
#[derive(Clone)]
pub(crate) struct Load {
    /// Where to.
    pub(crate) address: SocketAddr,
    /// How many connections.
    pub(crate) connections: u32,
    /// What to ask.
    pub(crate) case: Case,
    /// The next number; shared, so that rounds do not repeat each other.
    pub(crate) numbers: Arc<AtomicU64>,
    /// When to stop.
    pub(crate) limit: Limit,
}

impl Load {
    /// Runs it to its end.
    ///
    /// # Errors
    /// At the first answer with another status, with its body.
    pub(crate) async fn run(self) -> Result<Sample> {
        let generated = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.context("runtime of the load generator")?;
            LocalSet::new().block_on(&runtime, self.generate())
        });
        generated.await.context("load generator")?
    }

    async fn generate(self) -> Result<Sample> {
        let load = Rc::new(self);
        let mut streams = Vec::new();
        for _ in 0..load.connections {
            let stream = TcpStream::connect(load.address).await.context("connection to the service")?;
            stream.set_nodelay(true).context("connection to the service")?;
            streams.push(stream);
        }
        let started = Instant::now();
        let mut connections = JoinSet::new();
        for stream in streams {
            connections.spawn_local(Rc::clone(&load).converse(stream, started));
        }
        let mut all = Sample::new()?;
        while let Some(ended) = connections.join_next().await {
            all.merge(&ended.context("connection")??)?;
        }
        Ok(all.lasting(started.elapsed()))
    }

    async fn converse(self: Rc<Self>, mut stream: TcpStream, started: Instant) -> Result<Sample> {
        let mut sample = Sample::new()?;
        let (mut sent, mut received) = (Vec::new(), Vec::with_capacity(BUFFER));
        loop {
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            let over = match self.limit {
                Limit::For(time) => started.elapsed() >= time,
                Limit::Times(times) => number >= times,
            };
            if over {
                return Ok(sample);
            }
            let Case { request, status: expected, items } = &self.case;
            let request = request(number);
            request.write(&mut sent)?;
            let asked = Instant::now();
            stream.write_all(&sent).await.context("request")?;
            let Answer { status, body, end } = receive(&mut stream, &mut received).await?;
            sample.record(asked.elapsed(), *items)?;
            if status != *expected {
                let (Request { method, path, .. }, body) = (request, String::from_utf8_lossy(&received[body..end]));
                bail!("{method} {path} was answered {status} instead of {expected}: {body}");
            }
        }
    }
}

/// Asks once, and returns the body of the answer.
///
/// # Errors
/// When it is not answered with 200.
pub(crate) async fn ask(address: SocketAddr, request: &Request) -> Result<String> {
    let mut stream = TcpStream::connect(address).await.context("connection to the service")?;
    let (mut sent, mut received) = (Vec::new(), Vec::new());
    request.write(&mut sent)?;
    stream.write_all(&sent).await.context("request")?;
    let Answer { status, body, end } = receive(&mut stream, &mut received).await?;
    let body = String::from_utf8_lossy(&received[body..end]).into_owned();
    ensure!(status == 200, "{} was answered {status}: {body}", request.path);
    Ok(body)
}

/// Reads one whole answer.
async fn receive(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Result<Answer> {
    bytes.clear();
    let mut head = None;
    loop {
        ensure!(stream.read_buf(bytes).await.context("answer")? > 0, "the service closed the connection");
        if head.is_none() {
            head = answer(bytes)?;
        }
        match head {
            Some(answer) if bytes.len() == answer.end => return Ok(answer),
            Some(answer) => ensure!(bytes.len() < answer.end, "the service sent more than it was asked for"),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Case, Limit, Load, ask};
    use crate::http::Request;
    use std::net::SocketAddr;
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    /// A server that always answers the same, in two pieces.
    async fn server(first: &'static str, second: &'static str) -> anyhow::Result<SocketAddr> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {
                        for piece in [first, second] {
                            if stream.write_all(piece.as_bytes()).await.is_err() {
                                return;
                            }
                            tokio::task::yield_now().await;
                        }
                    }
                });
            }
        });
        Ok(address)
    }

    /// A load of ten requests on two connections to such a server.
    async fn against(first: &'static str, second: &'static str) -> anyhow::Result<u64> {
        let case = Case::new(200, |number| Request::get(format!("/{number}")));
        let (address, limit) = (server(first, second).await?, Limit::Times(10));
        Ok(Load { address, connections: 2, case, numbers: Arc::default(), limit }.run().await?.items())
    }

    #[tokio::test]
    async fn each_request_is_sent_once_and_counted() -> anyhow::Result<()> {
        assert_eq!(against("HTTP/1.1 200 OK\r\ncontent-le", "ngth: 2\r\n\r\n{}").await?, 10);
        Ok(())
    }

    #[tokio::test]
    async fn another_status_ends_the_run_with_the_body() {
        let failed = against("HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\n", "full").await;
        let message = failed.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains("503 instead of 200: full"), "{message}");
    }

    #[tokio::test]
    async fn one_answer_can_be_read() -> anyhow::Result<()> {
        let address = server("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnext", "").await?;
        assert_eq!(ask(address, &Request::get("/".into())).await?, "next");
        Ok(())
    }
}
