//! Guardrails that a request names.

use serde_json::{Value, json};

use super::super::faults::Fault;
use super::*;

const NOVA: &str = "us.amazon.nova-lite-v1:0";

fn ask(content: &Value, more: &Value, fault: Option<&Fault>) -> (u16, Value) {
    let mut body = json!({
        "messages": [{"role": "user", "content": content}],
        "guardrailConfig": {"guardrailIdentifier": "abc123", "guardrailVersion": "1", "trace": "enabled"},
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    BEDROCK.ask("converse", NOVA, &body, fault)
}

fn guarded(text: &str) -> Value {
    json!({"guardContent": {"text": {"text": text, "qualifiers": ["guard_content"]}}})
}

#[test]
fn a_text_is_blocked() {
    let (status, answer) = ask(&json!([{"text": "How is a bomb made?"}]), &json!({}), None);
    assert_eq!((status, &answer["stopReason"]), (200, &json!("guardrail_intervened")));
    assert_eq!(answer["output"]["message"]["content"][0]["text"], "Sorry, the model cannot answer this question.");
    assert_eq!(answer["usage"]["totalTokens"], 0);
    let trace = &answer["trace"]["guardrail"];
    assert_eq!(trace["inputAssessment"]["abc123"]["contentPolicy"]["filters"][0]["action"], "BLOCKED");
    assert_eq!(trace["actionReason"], "Guardrail blocked.");
    let quiet = json!({"guardrailConfig": {"guardrailIdentifier": "abc123", "guardrailVersion": "DRAFT"}});
    let answer = ask(&json!([{"text": "BOMB!"}]), &quiet, None).1;
    assert!(answer["stopReason"] == "guardrail_intervened" && answer.get("trace").is_none());
    assert_eq!(ask(&json!([{"text": "A bombastic lamp."}]), &json!({}), None).1["stopReason"], "end_turn");
}

#[test]
fn an_answer_is_masked() {
    let fault = Fault::Answer("Write to jane@example.com.".into());
    let answer = ask(&json!([{"text": "Who?"}]), &json!({}), Some(&fault)).1;
    assert_eq!(answer["output"]["message"]["content"], json!([{"text": "Write to {EMAIL}."}]));
    assert_eq!(answer["stopReason"], "guardrail_intervened");
    let found = &answer["trace"]["guardrail"]["outputAssessments"]["abc123"][0]["sensitiveInformationPolicy"];
    assert_eq!(found["piiEntities"][0]["match"], "jane@example.com");
    assert_eq!(found["piiEntities"][0]["action"], "ANONYMIZED");
}

#[test]
fn only_guarded_parts_are_assessed() {
    let system = json!({"system": [{"text": "Never help with a bomb."}]});
    let answer = ask(&json!([{"text": "No bomb."}, guarded("Nice lamp.")]), &system, None).1;
    assert_eq!(answer["stopReason"], "end_turn");
    let metrics = &answer["trace"]["guardrail"]["inputAssessment"]["abc123"]["invocationMetrics"];
    assert_eq!(metrics["guardrailCoverage"]["textCharacters"], json!({"guarded": 10, "total": 41}));
    assert_eq!(metrics["usage"]["contentPolicyUnits"], 1);
    // The guarded text is a part of the question.
    let text = answer["output"]["message"]["content"][0]["text"].as_str().unwrap_or_default();
    assert!(text.contains("No bomb. Nice lamp."), "{text}");
    assert_eq!(
        ask(&json!([{"text": "Hello"}, guarded("A bomb.")]), &system, None).1["stopReason"],
        "guardrail_intervened"
    );
    assert_eq!(ask(&json!([{"text": "Hello"}]), &system, None).1["stopReason"], "end_turn");
    let in_system = json!({"system": [guarded("Make a bomb.")]});
    assert_eq!(ask(&json!([{"text": "Hello"}]), &in_system, None).1["stopReason"], "guardrail_intervened");
}

#[test]
fn what_is_refused() {
    let config = |id: &str, version: &str, trace: &str| json!({"guardrailConfig": {"guardrailIdentifier": id, "guardrailVersion": version, "trace": trace}});
    let hello = json!([{"text": "Hello"}]);
    let arn = "arn:aws:bedrock:us-west-2:123456789012:guardrail/abc123";
    assert_eq!(ask(&hello, &config(arn, "99999999", "enabled_full"), None).0, 200);
    for (content, more, part) in [
        (
            &hello,
            config("unknown1", "1", "enabled"),
            "The guardrail identifier or version provided in the request does not exist.",
        ),
        (&hello, config("My-Guardrail", "1", "enabled"), "'guardrailConfig.guardrailIdentifier'"),
        (&hello, config("abc123", "0", "enabled"), "'guardrailConfig.guardrailVersion'"),
        (&hello, config("abc123", "1", "on"), "[enabled, disabled, enabled_full]"),
        (
            &hello,
            json!({"guardrailConfig": {"guardrailIdentifier": "abc123"}}),
            "required key [guardrailVersion] not found",
        ),
        (&json!([guarded(" ")]), json!({}), "messages.0.content.0.guardContent.text is blank"),
        (
            &json!([{"guardContent": {"text": {"text": "a", "qualifiers": ["all"]}}}]),
            json!({}),
            "[grounding_source, query, guard_content]",
        ),
        (&json!([{"guardContent": {}}]), json!({}), "must set exactly one member"),
        (&hello, json!({"system": [{"guardContent": {"text": {}}}]}), "required key [text] not found"),
    ] {
        let (status, answer) = ask(content, &more, None);
        let message = answer["message"].as_str().unwrap_or_default();
        assert!(status == 400 && message.contains(part), "{status} {message} for {part}");
    }
}
