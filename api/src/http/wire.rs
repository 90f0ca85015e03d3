//! JSON values that poem-openapi has no type for: moments and free-form objects.

use std::borrow::Cow;

use conversation_core::{JsonObject, Timestamp};
use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef, Registry},
    types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use super::bodies::AppendEvent;

/// A moment as text; whether it is one is for its reader to find.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Time(pub String);

impl From<Timestamp> for Time {
    fn from(moment: Timestamp) -> Self {
        Self(moment.to_string())
    }
}

/// Any JSON, passed on as it stands; whether it is an object is for its reader to find.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct FreeForm(pub Box<RawValue>);

impl From<Box<RawValue>> for FreeForm {
    fn from(raw: Box<RawValue>) -> Self {
        Self(raw)
    }
}

impl From<JsonObject> for FreeForm {
    fn from(object: JsonObject) -> Self {
        Self(RawValue::from_string(object.into_string()).unwrap_or_default())
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
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct UnreadEvent(pub Box<RawValue>);

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

schema!(Time, "string_date-time", inline(MetaSchema { format: Some("date-time"), ..MetaSchema::new("string") }));
schema!(
    FreeForm,
    "object",
    inline(MetaSchema { additional_properties: Some(Box::new(inline(MetaSchema::ANY))), ..MetaSchema::new("object") })
);
schema!(
    LanguageText,
    "string_language",
    inline(MetaSchema { min_length: Some(1), max_length: Some(35), ..MetaSchema::new("string") })
);
schema!(UnreadEvent, "AppendEvent", AppendEvent::schema_ref(), of AppendEvent);

fn inline(schema: MetaSchema) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(schema))
}
