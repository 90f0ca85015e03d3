//! Normalised JSON text to BSON bytes and back, each way in one pass and without a tree in between.
//! What goes in comes out: the same keys in the same order, the same numbers in the same spelling.

use std::fmt;

use bson::{RawArray, RawBsonRef, RawDocument, RawDocumentBuf, raw::RawIter, spec::ElementType};
use conversation_core::{JsonObject, StoreError};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use thiserror::Error;

/// The bytes of an embedded document's length, which are written before it is known.
const LENGTH_BYTES: usize = 4;

/// A value that this service never writes.
#[derive(Debug, Error)]
enum Foreign {
    #[error("a JSON object holds a BSON {0:?}")]
    Kind(ElementType),
    #[error("a JSON object holds the number {0}")]
    Number(f64),
}

/// The BSON document that keeps `object`.
///
/// # Errors
/// `Corrupt` for text that [`JsonObject`] did not make.
pub(super) fn to_bson(object: &JsonObject) -> Result<RawDocumentBuf, StoreError> {
    let text = object.as_str();
    let mut bytes = Vec::with_capacity(text.len() + text.len() / 4 + 16);
    let mut reader = serde_json::Deserializer::from_str(text);
    Element { out: &mut bytes, kind_at: None }.deserialize(&mut reader).map_err(corrupt)?;
    RawDocumentBuf::from_bytes(bytes).map_err(corrupt)
}

/// The object that `document` keeps.
///
/// # Errors
/// `Corrupt` when it holds what [`to_bson`] does not write.
pub(super) fn to_json(document: &RawDocument) -> Result<JsonObject, StoreError> {
    let mut text = Vec::with_capacity(document.as_bytes().len());
    write_object(&mut text, document)?;
    String::from_utf8(text).map(JsonObject::from_stored).map_err(corrupt)
}

fn corrupt(cause: impl Into<conversation_core::store::Cause>) -> StoreError {
    StoreError::Corrupt(cause.into())
}

/// Writes one value. Its type stands ahead of its key, so that byte is left free and filled in when the value is seen;
/// the outermost object has neither.
struct Element<'o> {
    out: &'o mut Vec<u8>,
    kind_at: Option<usize>,
}

impl Element<'_> {
    fn kind(&mut self, kind: ElementType) {
        if let Some(at) = self.kind_at {
            self.out[at] = kind as u8;
        }
    }

    fn scalar<E>(mut self, kind: ElementType, bytes: &[u8]) -> Result<(), E> {
        self.kind(kind);
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn begin(&mut self, kind: ElementType) -> usize {
        self.kind(kind);
        let start = self.out.len();
        self.out.extend_from_slice(&[0; LENGTH_BYTES]);
        start
    }

    fn finish<E: de::Error>(self, start: usize) -> Result<(), E> {
        self.out.push(0);
        let length = length::<E>(self.out.len() - start)?;
        self.out[start..start + LENGTH_BYTES].copy_from_slice(&length);
        Ok(())
    }
}

fn length<E: de::Error>(bytes: usize) -> Result<[u8; LENGTH_BYTES], E> {
    i32::try_from(bytes).map(i32::to_le_bytes).map_err(|_| E::custom("larger than BSON can hold"))
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.scalar(ElementType::Null, &[])
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.scalar(ElementType::Boolean, &[u8::from(value)])
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        // Most integers are small, and both widths read back as the same text.
        match i32::try_from(value) {
            Ok(small) => self.scalar(ElementType::Int32, &small.to_le_bytes()),
            Err(_) => self.scalar(ElementType::Int64, &value.to_le_bytes()),
        }
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        let value = i64::try_from(value).map_err(|_| E::custom("an integer beyond 64 bits"))?;
        self.visit_i64(value)
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.scalar(ElementType::Double, &value.to_le_bytes())
    }

    fn visit_str<E: de::Error>(mut self, value: &str) -> Result<(), E> {
        self.kind(ElementType::String);
        self.out.extend_from_slice(&length::<E>(value.len() + 1)?);
        self.out.extend_from_slice(value.as_bytes());
        self.out.push(0);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let start = self.begin(ElementType::Array);
        let mut index = 0_usize;
        loop {
            let kind_at = self.out.len();
            // The element is written ahead of knowing that there is one, and taken back at the end.
            self.out.push(0);
            serde_json::to_writer(&mut *self.out, &index).map_err(de::Error::custom)?;
            self.out.push(0);
            let element = Element { out: &mut *self.out, kind_at: Some(kind_at) };
            if items.next_element_seed(element)?.is_none() {
                self.out.truncate(kind_at);
                return self.finish(start);
            }
            index += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let start = self.begin(ElementType::EmbeddedDocument);
        while let Some(kind_at) = members.next_key_seed(Key(&mut *self.out))? {
            members.next_value_seed(Element { out: &mut *self.out, kind_at: Some(kind_at) })?;
        }
        self.finish(start)
    }
}

/// Writes a key behind a free byte for the type of its value, and returns where that byte is.
struct Key<'o>(&'o mut Vec<u8>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<usize, E> {
        if key.contains('\0') {
            return Err(E::custom("a key with the character U+0000"));
        }
        let kind_at = self.0.len();
        self.0.push(0);
        self.0.extend_from_slice(key.as_bytes());
        self.0.push(0);
        Ok(kind_at)
    }
}

fn write_object(out: &mut Vec<u8>, document: &RawDocument) -> Result<(), StoreError> {
    out.push(b'{');
    write_members(out, document.iter_elements(), true)?;
    out.push(b'}');
    Ok(())
}

fn write_array(out: &mut Vec<u8>, array: &RawArray) -> Result<(), StoreError> {
    out.push(b'[');
    write_members(out, array.iter_elements(), false)?;
    out.push(b']');
    Ok(())
}

fn write_members(out: &mut Vec<u8>, elements: RawIter<'_>, keyed: bool) -> Result<(), StoreError> {
    for (index, element) in elements.enumerate() {
        let element = element.map_err(corrupt)?;
        if index > 0 {
            out.push(b',');
        }
        if keyed {
            write_scalar(out, element.key().as_str())?;
            out.push(b':');
        }
        write_value(out, element.value().map_err(corrupt)?)?;
    }
    Ok(())
}

fn write_value(out: &mut Vec<u8>, value: RawBsonRef<'_>) -> Result<(), StoreError> {
    match value {
        RawBsonRef::Document(document) => write_object(out, document),
        RawBsonRef::Array(array) => write_array(out, array),
        RawBsonRef::String(text) => write_scalar(out, text),
        RawBsonRef::Int32(number) => write_scalar(out, &number),
        RawBsonRef::Int64(number) => write_scalar(out, &number),
        RawBsonRef::Double(number) if number.is_finite() => write_scalar(out, &number),
        RawBsonRef::Double(number) => Err(corrupt(Foreign::Number(number))),
        RawBsonRef::Boolean(truth) => write_scalar(out, &truth),
        RawBsonRef::Null => write_scalar(out, &()),
        foreign => Err(corrupt(Foreign::Kind(foreign.element_type()))),
    }
}

/// `serde_json` decides how strings and numbers are spelt, here as where the text was normalised.
fn write_scalar<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), StoreError> {
    serde_json::to_writer(out, value).map_err(corrupt)
}

#[cfg(test)]
mod tests;
