//! One batch, from its first POST to its values.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use http::{HeaderMap, Method, Uri};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::answer::values;
use super::counters::Counters;
use super::error::{QueryError, ResponseProblem};
use super::lanes::{Lane, Lanes};
use super::options::QueryOptions;
use super::transport::{Answer, NoAnswer, Transport};
use super::wire::decompress;

/// What all batches of a query share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) transport: Transport,
    pub(super) uri: Uri,
    pub(super) options: QueryOptions,
    pub(super) lanes: Arc<Lanes>,
    pub(super) counters: Mutex<Counters>,
}

impl Shared {
    pub(super) fn count(&self, change: impl FnOnce(&mut Counters)) {
        change(&mut self.counters.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A batch on its way.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) shared: Arc<Shared>,
    pub(super) id: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) rows: usize,
    pub(super) rng: Rng,
    pub(super) lane: Option<Lane>,
    pub(super) retries: u32,
}

/// What an exchange came to.
enum Verdict {
    Done(Answer),
    Later,
    Again(Failure),
}

/// What is tried again while there is time.
enum Failure {
    Status(Answer),
    None(NoAnswer),
}

impl Batch {
    /// The values of the rows.
    pub(super) async fn run(mut self) -> Result<Vec<Value>, QueryError> {
        let start = Instant::now();
        let answer = match self.until_settled(Method::POST).await? {
            Some(answer) => answer,
            None => self.poll_until(start + self.shared.options.async_limit).await?,
        };
        let values = self.check(&answer)?;
        self.shared.lanes.widen();
        Ok(values)
    }

    /// What is under way at the end of the time that a batch has is waited for no longer.
    async fn poll_until(&mut self, end: Instant) -> Result<Answer, QueryError> {
        let late = QueryError::AsyncTimeout {
            function: self.function(),
            batch_id: self.id.clone(),
            after: self.shared.options.async_limit,
        };
        timeout_at(end, self.poll()).await.unwrap_or(Err(late))
    }

    /// Asks until the answer is not 202. The lane stays taken: the caller waits for this batch.
    async fn poll(&mut self) -> Result<Answer, QueryError> {
        let shared = Arc::clone(&self.shared);
        let mut polls = 0;
        loop {
            if shared.options.abandon_after.is_some_and(|most| polls >= most) {
                return Err(QueryError::Abandoned);
            }
            tokio::time::sleep(shared.options.poll.nth(polls)).await;
            polls += 1;
            let Some(answer) = self.until_settled(Method::GET).await? else { continue };
            if shared.options.repeat_last_poll {
                let again = self.until_settled(Method::GET).await?;
                self.compare(&answer, again.as_ref());
            }
            return Ok(answer);
        }
    }

    /// Sends until there is an answer that does not want to be tried again; none is 202.
    async fn until_settled(&mut self, method: Method) -> Result<Option<Answer>, QueryError> {
        let shared = Arc::clone(&self.shared);
        let start = Instant::now();
        let mut attempt = 0;
        loop {
            let failure = match self.exchange(&method).await? {
                Verdict::Done(answer) => return Ok(Some(answer)),
                Verdict::Later => return Ok(None),
                Verdict::Again(failure) => failure,
            };
            let throttled = matches!(&failure, Failure::Status(answer) if answer.status == 429);
            let delay = shared.options.backoff.nth(attempt).mul_f64(0.5 + self.rng.f64() / 2.0);
            let may = method == Method::POST || shared.options.retry_polls;
            if !may || start.elapsed() + delay > shared.options.retry_for {
                return Err(self.give_up(failure));
            }
            attempt += 1;
            self.retries += 1;
            shared.count(|counters| counters.retries += 1);
            if throttled {
                shared.lanes.narrow();
            }
            // Others may go on meanwhile, unless there are too many of them already.
            self.lane = None;
            tokio::time::sleep(delay).await;
            self.lane = Some(shared.lanes.take().await);
        }
    }

    async fn exchange(&mut self, method: &Method) -> Result<Verdict, QueryError> {
        let shared = Arc::clone(&self.shared);
        let answer = if *method == Method::POST && shared.options.duplicate_posts {
            let (first, second) = tokio::join!(self.send(method), self.send(method));
            let (first, second) = (first?, second?);
            if let (Ok(first), Ok(second)) = (&first, &second)
                && first.status == 200
                && second.status == 200
            {
                self.compare(first, Some(second));
            }
            second
        } else {
            self.send(method).await?
        };
        if self.rng.u32(..1000) < shared.options.lose_responses {
            shared.count(|counters| counters.lost += 1);
            return Ok(Verdict::Again(Failure::None(NoAnswer::Unreachable)));
        }
        match answer {
            Err(none) => Ok(Verdict::Again(Failure::None(none))),
            Ok(answer) => match answer.status {
                200 => Ok(Verdict::Done(answer)),
                202 => Ok(Verdict::Later),
                429 | 500..=599 => Ok(Verdict::Again(Failure::Status(answer))),
                _ => Err(self.give_up(Failure::Status(answer))),
            },
        }
    }

    async fn send(&self, method: &Method) -> Result<Result<Answer, NoAnswer>, QueryError> {
        let shared = &self.shared;
        let post = *method == Method::POST;
        let body = if post { self.body.clone() } else { Bytes::new() };
        let sent = u64::try_from(body.len()).unwrap_or(u64::MAX);
        let request = shared.transport.request(method.clone(), &shared.uri, &self.headers, body)?;
        shared.count(|counters| {
            counters.posts += u64::from(post);
            counters.gets += u64::from(!post);
            counters.bytes_sent += sent;
        });
        let answer = shared.transport.send(request, shared.options.request_timeout).await;
        if let Ok(answer) = &answer {
            shared.count(|counters| {
                *counters.statuses.entry(answer.status).or_default() += 1;
                counters.bytes_received += u64::try_from(answer.body.len()).unwrap_or(u64::MAX);
            });
        }
        Ok(answer)
    }

    fn check(&self, answer: &Answer) -> Result<Vec<Value>, QueryError> {
        let values = plain(answer).and_then(|body| values(&body, self.rows, &self.shared.options));
        values.map_err(|problem| QueryError::Response { function: self.function(), batch_id: self.id.clone(), problem })
    }

    /// Two answers to the same batch must be one.
    fn compare(&self, answer: &Answer, again: Option<&Answer>) {
        if again.is_none_or(|again| plain(again) != plain(answer)) {
            self.shared.count(|counters| counters.contradictions += 1);
        }
    }

    fn give_up(&self, failure: Failure) -> QueryError {
        let function = self.function();
        match failure {
            Failure::None(NoAnswer::Unreachable) => QueryError::Unreachable { function },
            Failure::None(NoAnswer::Timeout) => QueryError::Timeout { function },
            Failure::Status(answer) => QueryError::Status {
                function,
                status: answer.status,
                body: plain(&answer).map(|body| String::from_utf8_lossy(&body).into_owned()).unwrap_or_default(),
                batch_id: self.id.clone(),
                rows: self.rows,
                retries: self.retries,
                response_time: Duration::from_millis(u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX)),
            },
        }
    }

    fn function(&self) -> String {
        self.shared.options.function.to_uppercase()
    }
}

fn plain(answer: &Answer) -> Result<Bytes, ResponseProblem> {
    decompress(answer.coding.as_deref(), answer.body.clone())
}
