//! The inner side of the edge: hands a request to the router and turns whatever comes of it into an answer of the
//! contract's shape: a problem, an error of the framework's own, a panic, a request that takes too long.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use conversation_core::Clock;
use futures_util::FutureExt;
use http::{HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, EndpointExt, Request, Response, endpoint::BoxEndpoint};

use super::{
    code::ErrorCode,
    error_view::{self, Asked},
    operations,
    problem::Problem,
};

/// What an answer was about, for the log line and the metrics.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The route's template; none when no route matched.
    pub route: Option<&'static str>,
    /// The error, if it is one.
    pub code: Option<ErrorCode>,
}

/// The router with its safety net.
pub struct Dispatch {
    router: BoxEndpoint<'static, Response>,
    clock: Arc<dyn Clock>,
    request_timeout: Duration,
}

impl Dispatch {
    /// A net under `router`; a request that takes longer than `request_timeout` is answered as a fault.
    pub fn new<E>(router: E, clock: Arc<dyn Clock>, request_timeout: Duration) -> Self
    where
        E: Endpoint<Output = Response> + 'static,
    {
        Self { router: router.boxed(), clock, request_timeout }
    }

    /// Answers a request. The answer carries its [`Outcome`].
    pub async fn answer(&self, request: Request, asked: &Asked) -> Response {
        let guarded = AssertUnwindSafe(self.router.call(request)).catch_unwind();
        let answer = match tokio::time::timeout(self.request_timeout, guarded).await {
            Ok(Ok(answer)) => answer,
            // The panic hook has logged what happened.
            Ok(Err(_)) => Err(Problem::internal().into()),
            Err(_) => Err(self.too_slow(&asked.method).into()),
        };
        let route = operations::template(operations::pattern(&answer));
        let (mut response, code) = match answer {
            Ok(response) => (response, None),
            Err(error) => {
                let problem = explain(error, route);
                log_cause(&problem);
                let code = problem.code;
                (error_view::render(problem, asked, self.clock.now()), Some(code))
            }
        };
        if let (Some(ErrorCode::MethodNotAllowed), Some(path)) = (code, route) {
            let allowed = operations::methods(path).join(", ");
            response.headers_mut().extend(HeaderValue::try_from(allowed).ok().map(|value| (header::ALLOW, value)));
        }
        response.extensions_mut().insert(Outcome { route, code });
        response
    }

    fn too_slow(&self, method: &Method) -> Problem {
        let after = self.request_timeout;
        if *method == Method::GET {
            return Problem::new(ErrorCode::DeadlineExceeded, format!("there was no answer within {after:?}: retry"));
        }
        let message = format!("there was no outcome within {after:?}: retry with the same identifiers, which is safe");
        Problem::new(ErrorCode::OutcomeUnknown, message)
    }
}

/// The problem within an error, or the one that an error of the framework stands for.
fn explain(error: poem::Error, route: Option<&'static str>) -> Problem {
    let error = match error.downcast::<Problem>() {
        Ok(problem) => return problem,
        Err(other) => other,
    };
    if error.is::<poem::error::ParsePathError>() {
        return Problem::field(
            ErrorCode::InvalidInput,
            "path",
            "is not UTF-8 behind its percent-encoding: encode it anew",
        );
    }
    let status = error.status();
    match status {
        StatusCode::NOT_FOUND => {
            Problem::new(ErrorCode::RouteNotFound, "no operation has this path: see /api for those there are")
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            let allowed = route.map(operations::methods).unwrap_or_default().join(", ");
            Problem::new(ErrorCode::MethodNotAllowed, format!("this path takes {allowed}"))
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Problem::field(ErrorCode::UnsupportedMediaType, "Content-Type", "is not supported: send application/json")
        }
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(ErrorCode::PayloadTooLarge, "the body is too large"),
        status if status.is_client_error() => Problem::new(ErrorCode::InvalidInput, error.to_string()),
        _ => Problem { cause: Some(error.to_string().into()), ..Problem::internal() },
    }
}

/// Causes are logged here and nowhere else. What a client did wrong is in its answer and the request's own log line.
fn log_cause(problem: &Problem) {
    if let Some(cause) = &problem.cause {
        let code = problem.code.name();
        if problem.code.status().is_server_error() {
            tracing::error!(code, cause = %chain(cause.as_ref()), "a request failed");
        } else {
            tracing::debug!(code, cause = %chain(cause.as_ref()), "a request was refused");
        }
    }
}

/// An error with its sources, outermost first.
fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |source| source.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}

#[cfg(test)]
mod tests {
    use conversation_core::SystemClock;
    use poem::endpoint::{make, make_sync};
    use serde_json::Value;

    use super::*;

    fn asked(method: Method) -> Asked {
        Asked { method, path: "/v1/sessions".to_owned(), request_id: HeaderValue::from_static("call-1") }
    }

    async fn error(dispatch: &Dispatch, method: Method) -> (StatusCode, Value) {
        let request = Request::builder().method(method.clone()).finish();
        let mut response = dispatch.answer(request, &asked(method)).await;
        let body = response.take_body().into_bytes().await.expect("a body");
        (response.status(), serde_json::from_slice(&body).expect("JSON"))
    }

    fn over<E: Endpoint<Output = Response> + 'static>(endpoint: E) -> Dispatch {
        Dispatch::new(endpoint, Arc::new(SystemClock), Duration::from_millis(20))
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_with_the_request_id() {
        let broken = over(make_sync(|request: Request| -> Response { panic!("{}", request.method()) }));
        let (status, body) = error(&broken, Method::POST).await;
        assert_eq!((status, &body["errorCode"]), (StatusCode::INTERNAL_SERVER_ERROR, &"INTERNAL_SERVER_ERROR".into()));
        assert_eq!((&body["requestId"], &body["retryable"]), (&"call-1".into(), &false.into()));
    }

    #[tokio::test]
    async fn a_request_that_takes_too_long_says_whether_a_write_may_have_happened() {
        let stuck = over(make(|_| std::future::pending::<Response>()));
        let (status, body) = error(&stuck, Method::GET).await;
        assert_eq!((status, &body["errorCode"]), (StatusCode::GATEWAY_TIMEOUT, &"DEADLINE_EXCEEDED".into()));
        let (status, body) = error(&stuck, Method::POST).await;
        assert_eq!((status, &body["errorCode"]), (StatusCode::SERVICE_UNAVAILABLE, &"OUTCOME_UNKNOWN".into()));
    }
}
