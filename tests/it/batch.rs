//! A batch: one call for equal rows, the three kinds of failure, the deadline.

use std::time::{Duration, Instant};

use sandbox::aws::{Fault, Matching, Rule};
use serde_json::{Value, json};

use crate::support::{House, MODEL, event, rows};

#[tokio::test]
async fn equal_rows_share_a_call() {
    let house = House::open().await;
    let texts: Vec<String> = (0..4096).map(|row| format!("text {}", row % 100)).collect();
    let answer = house.ask(texts.iter().map(String::as_str)).await;
    let values = answer.values();
    assert_eq!((values.len(), house.calls()), (4096, 100));
    for row in 100..4096 {
        assert_eq!(values[row], values[row % 100]);
    }
    assert_ne!(values[0], values[1]);
}

#[tokio::test]
async fn the_ceiling_holds() {
    let house = House::with(&[("MAX_CONCURRENCY", "3")]).await;
    house.aws.bedrock().set_latency(Duration::from_millis(20));
    let texts: Vec<String> = (0..40).map(|row| row.to_string()).collect();
    assert_eq!(house.ask(texts.iter().map(String::as_str)).await.values().len(), 40);
    assert!(house.aws.bedrock().stats().peak_in_flight <= 3);
}

#[tokio::test]
async fn one_refused_row_is_null_and_costs_the_others_nothing() {
    let house = House::open().await;
    let fault = Fault::error(400, "ValidationException", "Input is too long for requested model.");
    house.aws.bedrock().set_faults(vec![Rule::new(Matching::TextContains("bad".to_owned()), fault)]);
    let answer = house.ask(["a", "bad", "", "c"]).await;
    let nulls: Vec<bool> = answer.values().iter().map(|value| value.is_null()).collect();
    assert_eq!(nulls, [false, true, true, false]);
    assert_eq!(house.calls(), 3, "a refused row is asked once, a blank one never");
    assert!(!house.lambda.logs().contains("WARN"));
}

#[tokio::test]
async fn a_batch_of_which_every_row_is_refused_says_so_in_the_log() {
    let house = House::open().await;
    let fault = Fault::error(400, "ValidationException", "something new, with the prompt: xyzzy");
    house.aws.bedrock().set_faults(vec![Rule::new(Matching::All, fault)]);
    assert_eq!(house.ask(["a", "b"]).await.values(), [&Value::Null, &Value::Null]);
    let logs = house.lambda.logs();
    assert!(logs.contains("WARN") && logs.contains("ValidationException") && !logs.contains("xyzzy"), "{logs}");
}

#[tokio::test]
async fn every_failure_that_passes_is_invisible() {
    let house = House::open().await;
    let codes: [(u16, Option<&str>); 11] = [
        (429, Some("ThrottlingException")),
        (429, Some("ModelNotReadyException")),
        (429, None),
        (503, Some("ServiceUnavailableException")),
        (500, Some("InternalServerException")),
        (502, None),
        (504, None),
        (408, Some("ModelTimeoutException")),
        (424, Some("ModelErrorException")),
        (529, Some("overloaded_error")),
        (400, Some("ServiceQuotaExceededException")),
    ];
    let mut rules: Vec<Rule> = codes
        .iter()
        .enumerate()
        .map(|(number, (status, code))| {
            let fault = Fault::Error {
                status: *status,
                code: code.map(str::to_owned),
                message: "try again".to_owned(),
                retry_after: None,
                headers: Vec::new(),
            };
            Rule::new(Matching::TextContains(format!("text-{number};")), fault).per_text(2)
        })
        .collect();
    rules.push(Rule::new(Matching::TextContains("drop".to_owned()), Fault::Drop).per_text(2));
    rules.push(Rule::new(Matching::TextContains("malformed".to_owned()), Fault::Malformed("{".to_owned())).per_text(1));
    house.aws.bedrock().set_faults(rules);
    let mut texts: Vec<String> = (0..codes.len()).map(|number| format!("text-{number};")).collect();
    texts.extend(["drop".to_owned(), "malformed".to_owned()]);
    let answer = house.ask(texts.iter().map(String::as_str)).await;
    for (text, value) in texts.iter().zip(answer.values()) {
        assert!(value.is_string(), "{text}: {value}");
    }
}

#[tokio::test]
async fn what_does_not_pass_in_time_is_429_or_503() {
    let house = House::open().await;
    let within = Duration::from_secs(3);
    let post = || event("POST", "ask_bedrock", &[], &json!({"data": rows(["a", "b"], MODEL)}).to_string());
    for (fault, status) in [
        (Fault::Throttle, 429),
        (Fault::error(500, "InternalServerException", "secret text"), 503),
        (Fault::Hang, 503),
        (Fault::Drop, 503),
    ] {
        house.aws.bedrock().set_faults(vec![Rule::new(Matching::All, fault.clone())]);
        let begin = Instant::now();
        let answer = house.http_within(within, post()).await;
        assert_eq!(answer.status, status, "{fault:?}: {}", answer.text);
        assert!(!answer.error().contains("secret"));
        assert!(begin.elapsed() < within, "{fault:?} took {:?}", begin.elapsed());
    }
    house.aws.bedrock().set_faults(Vec::new());
    assert_eq!(house.http_within(within, post()).await.values().len(), 2, "the environment goes on");
    assert_eq!((house.lambda.cold_starts(), house.lambda.crashes()), (1, 0));
}
