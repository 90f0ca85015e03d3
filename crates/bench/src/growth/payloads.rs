//! Appends of larger and larger payloads.

use std::sync::Arc;

use anyhow::{Context, Result};

use crate::args::Args;
use crate::bare_mongo::event;
use crate::contest::{Contender, Measured, take_turns};
use crate::load::Case;
use crate::operations::append_saying;
use crate::oplog;
use crate::payload::Payload;
use crate::series::{Point, Series};

use super::fill::{Filling, conversation};
use super::ground::{BARE, Ground};

pub(super) const NAME: &str = "append by size of payload";

const SIZES: [u64; 6] = [64, 256, 1024, 4096, 16_384, 65_536];
const SESSIONS: u64 = 1_000;

/// A service and a bare driver for each size, all of which take turns.
pub(super) async fn measure(args: &Args) -> Result<Series> {
    eprintln!("{NAME}");
    let filling = Filling { sessions: SESSIONS, each: 1, id: Arc::new(conversation) };
    let ground = Ground::prepare(args, &[filling]).await?;
    let contenders: Vec<Contender> = SIZES.iter().flat_map(|size| contenders(args, &ground, *size)).collect();
    let mut turns = take_turns(&contenders, args.pace()).await.context(NAME)?.into_iter();
    let client = ground.client().await?;
    let mut points = Vec::new();
    for (size, contenders) in SIZES.iter().zip(contenders.chunks(2)) {
        let service = turns.next().context("turns of the service")?;
        let rate = service.median().per_second;
        let measured = Measured {
            operation: "append".into(),
            service,
            bare: turns.next().into_iter().collect(),
            oplog: oplog::per_item(&client, &contenders[0]).await?,
        };
        let figures = vec![("MB/s of payload", rate * *size as f64 / 1e6)];
        points.push(Point { figures, ..Point::new(*size, measured) });
    }
    let how = "The payload is a transcript of so many bytes as JSON; all sizes take turns.".into();
    Ok(Series { name: NAME, unit: "bytes of payload", how, points })
}

fn contenders(args: &Args, ground: &Ground, size: u64) -> [Contender; 2] {
    let (store, Payload { json, bson }) = (ground.store(), Payload::of_bytes(size as usize));
    let place = |number: u64| conversation(number % SESSIONS);
    let case = Case::new(201, move |number| append_saying(&place(number), 1 + number, &json));
    [
        ground.subject.contender("service", args.connections, &store, case),
        ground.bare.inserting(args.connections, &store, move |number| event(&place(number), BARE + number, &bson)),
    ]
}
