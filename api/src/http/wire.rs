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
