//! Events that nobody should send, by the thousand: every one is answered, and the environment lives.

use sandbox::lambda::Outcome;
use serde_json::{Value, json};

use crate::support::{House, event, rows};

/// Bytes of a good event, with a few of them changed.
fn mutated(random: &mut fastrand::Rng, good: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = random.choice(good).unwrap().clone();
    for _ in 0..random.usize(1..4) {
        let at = random.usize(0..bytes.len().max(1));
        if bytes.len() < 2 {
            break;
        }
        match random.u8(0..4) {
            0 => bytes[at] = random.u8(..),
            1 => {
                bytes.remove(at);
            }
            2 => bytes.insert(at, *random.choice(b"{}[]\",:\\0n").unwrap()),
            _ => bytes.truncate(at.max(1)),
        }
    }
    bytes
}

#[tokio::test]
async fn broken_events_do_not_end_the_environment() {
    let house = House::open().await;
    let body = json!({"data": rows(["a", "b"], "no.such.model")}).to_string();
    let good: Vec<Vec<u8>> = [
        event("POST", "ask_bedrock", &[("sf-external-function-query-batch-id", "b")], &body),
        event("GET", "get_coordinate", &[], ""),
        json!({"function": "ask_bedrock", "data": rows(["a"], "no.such.model")}),
        json!([{"function": "get_coordinate", "arguments": [null]}, {"function": "ask_bedrock", "arguments": {"a": 1}}]),
        json!({"external_function": "s.get_coordinate", "arguments": [[null], null], "num_records": 2}),
    ]
    .iter()
    .map(|event: &Value| event.to_string().into_bytes())
    .collect();
    let mut random = fastrand::Rng::with_seed(20_261_123);
    for round in 0..3000 {
        let event = mutated(&mut random, &good);
        let outcome = house.lambda.invoke(event.clone()).await.outcome;
        match outcome {
            Outcome::Answer(_) | Outcome::FunctionError { .. } => {}
            other => panic!("round {round}: {other:?} for {}", String::from_utf8_lossy(&event)),
        }
    }
    assert_eq!((house.lambda.cold_starts(), house.lambda.crashes()), (1, 0));
    assert!(!house.lambda.logs().contains("panic"));
}

#[tokio::test]
async fn members_of_the_wrong_type_in_an_http_event_are_http_answers() {
    let house = House::open().await;
    let wrong = [json!(null), json!(5), json!(true), json!("x"), json!([1]), json!({"a": 1})];
    for member in ["path", "headers", "body", "isBase64Encoded", "requestContext", "queryStringParameters"] {
        for value in &wrong {
            let mut event = event("POST", "ask_bedrock", &[], "{\"data\":[]}");
            event[member] = value.clone();
            let answer = house.http(event).await;
            assert!(matches!(answer.status, 200 | 400), "{member} = {value}: {}", answer.text);
        }
    }
}
