//! The way to BSON and back changes nothing, and what this service never writes is reported.

use bson::{DateTime, oid::ObjectId, rawdoc};
use conversation_core::json::Bounds;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn object(text: &str) -> JsonObject {
    JsonObject::parse(text, Bounds::NONE).expect("a JSON object").0
}

fn there_and_back(object: &JsonObject) -> JsonObject {
    to_json(&to_bson(object).expect("BSON")).expect("JSON")
}

#[test]
fn keys_that_mean_something_to_the_server_are_data() {
    let text = r#"{"$set":{"x.y":1},"__proto__":{"a":null},"":[true,[],{}],"$ref":"x","_id":"\u0001\"\\"}"#;
    assert_eq!(there_and_back(&object(text)).as_str(), text);
}

#[test]
fn numbers_keep_their_kind_and_spelling() {
    let text =
        r#"{"a":[0,-1,2147483647,2147483648,-9223372036854775808,9223372036854775807,0.0,-0.0,1.0,1e300,5e-324]}"#;
    let normalised = object(text);
    assert_eq!(there_and_back(&normalised), normalised);
}

#[test]
fn the_bytes_are_those_of_the_bson_crate() {
    let written = to_bson(&object(r#"{"a":{"b":[1,"x",null]},"c":1.5,"d":false,"e":4294967296}"#)).expect("BSON");
    let expected =
        rawdoc! { "a": { "b": [1_i32, "x", bson::RawBson::Null] }, "c": 1.5, "d": false, "e": 4_294_967_296_i64 };
    assert_eq!(written.as_bytes(), expected.as_bytes());
}

#[test]
fn what_this_service_never_writes_is_reported() {
    for foreign in [
        rawdoc! { "a": DateTime::from_millis(0) },
        rawdoc! { "a": [{ "b": ObjectId::from_bytes([0; 12]) }] },
        rawdoc! { "a": f64::NAN },
        rawdoc! { "a": f64::INFINITY },
    ] {
        assert!(matches!(to_json(&foreign), Err(StoreError::Corrupt(_))), "{foreign:?}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i16>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 96, 12, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..12).prop_map(Value::from),
            prop::collection::hash_map("[^\0]{0,6}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_object_comes_back_as_the_same_text(value in any_json()) {
        let before = object(&serde_json::json!({ "value": value }).to_string());
        prop_assert_eq!(there_and_back(&before), before);
    }
}
