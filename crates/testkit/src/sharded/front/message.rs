//! Commands and replies, opened one level deep: what lies deeper passes through as the bytes it came in.

use mongodb::bson::raw::CString;
use mongodb::bson::{Bson, Document, RawArrayBuf, RawBson, RawDocument, RawDocumentBuf};

use super::failure::Failure;

/// The fields of a command or a reply in their order.
///
/// Not a `Document`, because of equal keys in one that a client sent it would keep only one.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Vec<(String, RawBson)>);

impl Fields {
    pub(super) fn read(document: &RawDocument) -> Result<Self, Failure> {
        let mut fields = Vec::new();
        for element in document.iter() {
            let (key, value) = element?;
            fields.push((key.as_str().to_owned(), value.into()));
        }
        Ok(Self(fields))
    }

    pub(super) fn write(&self) -> Result<RawDocumentBuf, Failure> {
        let mut document = RawDocumentBuf::new();
        for (key, value) in &self.0 {
            document.append(CString::try_from(key.as_str())?, value);
        }
        Ok(document)
    }

    pub(super) fn to_document(&self) -> Result<Document, Failure> {
        Ok(Document::try_from(self.write()?)?)
    }

    /// The name of a command and what it is given, which is nearly always a collection.
    pub(super) fn first(&self) -> (&str, Option<&RawBson>) {
        self.0.first().map_or(("", None), |(key, value)| (key, Some(value)))
    }

    pub(super) fn rename_first(&mut self, name: String) {
        if let Some(first) = self.0.first_mut() {
            first.0 = name;
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&RawBson> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(RawBson::as_str)
    }

    pub(super) fn document(&self, name: &str) -> Option<&RawDocument> {
        self.get(name).and_then(RawBson::as_document)
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).map(|value| truth(&value.as_raw_bson_ref().try_into().unwrap_or(Bson::Null)))
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            RawBson::Int32(number) => Some(i64::from(*number)),
            RawBson::Int64(number) => Some(*number),
            RawBson::Double(number) => Some(*number as i64),
            _ => None,
        }
    }

    /// The elements of an array.
    pub(super) fn array(&self, name: &str) -> Result<Vec<Bson>, Failure> {
        match self.get(name) {
            Some(RawBson::Array(array)) => Ok(Vec::<Bson>::try_from(&**array)?),
            _ => Ok(Vec::new()),
        }
    }

    /// The documents of an array, which is taken out.
    pub(super) fn take_documents(&mut self, name: &str) -> Result<Vec<RawDocumentBuf>, Failure> {
        let Some(RawBson::Array(array)) = self.remove(name) else { return Ok(Vec::new()) };
        let mut documents = Vec::new();
        for element in &array {
            if let RawBson::Document(document) = element?.into() {
                documents.push(document);
            }
        }
        Ok(documents)
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<RawBson>) {
        let value = value.into();
        match self.0.iter_mut().find(|(key, _)| key == name) {
            Some(field) => field.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    pub(super) fn set_array(&mut self, name: &str, values: Vec<Bson>) -> Result<(), Failure> {
        self.set(name, RawArrayBuf::try_from(values)?);
        Ok(())
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<RawBson> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(at).1)
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|(key, _)| keep(key));
    }

    pub(super) fn extend(&mut self, other: Self) {
        for (key, value) in other.0 {
            self.set(&key, value);
        }
    }

    /// Whether a reply says that the command was carried out, whatever became of single writes in it.
    pub(super) fn is_ok(&self) -> bool {
        self.flag("ok").unwrap_or(false)
    }

    /// The error code of a reply, 0 if it has none.
    pub(super) fn code(&self) -> i64 {
        self.integer("code").unwrap_or(0)
    }
}

impl TryFrom<Document> for Fields {
    type Error = Failure;

    fn try_from(document: Document) -> Result<Self, Failure> {
        Self::read(&RawDocumentBuf::try_from(document)?)
    }
}

/// What a server takes for true.
pub(super) fn truth(value: &Bson) -> bool {
    match value {
        Bson::Boolean(value) => *value,
        Bson::Int32(number) => *number != 0,
        Bson::Int64(number) => *number != 0,
        Bson::Double(number) => *number != 0.0,
        Bson::Null | Bson::Undefined => false,
        _ => true,
    }
}

/// A number of whatever kind, as it counts something.
pub(super) fn integer(value: Option<&Bson>) -> i64 {
    match value {
        Some(Bson::Int32(number)) => i64::from(*number),
        Some(Bson::Int64(number)) => *number,
        Some(Bson::Double(number)) => *number as i64,
        _ => 0,
    }
}

/// The documents that a write brings, and the name of the field that holds them.
///
/// Apart from the command, because together they may be longer than a document can be.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) field: String,
    pub(super) documents: Vec<RawDocumentBuf>,
}

/// A command that a client sent.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub(super) database: String,
    pub(super) fields: Fields,
    pub(super) batch: Option<Batch>,
}

impl Command {
    pub(super) fn name(&self) -> &str {
        self.fields.first().0
    }

    /// The collection that the command names.
    pub(super) fn collection(&self) -> Result<&str, Failure> {
        let (name, argument) = self.fields.first();
        let collection = argument.and_then(RawBson::as_str);
        collection.ok_or_else(|| Failure::new(73, format!("{name} needs the name of a collection")))
    }

    /// The namespace that an administrative command names, in its two parts.
    pub(super) fn namespace(&self) -> Result<(&str, &str), Failure> {
        let (name, argument) = self.fields.first();
        let parts = argument.and_then(RawBson::as_str).and_then(|namespace| namespace.split_once('.'));
        parts.ok_or_else(|| Failure::new(73, format!("{name} needs a full namespace")))
    }

    /// Whether the client may send the command again without it being carried out twice.
    pub(super) fn is_retryable_write(&self) -> bool {
        self.fields.has("txnNumber")
    }
}
