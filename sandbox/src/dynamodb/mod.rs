//! A table that speaks as much of DynamoDB's language as the function does, for the demo and the benchmark, which run where no emulator is: items in memory,
//! conditional writes, reads and writes of many items. It checks no signature, and keeps to no limit of size or speed. The tests of the
//! journal run on an emulator that is not ours.

mod counts;
mod expression;
mod items;

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

pub use counts::Counts;
use items::Items;

/// A table on loopback. It stops when it is dropped.
#[derive(Debug)]
pub struct Table {
    url: String,
    items: Arc<Mutex<Items>>,
    accepting: AbortHandle,
}

impl Table {
    /// Starts an empty table on a free port.
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let items = Arc::<Mutex<Items>>::default();
        let served = Arc::clone(&items);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let items = Arc::clone(&served);
                let service = service_fn(move |request| answer(request, Arc::clone(&items)));
                // A connection that breaks ends with the function, which is told.
                tokio::spawn(async move {
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Ok(Self { url, items, accepting: accepting.abort_handle() })
    }

    /// What it was asked for since it was started, or since this was asked last.
    pub fn take_counts(&self) -> Counts {
        std::mem::take(&mut self.items.lock().unwrap_or_else(PoisonError::into_inner).counts)
    }

    /// The environment that leads the function here.
    #[must_use]
    pub fn env(&self) -> [(String, String); 2] {
        [
            ("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), self.url.clone()),
            ("JOURNAL_TABLE_NAME".to_owned(), "journal".to_owned()),
        ]
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn answer(request: Request<Incoming>, items: Arc<Mutex<Items>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let answered = match serde_json::from_slice(&body) {
        Ok(body) => items.lock().unwrap_or_else(PoisonError::into_inner).answer(&operation, &body),
        Err(_) => Err(items::refusal("SerializationException", "the body is no JSON")),
    };
    let (status, body) = match answered {
        Ok(body) => (StatusCode::OK, body),
        Err(body) => (StatusCode::BAD_REQUEST, body),
    };
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/x-amz-json-1.0"));
    Ok(response)
}
