//! What the journal adds to a batch that needs it only for safety: two writes, and those of the shared pace, on a table that answers
//! at once.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::programs::{Program, Programs};
use crate::report::{Line, Target, median};
use crate::stage::{Stage, services};
use crate::{Failure, event};

const LATENCY: Duration = Duration::from_millis(100);
const ROWS: usize = 4;
const ROUNDS: usize = 20;

pub async fn measure(programs: &Programs) -> Result<Vec<Line>, Failure> {
    let aws = services(LATENCY).await?;
    let table = Table::open().await?;
    let settings = [
        ("MAX_CONCURRENCY", "128".to_owned()),
        ("JOURNAL_TABLE_NAME", "journal".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", table.url.clone()),
    ];
    let with = Stage::with(programs, Program::Function, &aws, &settings, 1).await?;
    let without = Stage::set(programs, Program::Function, &aws, 128, 1).await?;
    let mut millis = [Vec::new(), Vec::new()];
    // The first round opens the connections.
    for round in 0..=ROUNDS {
        for (stage, millis) in [&with, &without].into_iter().zip(&mut millis) {
            let event = event::of(event::texts(&format!("round {round}"), ROWS));
            let event = event::with_batch_id(&event, &format!("query:1:1:0:{round}"))?;
            let taken = stage.send(event, ROWS).await?;
            if round > 0 {
                millis.push(taken.time.as_secs_f64() * 1e3);
            }
        }
    }
    let [with, without] = millis.map(|mut millis| median(&mut millis));
    let batches = u64::try_from(ROUNDS + 1)?;
    let (writes, reads) = (table.writes.load(Relaxed) / batches, table.reads.load(Relaxed) / batches);
    Ok(vec![Line {
        figure: format!("journal: {ROWS} rows of {} ms", LATENCY.as_millis()),
        ours: format!("{with:.1} ms with it, {writes} writes and {reads} reads"),
        beside: format!("{without:.1} ms without it"),
        ratio: with / without,
        target: Target::None,
    }])
}

/// A pace that is known, and has not been used for a while.
const PACE: &[u8] = br#"{"Attributes": {"next_slot": {"N": "1"}, "slots_used": {"N": "6000000"}, "takes": {"N": "1"},
    "version": {"N": "0"}, "pace_top": {"N": "100"}, "pace_depth": {"N": "0.08"}}}"#;

/// A DynamoDB where nothing is there and every write succeeds. It keeps nothing: only time and requests are counted.
struct Table {
    url: String,
    writes: Arc<AtomicU64>,
    reads: Arc<AtomicU64>,
    accepting: AbortHandle,
}

impl Table {
    async fn open() -> Result<Self, Failure> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (writes, reads) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let counters = (Arc::clone(&writes), Arc::clone(&reads));
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (writes, reads) = counters.clone();
                let service = service_fn(move |request| answer(request, Arc::clone(&writes), Arc::clone(&reads)));
                // A connection that breaks ends with the function, which is told.
                tokio::spawn(async move {
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Ok(Self { url, writes, reads, accepting: accepting.abort_handle() })
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn answer(
    request: Request<Incoming>,
    writes: Arc<AtomicU64>,
    reads: Arc<AtomicU64>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let counter = if target.ends_with("Item") && !target.ends_with("GetItem") { writes } else { reads };
    counter.fetch_add(1, Relaxed);
    // The connection is used again only when the request was read to its end.
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let is_pace = String::from_utf8_lossy(&body).contains("next_slot");
    let mut response = Response::new(Full::new(Bytes::from_static(if is_pace { PACE } else { b"{}" })));
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/x-amz-json-1.0"));
    Ok(response)
}
