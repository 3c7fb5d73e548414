//! The Runtime API of one execution environment: it turns HTTP requests into events for whoever drives the
//! environment, and the driver's decisions into HTTP answers.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};

use super::ids::uuid;
use super::invocation::RESPONSE_LIMIT;

/// What the process asks for or tells.
#[derive(Debug)]
pub(super) enum Event {
    /// It waits for an invocation: the headers and the body to hand over.
    Next(oneshot::Sender<(HeaderMap, Bytes)>),
    /// The answer to an invocation; none when it is too large.
    Response { id: String, body: Option<Bytes>, accepted: oneshot::Sender<bool> },
    /// The report of a failure.
    Error { id: String, error_type: Option<String>, body: Bytes, accepted: oneshot::Sender<bool> },
    /// It cannot start.
    InitError { error_type: Option<String> },
}

/// Listens on a port of its own until it is dropped.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    pub(super) address: SocketAddr,
    accepting: AbortHandle,
}

impl RuntimeApi {
    pub(super) async fn start(function_name: &str) -> std::io::Result<(RuntimeApi, mpsc::Receiver<Event>)> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (events, receiver) = mpsc::channel(4);
        let api = Arc::new(Api { events, function_name: function_name.to_owned() });
        let accepting = tokio::spawn(accept(listener, api)).abort_handle();
        Ok((RuntimeApi { address, accepting }, receiver))
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

struct Api {
    events: mpsc::Sender<Event>,
    function_name: String,
}

/// The environment is gone: its connections are closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the environment is gone")]
struct Gone;

async fn accept(listener: TcpListener, api: Arc<Api>) {
    // Dropped with this task, the set ends every connection.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, Arc::clone(&api)));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, api: Arc<Api>) {
    // Without it only latency is worse.
    let _ = stream.set_nodelay(true);
    let handler = service_fn(|request| handle(&api, request));
    // An error is a process that went away.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), handler).await;
}

async fn handle(api: &Api, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Gone> {
    let (parts, body) = request.into_parts();
    let path: Vec<&str> = parts.uri.path().trim_start_matches('/').split('/').collect();
    match (&parts.method, path.as_slice()) {
        (&Method::GET, ["2018-06-01", "runtime", "invocation", "next"]) => {
            let (next, delivered) = oneshot::channel();
            api.events.send(Event::Next(next)).await.map_err(|_| Gone)?;
            let (headers, body) = delivered.await.map_err(|_| Gone)?;
            let mut response = Response::new(Full::new(body));
            *response.headers_mut() = headers;
            Ok(response)
        }
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "response"]) => {
            let (body, trailer) = read(body).await?;
            let (accepted, verdict) = oneshot::channel();
            let id = (*id).to_owned();
            let too_large = body.is_none();
            // A streamed answer that fails half-way says so behind its body.
            let event = match trailer {
                Some(error_type) => {
                    Event::Error { id, error_type: Some(error_type), body: body.unwrap_or_default(), accepted }
                }
                None => Event::Response { id, body, accepted },
            };
            api.events.send(event).await.map_err(|_| Gone)?;
            let known = verdict.await.map_err(|_| Gone)?;
            if known && too_large {
                let message = format!("Exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes).");
                return Ok(error(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message));
            }
            Ok(verdict_response(known))
        }
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "error"]) => {
            let error_type = header(&parts.headers, "lambda-runtime-function-error-type");
            let (body, _) = read(body).await?;
            let (accepted, verdict) = oneshot::channel();
            let event = Event::Error { id: (*id).to_owned(), error_type, body: body.unwrap_or_default(), accepted };
            api.events.send(event).await.map_err(|_| Gone)?;
            Ok(verdict_response(verdict.await.map_err(|_| Gone)?))
        }
        (&Method::POST, ["2018-06-01", "runtime", "init", "error"]) => {
            let error_type = header(&parts.headers, "lambda-runtime-function-error-type");
            read(body).await?;
            api.events.send(Event::InitError { error_type }).await.map_err(|_| Gone)?;
            Ok(verdict_response(true))
        }
        // An internal extension is registered by runtimes that want SIGTERM; it gets no events.
        (&Method::POST, ["2020-01-01", "extension", "register"]) => {
            let body = json!({"functionName": api.function_name, "functionVersion": "$LATEST", "handler": "bootstrap"});
            let mut response = answer(StatusCode::OK, &body);
            if let Ok(id) = http::HeaderValue::try_from(uuid()) {
                response.headers_mut().insert("lambda-extension-identifier", id);
            }
            Ok(response)
        }
        (&Method::GET, ["2020-01-01", "extension", "event", "next"]) => std::future::pending().await,
        _ => Ok(error(StatusCode::NOT_FOUND, "NotFound", "404 page not found")),
    }
}

/// The body, none when it is larger than an answer may be, and the error type in its trailers.
async fn read(mut body: Incoming) -> Result<(Option<Bytes>, Option<String>), Gone> {
    let mut kept = BytesMut::new();
    let mut length = 0_usize;
    let mut error_type = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Gone)?;
        if let Some(trailers) = frame.trailers_ref() {
            error_type = header(trailers, "lambda-runtime-function-error-type");
        } else if let Ok(data) = frame.into_data() {
            length += data.len();
            // What is too large is read to its end all the same: the runtime writes everything before it reads.
            if length <= RESPONSE_LIMIT {
                kept.extend_from_slice(&data);
            }
        }
    }
    Ok(((length <= RESPONSE_LIMIT).then(|| kept.freeze()), error_type))
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn verdict_response(known: bool) -> Response<Full<Bytes>> {
    if known {
        answer(StatusCode::ACCEPTED, &json!({"status": "OK"}))
    } else {
        error(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
    }
}

fn error(status: StatusCode, error_type: &str, message: &str) -> Response<Full<Bytes>> {
    answer(status, &json!({"errorMessage": message, "errorType": error_type}))
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}
