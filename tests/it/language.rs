//! The options of `ask_bedrock` on the wire, and what `try_ask_bedrock` tells of an answer.

use sandbox::aws::{Fault, Matching, Rule};
use serde_json::{Value, json};

use crate::support::{Answer, House, MODEL, event, rows};

const HAIKU: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";

async fn ask(house: &House, function: &str, model: &str, options: Value) -> Answer {
    house.post(function, json!([[0, "Do.", "text", model, options]])).await
}

fn bodies(house: &House) -> Vec<Value> {
    house.aws.bedrock().calls().into_iter().map(|call| call.body).collect()
}

#[tokio::test]
async fn every_option_has_its_place_on_the_wire() {
    let house = House::open().await;
    for (model, options, path, expected) in [
        (MODEL, json!({"max_tokens": 9}), "/inferenceConfig", json!({"maxTokens": 9})),
        (
            MODEL,
            json!({"temperature": 0.5, "top_p": 1}),
            "/inferenceConfig",
            json!({"maxTokens": 512, "temperature": 0.5, "topP": 1.0}),
        ),
        (
            MODEL,
            json!({"stop_sequences": ["END"]}),
            "/inferenceConfig",
            json!({"maxTokens": 512, "stopSequences": ["END"]}),
        ),
        ("us.amazon.nova-pro-v1:0", json!({"service_tier": "FLEX"}), "/serviceTier", json!({"type": "flex"})),
        (HAIKU, json!({"performance": "optimized"}), "/performanceConfig", json!({"latency": "optimized"})),
        (HAIKU, json!({"effort": "low"}), "/outputConfig", json!({"effort": "low"})),
        (
            MODEL,
            json!({"additional_fields": {"inferenceConfig": {"topK": 5}}}),
            "/additionalModelRequestFields",
            json!({"inferenceConfig": {"topK": 5}}),
        ),
        (
            MODEL,
            json!({"guardrail": {"id": "abc", "version": 1}}),
            "/guardrailConfig",
            json!({"guardrailIdentifier": "abc", "guardrailVersion": "1", "trace": "enabled"}),
        ),
        (
            MODEL,
            json!({"guardrail": {"id": "abc", "version": "DRAFT"}}),
            "/messages/0/content",
            json!([{"guardContent": {"text": {"text": "text"}}}]),
        ),
    ] {
        house.aws.bedrock().reset();
        let answer = ask(&house, "ask_bedrock", model, options.clone()).await;
        assert!(answer.values()[0].is_string(), "{options}: {}", answer.text);
        assert_eq!(bodies(&house)[0].pointer(path), Some(&expected), "{options}");
    }
}

#[tokio::test]
async fn options_of_the_articles_models_go_through_converse() {
    let house = House::open().await;
    assert!(
        ask(&house, "ask_bedrock", "amazon.titan-text-express-v1", json!({"max_tokens": 9})).await.values()[0]
            .is_string()
    );
    assert!(
        ask(&house, "ask_bedrock", "amazon.titan-text-express-v1", json!({"dedupe": false})).await.values()[0]
            .is_string()
    );
    let operations: Vec<_> = house.aws.bedrock().calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(operations, ["converse", "invoke"]);
}

#[tokio::test]
async fn an_option_that_cannot_be_is_a_400_before_anything_is_asked() {
    let house = House::open().await;
    for (options, expected) in [
        (json!({"max_token": 5}), "there is no option \"max_token\" here"),
        (json!({"temperature": 1.5}), "\"temperature\" must be a number from 0 to 1"),
        (json!({"response_format": {"type": "objekt"}}), "\"response_format\" is no JSON Schema"),
    ] {
        let rows = json!([[0, "Do.", "a", MODEL], [1, "Do.", "b", MODEL, options]]);
        let answer = house.post("ask_bedrock", rows.clone()).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert!(answer.error().contains(expected), "{}", answer.error());
        assert_eq!(house.calls(), 0);
        let tried = house.post("try_ask_bedrock", rows).await;
        let values = tried.values();
        assert_eq!(values[0]["error"], Value::Null);
        assert_eq!(values[1]["error"]["code"], "invalid_argument");
        house.aws.bedrock().reset();
    }
}

#[tokio::test]
async fn an_option_that_the_model_refuses_is_the_statements_and_named() {
    let house = House::open().await;
    for (model, options, expected) in [
        ("us.anthropic.claude-opus-4-7", json!({"temperature": 0.5}), "temperature"),
        (MODEL, json!({"service_tier": "flex"}), "service_tier"),
        (MODEL, json!({"effort": "low"}), "effort"),
        (MODEL, json!({"performance": "optimized"}), "performance"),
        (MODEL, json!({"guardrail": {"id": "unknown1", "version": 1}}), "guardrail"),
    ] {
        let answer = ask(&house, "ask_bedrock", model, options.clone()).await;
        assert_eq!(answer.status, 400, "{options}: {}", answer.text);
        assert!(answer.error().contains(expected), "{options}: {}", answer.error());
        let tried = ask(&house, "try_ask_bedrock", model, options.clone()).await;
        let envelope = tried.values()[0];
        assert_eq!((&envelope["error"]["code"], &envelope["model_id"]), (&json!("invalid_argument"), &json!(model)));
    }
    let fault = Fault::error(
        400,
        "ValidationException",
        "The maximum tokens you requested exceeds the model limit of 8192. Try again with a maximum tokens value that is lower than 8192.",
    );
    house.aws.bedrock().set_faults(vec![Rule::new(Matching::All, fault)]);
    let answer = ask(&house, "ask_bedrock", MODEL, json!({"max_tokens": 100_000})).await;
    assert!(answer.status == 400 && answer.error().contains("max_tokens is more than the 8192"), "{}", answer.text);
}

#[tokio::test]
async fn an_envelope_tells_all_that_is_known_of_an_answer() {
    let house = House::open().await;
    let rows = json!([
        [0, "Do.", "text", "us.amazon.nova-pro-v1:0", {"service_tier": "flex"}],
        [1, "Do.", "text", "us.amazon.nova-pro-v1:0", {"service_tier": "flex"}],
    ]);
    let answer = house.post("try_ask_bedrock", rows).await;
    let [first, second] = answer.values()[..] else { panic!("{}", answer.text) };
    assert!(first["value"].is_string() && first["error"].is_null(), "{first}");
    let [input, output] = ["input_tokens", "output_tokens"].map(|name| first["usage"][name].as_f64().unwrap());
    assert!(input > 0.0 && output > 0.0);
    let cost = (input * 0.8 + output * 3.2) / 2.0 / 1e6;
    assert!((first["cost_usd"].as_f64().unwrap() - cost).abs() < 1e-12, "{first} is not {cost}");
    for (name, expected) in [
        ("stop_reason", json!("end_turn")),
        ("truncated", json!(false)),
        ("model_id", json!("us.amazon.nova-pro-v1:0")),
        ("service_tier", json!("flex")),
        ("attempts", json!(1)),
        ("shared", Value::Null),
    ] {
        assert_eq!(first[name], expected, "{name}");
    }
    assert_eq!(
        (&second["shared"], &second["cost_usd"], &second["attempts"]),
        (&json!("batch"), &json!(0.0), &json!(0))
    );
    assert_eq!(second["usage"]["input_tokens"], 0);
    let cut = ask(&house, "try_ask_bedrock", MODEL, json!({"max_tokens": 1})).await;
    assert_eq!((&cut.values()[0]["truncated"], &cut.values()[0]["stop_reason"]), (&json!(true), &json!("max_tokens")));
    let unknown = ask(&house, "try_ask_bedrock", "cohere.command-text-v14", Value::Null).await;
    assert_eq!(unknown.values()[0]["cost_usd"], Value::Null, "no price is not zero: {}", unknown.text);
}

#[tokio::test]
async fn what_optimized_latency_costs_is_not_known() {
    let house = House::open().await;
    let answer = ask(&house, "try_ask_bedrock", HAIKU, json!({"performance": "optimized"})).await;
    assert!(answer.values()[0]["value"].is_string() && answer.values()[0]["cost_usd"].is_null(), "{}", answer.text);
}

#[tokio::test]
async fn own_prices_go_before_those_of_the_table() {
    let house = House::with(&[("MODEL_PRICES", r#"{"us.amazon.nova-lite-v1:0":{"input":1000000,"output":0}}"#)]).await;
    let answer = ask(&house, "try_ask_bedrock", MODEL, Value::Null).await;
    let envelope = answer.values()[0].clone();
    assert_eq!(envelope["cost_usd"].as_f64(), envelope["usage"]["input_tokens"].as_f64(), "{envelope}");
}

#[tokio::test]
async fn a_blocked_answer_was_paid_for() {
    let house = House::open().await;
    house.aws.bedrock().set_faults(vec![Rule::new(Matching::All, Fault::StopReason("content_filtered".to_owned()))]);
    let answer = ask(&house, "try_ask_bedrock", MODEL, Value::Null).await;
    let envelope = answer.values()[0].clone();
    assert_eq!(envelope["error"]["code"], "content_blocked");
    assert!(envelope["cost_usd"].as_f64().unwrap() > 0.0 && envelope["model_id"] == MODEL, "{envelope}");
    assert_eq!(envelope["stop_reason"], "content_filtered");
}

#[tokio::test]
async fn rows_that_are_not_to_share_are_each_asked() {
    let house = House::open().await;
    let row = |number: u32, dedupe: bool| json!([number, "Do.", "text", MODEL, {"dedupe": dedupe}]);
    house.post("ask_bedrock", json!([row(0, true), row(1, true)])).await.values();
    assert_eq!(house.calls(), 1);
    let answer = house.post("try_ask_bedrock", json!([row(0, false), row(1, false), row(2, true)])).await;
    assert_eq!(house.calls(), 4);
    assert!(answer.values().iter().all(|envelope| envelope["shared"].is_null()), "{}", answer.text);
}

#[tokio::test]
async fn what_no_row_can_have_is_never_null() {
    let house = House::with(&[("ALLOWED_MODEL_IDS", "*amazon.*")]).await;
    // A model of embeddings is asked to write.
    let answer = house.post("ask_bedrock", rows(["a", "b"], "amazon.titan-embed-text-v2:0")).await;
    assert_eq!(
        (answer.status, answer.error().contains("name a model of the function's kind")),
        (400, true),
        "{answer:?}"
    );
    // One row's model is not allowed, and that row must be answered.
    let body = json!([[0, "Do.", "a", MODEL], [1, "Do.", "b", "meta.llama", {"on_error": "fail"}]]);
    let answer = house.post("ask_bedrock", body).await;
    assert_eq!((answer.status, answer.error().contains("meta.llama")), (400, true), "{answer:?}");
    // Options that exclude each other for the model.
    let message = "`temperature` and `top_p` cannot both be specified for this model. Please use only one.";
    let fault = Fault::error(400, "ValidationException", message);
    house.aws.bedrock().set_faults(vec![Rule::new(Matching::All, fault)]);
    let answer = house.ask(["a"]).await;
    assert_eq!((answer.status, answer.error().contains("leave temperature or top_p out")), (400, true), "{answer:?}");
}

#[tokio::test]
async fn on_error_fail_gives_a_row_or_the_reason_why_there_is_none() {
    let house = House::open().await;
    let bad = Rule::new(Matching::TextContains("bad".to_owned()), Fault::StopReason("content_filtered".to_owned()));
    house.aws.bedrock().set_faults(vec![bad]);
    let rows = |text: &str, on_error: &str| json!([[0, "Do.", "good", MODEL, {"on_error": on_error}], [1, "Do.", text, MODEL, {"on_error": on_error}]]);
    assert_eq!(house.post("ask_bedrock", rows("bad", "null")).await.values()[1], &Value::Null);
    let answer = house.post("ask_bedrock", rows("bad", "fail")).await;
    assert_eq!(answer.status, 400);
    assert!(answer.error().contains("a row has no answer, and each must have one"), "{}", answer.error());
    assert!(answer.error().contains("a guardrail or a content filter stopped"), "{}", answer.error());
    for (first, second) in [("null", "fail"), ("fail", "null")] {
        let rows =
            json!([[0, "Do.", "bad", MODEL, {"on_error": first}], [1, "Do.", "bad", MODEL, {"on_error": second}]]);
        assert_eq!(house.post("ask_bedrock", rows).await.status, 400, "equal rows, {first} and {second}");
    }
    house.aws.bedrock().reset();
    let answer = house.post("ask_bedrock", rows(" ", "fail")).await;
    assert_eq!((answer.status, house.calls()), (400, 0), "it is known before anything is asked");
    assert!(answer.error().contains("user_context is empty or blank"), "{}", answer.error());
    let tried = house.post("try_ask_bedrock", rows("bad", "fail")).await;
    assert_eq!(tried.values()[1]["error"]["code"], "content_blocked", "errors are data");
    let nothing = house.post("ask_bedrock", json!([[0, "Do.", null, MODEL, {"on_error": "fail"}]])).await;
    assert_eq!(nothing.values(), [&Value::Null], "NULL in is NULL out");
}

#[tokio::test]
async fn bedrocks_log_learns_who_asked() {
    let house = House::open().await;
    let headers = [
        ("sf-external-function-current-query-id", "01b2-q"),
        ("sf-context-current-user", "M\u{dc}LLER \"X\""),
        ("sf-context-current-role", "ANALYST"),
    ];
    for (model, function) in
        [(MODEL, "ask_bedrock"), (MODEL, "try_ask_bedrock"), ("amazon.titan-text-express-v1", "ask_bedrock")]
    {
        house.aws.bedrock().reset();
        let body = json!({"data": [[0, "Do.", "text", model]]}).to_string();
        let answer = house.http(event("POST", function, &headers, &body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let call = house.aws.bedrock().calls().pop().unwrap();
        let told = match call.headers.get("x-amzn-bedrock-request-metadata") {
            Some(header) => serde_json::from_str(header.to_str().unwrap()).unwrap(),
            None => call.body["requestMetadata"].clone(),
        };
        assert_eq!(
            told,
            json!({"function": "ask_bedrock", "query_id": "01b2-q", "user": "M_LLER _X_", "role": "ANALYST"})
        );
    }
    house.aws.bedrock().reset();
    let redshift = json!({
        "request_id": "r", "user": "adam", "query_id": 5678, "external_function": "public.ask_bedrock", "num_records": 1,
        "arguments": [["Do.", "text", MODEL]],
    });
    assert_eq!(house.invoke(&redshift).await.unwrap()["success"], true);
    let told = json!({"function": "ask_bedrock", "query_id": "5678", "user": "adam"});
    assert_eq!(bodies(&house)[0]["requestMetadata"], told);
}

#[tokio::test]
async fn options_come_by_every_door() {
    let house = House::open().await;
    let redshift = json!({
        "external_function": "ask_bedrock", "num_records": 1, "arguments": [["Do.", "text", MODEL, "{\"max_tokens\":9}"]],
    });
    assert_eq!(house.invoke(&redshift).await.unwrap()["success"], true);
    let arguments =
        json!({"instructions": "Do.", "user_context": "other", "model_id": MODEL, "options": {"max_tokens": 9}});
    let pipes = house.invoke(&json!([{"function": "ask_bedrock", "arguments": arguments}])).await.unwrap();
    assert!(pipes[0]["result"].is_string(), "{pipes}");
    let limits: Vec<_> = bodies(&house).iter().map(|body| body["inferenceConfig"]["maxTokens"].clone()).collect();
    assert_eq!(limits, [9, 9]);
}
