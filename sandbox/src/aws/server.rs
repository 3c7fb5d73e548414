//! One service: an HTTP server on loopback, and what it is told to do.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use http::request::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use super::AwsOptions;
use super::calls::{Call, Log, Stats};
use super::faults::{Fault, Faults, Rule};
use super::operation::{Api, Asked};
use super::quota::{Quota, TokenBucket};
use super::reply::{Dropped, Payload, Reply};
use super::sigv4::{self, Scope, Signable};

/// The largest body that InvokeModel takes.
const BODY_LIMIT: usize = 25_000_000;

/// A running service. It stops, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct Service {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

struct Shared {
    api: &'static Api,
    options: AwsOptions,
    log: Log,
    control: Mutex<Control>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shared").field("service", &self.api.signing_name).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Control {
    faults: Faults,
    latency: Duration,
    quota: Option<Quota>,
    buckets: HashMap<String, TokenBucket>,
}

impl Service {
    pub(super) async fn start(api: &'static Api, options: &AwsOptions) -> std::io::Result<Service> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { api, options: options.clone(), log: Log::new(), control: Mutex::default() });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle();
        Ok(Service { address, shared, accepting })
    }

    /// `http://127.0.0.1:port`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Replaces the rules; what the old ones had counted is forgotten.
    pub fn set_faults(&self, rules: Vec<Rule>) {
        self.shared.control().faults = Faults::new(rules);
    }

    /// How long every request takes, except those that the quota refuses.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.control().latency = latency;
    }

    /// Throttles each model or place index at a rate: a request over it is answered 429 at once.
    pub fn set_quota(&self, quota: Option<Quota>) {
        let mut control = self.shared.control();
        control.quota = quota;
        control.buckets.clear();
    }

    /// Every request that arrived, oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.shared.log.calls()
    }

    /// Whether calls are kept; counters always are. A benchmark has no use for a million calls.
    pub fn keep_calls(&self, keep: bool) {
        self.shared.log.keep_calls(keep);
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.log.stats()
    }

    /// Forgets calls and counters; rules, quota and latency stay.
    pub fn reset(&self) {
        self.shared.log.reset();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this task, the set ends every connection.
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                shared.log.connection();
                connections.spawn(serve(stream, Arc::clone(&shared)));
            }
            // Out of file descriptors, most likely: some connection must end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // Without it only latency is worse.
    let _ = stream.set_nodelay(true);
    let handler = service_fn(|request| handle(&shared, request));
    // An error is a client that went away, or a fault on purpose.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), handler).await;
}

async fn handle(shared: &Shared, request: Request<Incoming>) -> Result<Response<Payload>, Dropped> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_LIMIT).collect().await.map_err(|_| Dropped)?.to_bytes();
    let route = shared.api.route(&parts.method, parts.uri.path());
    let json: Option<Value> = serde_json::from_slice(&body).ok();
    let text = match (&route, &json) {
        (Some((operation, _)), Some(json)) => (operation.text)(json),
        _ => String::new(),
    };
    let in_flight = shared.log.arrived(body.len(), || Call {
        at: Instant::now(),
        answered_at: None,
        operation: route.as_ref().map_or("unknown", |(operation, _)| operation.name),
        target: route.as_ref().map_or_else(|| parts.uri.path().to_owned(), |(_, target)| target.clone()),
        text: text.clone(),
        body: json.clone().unwrap_or_default(),
        headers: parts.headers.clone(),
        status: None,
        fault: None,
    });
    let number = in_flight.number;
    let mut truncate = false;
    let reply = match (shared.refusal(&parts, &body), route) {
        (Some(refusal), _) => refusal,
        (None, None) => Reply::error(404, "UnknownOperationException", "The operation does not exist."),
        (None, Some((operation, target))) => {
            let (latency, fault) = match shared.admit(&target, &text) {
                Some(admitted) => admitted,
                None => (Duration::ZERO, Some(Fault::Throttle)),
            };
            if let Some(fault) = &fault {
                in_flight.fault(fault);
            }
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            match fault {
                Some(Fault::Hang) => std::future::pending().await,
                Some(Fault::Drop) => {
                    in_flight.dropped();
                    return Err(Dropped);
                }
                fault => {
                    truncate = fault == Some(Fault::Truncate);
                    let fault = fault.as_ref();
                    let (body, headers, options) = (json.as_ref(), &parts.headers, &shared.options);
                    let asked = Asked { target: &target, body, headers, fault, options };
                    let answer = || (operation.answer)(&asked).unwrap_or_else(|refusal| refusal);
                    fault.and_then(Fault::reply).unwrap_or_else(answer)
                }
            }
        }
    };
    in_flight.answered(reply.status, reply.body.len());
    Ok(reply.into_response(number, truncate))
}

impl Shared {
    /// The answer to a request whose signature is not right.
    fn refusal(&self, parts: &Parts, body: &[u8]) -> Option<Reply> {
        let request = Signable {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            headers: &parts.headers,
            body,
        };
        let scope = Scope {
            region: &self.options.region,
            service: self.api.signing_name,
            credentials: &self.options.credentials,
        };
        let error = sigv4::verify(&request, &scope, SystemTime::now()).err()?;
        self.log.bad_signature();
        Some(Reply::error(403, error.code(), &error.to_string()))
    }

    /// How long this request takes and what goes wrong with it; none when it is over the quota.
    fn admit(&self, target: &str, text: &str) -> Option<(Duration, Option<Fault>)> {
        let mut control = self.control();
        let now = Instant::now();
        if let Some(quota) = control.quota {
            let bucket = match control.buckets.get_mut(target) {
                Some(bucket) => bucket,
                None => control.buckets.entry(target.to_owned()).or_insert_with(|| TokenBucket::new(quota, now)),
            };
            if !bucket.take(now) {
                return None;
            }
        }
        let fault = control.faults.choose(target, text, now);
        let more = if let Some(Fault::Latency(more)) = fault { more } else { Duration::ZERO };
        Some((control.latency + more, fault))
    }

    fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
