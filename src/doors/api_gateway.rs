//! API Gateway, on `lambda_http`: a REST API's events (version 1), and those of an HTTP API or a function URL (version 2).
//!
//! `lambda_http` reads method, headers and path of either version into one request, and writes the answer in the form of the version
//! that asked. What it leaves to its users is here: the body that was compressed, sizes, statuses, and events that cannot be read.

mod body;
mod request;
mod response;

use std::convert::Infallible;

use lambda_http::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use lambda_http::http::{HeaderMap, Method};
use lambda_http::request::LambdaRequest;
use lambda_http::tower::util::BoxService;
use lambda_http::{Adapter, Context, LambdaEvent, Request, RequestExt, Service, service_fn};
use serde_json::value::RawValue;
use tracing::Instrument;

use self::response::{Answer, takes_gzip};
use super::event::{Members, text};
use crate::batch::Plan;
use crate::calls::{Brought, CallError, House, Ids, Stand, Times};
use crate::function::{Caller, Function};
use crate::snowflake::headers::{BATCH_ID, QUERY_ID, ROLE, USER};
use crate::snowflake::{request as rows, response as pairs};

pub use request::Version;

/// The answer in the form that API Gateway takes from a Lambda function. `lambda_http` gives the type no name.
pub type Response = <Adapter<'static, Answer, BoxService<Request, Answer, Infallible>> as Service<
    LambdaEvent<LambdaRequest>,
>>::Response;

/// Answers a request. Whatever goes wrong is an HTTP status; nothing becomes a failure of the invocation, which API
/// Gateway would answer with 502.
pub async fn answer(house: &House, version: Version, mut event: Members, times: Times) -> Response {
    let mut body = event.body.take();
    let (request, mut unreadable) = match version.read(&event) {
        Ok(request) => (request, None),
        Err(error) => (version.empty(), Some(error)),
    };
    let service = service_fn(|request: Request| {
        let body = unreadable.take().map_or_else(|| Ok(body.take()), Err);
        let event = &event;
        async move { Ok::<_, Infallible>(answer_request(house, request, body, event, times).await) }
    });
    // Of Lambda's context a call needs its times, and has them.
    match Adapter::from(service).call(LambdaEvent::new(request, Context::default())).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

async fn answer_request(
    house: &House,
    request: Request,
    body: Result<Option<Box<RawValue>>, CallError>,
    event: &Members,
    times: Times,
) -> Answer {
    let path = text(event.path.as_deref()).or_else(|| text(event.raw_path.as_deref())).unwrap_or_default();
    let request = request.with_raw_http_path(path);
    let headers = request.headers();
    let span =
        tracing::info_span!("request", query_id = header(headers, QUERY_ID), batch_id = header(headers, BATCH_ID));
    let stand = async { stand(house, &request, event, body?, times).await };
    match stand.instrument(span).await {
        Ok(Stand::Complete(json)) => {
            let takes_gzip =
                headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).any(takes_gzip);
            Answer::complete(json, takes_gzip)
        }
        Ok(Stand::Unfinished) => Answer::unfinished(),
        Err(error) => Answer::from(&error),
    }
}

async fn stand(
    house: &House,
    request: &Request,
    event: &Members,
    body: Option<Box<RawValue>>,
    times: Times,
) -> Result<Stand, CallError> {
    let name = request.raw_http_path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let function = house.function(name)?;
    let headers = request.headers();
    let told = |name| header(headers, name).filter(|told| !told.is_empty());
    let caller = Caller { query_id: told(QUERY_ID), user: told(USER), role: told(ROLE) };
    let ids = told(BATCH_ID).map(|batch| Ids { batch, caller });
    match *request.method() {
        Method::POST => {
            let is_base64 = event.is_base64_encoded.as_deref().is_some_and(|flag| flag.get() == "true");
            let sent = body::read(body.as_deref(), is_base64)?;
            // It may be 6 MB, and is not needed any more.
            drop(body);
            let body = body::text(sent, header(headers, CONTENT_ENCODING.as_str()))?;
            post(house, function, ids, caller, &body, times).await
        }
        Method::GET => get(house, function, ids, times).await,
        _ => Err(CallError::Rejected("send rows with POST, and ask for them again with GET".to_owned())),
    }
}

/// A header's value, if it is text: a batch id may hold more than the ASCII that `to_str` takes.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    std::str::from_utf8(headers.get(name)?.as_bytes()).ok()
}

async fn post(
    house: &House,
    function: &dyn Function,
    ids: Option<Ids<'_>>,
    caller: Caller<'_>,
    body: &str,
    times: Times,
) -> Result<Stand, CallError> {
    let rows = rows::parse(body, function.parameters())?;
    let plan = Plan::asked_by(caller, function, &rows.arguments);
    if let Some(ids) = ids {
        let brought = Brought { body, numbers: &rows.numbers, arguments: &rows.arguments, plan: &plan };
        if let Some(stand) = house.answer_journaled(function, ids, Some(brought), times).await {
            return stand;
        }
    }
    let answers = house.answer(function, &plan, times.deadline).await?;
    // It is not needed any more, and what is written now may be 6 MB.
    drop(plan);
    Ok(Stand::Complete(pairs::write(&rows.numbers, &answers)))
}

async fn get(house: &House, function: &dyn Function, ids: Option<Ids<'_>>, times: Times) -> Result<Stand, CallError> {
    let Some(ids) = ids else {
        let what = format!("a GET asks for a batch that was answered 202, and needs its {BATCH_ID} header");
        return Err(CallError::Rejected(what));
    };
    let stand = house.answer_journaled(function, ids, None, times).await;
    stand.unwrap_or(Err(CallError::UnknownBatch))
}
