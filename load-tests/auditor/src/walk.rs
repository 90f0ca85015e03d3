//! Reading a whole session through the public API, from its first page to its last.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use crate::stored::{StoredEvent, StoredSession};

/// A store that has just lost its primary needs some seconds for another.
const ATTEMPTS: u32 = 30;
const PAUSE: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client of the service.
#[derive(Debug)]
pub(crate) struct Walker {
    client: Client,
    url: String,
    page_size: u16,
}

#[derive(Deserialize)]
struct Page {
    status: String,
    language: String,
    #[serde(rename = "endedAt")]
    ended_at: Option<String>,
    events: Vec<StoredEvent>,
    pagination: Pagination,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    total: usize,
    next_cursor: Option<String>,
}

impl Walker {
    pub(crate) fn new(url: &str, page_size: u16) -> Result<Self> {
        let client = Client::builder().timeout(TIMEOUT).build().context("HTTP client")?;
        Ok(Self { client, url: url.trim_end_matches('/').to_owned(), page_size })
    }

    /// The session, or nothing if there is none.
    pub(crate) async fn session(&self, id: &str) -> Result<Option<StoredSession>> {
        let Some(first) = self.page(id, "").await? else {
            return Ok(None);
        };
        let Page { status, language, ended_at, mut events, pagination } = first;
        let total = pagination.total;
        let mut cursor = pagination.next_cursor;
        while let Some(from) = cursor {
            let page = self.page(id, &from).await?.context("the session went away during the walk")?;
            events.extend(page.events);
            cursor = page.pagination.next_cursor;
        }
        Ok(Some(StoredSession { status, language, ended_at, total, events }))
    }

    async fn page(&self, id: &str, cursor: &str) -> Result<Option<Page>> {
        let url = format!("{}/v1/sessions/{id}", self.url);
        let limit = self.page_size.to_string();
        let query = [("order", "asc"), ("limit", &limit), ("include", "total"), ("cursor", cursor)];
        let mut fault = String::new();
        for _ in 0..ATTEMPTS {
            let answered = self.client.get(&url).query(&query).send().await;
            match answered {
                Ok(answer) if answer.status() == StatusCode::NOT_FOUND => return Ok(None),
                Ok(answer) if answer.status() == StatusCode::OK => {
                    let mut body: Value = answer.json().await.context("answer")?;
                    return serde_json::from_value(body["data"].take()).context("page").map(Some);
                }
                Ok(answer) if !answer.status().is_server_error() => bail!("answered {}", answer.status()),
                Ok(answer) => fault = format!("answered {}", answer.status()),
                Err(cause) => fault = format!("{cause:#}"),
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("{fault}, {ATTEMPTS} times")
    }
}
