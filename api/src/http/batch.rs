//! A batch of events: those that can be read go to the store together, and every one gets its result.

use conversation_core::{
    Event, NewEvent, SessionKey, Store, StoreError,
    store::{AppendOptions, Written},
};

use super::{
    bodies::AppendEvent,
    code::ErrorCode,
    json,
    problem::Problem,
    request::Call,
    views::{BatchItem, BatchView, Outcome},
    wire::UnreadEvent,
};

/// Appends `unread` to a session.
///
/// # Errors
/// When the session as a whole takes no events.
pub async fn append(
    store: &dyn Store,
    call: &Call,
    key: &SessionKey,
    unread: Vec<UnreadEvent>,
    options: AppendOptions,
) -> Result<BatchView, Problem> {
    let read: Vec<_> = unread.iter().map(|event| read(call, event)).collect();
    let fit: Vec<NewEvent> = read.iter().filter_map(|event| event.as_ref().ok().cloned()).collect();
    let mut answers = store.append(key, fit, options).await?.into_iter();
    let results = read.into_iter().zip(&unread).zip(0..).map(|((read, unread), index)| match read {
        Ok(event) => {
            let answer = answers.next().unwrap_or_else(|| Err(StoreError::Corrupt("an answer is missing".into())));
            stored(call, index, &event, answer)
        }
        Err(problem) => rejected(index, readable_id(unread), &problem),
    });
    let results: Vec<BatchItem> = results.collect();
    let count = |outcome| u32::try_from(results.iter().filter(|item| item.outcome == outcome).count()).unwrap_or(0);
    Ok(BatchView {
        appended: count(Outcome::Appended),
        replayed: count(Outcome::Replayed),
        rejected: count(Outcome::Rejected),
        results,
    })
}

fn read(call: &Call, UnreadEvent(text): &UnreadEvent) -> Result<NewEvent, Problem> {
    json::parse::<AppendEvent>(text)?.read(call)
}

fn stored(call: &Call, index: u32, sent: &NewEvent, answer: Result<Written<Event>, StoreError>) -> BatchItem {
    let event_id = Some(sent.event_id.to_string());
    match answer {
        Ok(Written::New(_)) => {
            BatchItem { index, event_id, outcome: Outcome::Appended, error_code: None, message: None }
        }
        Ok(Written::Replayed(event)) => {
            let fields = sent.contradictions(&event);
            if let Err(problem) = call.refuse_contradictions(ErrorCode::EventIdMismatch, &fields) {
                return rejected(index, event_id, &problem);
            }
            let differs = !fields.is_empty();
            let message = format!("differs from the stored event in {}; the stored one stays", fields.join(", "));
            BatchItem {
                index,
                event_id,
                outcome: Outcome::Replayed,
                error_code: differs.then_some(ErrorCode::EventIdMismatch),
                message: differs.then_some(message),
            }
        }
        Err(error) => {
            let problem = Problem::from(error);
            if let Some(cause) = &problem.cause {
                tracing::error!(code = problem.code.name(), cause, "an event of a batch failed");
            }
            rejected(index, event_id, &problem)
        }
    }
}

fn rejected(index: u32, event_id: Option<String>, problem: &Problem) -> BatchItem {
    BatchItem {
        index,
        event_id,
        outcome: Outcome::Rejected,
        error_code: Some(problem.code),
        message: Some(problem.message.clone()),
    }
}

/// The identifier of an event that could not be read, if it has one as text.
fn readable_id(UnreadEvent(text): &UnreadEvent) -> Option<String> {
    let tree: serde_json::Value = serde_json::from_slice(text).ok()?;
    tree.get("eventId")?.as_str().map(str::to_owned)
}
