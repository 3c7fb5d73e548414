//! What the journal adds to a batch that needs it only for safety, on a table that answers at once: time, operations, and the
//! units that they are billed by.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::programs::{Program, Programs};
use crate::report::{Line, Target, median};
use crate::stage::{Stage, services};
use crate::{Failure, event};

const LATENCY: Duration = Duration::from_millis(100);

/// Rows of a batch, the bytes of each, and how many batches.
const BATCHES: [(usize, usize, usize); 3] = [(4, 50, 20), (100, 500, 5), (4096, 1000, 2)];

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
    let mut lines = Vec::new();
    for (rows, bytes, rounds) in BATCHES {
        let mut millis = [Vec::new(), Vec::new()];
        // The first round opens the connections.
        for round in 0..=rounds {
            if round == 1 {
                *table.counts() = Counts::default();
            }
            for (stage, millis) in [&with, &without].into_iter().zip(&mut millis) {
                let padding = "x".repeat(bytes);
                let texts = event::texts(&format!("{padding} {rows} {round}"), rows);
                let event = event::with_batch_id(&event::of(texts), &format!("query:1:1:{rows}:{round}"))?;
                let taken = stage.send(event, rows).await?;
                if round > 0 {
                    millis.push(taken.time.as_secs_f64() * 1e3);
                }
            }
        }
        let [with, without] = millis.map(|mut millis| median(&mut millis));
        let Counts { writes, write_units, reads, read_units } = *table.counts();
        let each = |count: usize| count as f64 / rounds as f64;
        lines.push(Line {
            figure: format!("journal: {rows} rows of {bytes} bytes and {} ms", LATENCY.as_millis()),
            ours: format!(
                "{with:.1} ms with it, {:.1} writes of {:.0} units and {:.1} reads of {:.0} units",
                each(writes),
                each(write_units),
                each(reads),
                each(read_units)
            ),
            beside: format!("{without:.1} ms without it"),
            ratio: with / without,
            target: Target::None,
        });
    }
    Ok(lines)
}

/// Operations, and the units of a table on demand: 1 KB written, 4 KB read.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    writes: usize,
    write_units: usize,
    reads: usize,
    read_units: usize,
}

impl Counts {
    /// By the request alone: a change of an item counts as large as what it says.
    fn add(&mut self, operation: &str, request: &Value) {
        let units = |item: &Value| item.to_string().len().div_ceil(1024);
        let all = |of: &Value| of.as_object().into_iter().flat_map(|of| of.values().cloned()).collect::<Vec<Value>>();
        match operation {
            "BatchGetItem" => {
                self.reads += 1;
                let keys = all(&request["RequestItems"])
                    .iter()
                    .map(|of| of["Keys"].as_array().map_or(0, Vec::len))
                    .sum::<usize>();
                self.read_units += keys;
            }
            "GetItem" => (self.reads, self.read_units) = (self.reads + 1, self.read_units + 1),
            "BatchWriteItem" => {
                self.writes += 1;
                let items = all(&request["RequestItems"]);
                self.write_units += items
                    .iter()
                    .flat_map(|of| of.as_array().cloned().unwrap_or_default())
                    .map(|of| units(&of))
                    .sum::<usize>();
            }
            _ => (self.writes, self.write_units) = (self.writes + 1, self.write_units + units(request)),
        }
    }
}

/// A DynamoDB where nothing is there and every write succeeds. It keeps nothing: only time and requests are counted.
struct Table {
    url: String,
    counts: Arc<Mutex<Counts>>,
    accepting: AbortHandle,
}

impl Table {
    async fn open() -> Result<Self, Failure> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let counts = Arc::<Mutex<Counts>>::default();
        let counted = Arc::clone(&counts);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let counts = Arc::clone(&counted);
                let service = service_fn(move |request| answer(request, Arc::clone(&counts)));
                // A connection that breaks ends with the function, which is told.
                tokio::spawn(async move {
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Ok(Self { url, counts, accepting: accepting.abort_handle() })
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn answer(request: Request<Incoming>, counts: Arc<Mutex<Counts>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    // The connection is used again only when the request was read to its end.
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    counts.lock().unwrap_or_else(PoisonError::into_inner).add(&operation, &body);
    let mut response = Response::new(Full::new(Bytes::from_static(b"{}")));
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/x-amz-json-1.0"));
    Ok(response)
}
