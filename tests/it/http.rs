//! Requests over HTTP: the forms of event and body, and the statuses.

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sandbox::aws::{Fault, Matching, Rule};
use serde_json::{Value, json};

use crate::support::{House, MODEL, event, rows};

const BODY: &str =
    "{\n\"data\":[\n[0,\"Eiffel Tower, Paris\"],\n[12345678901234567890123456789012345678,null]\n]\n,\"x\":[1e400]}";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn every_form_of_body_is_read() {
    let house = House::open().await;
    let body = BODY.replace(",\"x\":[1e400]", ",\"x\":[{\"data\":1}]");
    let plain = event("POST", "get_coordinate", &[("Content-Encoding", "gzip")], &body);
    let mut base64 = event("POST", "get_coordinate", &[], &STANDARD.encode(&body));
    base64["isBase64Encoded"] = json!(true);
    let mut gzipped = event("POST", "get_coordinate", &[], &STANDARD.encode(gzip(body.as_bytes())));
    gzipped["isBase64Encoded"] = json!(true);
    let version_2 = json!({
        "version": "2.0",
        "rawPath": "/stage/get_coordinate",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "path": "/stage/get_coordinate"}},
        "body": body,
        "isBase64Encoded": false,
    });
    for event in [plain, base64, gzipped, version_2] {
        let answer = house.http(event).await;
        assert_eq!(
            answer.text,
            r#"{"data":[[0,{"latitude":48.85837,"longitude":2.29448}],[12345678901234567890123456789012345678,null]]}"#
        );
        assert_eq!(answer.response["headers"]["Content-Type"], "application/json");
    }
}

#[tokio::test]
async fn an_empty_batch_is_answered_without_a_call() {
    let house = House::open().await;
    assert_eq!(house.post("ask_bedrock", json!([])).await.text, r#"{"data":[]}"#);
    assert_eq!(house.calls(), 0);
}

#[tokio::test]
async fn what_the_caller_must_change_is_400_and_names_the_place() {
    let house = House::open().await;
    for (method, function, body, expected) in [
        ("POST", "nope", "{\"data\":[]}", "ask_bedrock, get_coordinate"),
        ("POST", "", "{\"data\":[]}", "there is no function"),
        ("PUT", "ask_bedrock", "{}", "POST"),
        ("GET", "ask_bedrock", "", "sf-external-function-query-batch-id"),
        ("POST", "ask_bedrock", "", "not valid JSON"),
        ("POST", "ask_bedrock", "[]", "\"data\""),
        ("POST", "ask_bedrock", "{\"rows\":[]}", "\"data\""),
        ("POST", "get_coordinate", "{\"data\":[[0,\"a\"],[1,5]]}", "data[1][1]: expected a string, found a number"),
        (
            "POST",
            "get_coordinate",
            "{\"data\":[[0,\"a\",\"b\"]]}",
            "data[0]: expected an array of the row number and 1",
        ),
        ("POST", "get_coordinate", "{\"data\":[[0,\"\\ud800\"]]}", "data[0][1]: not valid JSON"),
    ] {
        let answer = house.http(event(method, function, &[], body)).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.error().contains(expected), "{}", answer.error());
    }
    assert_eq!(house.calls(), 0);
}

#[tokio::test]
async fn a_get_without_a_journal_is_404() {
    let house = House::open().await;
    let answer = house.http(event("GET", "ask_bedrock", &[("SF-External-Function-Query-Batch-Id", "b:1")], "")).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn a_large_answer_is_gzipped_for_who_takes_it_and_a_larger_one_refused() {
    let house = House::open().await;
    // A model's own limit of tokens keeps its answers smaller.
    let text = |length: usize| {
        let content = json!([{"text": "lorem \"ipsum\" ".repeat(length / 14)}]);
        let message = json!({"role": "assistant", "content": content});
        let answer = json!({"output": {"message": message}, "stopReason": "end_turn"}).to_string();
        vec![Rule::new(Matching::All, Fault::Malformed(answer))]
    };
    let post = |headers: &[(&str, &str)]| {
        event("POST", "ask_bedrock", headers, &json!({"data": rows(["a"; 4], MODEL)}).to_string())
    };
    house.aws.bedrock().set_faults(text(1_000_000));
    let plain = house.http(post(&[])).await;
    assert_eq!(plain.values().len(), 4);
    let gzipped = house.http(post(&[("ACCEPT-encoding", "gzip")])).await;
    assert_eq!(gzipped.response["headers"]["Content-Encoding"], "gzip");
    assert_eq!(gzipped.response["isBase64Encoded"], true);
    let mut body = String::new();
    flate2::read::GzDecoder::new(&STANDARD.decode(gzipped.text).unwrap()[..]).read_to_string(&mut body).unwrap();
    assert_eq!(body, plain.text);

    house.aws.bedrock().set_faults(text(2_000_000));
    for (headers, whose) in [(&[][..], "Lambda"), (&[("accept-encoding", "gzip")], "")] {
        let answer = house.http(post(headers)).await;
        if whose.is_empty() {
            assert_eq!(answer.status, 200, "8 MB of JSON pass when they are gzipped");
        } else {
            assert_eq!(answer.status, 400);
            assert!(answer.error().contains("MAX_BATCH_ROWS") && answer.error().contains(whose));
        }
    }
    house.aws.bedrock().set_faults(text(2_600_000));
    let answer = house.http(post(&[("accept-encoding", "gzip")])).await;
    assert_eq!(answer.status, 400, "Snowflake takes 10 MB, counted before compression");
    assert!(answer.error().contains("Snowflake"), "{}", answer.error());
    assert_eq!(Value::Null, answer.response["headers"]["Content-Encoding"]);
}
