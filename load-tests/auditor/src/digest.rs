//! The digest of a payload, as `load-tests/lib/ledger.js` makes it: SHA-256 over JSON with sorted keys and no spaces.

use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

pub(crate) fn of(payload: &Value) -> String {
    let mut text = String::new();
    canonical(payload, &mut text);
    Sha256::digest(text).iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => list(out, ('[', ']'), items, canonical),
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            list(out, ('{', '}'), &members, |(key, value), out| {
                let _ = write!(out, "{}:", Value::from(key.as_str()));
                canonical(value, out);
            });
        }
        scalar => {
            let _ = write!(out, "{scalar}");
        }
    }
}

fn list<T>(out: &mut String, (open, close): (char, char), items: &[T], mut write: impl FnMut(&T, &mut String)) {
    out.push(open);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(close);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn equal_content_has_an_equal_digest_whatever_its_order() {
        let one = serde_json::from_str(r#"{"b":[1,{"d":null,"c":"ü"}],"a":0.93}"#).expect("JSON");
        let mut text = String::new();
        super::canonical(&one, &mut text);
        assert_eq!(text, r#"{"a":0.93,"b":[1,{"c":"ü","d":null}]}"#);
        assert_ne!(super::of(&one), super::of(&json!({ "a": 0.94 })));
    }

    #[test]
    fn it_is_that_of_the_published_vectors() {
        // SHA-256 of `{}`.
        let expected = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        assert_eq!(super::of(&json!({})), expected);
    }
}
