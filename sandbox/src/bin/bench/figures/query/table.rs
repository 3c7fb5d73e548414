//! The journal's table: an independent DynamoDB, and before it a counter of what is written.

use std::convert::Infallible;
use std::net::TcpListener as StdListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::Failure;

const NAME: &str = "journal";

/// What makes a write one of a shared pace.
const PACE: &[u8] = b"next_slot";

const CREATE: &str = r#"{"TableName":"journal","AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],
    "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST"}"#;

type Http = Client<HttpConnector, Full<Bytes>>;

/// A table of its own.
pub struct Table {
    url: String,
    paces: Arc<AtomicU64>,
    accepting: AbortHandle,
    server: Child,
}

impl Table {
    /// Starts dynalite, which `npm install --prefix target/ci/npm dynalite@4.0.0` brings (`ci/journal` does), with the table.
    pub async fn open() -> Result<Self, Failure> {
        let port = StdListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let program =
            PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/ci/npm/node_modules/.bin/dynalite"));
        let server = Command::new(&program)
            .args(["--host", "127.0.0.1", "--createTableMs", "0", "--port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{}: {error}; ci/journal installs it", program.display()))?;
        let client: Http = Client::builder(TokioExecutor::new()).build_http();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let paces = Arc::<AtomicU64>::default();
        let (counter, forward) = (Arc::clone(&paces), client.clone());
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (counter, client) = (Arc::clone(&counter), forward.clone());
                let service = service_fn(move |request| pass(request, client.clone(), Arc::clone(&counter), port));
                // A connection that breaks ends with the function, which is told.
                tokio::spawn(async move {
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        let table = Self { url, paces, accepting: accepting.abort_handle(), server };
        table.create(&client).await?;
        Ok(table)
    }

    async fn create(&self, client: &Http) -> Result<(), Failure> {
        for _ in 0..100 {
            let request = Request::post(&self.url)
                .header("content-type", "application/x-amz-json-1.0")
                .header("x-amz-target", "DynamoDB_20120810.CreateTable")
                .header("x-amz-date", "20260101T000000Z")
                .header(
                    "authorization",
                    "AWS4-HMAC-SHA256 Credential=x/20260101/us-west-2/dynamodb/aws4_request, \
                     SignedHeaders=host;x-amz-date, Signature=x",
                )
                .body(Full::new(Bytes::from_static(CREATE.as_bytes())))?;
            if client.request(request).await?.status() == StatusCode::OK {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err("dynalite does not start".into())
    }

    pub fn name(&self) -> &'static str {
        NAME
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Writes of shared paces so far, those among them whose condition did not hold.
    pub fn paces(&self) -> u64 {
        self.paces.load(Relaxed)
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.accepting.abort();
        // One that has ended by itself is none to end.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

async fn pass(
    request: Request<Incoming>,
    client: Http,
    paces: Arc<AtomicU64>,
    port: u16,
) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(forward(request, client, paces, port).await.unwrap_or_else(|_| {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    }))
}

async fn forward(
    request: Request<Incoming>,
    client: Http,
    paces: Arc<AtomicU64>,
    port: u16,
) -> Result<Response<Full<Bytes>>, Failure> {
    let (mut head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    if body.windows(PACE.len()).any(|part| part == PACE) {
        paces.fetch_add(1, Relaxed);
    }
    head.uri = Uri::try_from(format!("http://127.0.0.1:{port}/"))?;
    let (head, body) = client.request(Request::from_parts(head, Full::new(body))).await?.into_parts();
    Ok(Response::from_parts(head, Full::new(body.collect().await?.to_bytes())))
}
