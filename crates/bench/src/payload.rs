//! What events say: as JSON text in requests, and as BSON in the documents of the bare driver.

use std::sync::Arc;

use mongodb::bson::raw::RawDocumentBuf;
use mongodb::bson::rawdoc;

/// The payload of every event but those of other sizes: about one spoken sentence.
pub(crate) const SPOKEN: &str = r#"{"transcript":"I would like to change the delivery address of my last order, please.","confidence":0.97,"durationMs":3120,"speaker":{"role":"caller","channel":1},"final":true}"#;

/// What goes around a transcript.
const AROUND: usize = r#"{"transcript":""}"#.len();
/// Words of a transcript, which a server compresses about as it does speech.
const WORDS: [&str; 16] = [
    "order", "please", "address", "the", "of", "my", "change", "number", "and", "thank", "you", "seven", "delivery",
    "account", "to", "we",
];

/// One payload in both forms.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    /// For requests.
    pub(crate) json: Arc<str>,
    /// For documents.
    pub(crate) bson: RawDocumentBuf,
}

impl Payload {
    /// [`SPOKEN`].
    pub(crate) fn spoken() -> Self {
        let bson = rawdoc! {
            "transcript": "I would like to change the delivery address of my last order, please.",
            "confidence": 0.97, "durationMs": 3120_i64, "speaker": { "role": "caller", "channel": 1_i64 },
            "final": true,
        };
        Self { json: SPOKEN.into(), bson }
    }

    /// A transcript, of so many bytes as JSON; at least of those around it.
    pub(crate) fn of_bytes(bytes: usize) -> Self {
        let mut transcript = String::with_capacity(bytes + 16);
        let mut state = 7_u64;
        while transcript.len() + AROUND < bytes {
            state = mix(state);
            transcript.push_str(WORDS[(state % 16) as usize]);
            transcript.push(' ');
        }
        transcript.truncate(bytes.saturating_sub(AROUND));
        let json = format!(r#"{{"transcript":"{transcript}"}}"#);
        Self { json: json.into(), bson: rawdoc! { "transcript": transcript } }
    }
}

/// A number without any order in it, different for different numbers (the finaliser of MurmurHash3).
pub(crate) fn mix(number: u64) -> u64 {
    let number = (number ^ number >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let number = (number ^ number >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    number ^ number >> 33
}

#[cfg(test)]
mod tests {
    use super::{Payload, mix};
    use mongodb::bson::{Document, RawBsonRef};
    use std::collections::BTreeSet;

    #[test]
    fn both_forms_of_what_is_spoken_say_the_same() {
        let Payload { json, bson } = Payload::spoken();
        let parsed: Document = serde_json::from_str(&json).expect("JSON");
        let keys: Vec<_> = bson.iter_elements().map(|element| element.expect("valid").key().to_string()).collect();
        assert_eq!(keys, parsed.keys().cloned().collect::<Vec<_>>());
        assert_eq!(bson.get("confidence").ok().flatten(), Some(RawBsonRef::Double(0.97)));
        assert_eq!(bson.get_str("transcript").ok(), parsed.get_str("transcript").ok());
    }

    #[test]
    fn a_payload_has_the_size_asked_for() {
        for bytes in [64, 256, 65_536] {
            let Payload { json, bson } = Payload::of_bytes(bytes);
            assert_eq!(json.len(), bytes);
            assert!(json.contains(bson.get_str("transcript").expect("text")));
        }
    }

    #[test]
    fn no_two_numbers_are_mixed_to_one() {
        assert_eq!((0..10_000).map(mix).collect::<BTreeSet<_>>().len(), 10_000);
    }
}
