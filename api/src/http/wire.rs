//! JSON values that poem-openapi has no type for: moments and free-form objects, as they are sent and as they are answered.

use std::borrow::Cow;

use bytes::Bytes;
use conversation_core::{JsonObject, Timestamp, json::Bounds};
use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef, Registry},
    types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::Error as _,
    ser::{Error as _, SerializeStruct as _},
};
use serde_json::{Value, value::RawValue};

use super::bodies::AppendEvent;

/// A moment as a client sent it; whether it is one is for its reader to find.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Time(pub String);

/// A moment in an answer.
#[derive(Clone, Copy, Debug)]
pub struct Moment(pub Timestamp);

impl From<Timestamp> for Moment {
    fn from(moment: Timestamp) -> Self {
        Self(moment)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.0.text()).map_err(S::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Time(text) = Time::deserialize(deserializer)?;
        Timestamp::parse(&text).map(Self).map_err(D::Error::custom)
    }
}

/// Any JSON that a client sent, as it stands; whether it is an object is for its reader to find.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct FreeForm(pub Box<RawValue>);

impl From<Box<RawValue>> for FreeForm {
    fn from(raw: Box<RawValue>) -> Self {
        Self(raw)
    }
}

/// A free-form object in an answer.
#[derive(Clone, Debug)]
pub struct Kept(pub JsonObject);

/// By this name `serde_json` knows a struct whose one field is JSON to be written as it stands: what `RawValue` is to it, but
/// for the parsing that making one of text costs. A test holds it to that.
const AS_IT_STANDS: &str = "$serde_json::private::RawValue";

impl From<JsonObject> for Kept {
    fn from(object: JsonObject) -> Self {
        Self(object)
    }
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = serializer.serialize_struct(AS_IT_STANDS, 1)?;
        text.serialize_field(AS_IT_STANDS, self.0.as_str())?;
        text.end()
    }
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let FreeForm(raw) = FreeForm::deserialize(deserializer)?;
        let read = JsonObject::from_raw(&raw, Bounds::NONE);
        read.map(|(object, _)| Self(object)).map_err(D::Error::custom)
    }
}

/// A language tag in a patch, kept as any JSON so that null can be told from a field that is left out.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct LanguageText(pub Box<RawValue>);

impl From<Box<RawValue>> for LanguageText {
    fn from(raw: Box<RawValue>) -> Self {
        Self(raw)
    }
}

/// An event of a batch, not read yet, so that one that is wrong does not take the others with it.
#[derive(Clone, Debug)]
pub struct UnreadEvent(pub Bytes);

impl Serialize for UnreadEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_slice(&self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for UnreadEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(raw.get().to_owned().into()))
    }
}

/// A field that must be sent. To the parser it is optional, so that all that is missing is found in one pass; the
/// document says that it is required.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Required<T>(pub Option<T>);

impl<T> Default for Required<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Type> Type for Required<T> {
    const IS_REQUIRED: bool = true;

    type RawElementValueType = T::RawElementValueType;
    type RawValueType = T::RawValueType;

    fn name() -> Cow<'static, str> {
        T::name()
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        self.0.as_ref().and_then(T::as_raw_value)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self::RawElementValueType> + 'a> {
        self.0.as_ref().map_or_else(|| Box::new(std::iter::empty()) as _, T::raw_element_iter)
    }
}

impl<T: ParseFromJSON> ParseFromJSON for Required<T> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        T::parse_from_json(value).map(|sent| Self(Some(sent))).map_err(ParseError::propagate)
    }
}

impl<T: ToJSON> ToJSON for Required<T> {
    fn to_json(&self) -> Option<Value> {
        self.0.as_ref().and_then(T::to_json)
    }
}

/// Gives a wire type its schema. The conversions are required by poem-openapi's derives and go through serde.
macro_rules! schema {
    ($type:ty, $name:literal, $schema:expr $(, of $described:ty)?) => {
        impl Type for $type {
            const IS_REQUIRED: bool = true;

            type RawElementValueType = Self;
            type RawValueType = Self;

            fn name() -> Cow<'static, str> {
                $name.into()
            }

            fn schema_ref() -> MetaSchemaRef {
                $schema
            }

            fn register(_registry: &mut Registry) {
                $(<$described as Type>::register(_registry);)?
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(std::iter::once(self))
            }
        }

        impl ParseFromJSON for $type {
            fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
                serde_json::from_value(value.unwrap_or_default()).map_err(ParseError::custom)
            }
        }

        impl ToJSON for $type {
            fn to_json(&self) -> Option<Value> {
                serde_json::to_value(self).ok()
            }
        }
    };
}

schema!(Time, "string_date-time", moment());
schema!(Moment, "string_date-time", moment());
schema!(FreeForm, "object", object());
schema!(Kept, "object", object());
schema!(
    LanguageText,
    "string_language",
    inline(MetaSchema { min_length: Some(1), max_length: Some(35), ..MetaSchema::new("string") })
);
schema!(UnreadEvent, "AppendEvent", AppendEvent::schema_ref(), of AppendEvent);

fn moment() -> MetaSchemaRef {
    inline(MetaSchema { format: Some("date-time"), ..MetaSchema::new("string") })
}

fn object() -> MetaSchemaRef {
    let anything = Some(Box::new(inline(MetaSchema::ANY)));
    inline(MetaSchema { additional_properties: anything, ..MetaSchema::new("object") })
}

fn inline(schema: MetaSchema) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(schema))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_object_is_written_as_it_stands() {
        let (object, _) = JsonObject::parse(r#"{"b":[1,2.50],"a":"x\"y"}"#, Bounds::NONE).expect("an object");
        let text = object.as_str().to_owned();
        let written = serde_json::to_string(&[Kept(object)]).expect("JSON");
        assert_eq!(written, format!("[{text}]"));
    }

    #[test]
    fn a_moment_is_written_as_text() {
        let written = serde_json::to_string(&Moment(Timestamp::from_millis(1_766_656_800_123))).expect("JSON");
        assert_eq!(written, r#""2025-12-25T10:00:00.123Z""#);
    }
}
