//! The framing of MongoDB's wire protocol: OP_MSG, and OP_QUERY for the one greeting that still comes so.

use std::io;

use mongodb::bson::{RawDocument, RawDocumentBuf};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::failure::Failure;
use super::message::{Batch, Command, Fields};

const HEADER: usize = 16;
const OP_REPLY: i32 = 1;
const OP_QUERY: i32 = 2004;
const OP_MSG: i32 = 2013;
/// A checksum follows the sections.
const CHECKSUM: u32 = 1;
/// The sender does not wait for an answer.
const MORE_TO_COME: u32 = 2;
/// What a server takes at the most; more can only be a broken frame.
const LONGEST: usize = 48_000_000 + 16_384;

/// A message as it was read.
pub(super) struct Frame {
    pub(super) request_id: i32,
    operation: i32,
    body: Vec<u8>,
}

impl Frame {
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let length = stream.read_i32_le().await?;
        let request_id = stream.read_i32_le().await?;
        let _response_to = stream.read_i32_le().await?;
        let operation = stream.read_i32_le().await?;
        let body = usize::try_from(length).ok().and_then(|length| length.checked_sub(HEADER));
        let body = body.filter(|length| *length <= LONGEST).ok_or(io::ErrorKind::InvalidData)?;
        let mut bytes = vec![0; body];
        stream.read_exact(&mut bytes).await?;
        Ok(Self { request_id, operation, body: bytes })
    }

    /// Whether the answer must have the old form.
    pub(super) fn is_query(&self) -> bool {
        self.operation == OP_QUERY
    }

    pub(super) fn wants_answer(&self) -> bool {
        self.is_query() || self.body.first().is_none_or(|flags| u32::from(*flags) & MORE_TO_COME == 0)
    }

    pub(super) fn command(&self) -> Result<Command, Failure> {
        match self.operation {
            OP_MSG => command(&self.body),
            OP_QUERY => greeting(&self.body),
            other => Err(Failure::new(59, format!("operation {other} is not supported"))),
        }
    }

    /// The reply of a server.
    pub(super) fn reply(&self) -> Result<Fields, Failure> {
        let (fields, _) = sections(&self.body)?;
        Ok(fields)
    }
}

/// An OP_MSG with a document, and the documents of a write beside it.
pub(super) fn message(document: &RawDocument, batch: Option<(&str, &[&RawDocument])>, response_to: i32) -> Vec<u8> {
    let mut body = vec![0; 5];
    body.extend(document.as_bytes());
    if let Some((field, documents)) = batch {
        let length = 4 + field.len() + 1 + documents.iter().map(|d| d.as_bytes().len()).sum::<usize>();
        body.push(1);
        body.extend((length as u32).to_le_bytes());
        body.extend(field.as_bytes());
        body.push(0);
        body.extend(documents.iter().flat_map(|d| d.as_bytes()));
    }
    framed(OP_MSG, response_to, &body)
}

/// The answer to an OP_QUERY.
pub(super) fn old_reply(document: &RawDocument, response_to: i32) -> Vec<u8> {
    let mut body = Vec::new();
    // Flags (the server can await data), no cursor, from the start, one document.
    body.extend(8_u32.to_le_bytes());
    body.extend(0_u64.to_le_bytes());
    body.extend(0_u32.to_le_bytes());
    body.extend(1_u32.to_le_bytes());
    body.extend(document.as_bytes());
    framed(OP_REPLY, response_to, &body)
}

fn framed(operation: i32, response_to: i32, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER + body.len());
    frame.extend(((HEADER + body.len()) as u32).to_le_bytes());
    // Each connection has one request at a time, so that no number is needed to tell them apart.
    frame.extend(1_i32.to_le_bytes());
    frame.extend(response_to.to_le_bytes());
    frame.extend(operation.to_le_bytes());
    frame.extend(body);
    frame
}

fn command(body: &[u8]) -> Result<Command, Failure> {
    let (mut fields, mut batch) = sections(body)?;
    let database = fields.text("$db").unwrap_or("admin").to_owned();
    fields.remove("$db");
    let field = match fields.first().0 {
        "insert" => Some("documents"),
        "update" => Some("updates"),
        "delete" => Some("deletes"),
        _ => None,
    };
    if let (Some(field), None) = (field, &batch) {
        batch = Some(Batch { field: field.to_owned(), documents: fields.take_documents(field)? });
    }
    Ok(Command { database, fields, batch })
}

fn sections(body: &[u8]) -> Result<(Fields, Option<Batch>), Failure> {
    let flags = u32::from_le_bytes(fixed(body)?);
    let end = if flags & CHECKSUM != 0 { body.len().saturating_sub(4) } else { body.len() };
    let mut rest = body.get(4..end).ok_or_else(cut)?;
    let (mut fields, mut batch) = (Fields::default(), None);
    while let Some((kind, section)) = rest.split_first() {
        let length = u32::from_le_bytes(fixed(section)?) as usize;
        let content = section.get(..length).ok_or_else(cut)?;
        match kind {
            0 => fields = Fields::read(RawDocument::from_bytes(content)?)?,
            _ => batch = Some(sequence(content)?),
        }
        rest = &section[length..];
    }
    Ok((fields, batch))
}

fn sequence(section: &[u8]) -> Result<Batch, Failure> {
    let named = section.get(4..).ok_or_else(cut)?;
    let end = named.iter().position(|byte| *byte == 0).ok_or_else(cut)?;
    let field = String::from_utf8_lossy(&named[..end]).into_owned();
    let (mut rest, mut documents) = (&named[end + 1..], Vec::new());
    while !rest.is_empty() {
        let length = u32::from_le_bytes(fixed(rest)?) as usize;
        let document = rest.get(..length).filter(|_| length > 0).ok_or_else(cut)?;
        documents.push(RawDocumentBuf::from_bytes(document.to_vec())?);
        rest = &rest[length..];
    }
    Ok(Batch { field, documents })
}

/// An OP_QUERY: flags, a namespace, two numbers, a document.
fn greeting(body: &[u8]) -> Result<Command, Failure> {
    let named = body.get(4..).ok_or_else(cut)?;
    let end = named.iter().position(|byte| *byte == 0).ok_or_else(cut)?;
    let namespace = String::from_utf8_lossy(&named[..end]).into_owned();
    let document = named.get(end + 9..).ok_or_else(cut)?;
    let mut fields = Fields::read(RawDocument::from_bytes(document)?)?;
    if let Some(query) = fields.document("$query") {
        fields = Fields::read(query)?;
    }
    let database = namespace.split('.').next().unwrap_or_default().to_owned();
    Ok(Command { database, fields, batch: None })
}

fn fixed(bytes: &[u8]) -> Result<[u8; 4], Failure> {
    bytes.first_chunk().copied().ok_or_else(cut)
}

fn cut() -> Failure {
    Failure::new(22, "a message that ends too early")
}
