//! The answers that are API Gateway's own.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use super::options::EventVersion;

/// Why the function's answer is not what the client gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No such method and path.
    NotFound,
    /// No signature, or a wrong one: the error's name and text.
    Forbidden(&'static str, String),
    HeadersTooLarge,
    RequestTooLarge,
    UnsupportedMediaType,
    /// The rate of the stage.
    Throttled,
    /// Lambda took the invocation, and it came to nothing: an error, a crash, a timeout, a malformed answer.
    Failed,
    /// Lambda did not take the invocation.
    Rejected,
    TimedOut,
}

impl Refusal {
    /// Status, name and text.
    fn parts(&self, version: EventVersion) -> (u16, &'static str, &str) {
        let rest = version == EventVersion::V1;
        match self {
            Self::NotFound if rest => (403, "MissingAuthenticationTokenException", "Missing Authentication Token"),
            Self::NotFound => (404, "NotFoundException", "Not Found"),
            Self::Forbidden(name, text) => (403, name, text),
            // AWS's documentation gives the limit and no status.
            Self::HeadersTooLarge => (431, "RequestHeaderFieldsTooLarge", "Request Header Fields Too Large"),
            Self::RequestTooLarge if rest => (413, "RequestTooLargeException", "Request Too Long"),
            Self::RequestTooLarge => (413, "RequestEntityTooLargeException", "Request Entity Too Large"),
            Self::UnsupportedMediaType => (415, "UnsupportedMediaTypeException", "Unsupported Media Type"),
            Self::Throttled => (429, "TooManyRequestsException", "Too Many Requests"),
            Self::Failed if rest => (502, "InternalServerErrorException", "Internal server error"),
            Self::Rejected if rest => (500, "InternalServerErrorException", "Internal server error"),
            Self::Failed | Self::Rejected => (500, "InternalServerErrorException", "Internal Server Error"),
            Self::TimedOut if rest => (504, "InternalServerErrorException", "Endpoint request timed out"),
            Self::TimedOut => (503, "ServiceUnavailableException", "Service Unavailable"),
        }
    }

    pub(super) fn response(&self, version: EventVersion) -> Response<Bytes> {
        let (status, name, text) = self.parts(version);
        let mut response = Response::new(Bytes::from(json!({"message": text}).to_string()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("x-amzn-errortype", HeaderValue::from_static(name));
        response
    }
}
