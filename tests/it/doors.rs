//! The doors beside HTTP: direct invocations, Pipes, Redshift.

use sandbox::aws::{Fault, Matching, Rule, reply};
use serde_json::{Value, json};

use crate::support::{House, MODEL, rows};

const EIFFEL: &str = "Eiffel Tower, Paris";

fn eiffel() -> Value {
    json!({"latitude": 48.85837, "longitude": 2.29448})
}

#[tokio::test]
async fn a_direct_invocation_has_rows_or_one_call() {
    let house = House::open().await;
    let call = |member: &str, value: Value| json!({"function": "get_coordinate", member: value});
    let rows = json!([[0, EIFFEL], [1, null]]);
    assert_eq!(house.invoke(&call("data", rows)).await, Ok(json!({"data": [[0, eiffel()], [1, null]]})));
    assert_eq!(house.invoke(&call("arguments", json!([EIFFEL]))).await, Ok(eiffel()));
    assert_eq!(house.invoke(&call("arguments", json!({"address": EIFFEL}))).await, Ok(eiffel()));
    assert_eq!(house.invoke(&call("arguments", json!([null]))).await, Ok(Value::Null));
    for (event, expected) in [
        (call("data", json!([[0, 5]])), "data[0][1]: expected a string, found a number"),
        (call("arguments", json!([])), "expected 1 argument (address), found 0"),
        (call("rows", json!([])), "\"data\""),
        (json!({"function": "nope", "data": []}), "get_coordinate"),
        (json!({"function": 5, "data": []}), "\"function\""),
        (json!({"detail": {}}), "API Gateway event"),
        (json!("text"), "API Gateway event"),
    ] {
        let (error_type, message) = house.invoke(&event).await.unwrap_err();
        assert_eq!(error_type, "Rejected");
        assert!(message.contains(expected), "{message}");
    }
}

#[tokio::test]
async fn a_direct_call_that_cannot_be_answered_says_what_http_says() {
    let house = House::open().await;
    let event = json!({"function": "ask_bedrock", "data": rows(["a", "b"], "no.such.model")});
    let (_, message) = house.invoke(&event).await.unwrap_err();
    assert_eq!(message, house.post("ask_bedrock", rows(["a", "b"], "no.such.model")).await.error());
}

#[tokio::test]
async fn pipes_elements_keep_everything_and_get_a_result_or_an_error() {
    let house = House::open().await;
    let elements = json!([
        {"messageId": "1", "function": "get_coordinate", "arguments": [EIFFEL], "n": 12345678901234567890_u64, "result": 1},
        {"messageId": "2", "function": "ask_bedrock", "arguments": {"model_id": MODEL, "instructions": "Do.", "user_context": "x"}},
        {"messageId": "3", "function": "get_coordinate", "arguments": [null]},
        {"messageId": "4", "function": "get_coordinate", "arguments": [EIFFEL]},
        {"messageId": "5", "function": "nope", "arguments": []},
        {"messageId": "6", "function": "get_coordinate", "arguments": [" "]},
        {"messageId": "7", "function": "ask_bedrock", "arguments": ["Do.", "x", "no.such.model"]},
        {"messageId": "8", "function": "get_coordinate"},
        {"messageId": "9", "arguments": [EIFFEL]},
        {"messageId": "10", "function": "get_coordinate", "arguments": {"adress": EIFFEL}},
        5,
        null,
        ["x"],
    ]);
    let answer = house.invoke(&elements).await.unwrap();
    let (input, output) = (elements.as_array().unwrap(), answer.as_array().unwrap());
    assert_eq!(input.len(), output.len());
    let codes = [
        None,
        None,
        None,
        None,
        Some("invalid_argument"),
        Some("invalid_argument"),
        Some("model_not_found"),
        Some("invalid_argument"),
        Some("invalid_argument"),
        Some("invalid_argument"),
        Some("invalid_argument"),
        Some("invalid_argument"),
        Some("invalid_argument"),
    ];
    for ((input, output), code) in input.iter().zip(output).zip(codes) {
        match input.as_object() {
            Some(members) => {
                for (name, value) in members.iter().filter(|(name, _)| *name != "result") {
                    assert_eq!(&output[name], value);
                }
            }
            None => assert_eq!(&output["input"], input),
        }
        assert_eq!(output["error"]["code"].as_str(), code, "{output}");
        assert_eq!(output.get("result").is_some(), code.is_none(), "{output}");
        if code.is_some() {
            assert_eq!(output["error"]["retryable"], false);
            assert!(output["error"]["message"].is_string());
        }
    }
    assert_eq!(output[0]["result"], eiffel());
    assert_eq!(output[1]["result"], reply(MODEL, "Do.", "x"));
    assert_eq!(output[2]["result"], Value::Null);
    assert_eq!(house.aws.location().stats().requests, 1, "equal elements share a call");
    assert_eq!(house.invoke(&json!([])).await, Ok(json!([])));
}

/// Twenty ways in which an element cannot be answered.
fn broken() -> [Value; 20] {
    let geocode = |arguments: Value| json!({"function": "get_coordinate", "arguments": arguments});
    let ask = |text: &str, model: &str| json!({"function": "ask_bedrock", "arguments": ["Do.", text, model]});
    [
        json!(5),
        json!(null),
        json!(true),
        json!("text"),
        json!([EIFFEL]),
        json!({}),
        json!({"function": "nope", "arguments": [EIFFEL]}),
        json!({"function": 5, "arguments": [EIFFEL]}),
        json!({"function": "get_coordinate"}),
        json!({"arguments": [EIFFEL]}),
        geocode(json!(null)),
        geocode(json!(EIFFEL)),
        geocode(json!([])),
        geocode(json!([5])),
        geocode(json!([EIFFEL, EIFFEL])),
        geocode(json!({"adress": EIFFEL})),
        geocode(json!({"address": EIFFEL, "more": 1})),
        geocode(json!(["x".repeat(201)])),
        ask(" ", MODEL),
        ask("x", "no.such.model"),
    ]
}

#[tokio::test]
async fn two_thousand_pipes_elements_keep_their_order_although_some_are_broken() {
    let house = House::open().await;
    let broken = broken();
    let mut elements: Vec<Value> = Vec::new();
    for id in 0..2000 {
        // Three in a hundred, so that each kind comes three times.
        let mut element = match id % 100 {
            7 | 50 | 93 => broken[id / 100].clone(),
            _ if id % 2 == 0 => json!({"function": "get_coordinate", "arguments": {"address": EIFFEL}}),
            _ => json!({"function": "ask_bedrock", "arguments": ["Do.", format!("text {}", id % 20), MODEL]}),
        };
        if let Some(members) = element.as_object_mut() {
            members.insert("id".to_owned(), json!(id));
        }
        elements.push(element);
    }
    let answer = house.invoke(&json!(elements)).await.unwrap();
    let output = answer.as_array().unwrap();
    assert_eq!(output.len(), elements.len());
    for (id, (element, answer)) in elements.iter().zip(output).enumerate() {
        if element.is_object() {
            assert_eq!(answer["id"], id);
        } else {
            assert_eq!(&answer["input"], element);
        }
        if matches!(id % 100, 7 | 50 | 93) {
            assert!(answer["error"]["code"].is_string() && answer.get("result").is_none(), "{answer}");
        } else if id % 2 == 0 {
            assert_eq!(answer["result"], eiffel());
        } else {
            assert_eq!(answer["result"], reply(MODEL, "Do.", &format!("text {}", id % 20)));
        }
    }
    assert_eq!(house.aws.location().stats().requests, 1, "equal elements share a call");
    // Ten texts, and the model that does not exist, which has to say so a few times.
    assert_eq!(house.calls(), 15);
}

#[tokio::test]
async fn numbers_and_unpaired_surrogates_in_pipes_elements_come_back_as_they_were() {
    let house = House::open().await;
    let element =
        r#"{"id":1.50,"big":123456789012345678901234567890,"function":"get_coordinate","arguments":["\ud800"]}"#;
    let outcome = house.lambda.invoke(format!("[{element}]")).await;
    let text = String::from_utf8(outcome.answer().unwrap().to_vec()).unwrap();
    assert!(text.starts_with(&format!("[{},\"error\":", element.strip_suffix('}').unwrap())), "{text}");
}

#[tokio::test]
async fn a_moment_that_does_not_pass_fails_the_pipes_invocation() {
    let house = House::open().await;
    let fault = Fault::Error {
        status: 429,
        code: Some("ThrottlingException".to_owned()),
        message: String::new(),
        retry_after: Some("60".to_owned()),
        headers: Vec::new(),
    };
    house.aws.location().set_faults(vec![Rule::new(Matching::All, fault)]);
    let (error_type, _) =
        house.invoke(&json!([{"function": "get_coordinate", "arguments": [EIFFEL]}])).await.unwrap_err();
    assert_eq!(error_type, "Throttled");
}

#[tokio::test]
async fn redshift_gets_results_by_position_and_objects_as_text() {
    let house = House::open().await;
    let event = |function: &str, arguments: Value, count: usize| {
        json!({
            "request_id": "23FF1F97-F28A-44AA-AB67-266ED976BF40",
            "cluster": "arn:aws:redshift:xxxx",
            "external_function": function,
            "num_records": count,
            "arguments": arguments,
        })
    };
    let answer = house.invoke(&event("public.get_coordinate", json!([[EIFFEL], null, [null], [""]]), 4)).await.unwrap();
    assert_eq!((&answer["success"], &answer["num_records"]), (&json!(true), &json!(4)));
    let first: Value = serde_json::from_str(answer["results"][0].as_str().unwrap()).unwrap();
    assert_eq!(first, eiffel());
    assert_eq!(answer["results"].as_array().unwrap()[1..], [Value::Null, Value::Null, Value::Null]);
    let answer = house.invoke(&event("ask_bedrock", json!([["Do.", "x", MODEL]]), 1)).await.unwrap();
    assert_eq!(answer["results"], json!([reply(MODEL, "Do.", "x")]));
    for (event, expected) in [
        (event("public.nope", json!([]), 0), "get_coordinate"),
        (event("public.get_coordinate", json!([[EIFFEL]]), 2), "num_records"),
        (
            event("public.get_coordinate", json!([[EIFFEL, "x"]]), 1),
            "arguments[0]: expected 1 argument (address), found 2",
        ),
        (event("public.get_coordinate", json!({}), 0), "arguments must be an array"),
        (event("public.ask_bedrock", json!([["Do.", "x", "no.such.model"]]), 1), "no.such.model"),
    ] {
        let answer = house.invoke(&event).await.unwrap();
        assert_eq!(answer["success"], false);
        assert!(answer["error_msg"].as_str().unwrap().contains(expected), "{answer}");
    }
}
