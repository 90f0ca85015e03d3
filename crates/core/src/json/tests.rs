//! INV-5: what free-form JSON keeps and what it refuses, with properties over arbitrary values.

use proptest::prelude::*;
use serde_json::Value;

use super::{Bounds, InvalidJson, JsonObject};

const BOUNDS: Bounds = Bounds { bytes: 1024, nesting: 4 };

fn normalised(text: &str) -> Result<String, InvalidJson> {
    JsonObject::parse(text, BOUNDS).map(|(object, _)| object.as_str().to_owned())
}

fn digest(text: &str) -> super::Digest {
    JsonObject::parse(text, Bounds::NONE).expect("valid JSON").1
}

#[test]
fn white_space_goes_and_order_stays() {
    assert_eq!(normalised(" { \"b\" : [ 1 , 2 ] ,\n\"a\" : { } } ").as_deref(), Ok(r#"{"b":[1,2],"a":{}}"#));
    assert_eq!(normalised("{}").as_deref(), Ok("{}"));
    assert_eq!(normalised(r#"{"a":[]}"#).as_deref(), Ok(r#"{"a":[]}"#));
}

#[test]
fn keys_that_mean_something_elsewhere_are_data_here() {
    let text = r#"{"$set":{"x.y":1},"__proto__":{"a":null},"":true,"$ref":"x"}"#;
    assert_eq!(normalised(text).as_deref(), Ok(text));
}

#[test]
fn numbers_are_equal_by_value() {
    assert_eq!(digest(r#"{"a":1}"#), digest(r#"{"a":1.0}"#));
    assert_eq!(digest(r#"{"a":100}"#), digest(r#"{"a":1e2}"#));
    assert_eq!(digest(r#"{"a":0}"#), digest(r#"{"a":-0.0}"#));
    assert_ne!(digest(r#"{"a":1}"#), digest(r#"{"a":"1"}"#));
    assert_ne!(digest(r#"{"a":9007199254740993}"#), digest(r#"{"a":9007199254740992}"#));
}

#[test]
fn keys_are_equal_in_any_order_and_spelling() {
    assert_eq!(digest(r#"{"a":1,"b":{"c":[1,2],"d":"é"}}"#), digest(r#"{ "b":{"d":"\u00e9","c":[1,2]}, "a":1}"#));
    assert_ne!(digest(r#"{"a":[1,2]}"#), digest(r#"{"a":[2,1]}"#));
    assert_ne!(digest(r#"{"a":{"b":1},"c":2}"#), digest(r#"{"a":{"b":1,"c":2}}"#));
}

#[test]
fn what_could_not_be_read_back_is_refused() {
    let at = |path: &str| path.to_owned();
    assert_eq!(
        normalised(r#"{"x":{"a":1,"\u0061":2}}"#),
        Err(InvalidJson::DuplicateKey { at: at("/x"), key: "a".into() })
    );
    assert_eq!(normalised(r#"{"a\u0000":1}"#), Err(InvalidJson::NulInKey { at: at("") }));
    assert_eq!(normalised(r#"{"a":["\ud800"]}"#), Err(InvalidJson::Surrogate { at: at("/a/0") }));
    for number in ["9223372036854775808", "1e400", "1e-400", "-12345678901234567890"] {
        let refused = InvalidJson::Number { at: at("/a"), number: number.into() };
        assert_eq!(normalised(&format!(r#"{{"a":{number}}}"#)), Err(refused));
    }
}

#[test]
fn bounds_hold_to_the_letter() {
    assert!(normalised(r#"{"a":{"b":{"c":{}}}}"#).is_ok());
    assert_eq!(normalised(r#"{"a":{"b":{"c":[{}]}}}"#), Err(InvalidJson::TooDeep(4)));
    let filled = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
    assert!(normalised(&filled(1024)).is_ok());
    assert_eq!(normalised(&filled(1025)), Err(InvalidJson::TooLarge(1024)));
    for text in ["", "null", "[]", "\"{}\"", "1", "{", "{}{}"] {
        assert_eq!(normalised(text), Err(InvalidJson::NotAnObject), "{text}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map("[^\0]{0,6}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_object() -> impl Strategy<Value = Value> {
    any_json().prop_map(|inner| serde_json::json!({ "inner": inner }))
}

/// The same value with the members of every object in reverse order.
fn reversed(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let parts: Vec<String> = members
                .iter()
                .rev()
                .map(|(key, v)| format!("{} : {}", Value::from(key.as_str()), reversed(v)))
                .collect();
            format!("{{ {} }}", parts.join(" , "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(reversed).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

proptest! {
    #[test]
    fn normalising_keeps_the_value(value in any_object()) {
        let (object, _) = JsonObject::parse(&value.to_string(), Bounds::NONE).expect("valid JSON");
        prop_assert_eq!(serde_json::from_str::<Value>(object.as_str()).expect("valid JSON"), value);
    }

    #[test]
    fn normalising_twice_changes_nothing(value in any_object()) {
        let (once, digest_once) = JsonObject::parse(&value.to_string(), Bounds::NONE).expect("valid JSON");
        let (twice, digest_twice) = JsonObject::parse(once.as_str(), Bounds::NONE).expect("valid JSON");
        prop_assert_eq!(once, twice);
        prop_assert_eq!(digest_once, digest_twice);
    }

    #[test]
    fn the_digest_ignores_order_and_space(value in any_object()) {
        prop_assert_eq!(digest(&value.to_string()), digest(&reversed(&value)));
    }

    #[test]
    fn different_values_have_different_digests(a in any_object(), b in any_object()) {
        prop_assume!(a != b);
        prop_assert_ne!(digest(&a.to_string()), digest(&b.to_string()));
    }
}
