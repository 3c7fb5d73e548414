//! Amazon API Gateway on loopback, with a Lambda proxy integration: it makes the event, cuts off what takes too long,
//! keeps the size limits, and turns whatever goes wrong into the status that the real one would give.

mod answer;
mod body;
mod event;
mod options;
mod refusal;
mod server;
mod stats;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::aws::TokenBucket;
use crate::aws::sigv4::{self, Scope, Signable};
use crate::lambda::ids::uuid;
use crate::lambda::{Lambda, Outcome};
use event::Incoming;
pub use options::{ApiGatewayOptions, Authorization, EventVersion, HeaderCase};
use refusal::Refusal;
pub use stats::GatewayStats;

/// The largest body of a request, on the wire and decompressed.
pub const REQUEST_LIMIT: usize = 10 * 1024 * 1024;
/// The largest size of all header values of a request.
pub const HEADER_LIMIT: usize = 10_240;

/// A running API with one function behind it. It stops, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct ApiGateway {
    api: Arc<Api>,
    address: SocketAddr,
    accepting: AbortHandle,
}

impl ApiGateway {
    /// Serves the function on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    pub async fn start(lambda: Arc<Lambda>, options: ApiGatewayOptions) -> std::io::Result<ApiGateway> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let bucket = options.throttle.map(|quota| Mutex::new(TokenBucket::new(quota, Instant::now())));
        let api = Arc::new(Api { lambda, options, bucket, stats: Mutex::default() });
        let accepting = tokio::spawn(server::accept(listener, Arc::clone(&api))).abort_handle();
        Ok(ApiGateway { api, address, accepting })
    }

    /// `http://127.0.0.1:port/{stage}`; a function's URL has its name behind a slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/{}", self.address, self.api.options.stage)
    }

    /// Answers a request without a connection.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.api.handle(request).await
    }

    /// What has been asked and answered so far.
    #[must_use]
    pub fn stats(&self) -> GatewayStats {
        self.api.stats.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for ApiGateway {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

#[derive(Debug)]
struct Api {
    lambda: Arc<Lambda>,
    options: ApiGatewayOptions,
    bucket: Option<Mutex<TokenBucket>>,
    stats: Mutex<GatewayStats>,
}

impl Api {
    async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let bytes_in = body.len();
        let answer = self.answer(&parts, body).await;
        let mut response = answer.unwrap_or_else(|refusal| refusal.response(self.options.version));
        if let Ok(id) = HeaderValue::try_from(uuid()) {
            response.headers_mut().insert("x-amzn-requestid", id);
        }
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        stats.count(bytes_in, response.status().as_u16(), response.body().len());
        response
    }

    async fn answer(&self, parts: &Parts, body: Bytes) -> Result<Response<Bytes>, Refusal> {
        let options = &self.options;
        if parts.headers.values().map(HeaderValue::len).sum::<usize>() > HEADER_LIMIT {
            return Err(Refusal::HeadersTooLarge);
        }
        if body.len() > REQUEST_LIMIT {
            return Err(Refusal::RequestTooLarge);
        }
        let (path, function) = self.route(parts).ok_or(Refusal::NotFound)?;
        self.authorize(parts, &body)?;
        if let Some(bucket) = &self.bucket
            && !bucket.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now())
        {
            return Err(Refusal::Throttled);
        }
        let coding = parts.headers.get("content-encoding").and_then(|coding| coding.to_str().ok());
        let rest = options.version == EventVersion::V1;
        let body = if rest && options.decompress { body::decompress(coding, body)? } else { body };
        let request = Incoming { parts, stage: &options.stage, path, function, body };
        let event = match options.version {
            EventVersion::V1 => event::v1(&request, options.binary_media_types, options.header_case),
            EventVersion::V2 => event::v2(&request),
        };
        let event = Bytes::from(event.to_string());
        // The invocation goes on when it is not waited for any more.
        let invocation = tokio::time::timeout(options.integration_timeout, self.lambda.invoke(event)).await;
        match invocation.map_err(|_| Refusal::TimedOut)?.outcome {
            Outcome::Answer(answer) => match options.version {
                EventVersion::V1 => answer::v1(&answer, options.binary_media_types),
                EventVersion::V2 => answer::v2(&answer),
            }
            .map_err(|_| Refusal::Failed),
            Outcome::Throttled | Outcome::TooLarge => Err(Refusal::Rejected),
            Outcome::FunctionError { .. } | Outcome::TimedOut | Outcome::Exited(_) | Outcome::InitFailed { .. } => {
                Err(Refusal::Failed)
            }
        }
    }

    /// The path without the stage, and the name of the function in it.
    fn route<'a>(&self, parts: &'a Parts) -> Option<(&'a str, &'a str)> {
        let path = parts.uri.path().strip_prefix('/')?.strip_prefix(self.options.stage.as_str())?;
        let function = path.strip_prefix('/')?;
        let one_segment = !function.is_empty() && !function.contains('/');
        let method = parts.method == Method::POST || parts.method == Method::GET;
        (one_segment && method).then_some((path, function))
    }

    fn authorize(&self, parts: &Parts, body: &[u8]) -> Result<(), Refusal> {
        let Authorization::SigV4 { credentials, region } = &self.options.authorization else { return Ok(()) };
        let request = Signable {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            headers: &parts.headers,
            body,
        };
        let scope = Scope { region, service: "execute-api", credentials };
        sigv4::verify(&request, &scope, SystemTime::now())
            .map_err(|error| Refusal::Forbidden(error.code(), error.to_string()))
    }
}
