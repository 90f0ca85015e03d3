//! Appends beside more and more stored events.

use std::iter::successors;

use anyhow::Result;

use crate::args::Args;
use crate::bare_mongo::event;
use crate::contest::Measured;
use crate::load::Case;
use crate::operations::append_saying;
use crate::oplog;
use crate::payload::{Payload, SPOKEN};
use crate::series::{Point, Series};
use crate::targets::STORED;

use super::fill::{CONVERSATION, Filling, conversation, going_on};
use super::ground::{BARE, Ground};

const MIB: f64 = 1024.0 * 1024.0;

/// One point for each step; each has servers of its own, so that none begins with what the one before left behind. The last
/// steps take minutes, so one that fails does not lose those before it.
pub(super) async fn measure(args: &Args, up_to: u64, failures: &mut Vec<String>) -> Series {
    let mut points = Vec::new();
    for at in steps(10_000, up_to) {
        eprintln!("{STORED}: {at}");
        match point(args, at).await {
            Ok(point) => points.push(point),
            Err(error) => {
                failures.push(format!("{STORED}, {at}: {error:#}"));
                break;
            }
        }
    }
    let how = format!(
        "Conversations of {CONVERSATION} events are stored; then events are appended to 1,000 of them at a time, by the \
         service and by the bare driver to the same collection. The collection grows meanwhile, so the number at the end \
         is given too. `mongod` may keep the MiB of cache in memory; the indexes are to be compared with that."
    );
    Series { name: STORED, unit: "events stored", how, points }
}

async fn point(args: &Args, at: u64) -> Result<Point> {
    let filling = Filling::conversations(at);
    let (sessions, payload) = (filling.sessions, Payload::spoken().bson);
    let ground = Ground::prepare(args, &[filling]).await?;
    let store = ground.store();
    let place = move |number, from| conversation((going_on(number, sessions) + from) % sessions);
    let case = Case::new(201, move |number| append_saying(&place(number, 0), CONVERSATION + number, SPOKEN));
    // Neither finds in the server's memory what the other has just made it read.
    let apart = move |number| place(number, sessions / 2);
    let contenders = [
        ground.subject.contender("service", args.connections, &store, case),
        ground.bare.inserting(args.connections, &store, move |number| event(&apart(number), BARE + number, &payload)),
    ];
    let mut measured = Measured::beside("append", &contenders, args.pace()).await?;
    measured.oplog = oplog::per_item(&ground.client().await?, &contenders[0]).await?;
    let weights = ground.weigh().await?;
    let events = weights.iter().filter(|weight| weight.collection == "events");
    let (documents, indexes) = events.fold((0.0, 0.0), |(documents, indexes), weight| {
        (documents + weight.documents, indexes + weight.all_indexes() / MIB)
    });
    let cache = ground.cache().await? / MIB;
    let figures = vec![("events at the end", documents), ("MiB of indexes", indexes), ("MiB of cache", cache)];
    Ok(Point { figures, weights, ..Point::new(at, measured) })
}

/// Tenfold steps, and the end.
pub(super) fn steps(first: u64, up_to: u64) -> Vec<u64> {
    let tenfold = successors(Some(first), |step| step.checked_mul(10)).take_while(|step| *step < up_to);
    tenfold.chain([up_to]).collect()
}

#[cfg(test)]
mod tests {
    use super::steps;

    #[test]
    fn steps_are_tenfold_and_end_where_they_are_to() {
        assert_eq!(steps(10_000, 1_000_000), [10_000, 100_000, 1_000_000]);
        assert_eq!(steps(10_000, 25_000), [10_000, 25_000]);
        assert_eq!(steps(10_000, 10_000), [10_000]);
    }
}
