//! What the function asks of DynamoDB, and what it does when DynamoDB throttles or is gone.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use sandbox::aws::{Aws, AwsOptions};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use crate::support::{Answer, House, MODEL, event, rows};

/// What the table answers to its requests, by their number; from the last one on it is the same.
#[derive(Debug, Clone, Copy)]
enum Says {
    Done,
    Throttled,
    Gone,
}

/// A pace that is known, and in use.
fn pace() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros();
    let attributes = [("next_slot", now), ("slots_used", 6_000_000), ("takes", 1), ("version", 1), ("pace_top", 100)];
    let mut item: Value =
        attributes.map(|(name, value)| (name.to_owned(), json!({"N": value.to_string()}))).into_iter().collect();
    item["pace_depth"] = json!({"N": "0.08"});
    json!({"Attributes": item}).to_string()
}

/// A table where nothing is there.
struct Table {
    url: String,
    operations: Arc<Mutex<Vec<String>>>,
    /// Writes of the shared pace, which are not among the operations.
    paces: Arc<AtomicUsize>,
    accepting: AbortHandle,
}

impl Table {
    async fn open(script: &'static [Says]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let operations = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&operations);
        let paces = Arc::<AtomicUsize>::default();
        let told = Arc::clone(&paces);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // The connection ends with the function.
                tokio::spawn(serve(stream, Arc::clone(&seen), Arc::clone(&told), script));
            }
        });
        Self { url, operations, paces, accepting: accepting.abort_handle() }
    }

    fn operations(&self) -> Vec<String> {
        self.operations.lock().unwrap().clone()
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Vec<String>>>, paces: Arc<AtomicUsize>, script: &'static [Says]) {
    let mut bytes = Vec::new();
    loop {
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break String::from_utf8(bytes.drain(..end + 4).collect()).unwrap();
            }
            if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                return;
            }
        };
        let header = |name: &str| {
            let line = head.lines().find(|line| line.to_lowercase().starts_with(name));
            line.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned())).unwrap_or_default()
        };
        let length: usize = header("content-length").parse().unwrap();
        while bytes.len() < length {
            stream.read_buf(&mut bytes).await.unwrap();
        }
        let body: Vec<u8> = bytes.drain(..length).collect();
        if String::from_utf8_lossy(&body).contains("next_slot") {
            paces.fetch_add(1, Ordering::Relaxed);
            reply(&mut stream, "200 OK", &pace()).await;
            continue;
        }
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(header("x-amz-target").rsplit('.').next().unwrap().to_owned());
            seen.len() - 1
        };
        let (status, body) = match script.get(number).or(script.last()).unwrap() {
            Says::Done => ("200 OK", "{}"),
            Says::Throttled => {
                ("400 Bad Request", r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}"#)
            }
            Says::Gone => {
                ("400 Bad Request", r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}"#)
            }
        };
        reply(&mut stream, status, body).await;
    }
}

async fn reply(stream: &mut TcpStream, status: &str, body: &str) {
    let (kind, length) = ("application/x-amz-json-1.0", body.len());
    let answer = format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).await.unwrap();
}

async fn house(url: &str) -> House {
    let aws = Aws::start(AwsOptions::default()).await.unwrap();
    House::of(aws, &[("JOURNAL_TABLE_NAME", "journal"), ("AWS_ENDPOINT_URL_DYNAMODB", url)], 1).await
}

async fn post(house: &House) -> Answer {
    let body = json!({"data": rows(["a", "b", "a"], MODEL)}).to_string();
    house.http(event("POST", "ask_bedrock", &[("sf-external-function-query-batch-id", "batch")], &body)).await
}

#[tokio::test]
async fn a_small_batch_takes_two_writes_and_no_read() {
    let table = Table::open(&[Says::Done]).await;
    let house = house(&table.url).await;
    assert_eq!(post(&house).await.values().len(), 3);
    assert_eq!(table.operations(), ["PutItem", "UpdateItem"]);
    // An environment that knows nothing of the pace asks for it and takes its slots; two options are two writes.
    let writes = table.paces.load(Ordering::Relaxed);
    assert!((1..=4).contains(&writes), "{writes}");
}

#[tokio::test]
async fn a_claim_that_is_throttled_is_tried_again() {
    let table = Table::open(&[Says::Throttled, Says::Throttled, Says::Done]).await;
    let house = house(&table.url).await;
    assert_eq!(post(&house).await.values().len(), 3);
    assert_eq!(table.operations(), ["PutItem", "PutItem", "PutItem", "UpdateItem"]);
    assert_eq!(house.calls(), 2);
}

#[tokio::test]
async fn a_journal_that_goes_away_in_the_middle_is_told_in_the_log_and_costs_no_answer() {
    let table = Table::open(&[Says::Done, Says::Gone]).await;
    let house = house(&table.url).await;
    assert_eq!(post(&house).await.values().len(), 3);
    assert_eq!(table.operations(), ["PutItem", "UpdateItem"]);
    let logs = house.lambda.logs();
    assert!(logs.contains("ERROR") && logs.contains("the last checkpoint is lost"), "{logs}");
}

#[tokio::test]
async fn a_journal_that_is_not_there_is_503_before_any_service_call() {
    let table = Table::open(&[Says::Gone]).await;
    let house = house(&table.url).await;
    let answer = post(&house).await;
    assert_eq!(answer.status, 503);
    assert!(answer.error().contains("the journal of batches cannot be reached"), "{}", answer.error());
    assert_eq!(house.calls(), 0);
}
