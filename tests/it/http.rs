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
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

const EIFFEL: &str = r#"{"data":[[0,{"latitude":48.85837,"longitude":2.29448}]]}"#;

/// The event of a function URL with IAM, as its documentation shows it.
fn function_url(body: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/get_coordinate",
        "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
        "cookies": ["cookie1", "cookie2"],
        "headers": {"host": "abc.lambda-url.us-west-2.on.aws", "x-forwarded-proto": "https", "header2": "value1,value2"},
        "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc",
            "authentication": null,
            "authorizer": {
                "iam": {
                    "accessKey": "AKIA...",
                    "accountId": "111122223333",
                    "callerId": "AIDA...",
                    "cognitoIdentity": null,
                    "principalOrgId": null,
                    "userArn": "arn:aws:iam::111122223333:user/example-user",
                    "userId": "AIDA...",
                },
            },
            "domainName": "abc.lambda-url.us-west-2.on.aws",
            "domainPrefix": "abc",
            "http": {
                "method": "POST",
                "path": "/get_coordinate",
                "protocol": "HTTP/1.1",
                "sourceIp": "123.123.123.123",
                "userAgent": "agent",
            },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1583348638390_u64,
        },
        "body": body,
        "pathParameters": null,
        "isBase64Encoded": false,
        "stageVariables": null,
    })
}

#[tokio::test]
async fn events_of_every_gateway_are_answered() {
    let house = House::open().await;
    let body = json!({"data": [[0, "Eiffel Tower, Paris"]]}).to_string();
    let url = function_url(&body);
    let mut cookies = url.clone();
    cookies["rawPath"] = json!("/v1/get_coordinate/");
    cookies["requestContext"]["stage"] = json!("v1");
    cookies["requestContext"].as_object_mut().unwrap().remove("authorizer");
    cookies["cookies"] = json!(["session=abc; Path=/", "é=ü"]);
    let mut plain = event("POST", "get_coordinate", &[], &body);
    plain["path"] = json!("/get_coordinate/");
    let mut staged = plain.clone();
    staged["path"] = json!("/v1/functions/get_coordinate");
    // What lambda_http would make no URI of.
    let mut odd = event("POST", "get_coordinate", &[("Host", "no host at all"), ("X-Forwarded-Proto", "")], &body);
    odd["path"] = json!(format!("{}/get_coordinate", "a b:%".repeat(20_000)));
    odd["queryStringParameters"] = json!({"a b": "<>^"});
    odd["requestContext"]["domainName"] = json!("[");
    let mut bare = plain.clone();
    for member in ["headers", "requestContext", "resource"] {
        bare.as_object_mut().unwrap().remove(member);
    }
    for event in [url, cookies, plain, staged, odd, bare] {
        assert_eq!(house.http(event.clone()).await.text, EIFFEL, "{event}");
    }
}

#[tokio::test]
async fn header_names_match_in_any_case_with_one_value_or_many() {
    let house = House::open().await;
    let id = "SF-eXternal-function-QUERY-batch-ID";
    let single = event("GET", "get_coordinate", &[(id, "b")], "");
    let mut many = event("GET", "get_coordinate", &[], "");
    many["headers"] = Value::Null;
    many["multiValueHeaders"] = json!({id: ["b", "c"], "Accept": ["*/*"]});
    let mut both = many.clone();
    both["headers"] = json!({id: "b"});
    for event in [single, many, both] {
        assert_eq!(house.http(event.clone()).await.status, 404, "{event}");
    }
    let without = house.http(event("GET", "get_coordinate", &[("sf-external-function-query-batch-i", "b")], "")).await;
    assert_eq!(without.status, 400);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_answered_400_in_the_form_of_its_version() {
    let house = House::open().await;
    let many: serde_json::Map<String, Value> = (0..40_000).map(|n| (format!("x-{n}"), json!("v"))).collect();
    let headers =
        [json!({"secret": null}), json!({"a b": "secret"}), json!({"a": "secret\n"}), json!("secret"), json!(many)];
    let v1 = event("POST", "get_coordinate", &[], r#"{"data":[]}"#);
    let v2 = function_url(r#"{"data":[]}"#);
    for headers in headers {
        for event in [&v1, &v2] {
            let mut event = event.clone();
            event["headers"] = headers.clone();
            let answer = house.http(event.clone()).await;
            assert_eq!(answer.status, 400, "{}", answer.text);
            assert!(answer.error().contains("headers") && !answer.text.contains("secret"), "{}", answer.text);
            assert_eq!(answer.response.get("cookies").is_some(), event["version"] == "2.0");
        }
    }
    let mut context = v2.clone();
    context["requestContext"]["http"] = json!({"method": 5});
    let mut method = v1.clone();
    method["httpMethod"] = json!("a b");
    let mut base64 = v1.clone();
    base64["isBase64Encoded"] = json!(true);
    let surrogate = v1.to_string().replace(r#""{\"data\":[]}""#, r#""\ud800""#);
    for event in [context.to_string(), method.to_string(), base64.to_string(), surrogate] {
        assert_eq!(house.text(event.clone()).await.status, 400, "{event}");
    }
    assert_eq!(house.lambda.crashes(), 0);
    assert!(!house.lambda.logs().contains("panic"));
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
        ("POST", "nope", "{\"data\":[]}", "the functions are ask_bedrock, "),
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
    assert_eq!(gzipped.header("content-encoding"), Some("gzip"));
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
    assert_eq!(answer.header("content-encoding"), None);
}
