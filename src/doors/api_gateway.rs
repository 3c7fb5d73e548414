//! API Gateway: a REST API's events (version 1), and those of an HTTP API or a function URL (version 2).

use serde::Deserialize;
use serde_json::value::RawValue;
use tracing::Instrument;

use super::body;
use super::event::{Members, text};
use super::http::{Response, takes_gzip};
use crate::batch::Plan;
use crate::calls::{Brought, CallError, House, Ids, Stand, Times};
use crate::function::Function;
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
pub async fn answer(house: &House, event: &Members, times: Times) -> Response {
    let headers = Headers::read(event.headers.as_deref().map_or("{}", RawValue::get));
    let span = tracing::info_span!("request", query_id = headers.get(QUERY_ID), batch_id = headers.get(BATCH_ID));
    match request(house, event, &headers, times).instrument(span).await {
        Ok(Stand::Complete(json)) => Response::answered(json, takes_gzip(headers.get("accept-encoding").as_deref())),
        Ok(Stand::Unfinished) => Response::unfinished(),
        Err(error) => Response::from(&error),
    }
}

async fn request(house: &House, event: &Members, headers: &Headers<'_>, times: Times) -> Result<Stand, CallError> {
    let method = version_2(event).and_then(|http| http.method).or_else(|| text(event.http_method.as_deref()));
    let path = text(event.path.as_deref()).or_else(|| text(event.raw_path.as_deref())).unwrap_or_default();
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let function = house.function(name)?;
    let id = |name| headers.get(name).filter(|id| !id.is_empty());
    let (batch_id, query_id) = (id(BATCH_ID), id(QUERY_ID));
    let ids = batch_id.as_deref().map(|batch| Ids { batch, statement: query_id.as_deref() });
    match method.as_deref() {
        Some("POST") => {
            let is_base64 = event.is_base64_encoded.as_deref().is_some_and(|flag| flag.get() == "true");
            let body = body::text(event.body.as_deref(), is_base64, headers.get("content-encoding").as_deref())?;
            post(house, function, ids, &body, times).await
        }
        Some("GET") => get(house, function, ids, times).await,
        _ => Err(CallError::Rejected("send rows with POST, and ask for them again with GET".to_owned())),
    }
}

async fn post(
    house: &House,
    function: &dyn Function,
    ids: Option<Ids<'_>>,
    body: &str,
    times: Times,
) -> Result<Stand, CallError> {
    let rows = request::parse(body, function.parameters())?;
    let plan = Plan::of(function, &rows.arguments);
    if let Some(ids) = ids {
        let brought = Brought { body, numbers: &rows.numbers, arguments: &rows.arguments, plan: &plan };
        if let Some(stand) = house.answer_journaled(function, ids, Some(brought), times).await {
            return stand;
        }
    }
    let answers = house.answer(function, &plan, times.deadline).await?;
    Ok(Stand::Complete(response::write(&rows.numbers, &answers)))
}

async fn get(house: &House, function: &dyn Function, ids: Option<Ids<'_>>, times: Times) -> Result<Stand, CallError> {
    let Some(ids) = ids else {
        let what = format!("a GET asks for a batch that was answered 202, and needs its {BATCH_ID} header");
        return Err(CallError::Rejected(what));
    };
    let stand = house.answer_journaled(function, ids, None, times).await;
    stand.unwrap_or(Err(CallError::UnknownBatch))
}
