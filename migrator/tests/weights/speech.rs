//! Speech as it compresses: sentences of everyday words, frequent ones more often, the same in every run.

use sha2::{Digest as _, Sha256};

/// Ordered by how often they are taken.
const WORDS: &str = "the I to you a it and that is of in my for on have what can be we me not do this with was so are \
    just but your if no like yes would know okay please they at one all about there don't get up an out as or from could \
    he order number account address then when right how will here time need want see go card thank sorry because change \
    any today last month payment which did had delivery been name more email phone call back check day two three sure \
    four five still find problem moment has were them who old new going bill charge money week morning after date \
    before package ticket flight booking receipt confirm cancel refund password reset security invoice subscription \
    upgrade insurance appointment doctor Thursday Friday Monday October November street avenue apartment internet \
    router signal balance transfer statement deposit credit limit branch manager complaint warranty repair technician";

/// A number from 0 (inclusive) to 1 (exclusive) that depends on nothing but its place.
fn fraction(session: usize, event: usize, place: usize) -> f64 {
    let hash = Sha256::digest(format!("{session}/{event}/{place}"));
    f64::from(u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])) / (f64::from(u32::MAX) + 1.0)
}

/// An identifier as most clients make them: a random UUID.
pub(crate) fn uuid(session: usize, event: usize) -> String {
    let hash = Sha256::digest(format!("id {session}/{event}"));
    let bytes: [u8; 16] = hash[..16].try_into().expect("a hash has 32 bytes");
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// The payload of an event, with a sentence of 8 to 23 words.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "fractions of small positive numbers")]
#[expect(clippy::cast_precision_loss, reason = "a small table")]
pub(crate) fn payload(session: usize, event: usize) -> String {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let pick = |place: usize| words[((words.len() as f64).powf(fraction(session, event, place)) - 1.0) as usize];
    let length = 8 + (fraction(session, event, 1000) * 16.0) as usize;
    let sentence: Vec<&str> = (0..length).map(pick).collect();
    let confidence = 0.7 + (fraction(session, event, 1001) * 30.0).floor() / 100.0;
    let duration = 400 * length + (fraction(session, event, 1002) * 400.0) as usize;
    let role = if event.is_multiple_of(2) { "agent" } else { "caller" };
    format!(
        r#"{{"transcript":"{}.","confidence":{confidence:.2},"durationMs":{duration},"speaker":{{"role":"{role}","channel":1}},"final":true}}"#,
        sentence.join(" ")
    )
}
