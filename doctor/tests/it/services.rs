//! A server on loopback that gives each operation its recorded answer.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::recordings::{Recordings, operation};

/// The services; gone with this.
pub struct Services {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Services {
    /// Listens on a port of its own.
    pub async fn start(recordings: Recordings) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let recordings = Arc::new(recordings);
        let server = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let recordings = Arc::clone(&recordings);
                let service = service_fn(move |request| answer(Arc::clone(&recordings), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(connection), service));
            }
        });
        Self { address, server }
    }

    /// For `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(recordings: Arc<Recordings>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert!(header("authorization").starts_with("AWS4-HMAC-SHA256 Credential="), "unsigned");
    let has_token = !header("x-amz-security-token").is_empty();
    let name = operation(&head.uri.to_string(), header("x-amz-target"), has_token, &String::from_utf8_lossy(&body));
    Ok(recordings.response(&name).map(|body| Full::new(Bytes::from(body))))
}
