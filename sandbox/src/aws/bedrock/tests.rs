//! What Bedrock validates and answers.

use http::Method;
use serde_json::{Value, json};

use super::super::faults::{Fault, Guardrail, Trace};
use super::*;

const NOVA: &str = "us.amazon.nova-lite-v1:0";
const TITAN: &str = "amazon.titan-text-express-v1";
const JURASSIC: &str = "ai21.j2-ultra-v1";
const SONNET: &str = "anthropic.claude-3-sonnet-20240229-v1:0";

fn call(operation: &str, model: &str, body: &Value, fault: Option<&Fault>) -> (u16, Value) {
    BEDROCK.ask(operation, model, body, fault)
}

fn converse(model: &str, body: &Value) -> (u16, Value) {
    call("converse", model, body, None)
}

fn invoke(model: &str, body: &Value) -> (u16, Value) {
    call("invoke", model, body, None)
}

fn question() -> Value {
    json!({
        "messages": [{"role": "user", "content": [{"text": "Hello there"}]}],
        "system": [{"text": "Be brief"}],
        "inferenceConfig": {"maxTokens": 512},
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut body = question();
    body[name] = value;
    body
}

#[test]
fn paths() {
    let route = |method, path| BEDROCK.route(&method, path).map(|(operation, target)| (operation.name, target));
    let nova = route(Method::POST, "/model/us.amazon.nova-lite-v1%3A0/converse");
    assert_eq!(nova, Some(("converse", NOVA.to_owned())));
    let arn = "/model/arn%3Aaws%3Abedrock%3Aus-west-2%3A1%3Ainference-profile%2Fus.x/invoke";
    let target = "arn:aws:bedrock:us-west-2:1:inference-profile/us.x";
    assert_eq!(route(Method::POST, arn), Some(("invoke", target.to_owned())));
    assert_eq!(route(Method::GET, "/model/m/converse"), None);
    assert_eq!(route(Method::POST, "/model/m/converse-stream"), None);
    assert_eq!(route(Method::POST, "/"), None);
}

#[test]
fn converse_answers() {
    let (status, answer) = converse(NOVA, &question());
    assert_eq!(status, 200);
    let text = text::reply(NOVA, "Be brief", "Hello there");
    assert_eq!(answer["output"]["message"], json!({"role": "assistant", "content": [{ "text": text }]}));
    assert_eq!(answer["stopReason"], "end_turn");
    assert_eq!(answer["usage"]["inputTokens"], 5);
    assert!(answer["metrics"]["latencyMs"].is_number());
    let (_, cut) = converse(NOVA, &with("inferenceConfig", json!({"maxTokens": 1})));
    assert_eq!(cut["stopReason"], "max_tokens");
    assert_eq!(cut["output"]["message"]["content"], json!([{"text": "You "}]));
}

#[test]
fn converse_validates() {
    let user = |content: Value| with("messages", json!([{"role": "user", "content": content}]));
    for (body, part) in [
        (json!({}), "must start with a user message"),
        (with("messages", json!([])), "must start with a user message"),
        (with("messages", json!([{"role": "assistant", "content": [{"text": "a"}]}])), "must start with a user"),
        (with("messages", json!([{"role": "user", "content": [{"text": "a"}], "id": 1}])), "[id] is not permitted"),
        (user(json!([])), "messages.0 is empty"),
        (user(json!("text")), "expected type: JSONArray"),
        (user(json!([{"text": " \n"}])), "messages.0.content.0 is blank"),
        (user(json!([{"text": ""}])), "is blank"),
        (user(json!([{"text": 1}])), "expected type: String"),
        (user(json!([{"words": "a"}])), "[words] is not permitted"),
        (user(json!([{"text": "x".repeat(200_001)}])), "Input is too long"),
        (with("system", json!([{"text": ""}])), "system.1.member.text"),
        (with("prompt", json!("a")), "[prompt] is not permitted"),
        (with("inferenceConfig", json!({"maxTokens": 0})), "0 is not greater or equal to 1"),
        (with("inferenceConfig", json!({"maxTokens": "1"})), "expected type: Integer"),
        (with("inferenceConfig", json!({"max_tokens": 1})), "[max_tokens] is not permitted"),
        (with("inferenceConfig", json!({"temperature": 1.5})), "is not between 0 and 1"),
    ] {
        let (status, answer) = converse(NOVA, &body);
        let message = answer["message"].as_str().unwrap_or_default();
        assert!(status == 400 && message.contains(part), "{status} {message} for {part}");
    }
}

#[test]
fn what_models_do_not_take() {
    let temperature = with("inferenceConfig", json!({"temperature": 0.5}));
    assert_eq!(converse("us.anthropic.claude-opus-4-7", &temperature).0, 400);
    assert_eq!(converse("us.anthropic.claude-sonnet-4-6", &temperature).0, 200);
    let stop = with("inferenceConfig", json!({"stopSequences": ["a"]}));
    assert_eq!(converse("us.xai.grok-4.6", &stop).0, 400);
    for model in [TITAN, JURASSIC, "cohere.command-text-v14", "mistral.mistral-7b-instruct-v0:2"] {
        let (status, answer) = converse(model, &question());
        let message = answer["message"].as_str().unwrap_or_default();
        assert!(status == 400 && message.contains("doesn't support system messages"), "{model}: {message}");
        assert_eq!(converse(model, &with("system", json!([]))).0, 200);
    }
}

#[test]
fn faults_of_content() {
    let content = |fault| call("converse", NOVA, &question(), Some(&fault)).1;
    let blocks = content(Fault::Blocks(vec!["a".into(), "b".into()]));
    assert_eq!(blocks["output"]["message"]["content"], json!([{"text": "a"}, {"text": "b"}]));
    let reasoning = content(Fault::Reasoning("hm".into()));
    let first = &reasoning["output"]["message"]["content"][0];
    assert_eq!(first["reasoningContent"]["reasoningText"]["text"], "hm");
    assert!(reasoning["output"]["message"]["content"][1]["text"].is_string());
    let filtered = content(Fault::StopReason("content_filtered".into()));
    assert_eq!(filtered["stopReason"], "content_filtered");
    assert_eq!(content(Fault::NoText)["output"]["message"]["content"], json!([]));
}

#[test]
fn guardrails() {
    let guardrail = |blocks, trace, reason| Guardrail { blocks, says: "Mail {EMAIL}.".into(), trace, reason };
    let asking =
        with("guardrailConfig", json!({"guardrailIdentifier": "g", "guardrailVersion": "1", "trace": "enabled"}));
    for (body, trace, told) in [
        (question(), Trace::Always, true),
        (question(), Trace::Asked, false),
        (asking.clone(), Trace::Asked, true),
        (asking, Trace::Never, false),
    ] {
        let (status, answer) = call("converse", NOVA, &body, Some(&Fault::Guardrail(guardrail(false, trace, true))));
        assert_eq!((status, &answer["stopReason"]), (200, &json!("guardrail_intervened")));
        assert_eq!(answer["output"]["message"]["content"], json!([{"text": "Mail {EMAIL}."}]));
        assert_eq!(answer["trace"]["guardrail"]["actionReason"] == "Guardrail masked.", told, "{answer}");
    }
    let fault = Fault::Guardrail(guardrail(true, Trace::Always, false));
    let trace = call("converse", NOVA, &question(), Some(&fault)).1["trace"]["guardrail"].clone();
    assert!(trace.to_string().contains("BLOCKED") && trace.get("actionReason").is_none(), "{trace}");
}

#[test]
fn model_ids_outside_the_pattern() {
    for id in ["Claude Sonnet 4.6", "", "Answer in one word.", "émile"] {
        let (status, answer) = converse(id, &question());
        let message = answer["message"].as_str().unwrap_or_default();
        let begin = format!("1 validation error detected: Value '{id}' at 'modelId' failed to satisfy constraint: ");
        assert!(status == 400 && message.starts_with(&begin) && message.contains("regular expression"), "{message}");
    }
    let (_, answer) = converse(&"m".repeat(2049), &question());
    assert!(answer["message"].as_str().unwrap_or_default().ends_with("less than or equal to 2048"));
    for id in ["no.such-model", "a_b"] {
        assert_eq!(converse(id, &question()).1["message"], "The provided model identifier is invalid.");
    }
}

#[test]
fn titan() {
    let prompt = "<SYSTEM>Follow these:Be brief<END_SYSTEM>\n<USER_CONTEXT>Use this user context in your \
                  response:Hello<END_USER_CONTEXT>";
    let config = json!({"maxTokenCount": 512, "stopSequences": [], "temperature": 0.7, "topP": 1.0});
    let body = json!({"inputText": prompt, "textGenerationConfig": config});
    let (status, answer) = invoke(TITAN, &body);
    assert_eq!(status, 200);
    let text = format!("\n{}", text::reply(TITAN, "Be brief", "Hello"));
    assert_eq!(answer["results"][0]["outputText"], json!(text));
    assert_eq!(answer["results"][0]["completionReason"], "FINISHED");
    assert_eq!(super::invoke::text(&body), "Hello");
    for body in [
        json!({}),
        json!({"inputText": ""}),
        json!({"inputText": "a", "prompt": "a"}),
        json!({"inputText": "a", "textGenerationConfig": {"maxTokens": 1}}),
        json!({"inputText": "a", "textGenerationConfig": {"maxTokenCount": 0}}),
        json!({"inputText": "a", "textGenerationConfig": {"maxTokenCount": 8193}}),
        json!({"inputText": "a", "textGenerationConfig": {"topP": 1.1}}),
    ] {
        assert_eq!(invoke(TITAN, &body).0, 400, "{body}");
    }
}

#[test]
fn jurassic() {
    let body = json!({"prompt": "Hello", "temperature": 0.7, "topP": 1.0, "maxTokens": 512});
    let (status, answer) = invoke(JURASSIC, &body);
    assert_eq!(status, 200);
    let text = format!("\n{}", text::reply(JURASSIC, "", "Hello"));
    assert_eq!(answer["completions"][0]["data"]["text"], json!(text));
    assert_eq!(answer["completions"][0]["finishReason"]["reason"], "endoftext");
    assert_eq!(invoke(JURASSIC, &json!({"inputText": "a"})).0, 400);
    assert_eq!(invoke(JURASSIC, &json!({"prompt": "a", "maxTokens": -1})).0, 400);
}

#[test]
fn claude() {
    let body = |version: &str, content: Value| json!({"anthropic_version": version, "max_tokens": 512, "messages": [{"role": "user", "content": content}]});
    let right = body("bedrock-2023-05-31", json!("Hello"));
    let (status, answer) = invoke(SONNET, &right);
    assert_eq!(status, 200);
    assert_eq!(answer["content"], json!([{"type": "text", "text": text::reply(SONNET, "", "Hello")}]));
    assert_eq!(answer["stop_reason"], "end_turn");
    let blocks = body("bedrock-2023-05-31", json!([{"type": "text", "text": "Hello"}]));
    assert_eq!(invoke(SONNET, &blocks).1["content"], answer["content"]);
    // As the article was printed, with dashes that are no hyphens.
    assert_eq!(invoke(SONNET, &body("bedrock-2023–05–31", json!("Hello"))).0, 400);
    assert_eq!(invoke(SONNET, &body("bedrock-2023-05-31", json!(" "))).0, 400);
    for absent in ["anthropic_version", "max_tokens", "messages"] {
        let mut body = right.clone();
        body.as_object_mut().map(|body| body.remove(absent));
        assert_eq!(invoke(SONNET, &body).0, 400, "{absent}");
    }
    let mut named = right;
    named["model"] = json!(SONNET);
    assert_eq!(invoke(SONNET, &named).0, 400);
}

#[test]
fn other_bodies() {
    let nova = json!({"schemaVersion": "messages-v1", "messages": [{"role": "user", "content": [{"text": "Hello"}]}]});
    let (status, answer) = invoke(NOVA, &nova);
    assert_eq!(status, 200);
    assert_eq!(answer["output"]["message"]["content"][0]["text"], json!(text::reply(NOVA, "", "Hello")));
    assert_eq!(invoke("zai.glm-5", &json!({"messages": []})).0, 400);
    assert_eq!(invoke("no.such-model", &nova).0, 400);
}
