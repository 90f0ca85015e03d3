//! Operations on sessions: each parses, makes one call, and shows the outcome.

use std::sync::Arc;

use conversation_core::{Session, Store, Timestamp, session::Ending, store::Written};
use http::StatusCode;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::Path,
    types::{ParseFromJSON, ToJSON},
};

use super::{
    bodies::{CompleteSession, CreateSession, FailSession, UpdateSession},
    code::ErrorCode,
    json::Json,
    pages,
    problem::Problem,
    request::Call,
    tags::Tags,
    timeline::{self, Page},
    views::{Envelope, SessionPageView, SessionView, TimelineView},
};

/// The operations on sessions.
pub struct Sessions {
    /// Where they are kept.
    pub store: Arc<dyn Store>,
}

/// An answer that is 200 and nothing else.
#[derive(ApiResponse)]
pub enum Found<T: ParseFromJSON + ToJSON + serde::Serialize + Send> {
    /// What was asked for.
    #[oai(status = 200)]
    Found(Json<Envelope<T>>),
}

impl<T: ParseFromJSON + ToJSON + serde::Serialize + Send> Found<T> {
    /// Wraps `data`.
    pub fn new(now: Timestamp, data: T) -> Self {
        Self::Found(Json(Envelope::new(StatusCode::OK, now, data)))
    }
}

/// The answer to a write that may be a repeated one.
#[derive(ApiResponse)]
pub enum Stored<T: ParseFromJSON + ToJSON + serde::Serialize + Send> {
    /// It was stored.
    #[oai(status = 201)]
    New(Json<Envelope<T>>),
    /// It was there already, and is returned unchanged; `warnings` names the fields that the request has otherwise.
    #[oai(status = 200)]
    Replayed(
        Json<Envelope<T>>,
        /// True: nothing was written.
        #[oai(header = "Idempotent-Replayed")]
        bool,
    ),
}

/// The answer to the end of a session.
#[derive(ApiResponse)]
pub enum Ended {
    /// The session has this status, now or since before.
    #[oai(status = 200)]
    Ended(
        Json<Envelope<SessionView>>,
        /// True when the session had ended in this way before.
        #[oai(header = "Idempotent-Replayed")]
        Option<bool>,
    ),
}

/// The answer to an erasure.
#[derive(ApiResponse)]
pub enum Erased {
    /// The session and its events are gone.
    #[oai(status = 204)]
    Gone,
}

#[OpenApi(prefix_path = "/v1", tag = "Tags::Sessions")]
impl Sessions {
    /// Create a session, or get it
    ///
    /// The first write wins: a repeated create answers 200 with the stored session, unchanged. Fields that differ from
    /// the stored ones are named in `warnings`, or refused with 422 under `Prefer: handling=strict`.
    #[oai(path = "/sessions", method = "post", operation_id = "createSession")]
    async fn create(&self, call: Call, body: Json<CreateSession>) -> Result<Stored<SessionView>, Problem> {
        let new = body.0.read(&call)?;
        match self.store.create_session(new.clone(), call.now).await? {
            Written::New(session) => {
                Ok(Stored::New(Json(Envelope::new(StatusCode::CREATED, call.now, session.into()))))
            }
            Written::Replayed(session) => {
                let fields = new.contradictions(&session);
                call.refuse_contradictions(ErrorCode::SessionIdMismatch, &fields)?;
                let envelope = Envelope::new(StatusCode::OK, call.now, session.into());
                Ok(Stored::Replayed(Json(envelope.warned(ErrorCode::SessionIdMismatch, &fields)), true))
            }
        }
    }

    /// List sessions
    ///
    /// The tenant's sessions by `startedAt`, newest first, in pages by cursor.
    #[oai(path = "/sessions", method = "get", operation_id = "listSessions")]
    async fn list(&self, call: Call) -> Result<Found<SessionPageView>, Problem> {
        let query = pages::session_query(&call)?;
        let page = self.store.sessions(call.tenant(), query.clone()).await?;
        let pagination = pages::session_pagination(&call, &query, &page);
        let sessions = page.sessions.into_iter().map(SessionView::from).collect();
        Ok(Found::new(call.now, SessionPageView { sessions, pagination }))
    }

    /// Read a session with its events
    ///
    /// Events are ordered by (`timestamp`, `eventId`). There are three ways to page, never mixed: `offset`, `page` and
    /// `cursor`, each with `limit`.
    #[oai(path = "/sessions/:sessionId", method = "get", operation_id = "getSession")]
    async fn get(
        &self,
        call: Call,
        #[oai(name = "sessionId")] session_id: Path<String>,
    ) -> Result<Page<TimelineView>, Problem> {
        let key = call.key(&session_id)?;
        let show = |session: Session, events, pagination| TimelineView { session: session.into(), events, pagination };
        timeline::page(self.store.as_ref(), &call, &key, show).await
    }

    /// Change a session that has not ended
    ///
    /// The body is a JSON merge patch (RFC 7396) on `language` and `metadata`.
    #[oai(path = "/sessions/:sessionId", method = "patch", operation_id = "updateSession")]
    async fn update(
        &self,
        call: Call,
        #[oai(name = "sessionId")] session_id: Path<String>,
        body: Json<UpdateSession>,
    ) -> Result<Found<SessionView>, Problem> {
        let key = call.key(&session_id)?;
        let session = self.store.update_session(&key, body.0.read(&call)?, call.now).await?;
        Ok(Found::new(call.now, session.into()))
    }

    /// Complete a session
    ///
    /// Atomic: the first end wins and its `endedAt` never changes. Completing again answers the same.
    #[oai(path = "/sessions/:sessionId/complete", method = "post", operation_id = "completeSession")]
    async fn complete(
        &self,
        call: Call,
        #[oai(name = "sessionId")] session_id: Path<String>,
        body: Json<CompleteSession>,
    ) -> Result<Ended, Problem> {
        self.end(&call, &session_id, body.0.read(&call)?).await
    }

    /// Fail a session
    ///
    /// Atomic: the first end wins and its `endedAt` and `endReason` never change. Failing again answers the same.
    #[oai(path = "/sessions/:sessionId/fail", method = "post", operation_id = "failSession")]
    async fn fail(
        &self,
        call: Call,
        #[oai(name = "sessionId")] session_id: Path<String>,
        body: Json<FailSession>,
    ) -> Result<Ended, Problem> {
        self.end(&call, &session_id, body.0.read(&call)?).await
    }

    /// Erase a session
    ///
    /// Removes the session and all its events before it answers. Afterwards the identifier answers 410 until the
    /// tombstone expires, so that a late retry cannot bring the data back.
    #[oai(path = "/sessions/:sessionId", method = "delete", operation_id = "eraseSession")]
    async fn erase(&self, call: Call, #[oai(name = "sessionId")] session_id: Path<String>) -> Result<Erased, Problem> {
        self.store.erase(&call.key(&session_id)?, call.now).await?;
        Ok(Erased::Gone)
    }
}

impl Sessions {
    async fn end(&self, call: &Call, session_id: &str, ending: Ending) -> Result<Ended, Problem> {
        let written = self.store.end_session(&call.key(session_id)?, ending, call.now).await?;
        let (session, replayed): (Session, _) = match written {
            Written::New(session) => (session, None),
            Written::Replayed(session) => (session, Some(true)),
        };
        Ok(Ended::Ended(Json(Envelope::new(StatusCode::OK, call.now, session.into())), replayed))
    }
}
