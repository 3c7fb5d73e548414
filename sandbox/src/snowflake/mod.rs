//! Snowflake, as far as an external function sees it: it splits a column into batches, sends them in parallel, polls,
//! sends again, and checks every answer.

mod answer;
mod batch;
mod counters;
mod error;
mod headers;
mod lanes;
mod options;
mod split;
#[cfg(test)]
mod tests;
mod transport;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use http::Uri;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::aws::Credentials;
use crate::lambda::ids::uuid;
use batch::{Batch, Shared};
pub use error::{QueryError, ResponseProblem};
use lanes::Lanes;
pub use options::{Compression, Delays, MAX_BATCH_ROWS, MAX_PARALLEL, OnProgress, Progress, QueryOptions};
use transport::Transport;

/// Asks the functions of one API.
#[derive(Debug, Clone)]
pub struct Caller {
    url: String,
    transport: Transport,
}

/// The result of a query that did not fail.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryResult {
    /// The value of each row, in the order of the rows.
    pub values: Vec<Value>,
    /// How many POSTs were sent.
    pub posts: u64,
    /// How many GETs were sent.
    pub gets: u64,
    /// How many of these were sent again after 429, 5xx, a failed connection or a lost answer.
    pub retries: u64,
    /// How many answers were lost on purpose.
    pub lost: u64,
    /// How many batches were answered differently when they were asked for twice.
    pub contradictions: u64,
    /// How often each status was the answer.
    pub statuses: BTreeMap<u16, u64>,
    /// The bodies of the requests, compressed.
    pub bytes_sent: u64,
    /// The bodies of the answers, compressed if they were.
    pub bytes_received: u64,
    /// The time from start to end.
    pub elapsed: Duration,
    /// The id of the query.
    pub query_id: String,
    /// The ids of its batches, in the order in which they were sent.
    pub batch_ids: Vec<String>,
}

impl Caller {
    /// A caller of the functions behind this URL, which ends with the stage.
    pub fn new(url: impl Into<String>) -> Caller {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Caller { url: url.into(), transport: Transport { client, signer: None } }
    }

    /// Signs every request for `execute-api`.
    #[must_use]
    pub fn signed(mut self, credentials: Credentials, region: impl Into<String>) -> Caller {
        self.transport.signer = Some((credentials, region.into()));
        self
    }

    /// Asks for the values of the rows, each of which is its arguments. When the returned future is dropped, nothing
    /// more is sent.
    ///
    /// # Errors
    ///
    /// The first error of any batch: then the query fails, as in Snowflake.
    pub async fn query(&self, rows: Vec<Vec<Value>>, options: QueryOptions) -> Result<QueryResult, QueryError> {
        let start = Instant::now();
        let mut rng = Rng::with_seed(options.seed);
        let query_id = options.query_id.clone().unwrap_or_else(uuid);
        let parallel = options.parallel.clamp(1, MAX_PARALLEL);
        let batches = split::split(rows.len(), &options, &mut rng);
        let name = utf8_percent_encode(&options.function, PATH_SEGMENT);
        let uri = format!("{}/{name}", self.url);
        let uri = Uri::try_from(uri).map_err(|_| QueryError::Request(format!("the URL {:?}", self.url)))?;
        let progress = options.progress.clone();
        let shared = Arc::new(Shared {
            transport: self.transport.clone(),
            uri,
            options,
            lanes: Lanes::new(parallel),
            counters: Mutex::default(),
        });

        let (all_rows, all_batches) = (rows.len(), batches.len());
        let mut values = vec![Value::Null; all_rows];
        let mut done = (0, 0);
        let mut report = |first: usize, part: Vec<Value>| {
            done = (done.0 + part.len(), done.1 + 1);
            for (value, place) in part.into_iter().zip(values.iter_mut().skip(first)) {
                *place = value;
            }
            if let Some(OnProgress(tell)) = &progress {
                tell(Progress { rows: done.0, all_rows, batches: done.1, all_batches, elapsed: start.elapsed() });
            }
        };

        let mut batch_ids = Vec::with_capacity(all_batches);
        // Dropped with the first error, the set ends all other batches.
        let mut running = JoinSet::new();
        for (number, range) in batches.into_iter().enumerate() {
            let lane = loop {
                tokio::select! {
                    lane = shared.lanes.take() => break lane,
                    Some(ended) = running.join_next() => {
                        let (first, part) = joined(ended)?;
                        report(first, part);
                    }
                }
            };
            let id = format!("{query_id}:1:{}:0:{number}", number % parallel + 1);
            let part = rows.get(range.clone()).unwrap_or_default();
            let body = wire::compress(wire::body(part.iter()), shared.options.compression);
            let batch = Batch {
                headers: headers::headers(&shared.options, &query_id, &id)?,
                body: body.map_err(|error| QueryError::Request(error.to_string()))?,
                rows: part.len(),
                rng: rng.fork(),
                lane: Some(lane),
                retries: 0,
                shared: Arc::clone(&shared),
                id: id.clone(),
            };
            batch_ids.push(id);
            running.spawn(async move { batch.run().await.map(|values| (range.start, values)) });
        }
        while let Some(ended) = running.join_next().await {
            let (first, part) = joined(ended)?;
            report(first, part);
        }
        let counters = shared.counters.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(QueryResult {
            values,
            posts: counters.posts,
            gets: counters.gets,
            retries: counters.retries,
            lost: counters.lost,
            contradictions: counters.contradictions,
            statuses: counters.statuses,
            bytes_sent: counters.bytes_sent,
            bytes_received: counters.bytes_received,
            elapsed: start.elapsed(),
            query_id,
            batch_ids,
        })
    }
}

const PATH_SEGMENT: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

type Part = (usize, Vec<Value>);

fn joined(ended: Result<Result<Part, QueryError>, tokio::task::JoinError>) -> Result<Part, QueryError> {
    ended.unwrap_or_else(|error| Err(QueryError::Request(error.to_string())))
}
