//! API Gateway: a REST API's events (version 1), and those of an HTTP API or a function URL (version 2).

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::event::{Members, text};
use super::http::{Response, takes_gzip};
use super::{CallError, House, body};
use crate::snowflake::headers::{BATCH_ID, Headers, QUERY_ID};
use crate::snowflake::{request, response};

#[derive(Deserialize)]
struct RequestContext {
    http: Option<Http>,
}

#[derive(Deserialize)]
struct Http {
    method: Option<String>,
}

/// Whether the event is one of API Gateway.
pub fn recognises(event: &Members) -> bool {
    event.http_method.is_some() || version_2(event).is_some()
}

fn version_2(event: &Members) -> Option<Http> {
    serde_json::from_str::<RequestContext>(event.request_context.as_deref()?.get()).ok()?.http
}

/// Answers a request. Whatever goes wrong is an HTTP status; nothing becomes a failure of the invocation, which API
/// Gateway would answer with 502.
pub async fn answer(house: &House, event: &Members, deadline: Instant) -> Response {
    let headers = Headers::read(event.headers.as_deref().map_or("{}", RawValue::get));
    let span = tracing::info_span!("request", query_id = headers.get(QUERY_ID), batch_id = headers.get(BATCH_ID));
    let answer = tracing::Instrument::instrument(rows(house, event, &headers, deadline), span).await;
    match answer {
        Ok(json) => Response::answered(json, takes_gzip(headers.get("accept-encoding").as_deref())),
        Err(error) => Response::from(&error),
    }
}

async fn rows(house: &House, event: &Members, headers: &Headers<'_>, deadline: Instant) -> Result<String, CallError> {
    let method = version_2(event).and_then(|http| http.method).or_else(|| text(event.http_method.as_deref()));
    let path = text(event.path.as_deref()).or_else(|| text(event.raw_path.as_deref())).unwrap_or_default();
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let function = house.functions.find(name).map_err(CallError::Rejected)?;
    match method.as_deref() {
        Some("POST") => {}
        Some("GET") if headers.get(BATCH_ID).is_none() => {
            let what = format!("a GET asks for a batch that was answered 202, and needs its {BATCH_ID} header");
            return Err(CallError::Rejected(what));
        }
        Some("GET") => return Err(CallError::UnknownBatch),
        _ => return Err(CallError::Rejected("send rows with POST, and ask for them again with GET".to_owned())),
    }
    let is_base64 = event.is_base64_encoded.as_deref().is_some_and(|flag| flag.get() == "true");
    let body = body::text(event.body.as_deref(), is_base64, headers.get("content-encoding").as_deref())?;
    let rows = request::parse(&body, function.parameters())?;
    let answers = house.answer(function, &rows.arguments, deadline).await?;
    Ok(response::write(&rows.numbers, &answers))
}
