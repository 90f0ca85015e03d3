//! The client of the API server: every request is counted, and none but a watch may take for ever.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Method, Request, Response, Uri};
use kube::{
    Client, Config,
    client::{Body, ClientBuilder},
};
use tower::{BoxError, Layer, Service};

use crate::metrics::Metrics;

/// How long a request may take. A watch takes as long as the API server lets it.
const LIMIT: Duration = Duration::from_secs(30);

/// A client that counts.
///
/// # Errors
/// When the configuration's certificates cannot be used.
pub fn client(config: Config, metrics: Arc<Metrics>) -> kube::Result<Client> {
    Ok(ClientBuilder::try_from(config)?.with_layer(&Counting(metrics)).build())
}

struct Counting(Arc<Metrics>);

impl<S> Layer<S> for Counting {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted { inner, metrics: Arc::clone(&self.0) }
    }
}

struct Counted<S> {
    inner: S,
    metrics: Arc<Metrics>,
}

impl<S, B> Service<Request<Body>> for Counted<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<B>, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (verb, resource) = call(request.method(), request.uri());
        let metrics = Arc::clone(&self.metrics);
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = if verb == "watch" {
                answer.await.map_err(Into::into)
            } else {
                match tokio::time::timeout(LIMIT, answer).await {
                    Ok(answer) => answer.map_err(Into::into),
                    Err(_) => Err(format!("no answer within {} s", LIMIT.as_secs()).into()),
                }
            };
            let code = answer.as_ref().map_or("none".to_owned(), |answer| answer.status().as_u16().to_string());
            metrics.called(verb, &resource, &code);
            answer
        })
    }
}

/// The verb and the resource of a request, as RBAC knows them.
fn call(method: &Method, uri: &Uri) -> (&'static str, String) {
    let mut path = uri.path().trim_matches('/').split('/').peekable();
    let core = path.next() == Some("api");
    // The version, and before it the group.
    path.nth(usize::from(!core));
    let mut path = path.collect::<Vec<_>>();
    if let ["namespaces", _, _, ..] = path[..] {
        path.drain(..2);
    }
    let (resource, named) = match path[..] {
        [] => ("discovery".to_owned(), false),
        [resource] => (resource.to_owned(), false),
        [resource, _] => (resource.to_owned(), true),
        [resource, _, subresource, ..] => (format!("{resource}/{subresource}"), true),
    };
    let watch = uri.query().unwrap_or_default().split('&').any(|pair| pair == "watch=true");
    let verb = match (method.as_str(), named) {
        ("GET", _) if watch => "watch",
        ("GET", true) => "get",
        ("GET", false) if resource == "discovery" => "get",
        ("GET", false) => "list",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", _) => "delete",
        _ => "other",
    };
    (verb, resource)
}

#[cfg(test)]
mod tests {
    use http::{Method, Uri};

    #[test]
    fn requests_are_counted_by_what_rbac_calls_them() {
        let table = [
            (Method::GET, "/api/v1/namespaces/a/pods?labelSelector=x", ("list", "pods")),
            (Method::GET, "/api/v1/pods?watch=true&resourceVersion=1", ("watch", "pods")),
            (Method::GET, "/apis/apps/v1/namespaces/a/deployments/b", ("get", "deployments")),
            (Method::PATCH, "/apis/apps/v1/namespaces/a/deployments/b?force=true", ("patch", "deployments")),
            (Method::POST, "/apis/batch/v1/namespaces/a/jobs", ("create", "jobs")),
            (Method::DELETE, "/apis/batch/v1/namespaces/a/jobs/b", ("delete", "jobs")),
            (
                Method::PATCH,
                "/apis/conversation.dev/v1alpha1/namespaces/a/conversationservices/b/status",
                ("patch", "conversationservices/status"),
            ),
            (Method::PUT, "/apis/coordination.k8s.io/v1/namespaces/a/leases/b", ("update", "leases")),
            (Method::GET, "/apis/monitoring.coreos.com/v1", ("get", "discovery")),
        ];
        for (method, uri, (verb, resource)) in table {
            let uri: Uri = uri.parse().expect("a path");
            assert_eq!(super::call(&method, &uri), (verb, resource.to_owned()), "{uri}");
        }
    }
}
