//! Long sessions: appending to them and reading pages of them.

use std::sync::Arc;

use anyhow::{Context, Result};

use crate::args::Args;
use crate::contest::{Contender, Measured, Turns, take_turns};
use crate::http::Request;
use crate::load::Case;
use crate::operations::{PAGE, append_saying};
use crate::payload::SPOKEN;
use crate::series::{Point, Series};
use crate::subject::Subject;

use super::fill::Filling;
use super::ground::Ground;
use super::stored::steps;

/// What is asked of a session.
#[derive(Clone, Copy, Debug)]
enum Ask {
    First,
    Counted,
    Deep,
    Middle,
    Append,
}

/// The series by what is asked, and how: appends last, because they make the sessions longer.
static ALL: [(Ask, &str, &str); 5] = [
    (Ask::First, "first page by length of session", "The first 50 events, as a cursor's walk begins, without a total."),
    (Ask::Counted, "first page with total by length of session", "The first 50 events, with the total."),
    (
        Ask::Deep,
        "deep page by offset by length of session",
        "50 events behind the deepest offset that the contract allows, 10,000, or the last 50; with the total.",
    ),
    (
        Ask::Middle,
        "middle page by cursor by length of session",
        "50 events behind a cursor in the middle, without a total.",
    ),
    (
        Ask::Append,
        "append by length of session",
        "The sessions of each length, 300,000 events together, get new events in turn; how long they have become is given too.",
    ),
];

/// The names of the series.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(_, name, _)| *name)
}

/// The longest session.
const LONGEST: u64 = 100_000;
/// Events of all sessions of one length together: enough that the appends of a round do not change the length much.
const TOGETHER: u64 = 3 * LONGEST;
/// Sessions of each length that are read.
const READ: u64 = 3;
/// The most events that an offset may skip.
const DEEPEST: u64 = 10_000;
/// Events on a page while walking to the middle.
const STRIDE: u64 = 500;

/// A contender for each length, all of which take turns.
pub(super) async fn measure(args: &Args, up_to: u64, wanted: impl Fn(&str) -> bool) -> Result<Vec<Series>> {
    let lengths = steps(1_000, up_to.min(LONGEST));
    eprintln!("sessions of {lengths:?} events");
    let fillings: Vec<Filling> = lengths.iter().map(|length| filling(*length)).collect();
    let ground = Ground::prepare(args, &fillings).await?;
    let (subject, store) = (&ground.subject, ground.store());
    let mut all = Vec::new();
    for (ask, name, how) in ALL.iter().filter(|(_, name, _)| wanted(name)) {
        eprintln!("{name}");
        let mut contenders: Vec<Contender> = Vec::new();
        for length in &lengths {
            let case = case(*ask, *length, subject).await?;
            contenders.push(subject.contender("service", args.connections, &store, case));
        }
        let turns = take_turns(&contenders, args.pace()).await.context(*name)?;
        let points = lengths.iter().zip(turns).map(|(length, turns)| point(args, *ask, name, *length, turns)).collect();
        all.push(Series { name, unit: "events in the session", how: format!("{how} The lengths take turns."), points });
    }
    Ok(all)
}

fn point(args: &Args, ask: Ask, name: &str, length: u64, service: Turns) -> Point {
    let figures = match ask {
        Ask::Append => {
            let longer = service.items(args.pace()) / (TOGETHER / length) as f64;
            vec![("events at the end", length as f64 + longer)]
        }
        _ => Vec::new(),
    };
    let measured = Measured { operation: name.into(), service, ..Measured::default() };
    Point { figures, ..Point::new(length, measured) }
}

fn filling(length: u64) -> Filling {
    Filling { sessions: TOGETHER / length, each: length, id: Arc::new(move |number| id(length, number)) }
}

fn id(length: u64, number: u64) -> String {
    format!("long-{length:06}-{number:04}")
}

async fn case(ask: Ask, length: u64, subject: &Subject) -> Result<Case> {
    let mut pages = Vec::new();
    for session in 0..READ {
        let query = match ask {
            Ask::First => "cursor=".to_owned(),
            Ask::Counted => "offset=0".to_owned(),
            Ask::Deep => format!("offset={}", (length - PAGE).min(DEEPEST)),
            Ask::Middle => format!("cursor={}", middle(length, session, subject).await?),
            Ask::Append => {
                let sessions = TOGETHER / length;
                let append = move |number| append_saying(&id(length, number % sessions), length + number, SPOKEN);
                return Ok(Case::new(201, append));
            }
        };
        pages.push(format!("/v1/sessions/{}?{query}&limit={PAGE}", id(length, session)));
    }
    Ok(Case::new(200, move |number| Request::get(pages[(number % READ) as usize].clone())))
}

/// The cursor behind the first half of a session, which only a walk gets.
async fn middle(length: u64, session: u64, subject: &Subject) -> Result<String> {
    let mut cursor = String::new();
    for _ in 0..(length / 2).div_ceil(STRIDE) {
        let path = format!("/v1/sessions/{}?cursor={cursor}&limit={}", id(length, session), STRIDE.min(length / 2));
        cursor = next_cursor(&subject.ask(&Request::get(path)).await?).context("a page without a next one")?;
    }
    Ok(cursor)
}

/// Cut from the text, because a payload could not have this key unescaped and a page may be a megabyte.
fn next_cursor(body: &str) -> Option<String> {
    let (_, cursor) = body.split_once(r#""nextCursor":""#)?;
    cursor.split_once('"').map(|(cursor, _)| cursor.to_owned())
}

#[cfg(test)]
mod tests {
    use super::next_cursor;

    #[test]
    fn the_cursor_is_found_and_its_absence_too() {
        assert_eq!(next_cursor(r#"{"pagination":{"nextCursor":"abc"}}"#).as_deref(), Some("abc"));
        assert_eq!(next_cursor(r#"{"pagination":{"nextCursor":null}}"#), None);
    }
}
