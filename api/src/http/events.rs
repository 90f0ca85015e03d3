//! Operations on events: each parses, makes one call, and shows the outcome.

use std::sync::Arc;

use conversation_core::{Language, Store, store::AppendOptions, store::Written};
use http::StatusCode;
use poem_openapi::{ApiResponse, OpenApi, param::Path};

use super::{
    batch,
    bodies::{AppendBatch, AppendEvent},
    code::ErrorCode,
    faults::Faults,
    json::Json,
    problem::Problem,
    request::Call,
    sessions::{Found, Stored},
    tags::Tags,
    timeline::{self, Page},
    views::{BatchView, Envelope, EventPageView, EventView},
};

/// The operations on events.
pub struct Events {
    /// Where they are kept.
    pub store: Arc<dyn Store>,
}

/// The answer to a batch.
#[derive(ApiResponse)]
pub enum BatchAnswer {
    /// All events were stored.
    #[oai(status = 201)]
    Appended(Json<Envelope<BatchView>>),
    /// All events are stored, some or all since before.
    #[oai(status = 200)]
    Replayed(Json<Envelope<BatchView>>),
    /// Some events were refused; `results` says which and why.
    #[oai(status = 207)]
    Mixed(Json<Envelope<BatchView>>),
}

#[OpenApi(prefix_path = "/v1", tag = "Tags::Events")]
impl Events {
    /// Append an event
    ///
    /// Exactly once, for ever: a repeated append answers 200 with the stored event. Content that differs is named in
    /// `warnings`, or refused with 422 under `Prefer: handling=strict`. The first event makes an initiated session
    /// active. Events that arrive up to the grace time after the end are stored with `late: true`.
    #[oai(path = "/sessions/:sessionId/events", method = "post", operation_id = "appendEvent")]
    async fn append(
        &self,
        call: Call,
        #[oai(name = "sessionId")] session_id: Path<String>,
        body: Json<AppendEvent>,
    ) -> Result<Stored<EventView>, Problem> {
        let key = call.key(&session_id)?;
        let (options, new) = (append_options(&call)?, body.0.read(&call)?);
        let answers = self.store.append(&key, vec![new.clone()], options).await?;
        match answers.into_iter().next().ok_or_else(Problem::internal)?? {
            Written::New(event) => {
                let view = EventView::of(&key, event);
                Ok(Stored::New(Json(Envelope::new(StatusCode::CREATED, call.now, view))))
            }
            Written::Replayed(event) => {
                let fields = new.contradictions(&event);
                call.refuse_contradictions(ErrorCode::EventIdMismatch, &fields)?;
                let envelope = Envelope::new(StatusCode::OK, call.now, EventView::of(&key, event));
                Ok(Stored::Replayed(Json(envelope.warned(ErrorCode::EventIdMismatch, &fields)), true))
            }
        }
    }

    /// Append up to 500 events
    ///
    /// Each event is stored, replayed or refused on its own, as a single append would be.
    #[oai(path = "/sessions/:sessionId/events/batch", method = "post", operation_id = "appendEvents")]
    async fn append_batch(
        &self,
        call: Call,
        #[oai(name = "sessionId")] session_id: Path<String>,
        body: Json<AppendBatch>,
    ) -> Result<BatchAnswer, Problem> {
        let key = call.key(&session_id)?;
        let options = append_options(&call)?;
        let view = batch::append(self.store.as_ref(), &call, &key, body.0.read()?, options).await?;
        let (answer, status): (fn(_) -> _, _) = match (view.rejected, view.replayed) {
            (0, 0) => (BatchAnswer::Appended, StatusCode::CREATED),
            (0, _) => (BatchAnswer::Replayed, StatusCode::OK),
            _ => (BatchAnswer::Mixed, StatusCode::MULTI_STATUS),
        };
        Ok(answer(Json(Envelope::new(status, call.now, view))))
    }

    /// List a session's events
    ///
    /// As reading the session, without the session.
    #[oai(path = "/sessions/:sessionId/events", method = "get", operation_id = "listEvents")]
    async fn list(
        &self,
        call: Call,
        #[oai(name = "sessionId")] session_id: Path<String>,
    ) -> Result<Page<EventPageView>, Problem> {
        let key = call.key(&session_id)?;
        let show = |_, events, pagination| EventPageView { events, pagination };
        timeline::page(self.store.as_ref(), &call, &key, show).await
    }

    /// Read one event
    #[oai(path = "/sessions/:sessionId/events/:eventId", method = "get", operation_id = "getEvent")]
    async fn get(
        &self,
        call: Call,
        #[oai(name = "sessionId")] session_id: Path<String>,
        #[oai(name = "eventId")] event_id: Path<String>,
    ) -> Result<Found<EventView>, Problem> {
        self.find(&call, &session_id, &event_id).await
    }

    /// Read the event that is called "batch"
    ///
    /// As any other event: its path is that of batches too.
    #[oai(path = "/sessions/:sessionId/events/batch", method = "get", operation_id = "getEventCalledBatch")]
    async fn get_called_batch(
        &self,
        call: Call,
        #[oai(name = "sessionId")] session_id: Path<String>,
    ) -> Result<Found<EventView>, Problem> {
        self.find(&call, &session_id, "batch").await
    }
}

impl Events {
    async fn find(&self, call: &Call, session_id: &str, event_id: &str) -> Result<Found<EventView>, Problem> {
        let key = call.key(session_id)?;
        let event = self.store.event(&key, &call.event_id(event_id)?).await?;
        Ok(Found::new(call.now, EventView::of(&key, event)))
    }
}

/// Reads `createSession` and `language`, which go together.
fn append_options(call: &Call) -> Result<AppendOptions, Problem> {
    let mut faults = Faults::default();
    let create = faults.optional("createSession", call.parameter("createSession"), |text| {
        text.parse::<bool>().map_err(|_| "must be true or false")
    });
    let create = create.unwrap_or_default();
    let language = faults.optional("language", call.parameter("language"), Language::parse);
    if create && call.parameter("language").is_none() {
        faults.note("language", "is missing: createSession needs it");
    }
    if !create && language.is_some() {
        faults.note("language", "is only for createSession=true: leave it out");
    }
    faults.finish(Some(AppendOptions { now: call.now, create_session: language }))
}
