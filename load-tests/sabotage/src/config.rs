//! Which fault: the environment variable `SABOTAGE`. This is the only place of this program that reads the environment.

use std::env;

use anyhow::{Result, bail};
use mongodb::{Client, Collection, bson::Document};

/// What is wrong with the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing: the honest build, over the same decorated store.
    None,
    /// A repeated event is stored again, under another internal id. Needs MongoDB.
    DeduplicationOff,
    /// An append is acknowledged before it is written, and written within a minute.
    AcknowledgesEarly,
    /// One new event in twenty is acknowledged and never written.
    Drops,
    /// Pages are turned round where they hold more than one event.
    Misorders,
    /// One new event in twenty is stored with an empty payload.
    Alters,
    /// No event is shown as late.
    ForgetsLate,
}

pub(crate) fn fault() -> Result<Fault> {
    let name = env::var("SABOTAGE").unwrap_or_default();
    Ok(match name.as_str() {
        "" | "none" => Fault::None,
        "deduplication-off" => Fault::DeduplicationOff,
        "acknowledges-early" => Fault::AcknowledgesEarly,
        "drops" => Fault::Drops,
        "misorders" => Fault::Misorders,
        "alters" => Fault::Alters,
        "forgets-late" => Fault::ForgetsLate,
        unknown => bail!("SABOTAGE names no fault: {unknown}"),
    })
}

/// The events as MongoDB has them, if it is the store.
pub(crate) async fn documents() -> Result<Option<Collection<Document>>> {
    let Ok(uri) = env::var("MONGODB_URI") else { return Ok(None) };
    let database = env::var("MONGODB_DATABASE").unwrap_or_else(|_| "conversations".to_owned());
    Ok(Some(Client::with_uri_str(uri).await?.database(&database).collection("events")))
}
