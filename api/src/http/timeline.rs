//! Answering with a page of a session's events: the one way of both operations that do.
//!
//! A page of a session that can no longer change has a strong validator (RFC 9110, section 8.8), by which a client asks
//! again for the price of looking at the session. Its envelope carries the moment from which it was final, so that every
//! answer is the same to the byte.

use conversation_core::{Session, SessionKey, Store, Timestamp};
use http::StatusCode;
use poem_openapi::{
    ApiResponse,
    types::{ParseFromJSON, ToJSON},
};
use sha2::{Digest as _, Sha256};

use super::{
    json::Json,
    pages::EventPageRequest,
    problem::Problem,
    request::Call,
    views::{Envelope, EventView, Pagination},
};
use crate::version;

/// Caches may keep the page, and must ask whether it still stands: the session may have been erased.
const ASK_AGAIN: &str = "private, no-cache";

/// An answer with a page of events.
#[derive(ApiResponse)]
pub enum Page<T: ParseFromJSON + ToJSON + serde::Serialize + Send> {
    /// What was asked for.
    #[oai(status = 200)]
    Found(
        Json<Envelope<T>>,
        /// Only on a page that can no longer change: send it as `If-None-Match` to be answered 304.
        #[oai(header = "ETag")]
        Option<String>,
        /// Beside `ETag`: the page may be kept, and must be asked for again before it is used.
        #[oai(header = "Cache-Control")]
        Option<String>,
    ),
    /// The page is the one that the client has.
    #[oai(status = 304)]
    NotModified(
        /// What was sent as `If-None-Match`.
        #[oai(header = "ETag")]
        String,
        /// As on the page itself.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

/// Reads the page that `call` asks for and shows it as `show` does.
///
/// # Errors
/// What is wrong with the request, or with the session.
pub async fn page<T: ParseFromJSON + ToJSON + serde::Serialize + Send>(
    store: &dyn Store,
    call: &Call,
    key: &SessionKey,
    show: impl FnOnce(Session, Vec<EventView>, Pagination) -> T,
) -> Result<Page<T>, Problem> {
    let request = EventPageRequest::read(call, key)?;
    if call.if_none_match().is_some() {
        let validator = Validator::of(call, &store.session(key).await?);
        if let Some(Validator { tag, .. }) = validator.filter(|validator| call.has(&validator.tag)) {
            return Ok(Page::NotModified(tag, ASK_AGAIN.to_owned()));
        }
    }
    let (session, page) = store.timeline(key, request.query.clone()).await?;
    let validator = Validator::of(call, &session);
    let as_of = validator.as_ref().map_or(call.now, |validator| validator.final_from);
    let pagination = request.pagination(&page);
    let events = page.events.into_iter().map(|event| EventView::of(key, event)).collect();
    let found = Json(Envelope::new(StatusCode::OK, as_of, show(session, events, pagination)));
    let cached = validator.is_some().then(|| ASK_AGAIN.to_owned());
    Ok(Page::Found(found, validator.map(|validator| validator.tag), cached))
}

/// What tells a page that can no longer change from any other.
struct Validator {
    tag: String,
    final_from: Timestamp,
}

impl Validator {
    /// The validator of the page that `call` asks for, if it is final.
    fn of(call: &Call, session: &Session) -> Option<Self> {
        let final_from = session.final_from(&call.limits.rules).filter(|moment| *moment <= call.now)?;
        // Another release may show the same page otherwise, and the identifier may have been another session's long ago.
        let hash = Sha256::new()
            .chain_update(version::VERSION)
            .chain_update(version::COMMIT)
            .chain_update(session.key.document_id())
            .chain_update([0])
            .chain_update(session.created_at.as_millis().to_be_bytes())
            .chain_update(session.revision.to_be_bytes())
            .chain_update(call.query_text())
            .finalize();
        let tag = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>();
        Some(Self { tag: format!("\"{tag}\""), final_from })
    }
}
