//! The service is a function of this test, over real connections. Time is real, too, and the delays are short: a paused
//! clock would jump past a connection that is slow.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

use super::*;
use crate::api_gateway::{ApiGateway, ApiGatewayOptions, Authorization};
use crate::lambda::{Lambda, fake};

/// A request as the service gets it.
#[derive(Debug, Clone)]
struct Seen {
    method: Method,
    path: String,
    batch_id: String,
    headers: http::HeaderMap,
    body: Bytes,
}

type Seens = Arc<Mutex<Vec<Seen>>>;
type Script = dyn Fn(&Seen, usize) -> Option<(u16, String)> + Send + Sync;

/// Serves what the script says: it gets the request and how many requests of this batch there were before. None drops
/// the connection.
async fn serve(script: impl Fn(&Seen, usize) -> Option<(u16, String)> + Send + Sync + 'static) -> (Caller, Seens) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/prod", listener.local_addr().unwrap());
    let seen = Seens::default();
    let (log, script): (_, Arc<Script>) = (Arc::clone(&seen), Arc::new(script));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (log, script) = (Arc::clone(&log), Arc::clone(&script));
            let handler = service_fn(move |request: Request<Incoming>| {
                let (log, script) = (Arc::clone(&log), Arc::clone(&script));
                async move {
                    let (parts, body) = request.into_parts();
                    let seen = Seen {
                        method: parts.method,
                        path: parts.uri.path().to_owned(),
                        batch_id: parts.headers["sf-external-function-query-batch-id"].to_str().unwrap().to_owned(),
                        headers: parts.headers,
                        body: body.collect().await.unwrap().to_bytes(),
                    };
                    let before = {
                        let mut log = log.lock().unwrap();
                        let before = log.iter().filter(|before| before.batch_id == seen.batch_id).count();
                        log.push(seen.clone());
                        before
                    };
                    let (status, body) = script(&seen, before).ok_or("dropped")?;
                    Ok::<_, &str>(Response::builder().status(status).body(Full::new(Bytes::from(body))).unwrap())
                }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), handler));
        }
    });
    (Caller::new(url), seen)
}

/// The first argument of each row, as its value.
fn echo(seen: &Seen) -> Option<(u16, String)> {
    let coding = seen.headers.get("content-encoding").map(|coding| coding.to_str().unwrap());
    let body: Value = serde_json::from_slice(&wire::decompress(coding, seen.body.clone()).unwrap()).unwrap();
    let rows = body["data"].as_array().unwrap();
    let rows: Vec<Value> = rows.iter().map(|row| json!([row[0], row[1]])).collect();
    Some((200, json!({"data": rows}).to_string()))
}

fn rows(count: usize) -> Vec<Vec<Value>> {
    (0..count).map(|row| vec![json!(format!("row {row}"))]).collect()
}

fn expected(count: usize) -> Vec<Value> {
    (0..count).map(|row| json!(format!("row {row}"))).collect()
}

fn options(max_batch_rows: usize) -> QueryOptions {
    let short = Delays { first: Duration::from_millis(2), factor: 2.0, cap: Duration::from_millis(8) };
    QueryOptions { max_batch_rows, backoff: short, poll: short, ..QueryOptions::new("echo") }
}

#[tokio::test]
async fn values_come_back_in_the_order_of_the_rows() {
    let (caller, seen) = serve(|seen, _| echo(seen)).await;
    for compression in [Compression::None, Compression::Gzip, Compression::Deflate] {
        for random_batches in [false, true] {
            seen.lock().unwrap().clear();
            let told = Arc::new(Mutex::new(Vec::new()));
            let told_too = Arc::clone(&told);
            let progress = OnProgress(Arc::new(move |progress| told_too.lock().unwrap().push(progress)));
            let options = QueryOptions { compression, random_batches, progress: Some(progress), ..options(10) };
            let result = caller.query(rows(95), options).await.unwrap();
            assert_eq!(result.values, expected(95));
            let batches = result.batch_ids.len();
            assert!(batches >= 10, "{batches}");
            assert_eq!(result.statuses, [(200, result.posts)].into());
            assert_eq!((result.posts, result.gets, result.retries), (u64::try_from(batches).unwrap(), 0, 0));
            let seen = seen.lock().unwrap();
            assert_eq!(result.bytes_sent, seen.iter().map(|seen| u64::try_from(seen.body.len()).unwrap()).sum::<u64>());
            assert_eq!(seen[0].path, "/prod/echo");
            assert!(result.batch_ids.iter().all(|id| id.starts_with(&format!("{}:1:", result.query_id))));
            let last = *told.lock().unwrap().last().unwrap();
            assert_eq!((last.rows, last.batches, last.all_batches), (95, batches, batches));
        }
    }
    assert_eq!(caller.query(Vec::new(), options(1)).await.unwrap().values, Vec::<Value>::new());
}

#[tokio::test]
async fn what_is_transient_is_sent_again_under_the_same_id() {
    let (caller, seen) = serve(|seen, before| match before {
        0 => Some((500, String::new())),
        1 => Some((429, String::new())),
        2 => None,
        3 => Some((504, String::new())),
        _ => echo(seen),
    })
    .await;
    let start = Instant::now();
    let result = caller.query(rows(3), options(1)).await.unwrap();
    assert_eq!(result.values, expected(3));
    assert_eq!((result.posts, result.retries), (15, 12));
    assert_eq!(result.statuses, [(200, 3), (429, 3), (500, 3), (504, 3)].into());
    // Each delay is at least half of 2 ms, 4 ms, 8 ms and 8 ms.
    assert!(start.elapsed() >= Duration::from_millis(11), "{:?}", start.elapsed());
    let seen = seen.lock().unwrap();
    let bodies: Vec<&Bytes> =
        seen.iter().filter(|seen| seen.batch_id == result.batch_ids[0]).map(|seen| &seen.body).collect();
    assert!(bodies.len() == 5 && bodies.iter().all(|body| body == &bodies[0]));
}

#[tokio::test]
async fn what_does_not_go_away_fails_the_query() {
    let (caller, _) = serve(|_, _| Some((503, r#"{"error":"busy"}"#.to_owned()))).await;
    let options = QueryOptions { retry_for: Duration::from_millis(40), query_id: Some("Q".to_owned()), ..options(2) };
    let error = caller.query(rows(2), options.clone()).await.unwrap_err();
    let text = error.to_string();
    let expected = "Request failed for external function ECHO with remote service error: 503 '{\"error\":\"busy\"}'; \
                    requests batch-id: Q:1:1:0:0; request batch size: 2 rows; request retries: ";
    assert!(text.starts_with(expected), "{text}");

    let (caller, _) = serve(|_, _| None).await;
    let error = caller.query(rows(1), options.clone()).await.unwrap_err();
    assert_eq!(error, QueryError::Unreachable { function: "ECHO".to_owned() });

    let silent = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let caller = Caller::new(format!("http://{}/prod", silent.local_addr().unwrap()));
    let options = QueryOptions { request_timeout: Duration::from_millis(20), ..options };
    let error = caller.query(rows(1), options).await.unwrap_err();
    assert_eq!(error, QueryError::Timeout { function: "ECHO".to_owned() });
}

#[tokio::test]
async fn other_statuses_are_final() {
    for status in [201, 204, 301, 400, 403, 404, 413] {
        let (caller, seen) = serve(move |_, _| Some((status, String::new()))).await;
        let error = caller.query(rows(1), options(1)).await.unwrap_err();
        assert!(matches!(error, QueryError::Status { status: found, .. } if found == status), "{error}");
        assert_eq!(seen.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_batch_that_is_accepted_is_polled() {
    // The answer to a GET is that to the POST, which came without one.
    let done = r#"{"data":[[0,"row 0"]]}"#;
    let (caller, seen) = serve(move |seen, before| match (seen.method == Method::GET, before) {
        (true, 5..) => Some((200, done.to_owned())),
        (true, 2) => Some((503, String::new())),
        _ => Some((202, String::new())),
    })
    .await;
    let start = Instant::now();
    let options = QueryOptions { repeat_last_poll: true, ..options(1) };
    let result = caller.query(rows(1), options.clone()).await.unwrap();
    assert_eq!(result.values, expected(1));
    assert_eq!((result.posts, result.gets, result.retries, result.contradictions), (1, 6, 1, 0));
    // 2 ms, 4 ms, 8 ms, 8 ms, and one millisecond or more before the retry.
    assert!(start.elapsed() >= Duration::from_millis(23), "{:?}", start.elapsed());
    for pair in seen.lock().unwrap().windows(2) {
        assert_eq!(pair[1].path, pair[0].path);
        assert!(pair[1].body.is_empty());
        let same = |name: &&str| pair[0].headers.get(*name) == pair[1].headers.get(*name);
        assert!(["sf-external-function-name", "content-encoding", "user-agent"].iter().all(same));
    }
    let failing = QueryOptions { retry_polls: false, ..options };
    assert!(matches!(caller.query(rows(1), failing).await, Err(QueryError::Status { status: 503, .. })));
}

#[tokio::test]
async fn polling_ends() {
    let (caller, seen) = serve(|_, _| Some((202, String::new()))).await;
    let start = Instant::now();
    let limited = QueryOptions { async_limit: Duration::from_millis(40), ..options(1) };
    let error = caller.query(rows(1), limited).await.unwrap_err();
    assert!(matches!(error, QueryError::AsyncTimeout { .. }), "{error}");
    assert!(start.elapsed() >= Duration::from_millis(20) && seen.lock().unwrap().len() > 1);
    seen.lock().unwrap().clear();
    let cancelled = QueryOptions { abandon_after: Some(2), ..options(1) };
    assert_eq!(caller.query(rows(1), cancelled).await.unwrap_err(), QueryError::Abandoned);
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn answers_can_get_lost_and_posts_can_be_doubled() {
    let (caller, _) = serve(|seen, _| echo(seen)).await;
    let losing = QueryOptions { lose_responses: 300, seed: 1, ..options(1) };
    let result = caller.query(rows(50), losing.clone()).await.unwrap();
    assert_eq!(result.values, expected(50));
    assert!(result.lost > 0 && result.retries == result.lost && result.posts == 50 + result.lost, "{result:?}");
    assert_eq!(caller.query(rows(50), losing).await.unwrap().lost, result.lost);

    let doubling = QueryOptions { duplicate_posts: true, ..options(10) };
    let result = caller.query(rows(50), doubling.clone()).await.unwrap();
    assert_eq!((result.values, result.posts, result.contradictions), (expected(50), 10, 0));
    let (caller, _) = serve(|_, before| Some((200, format!(r#"{{"data":[[0,{before}]]}}"#)))).await;
    assert_eq!(caller.query(rows(1), doubling).await.unwrap().contradictions, 1);
}

#[tokio::test]
async fn a_bad_answer_fails_the_query() {
    let (caller, _) = serve(|_, _| Some((200, r#"{"data":[[1,"x"]]}"#.to_owned()))).await;
    let error = caller.query(rows(1), options(1)).await.unwrap_err();
    assert!(matches!(error, QueryError::Response { problem: ResponseProblem::Order(0), .. }), "{error}");
}

#[tokio::test]
async fn the_whole_way_signed() {
    let lambda = Arc::new(Lambda::start(fake::options()).await.unwrap());
    let credentials = Credentials::default();
    let region = "us-west-2".to_owned();
    let authorization = Authorization::SigV4 { credentials: credentials.clone(), region: region.clone() };
    let gateway_options = ApiGatewayOptions { authorization, ..ApiGatewayOptions::default() };
    let gateway = ApiGateway::start(lambda, gateway_options).await.unwrap();
    // The fake answers with the event, which is no proxy response: a 502, by which it is known to have been reached.
    let options = QueryOptions { retry_for: Duration::ZERO, ..options(1) };
    let signed = Caller::new(gateway.url()).signed(credentials, region);
    let error = signed.query(rows(1), options.clone()).await.unwrap_err();
    assert!(matches!(error, QueryError::Status { status: 502, .. }), "{error}");
    let error = Caller::new(gateway.url()).query(rows(1), options).await.unwrap_err();
    assert!(matches!(error, QueryError::Status { status: 403, .. }), "{error}");
}
