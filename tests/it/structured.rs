//! Answers that are JSON of a schema: by which way they are asked for, and what becomes of those that do not fit.

use sandbox::aws::{Fault, Matching, Rule};
use serde_json::{Value, json};

use crate::support::{Answer, House};

const NOVA: &str = "us.amazon.nova-lite-v1:0";
const HAIKU: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";
const LLAMA: &str = "us.meta.llama3-3-70b-instruct-v1:0";

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {"email": {"type": "string"}, "amount": {"type": "number", "minimum": 1}},
        "required": ["email", "amount"],
    })
}

async fn ask(house: &House, function: &str, model: &str, schema: &Value) -> Answer {
    let text = "Jane (jane@example.com) paid an amount of 12.50.";
    house.post(function, json!([[0, "Extract.", text, model, {"response_format": schema}]])).await
}

fn bodies(house: &House) -> Vec<Value> {
    house.aws.bedrock().calls().into_iter().map(|call| call.body).collect()
}

fn ways(house: &House) -> Vec<&'static str> {
    let way = |body: &Value| match (body.get("outputConfig"), body.get("toolConfig")) {
        (Some(_), None) => "native",
        (None, Some(_)) => "tool",
        (None, None) => "prompt",
        (Some(_), Some(_)) => "both",
    };
    bodies(house).iter().map(way).collect()
}

#[tokio::test]
async fn each_model_is_asked_by_the_best_way_that_it_has() {
    let house = House::open().await;
    for (model, way) in [(HAIKU, "native"), (NOVA, "tool"), (LLAMA, "prompt")] {
        house.aws.bedrock().reset();
        let answer = ask(&house, "try_ask_bedrock", model, &schema()).await;
        let expected = json!({"email": "jane@example.com", "amount": 12.5});
        assert_eq!(answer.values()[0]["value"], expected, "{model}: {}", answer.text);
        assert_eq!(ways(&house), [way], "{model}");
        let text = ask(&house, "ask_bedrock", model, &schema()).await;
        let text = text.values()[0].as_str().unwrap().to_owned();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected, "ask_bedrock gives the JSON as text");
    }
}

#[tokio::test]
async fn nova_does_not_choose_among_words_to_fill_a_tool_unless_it_is_said_how() {
    let house = House::open().await;
    let greedy = json!({"inferenceConfig": {"topK": 1}});
    for (model, own, temperature, additional) in [
        (NOVA, json!({}), json!(0.0), greedy.clone()),
        (NOVA, json!({"temperature": 0.5}), json!(0.5), Value::Null),
        (NOVA, json!({"top_p": 0.5}), Value::Null, Value::Null),
        (NOVA, json!({"additional_fields": {"a": 1}}), Value::Null, json!({"a": 1})),
        (HAIKU, json!({}), Value::Null, Value::Null),
    ] {
        house.aws.bedrock().reset();
        let mut options = own.clone();
        options["response_format"] = schema();
        house.post("ask_bedrock", json!([[0, "Extract.", "jane@example.com", model, options]])).await;
        let body = &bodies(&house)[0];
        let sent = (&body["inferenceConfig"]["temperature"], &body["additionalModelRequestFields"]);
        assert_eq!(sent, (&temperature, &additional), "{model} {own}");
    }
}

#[tokio::test]
async fn the_wire_has_a_schema_that_the_way_takes_and_the_check_has_the_users() {
    let house = House::open().await;
    ask(&house, "ask_bedrock", HAIKU, &schema()).await;
    let format = bodies(&house)[0]["outputConfig"]["textFormat"].clone();
    assert_eq!(format["type"], "json_schema");
    let sent: Value = serde_json::from_str(format["structure"]["jsonSchema"]["schema"].as_str().unwrap()).unwrap();
    assert_eq!(sent["additionalProperties"], false);
    assert_eq!(sent["properties"]["amount"], json!({"type": "number", "description": "(minimum: 1)"}));
    let small = Fault::Answer(r#"{"email":"a@b.c","amount":0.5}"#.to_owned());
    house.aws.bedrock().set_faults(vec![Rule::new(Matching::All, small)]);
    let answer = ask(&house, "try_ask_bedrock", HAIKU, &schema()).await;
    let envelope = answer.values()[0].clone();
    assert_eq!(envelope["error"]["code"], "invalid_output");
    assert!(envelope["error"]["message"].as_str().unwrap().contains("/properties/amount/minimum"), "{envelope}");
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_shown_to_the_model_once_more_and_paid_for_twice() {
    let house = House::open().await;
    let rule = Rule::new(Matching::All, Fault::Answer("Sure! The amount is 12.50.".to_owned())).times(1);
    house.aws.bedrock().set_faults(vec![rule]);
    let answer = ask(&house, "try_ask_bedrock", HAIKU, &schema()).await;
    let envelope = answer.values()[0].clone();
    assert_eq!(envelope["value"]["amount"], 12.5, "{envelope}");
    assert_eq!(envelope["attempts"], 2);
    let [first, second] = &bodies(&house)[..] else { panic!("two calls") };
    assert_eq!(first["messages"].as_array().unwrap().len(), 1);
    let roles: Vec<_> =
        second["messages"].as_array().unwrap().iter().map(|message| message["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    assert_eq!(second["messages"][1]["content"][0]["text"], "Sure! The amount is 12.50.");
    assert!(second["messages"][2]["content"][0]["text"].as_str().unwrap().contains("it is no JSON"));
    house.aws.bedrock().reset();
    let once = ask(&house, "try_ask_bedrock", HAIKU, &schema()).await;
    let output = |envelope: &Value| envelope["usage"]["output_tokens"].as_u64().unwrap();
    assert!(
        output(&envelope) > output(once.values()[0])
            && envelope["cost_usd"].as_f64() > once.values()[0]["cost_usd"].as_f64()
    );
}

/// As Nova says it.
const INVALID_SEQUENCE: &str =
    "Model produced invalid sequence as part of ToolUse. Please refer to the model tool use troubleshooting guide.";

#[tokio::test]
async fn an_answer_that_never_fits_is_the_rows_fault_and_was_paid_for() {
    let house = House::open().await;
    for (model, fault) in [
        (HAIKU, Fault::Answer("no".to_owned())),
        (NOVA, Fault::ToolInput(json!({"email": 5}))),
        (LLAMA, Fault::NoText),
        (NOVA, Fault::StopReason("malformed_tool_use".to_owned())),
        (NOVA, Fault::error(424, "ModelErrorException", INVALID_SEQUENCE)),
    ] {
        house.aws.bedrock().set_faults(vec![Rule::new(Matching::All, fault.clone())]);
        house.aws.bedrock().reset();
        let answer = ask(&house, "try_ask_bedrock", model, &schema()).await;
        let envelope = answer.values()[0].clone();
        assert_eq!(
            (&envelope["value"], &envelope["error"]["code"]),
            (&Value::Null, &json!("invalid_output")),
            "{fault:?} {envelope}"
        );
        assert_eq!((&envelope["attempts"], house.calls()), (&json!(2), 2), "{fault:?}");
        let is_paid = !matches!(fault, Fault::Error { .. });
        assert_eq!(envelope["usage"]["input_tokens"].as_u64().is_some(), is_paid, "{fault:?} {envelope}");
        assert_eq!(ask(&house, "ask_bedrock", model, &schema()).await.values(), [&Value::Null]);
    }
}

#[tokio::test]
async fn json_is_read_out_of_what_is_around_it() {
    let house = House::open().await;
    for text in
        ["```json\n{\"email\":\"a@b.c\",\"amount\":2}\n```", "Here you are: {\"email\":\"a@b.c\",\"amount\":2}."]
    {
        house.aws.bedrock().set_faults(vec![Rule::new(Matching::All, Fault::Answer(text.to_owned()))]);
        let answer = ask(&house, "ask_bedrock", LLAMA, &schema()).await;
        assert_eq!(answer.values(), [&json!("{\"email\":\"a@b.c\",\"amount\":2}")], "{text}");
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_is_not_bought_again() {
    let house = House::open().await;
    let row = json!([0, "Extract.", "jane@example.com", HAIKU, {"response_format": schema(), "max_tokens": 1}]);
    let answer = house.post("try_ask_bedrock", json!([row])).await;
    let envelope = answer.values()[0].clone();
    assert_eq!(
        (&envelope["error"]["code"], &envelope["truncated"]),
        (&json!("invalid_output"), &json!(true)),
        "{envelope}"
    );
    assert!(envelope["error"]["message"].as_str().unwrap().contains("raise max_tokens"), "{envelope}");
    assert_eq!(house.calls(), 1);
}

#[tokio::test]
async fn the_table_is_corrected_by_what_the_model_says_and_it_is_remembered() {
    let house = House::open().await;
    let refuse = |words: &str| Fault::error(400, "ValidationException", words);
    let native = refuse("output_config.format: Extra inputs are not permitted");
    let tool = refuse("This model doesn't support the toolConfig.toolChoice.tool field. Remove it and try again.");
    house
        .aws
        .bedrock()
        .set_faults(vec![Rule::new(Matching::All, native).times(1), Rule::new(Matching::All, tool).times(1)]);
    let answer = ask(&house, "try_ask_bedrock", HAIKU, &schema()).await;
    let envelope = answer.values()[0].clone();
    assert_eq!((&envelope["value"]["amount"], &envelope["attempts"]), (&json!(12.5), &json!(1)), "{envelope}");
    assert_eq!(ways(&house), ["native", "tool", "prompt"]);
    house.aws.bedrock().reset();
    ask(&house, "ask_bedrock", HAIKU, &json!({"type": "object", "properties": {"email": {"type": "string"}}})).await;
    assert_eq!(ways(&house), ["prompt"], "for every schema");
}

#[tokio::test]
async fn a_schema_that_is_too_complex_goes_by_another_way_alone() {
    let house = House::open().await;
    let refuse = Fault::error(400, "ValidationException", "compilation exceeded limits: Schema is too complex");
    house.aws.bedrock().set_faults(vec![Rule::new(Matching::All, refuse).times(1)]);
    ask(&house, "ask_bedrock", HAIKU, &schema()).await;
    ask(&house, "ask_bedrock", HAIKU, &json!({"type": "object", "properties": {"email": {"type": "string"}}})).await;
    assert_eq!(ways(&house), ["native", "tool", "native"]);
    house.aws.bedrock().reset();
    let row = json!([0, "Do.", "Jane (jane@example.com) paid an amount of 9.", HAIKU, {"response_format": schema()}]);
    house.post("ask_bedrock", json!([row])).await.values();
    assert_eq!(ways(&house), ["tool"], "it is remembered for the schema");
}

#[tokio::test]
async fn a_root_that_is_no_object_comes_back_as_it_was_asked_for() {
    let house = House::open().await;
    for model in [HAIKU, NOVA, LLAMA] {
        let answer =
            ask(&house, "try_ask_bedrock", model, &json!({"type": "array", "items": {"type": "string"}})).await;
        assert!(answer.values()[0]["value"].is_array(), "{model}: {}", answer.text);
    }
}
