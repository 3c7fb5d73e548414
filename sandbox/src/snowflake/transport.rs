//! One request over a connection.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use sha2::{Digest, Sha256};

use super::error::QueryError;
use crate::aws::Credentials;
use crate::aws::sigv4::{self, Scope, Signable};

/// Connections to one endpoint, and the identity that signs.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    pub(super) client: Client<HttpConnector, Full<Bytes>>,
    pub(super) signer: Option<(Credentials, String)>,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `Content-Encoding`
    pub(super) coding: Option<String>,
    pub(super) body: Bytes,
    pub(super) took: Duration,
}

/// No answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoAnswer {
    Unreachable,
    Timeout,
}

impl Transport {
    /// A request with its `host`, and signed if there is someone to sign.
    pub(super) fn request(
        &self,
        method: Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, QueryError> {
        let mut headers = headers.clone();
        let host = uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
        headers.insert("host", header(host)?);
        if let Some((credentials, region)) = &self.signer {
            headers.insert("x-amz-content-sha256", header(&sha256(&body))?);
            let signable = Signable {
                method: method.as_str(),
                path: uri.path(),
                query: uri.query().unwrap_or_default(),
                headers: &headers,
                body: &body,
            };
            let scope = Scope { region, service: "execute-api", credentials };
            for (name, value) in sigv4::sign(&signable, &scope, SystemTime::now()) {
                headers.insert(name, header(&value)?);
            }
        }
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = headers;
        Ok(request)
    }

    pub(super) async fn send(&self, request: Request<Full<Bytes>>, timeout: Duration) -> Result<Answer, NoAnswer> {
        let start = tokio::time::Instant::now();
        let exchange = async {
            let response = self.client.request(request).await.map_err(|_| NoAnswer::Unreachable)?;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(|_| NoAnswer::Unreachable)?.to_bytes();
            let coding = parts.headers.get("content-encoding").and_then(|coding| coding.to_str().ok());
            let coding = coding.map(str::to_ascii_lowercase);
            Ok(Answer { status: parts.status.as_u16(), coding, body, took: start.elapsed() })
        };
        tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(NoAnswer::Timeout))
    }
}

fn header(value: &str) -> Result<HeaderValue, QueryError> {
    HeaderValue::try_from(value).map_err(|_| QueryError::Request("a header value that is not plain text".to_owned()))
}

fn sha256(body: &[u8]) -> String {
    Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect()
}
