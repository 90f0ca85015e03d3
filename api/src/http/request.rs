//! What every handler needs to know of a request besides its body: whose it is, when it came, its query, its wishes.

use std::{
    str::FromStr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use conversation_core::{Clock, EventId, Rules, SessionId, SessionKey, TenantId, Timestamp, json::Bounds};
use http::{HeaderMap, HeaderValue, header};
use poem::{FromRequest, Request, RequestBody, web::Data};

use super::{
    code::ErrorCode,
    faults::Faults,
    operations::{self, Operation},
    problem::Problem,
};

/// The tenant of every request until tenants are told apart by their credentials.
pub const DEFAULT_TENANT: &str = "default";

/// The longest request id that is taken over from a client.
const MAX_REQUEST_ID_BYTES: usize = 128;

/// The bounds of a request's form.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The largest body.
    pub max_body_bytes: usize,
    /// The largest body of a batch.
    pub max_batch_body_bytes: usize,
    /// How long a body may take to arrive.
    pub body_read_timeout: Duration,
    /// The domain's own bounds.
    pub rules: Rules,
}

impl Limits {
    /// The limits that the server was started with.
    ///
    /// # Panics
    /// When the server was put together without them.
    #[must_use]
    pub fn of(request: &Request) -> &Self {
        request.data::<Arc<Self>>().expect("the router carries the limits")
    }

    /// The bounds of an event's payload.
    #[must_use]
    pub const fn payload(&self) -> Bounds {
        Bounds { bytes: self.rules.max_payload_bytes, nesting: self.rules.max_nesting }
    }

    /// The bounds of a session's metadata.
    #[must_use]
    pub const fn metadata(&self) -> Bounds {
        Bounds { bytes: self.rules.max_metadata_bytes, nesting: self.rules.max_nesting }
    }
}

/// A request, without its body.
#[derive(Debug)]
pub struct Call {
    /// When it came.
    pub now: Timestamp,
    /// What it may ask for.
    pub limits: Arc<Limits>,
    tenant: TenantId,
    query: Vec<(String, String)>,
    query_text: Box<str>,
    if_none_match: Option<HeaderValue>,
    strict: bool,
}

impl<'a> FromRequest<'a> for Call {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let Data(clock) = Data::<&Arc<dyn Clock>>::from_request_without_body(request).await?;
        let Data(limits) = Data::<&Arc<Limits>>::from_request_without_body(request).await?;
        let query_text = request.uri().query().unwrap_or_default();
        let call = Self {
            now: clock.now(),
            limits: Arc::clone(limits),
            tenant: tenant()?,
            query: serde_urlencoded::from_str(query_text).unwrap_or_default(),
            query_text: query_text.into(),
            if_none_match: request.headers().get(header::IF_NONE_MATCH).cloned(),
            strict: prefers_strict(request.headers()),
        };
        call.check_query(operations::of(request))?;
        Ok(call)
    }
}

impl Call {
    /// The session of this caller with an identifier from the path.
    ///
    /// # Errors
    /// When the identifier breaks its rule.
    pub fn key(&self, session_id: &str) -> Result<SessionKey, Problem> {
        let session_id = in_path("sessionId", SessionId::parse(session_id))?;
        Ok(SessionKey { tenant: self.tenant.clone(), session_id })
    }

    /// An event's identifier from the path.
    ///
    /// # Errors
    /// When the identifier breaks its rule.
    pub fn event_id(&self, event_id: &str) -> Result<EventId, Problem> {
        in_path("eventId", EventId::parse(event_id))
    }

    /// The caller's tenant.
    #[must_use]
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The query as it was sent.
    #[must_use]
    pub const fn query_text(&self) -> &str {
        &self.query_text
    }

    /// What the client says that it has, as it was sent.
    #[must_use]
    pub fn if_none_match(&self) -> Option<&str> {
        self.if_none_match.as_ref().and_then(|value| value.to_str().ok())
    }

    /// Whether the client has what `tag` stands for. The comparison is weak, as RFC 9110, section 13.1.2, demands: a proxy that
    /// compressed the answer may have weakened the tag.
    #[must_use]
    pub fn has(&self, tag: &str) -> bool {
        let sent = self.if_none_match().into_iter().flat_map(|tags| tags.split(',')).map(str::trim);
        sent.map(|sent| sent.strip_prefix("W/").unwrap_or(sent)).any(|sent| sent == tag || sent == "*")
    }

    /// The value of a query parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(sent, _)| sent == name).map(|(_, value)| value.as_str())
    }

    /// All values of a query parameter that may be repeated.
    pub fn parameters<'c>(&'c self, name: &'c str) -> impl Iterator<Item = &'c str> {
        self.query.iter().filter(move |(sent, _)| sent == name).map(|(_, value)| value.as_str())
    }

    /// A whole number from the query, digits only, within `range`.
    pub fn number<T>(&self, name: &str, range: std::ops::RangeInclusive<T>, faults: &mut Faults) -> Option<T>
    where
        T: FromStr + PartialOrd + std::fmt::Display,
    {
        let (low, high) = (range.start(), range.end());
        faults.optional(name, self.parameter(name), |text| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse().ok().filter(|number| digits && range.contains(number));
            number.ok_or_else(|| format!("must be a whole number from {low} to {high}"))
        })
    }

    /// A moment that the client sent, refused when it lies too far in the future.
    ///
    /// # Errors
    /// A message that says what to send.
    pub fn moment(&self, text: &str) -> Result<Timestamp, String> {
        let moment = Timestamp::parse(text).map_err(|invalid| invalid.to_string())?;
        let skew = self.limits.rules.max_clock_skew;
        let allowed = self.limits.rules.allows_time(moment, self.now);
        allowed
            .then_some(moment)
            .ok_or_else(|| format!("is more than {skew:?} in the future: check the sender's clock"))
    }

    /// Under strict handling, refuses a repeated request whose content contradicts the stored one.
    ///
    /// # Errors
    /// The problem of `code`, naming the fields.
    pub fn refuse_contradictions(&self, code: ErrorCode, fields: &[&'static str]) -> Result<(), Problem> {
        if !self.strict || fields.is_empty() {
            return Ok(());
        }
        let mut faults = Faults::default();
        for field in fields {
            faults
                .note(field, "differs from what is stored under this identifier: send the same or choose another one");
        }
        Err(Problem { code, ..Problem::from(faults) })
    }

    fn check_query(&self, operation: &Operation) -> Result<(), Problem> {
        let mut faults = Faults::default();
        for (at, (name, value)) in self.query.iter().enumerate() {
            match operation.parameters.iter().find(|known| known.name == name) {
                None => faults.note(name, operation.unknown_parameter()),
                Some(known) if value.is_empty() && !known.may_be_empty => {
                    faults.note(name, "is empty: give a value or leave it out");
                }
                Some(known) if !known.repeatable && self.query[..at].iter().any(|(earlier, _)| earlier == name) => {
                    faults.note(name, "is given twice: give it once");
                }
                Some(_) => {}
            }
        }
        faults.finish(Some(()))
    }
}

fn tenant() -> Result<TenantId, Problem> {
    static TENANT: LazyLock<Option<TenantId>> = LazyLock::new(|| TenantId::parse(DEFAULT_TENANT).ok());
    TENANT.clone().ok_or_else(Problem::internal)
}

fn in_path<T>(name: &str, read: Result<T, conversation_core::id::InvalidId>) -> Result<T, Problem> {
    read.map_err(|invalid| Problem::field(ErrorCode::InvalidInput, name, invalid.to_string()))
}

/// `Prefer: handling=strict`, RFC 7240 section 4.4.
fn prefers_strict(headers: &HeaderMap) -> bool {
    let sent = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    sent.flat_map(|value| value.split([',', ';'])).any(|wish| {
        let (name, value) = wish.split_once('=').unwrap_or((wish, ""));
        name.trim().eq_ignore_ascii_case("handling") && value.trim().trim_matches('"').eq_ignore_ascii_case("strict")
    })
}

/// The client's request id if it is fit to be repeated in headers and logs, else a new one.
#[must_use]
pub fn request_id(headers: &HeaderMap) -> HeaderValue {
    let sent = headers.get("x-request-id").filter(|value| {
        let bytes = value.as_bytes();
        (1..=MAX_REQUEST_ID_BYTES).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
    });
    sent.cloned().unwrap_or_else(|| {
        let fresh = uuid::Uuid::now_v7().to_string();
        HeaderValue::try_from(fresh).unwrap_or_else(|_| HeaderValue::from_static("none"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &[u8]) -> HeaderMap {
        let value = HeaderValue::from_bytes(value).expect("a header value");
        HeaderMap::from_iter([(http::HeaderName::from_static(name), value)])
    }

    #[test]
    fn a_request_id_is_taken_over_only_when_it_is_harmless() {
        assert_eq!(request_id(&headers("x-request-id", b"call-1!~")), "call-1!~");
        for unfit in [&b"with space"[..], b"", "é".as_bytes(), &[b'x'; 129]] {
            assert_eq!(request_id(&headers("x-request-id", unfit)).len(), 36, "{unfit:?}");
        }
    }

    #[test]
    fn strict_handling_is_found_among_other_wishes() {
        assert!(prefers_strict(&headers("prefer", b"respond-async, Handling=Strict")));
        assert!(prefers_strict(&headers("prefer", b"handling=\"strict\"")));
        assert!(!prefers_strict(&headers("prefer", b"handling=lenient")));
        assert!(!prefers_strict(&headers("prefer", b"strict")));
    }
}
