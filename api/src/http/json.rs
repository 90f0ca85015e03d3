//! JSON bodies that go between serde and bytes directly. poem-openapi's own payload type builds a tree in between, which
//! costs four to five times as much; its derives still describe the schema.

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, combinators::BoxBody};
use poem::{IntoResponse, Request, RequestBody, Response, http::header};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    payload::Payload,
    registry::{MetaMediaType, MetaRequest, MetaSchemaRef, Registry},
    types::Type,
};
use serde::{
    Serialize,
    de::{Deserialize, DeserializeOwned, IgnoredAny},
};

use super::{code::ErrorCode, problem::Problem, request::Limits};

/// A JSON body, read or written.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// What a request body says of itself.
pub trait Body: DeserializeOwned + Type + Send {
    /// Whether it may be left out; then it reads as this.
    fn absent() -> Option<Self> {
        None
    }

    /// Reads the body.
    ///
    /// # Errors
    /// What is wrong with it.
    fn read_from(bytes: &Bytes) -> Result<Self, Problem> {
        parse(bytes)
    }

    /// The largest body, in bytes.
    fn max_bytes(limits: &Limits) -> usize {
        limits.max_body_bytes
    }
}

impl<T: Type> Payload for Json<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<'a, T: Body> ApiExtractor<'a> for Json<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamRawType = ();
    type ParamType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType { content_type: Self::CONTENT_TYPE, schema: T::schema_ref() }];
        Some(MetaRequest { description: None, content, required: T::absent().is_none() })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let limits = Limits::of(request);
        let bytes = within(T::max_bytes(limits), limits, request, body).await?;
        if bytes.is_empty()
            && let Some(absent) = T::absent()
        {
            return Ok(Self(absent));
        }
        check_media_type(request)?;
        Ok(Self(T::read_from(&bytes)?))
    }
}

impl<T: Serialize + Send> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => Response::builder().header(header::CONTENT_TYPE, "application/json").body(bytes),
            Err(cause) => {
                poem::Error::from(Problem { cause: Some(cause.into()), ..Problem::internal() }).into_response()
            }
        }
    }
}

/// How much of a body that is too large is read and thrown away, so that the client reads the refusal instead of a
/// broken connection.
const DRAINED_BYTES: usize = 16 * 1024 * 1024;

/// Reads the body, never holding more than `limit` bytes of it, nor waiting longer than the limits say.
async fn within(limit: usize, limits: &Limits, request: &Request, body: &mut RequestBody) -> Result<Bytes, Problem> {
    let too_large = || {
        Problem::new(ErrorCode::PayloadTooLarge, format!("the body is larger than {limit} bytes: send less at once"))
    };
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let announced: usize = announced.unwrap_or_default();
    if announced > limit && (announced > DRAINED_BYTES || request.headers().contains_key(header::EXPECT)) {
        return Err(too_large());
    }
    let unread = BoxBody::from(body.take().map_err(|_| Problem::internal())?);
    match tokio::time::timeout(limits.body_read_timeout, collect(unread, limit, announced)).await {
        Ok(Ok(Some(bytes))) => Ok(bytes),
        Ok(Ok(None)) => Err(too_large()),
        Ok(Err(cause)) => {
            let cut_off = Problem::new(ErrorCode::InvalidInput, "the body was cut off: send it again");
            Err(Problem { cause: Some(cause.into()), ..cut_off })
        }
        Err(_) => Err(Problem::new(
            ErrorCode::DeadlineExceeded,
            format!(
                "the body did not arrive within {:?}; nothing was written: send it again",
                limits.body_read_timeout
            ),
        )),
    }
}

/// The whole body, or none when it has more than `limit` bytes.
async fn collect(
    mut unread: BoxBody<Bytes, std::io::Error>,
    limit: usize,
    announced: usize,
) -> std::io::Result<Option<Bytes>> {
    let mut kept = BytesMut::with_capacity(announced.min(limit));
    let mut read = 0;
    while let Some(frame) = unread.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        read += data.len();
        if read > DRAINED_BYTES {
            break;
        }
        if read <= limit {
            kept.extend_from_slice(&data);
        }
    }
    Ok((read <= limit).then(|| kept.freeze()))
}

fn check_media_type(request: &Request) -> Result<(), Problem> {
    let sent = request.content_type().unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    if is_json {
        return Ok(());
    }
    let message = if sent.is_empty() {
        "is missing: send application/json".into()
    } else {
        format!("is {sent:?}: send application/json")
    };
    Err(Problem::field(ErrorCode::UnsupportedMediaType, "Content-Type", message))
}

/// Reads JSON; the way to what is wrong is looked for only when something is.
pub(super) fn parse<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Result<T, Problem> {
    // Derived readers take an array for an object whose fields it gives by position, which no client means.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        let message = match serde_json::from_slice::<IgnoredAny>(bytes) {
            Ok(_) => "is not as expected: send a JSON object".to_owned(),
            Err(error) => format!("is not JSON: {error}"),
        };
        return Err(Problem::field(ErrorCode::InvalidInput, "body", message));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        if error.is_syntax() || error.is_eof() {
            return Problem::field(ErrorCode::InvalidInput, "body", format!("is not JSON: {error}"));
        }
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let (field, message) = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
            Err(located) => (located.path().to_string(), located.inner().to_string()),
            Ok(_) => (".".to_owned(), error.to_string()),
        };
        let field = if field == "." { "body".to_owned() } else { field };
        Problem::field(ErrorCode::InvalidInput, field, format!("is not as expected: {message}"))
    })
}

/// Bytes of a response that is already JSON.
#[must_use]
pub fn response(status: http::StatusCode, value: &impl Serialize) -> Response {
    let mut bytes = BytesMut::with_capacity(512);
    let written = serde_json::to_writer(bytes::BufMut::writer(&mut bytes), value);
    debug_assert!(written.is_ok(), "the service's own types always serialise");
    Response::builder().status(status).header(header::CONTENT_TYPE, "application/json").body(bytes.freeze())
}
