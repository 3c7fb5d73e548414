//! `ask_bedrock`: what is sent to Bedrock, and what comes back.

use sandbox::aws::{Aws, AwsOptions, Fault, Matching, Rule, reply};
use serde_json::{Value, json};

use crate::support::{House, MODEL, rows};

async fn ask(house: &House, instructions: &str, model: &str) -> Value {
    house.post("ask_bedrock", json!([[0, instructions, "text", model]])).await.values()[0].clone()
}

fn body(house: &House) -> (String, String, Value) {
    let call = house.aws.bedrock().calls().pop().unwrap();
    (call.operation.to_owned(), call.target, call.body)
}

#[tokio::test]
async fn any_model_goes_through_converse_with_nothing_sent_that_was_not_asked_for() {
    let house = House::open().await;
    for model in [
        MODEL,
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "arn:aws:bedrock:us-west-2:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
    ] {
        assert_eq!(ask(&house, "Do.", model).await, reply(model, "Do.", "text"), "{model}");
        let expected = json!({
            "system": [{"text": "Do."}],
            "messages": [{"role": "user", "content": [{"text": "text"}]}],
            "inferenceConfig": {"maxTokens": 512},
        });
        assert_eq!(body(&house), ("converse".to_owned(), model.to_owned(), expected));
    }
    assert_eq!(house.aws.bedrock().stats().bad_signatures, 0);
}

#[tokio::test]
async fn empty_instructions_send_no_system_text() {
    let house = House::open().await;
    for instructions in ["", "  "] {
        assert!(ask(&house, instructions, MODEL).await.is_string());
        assert_eq!(body(&house).2.get("system"), None);
    }
}

#[tokio::test]
async fn a_model_without_system_prompts_gets_the_instructions_in_the_users_text() {
    let house = House::open().await;
    let expected = json!([{"role": "user", "content": [{"text": "Do.\n\ntext"}]}]);
    assert!(ask(&house, "Do.", "mistral.mistral-7b-instruct-v0:2").await.is_string());
    assert_eq!(body(&house).2["messages"], expected);
    assert_eq!(house.calls(), 1, "the family is known");

    let fault = Fault::error(400, "ValidationException", "This model doesn't support system messages.");
    house.aws.bedrock().set_faults(vec![Rule::new(Matching::All, fault).times(1)]);
    assert!(ask(&house, "Do.", MODEL).await.is_string());
    assert_eq!(body(&house).2["messages"], expected);
    assert!(ask(&house, "Do again.", MODEL).await.is_string());
    assert_eq!(house.calls(), 4, "the model is remembered");
}

#[tokio::test]
async fn the_articles_three_models_get_the_articles_bodies() {
    let house = House::open().await;
    let prompt = "<SYSTEM>Follow these:Do.<END_SYSTEM>\n<USER_CONTEXT>Use this user context in your response:text<END_USER_CONTEXT>";
    for (model, text, expected) in [
        (
            "amazon.titan-text-express-v1",
            "\n",
            json!({
                "inputText": prompt,
                "textGenerationConfig": {"maxTokenCount": 512, "stopSequences": [], "temperature": 0.7, "topP": 1.0},
            }),
        ),
        ("ai21.j2-ultra-v1", "\n", json!({"prompt": prompt, "temperature": 0.7, "topP": 1.0, "maxTokens": 512})),
        (
            "anthropic.claude-3-sonnet-20240229-v1:0",
            "",
            json!({
                "max_tokens": 512,
                "messages": [{"role": "user", "content": prompt}],
                "anthropic_version": "bedrock-2023-05-31",
            }),
        ),
    ] {
        assert_eq!(ask(&house, "Do.", model).await, format!("{text}{}", reply(model, "Do.", "text")), "{model}");
        assert_eq!(body(&house), ("invoke".to_owned(), model.to_owned(), expected));
    }
}

#[tokio::test]
async fn all_text_blocks_are_joined_and_reasoning_is_left_out() {
    let house = House::open().await;
    for (fault, expected) in [
        (Fault::Blocks(vec!["one ".to_owned(), "two".to_owned()]), json!("one two")),
        (Fault::Reasoning("hidden".to_owned()), json!(reply(MODEL, "Do.", "text"))),
        (Fault::Answer("  not trimmed\n".to_owned()), json!("  not trimmed\n")),
        (Fault::StopReason("max_tokens".to_owned()), json!(reply(MODEL, "Do.", "text"))),
        (Fault::StopReason("guardrail_intervened".to_owned()), Value::Null),
        (Fault::StopReason("content_filtered".to_owned()), Value::Null),
        (Fault::NoText, Value::Null),
    ] {
        house.aws.bedrock().set_faults(vec![Rule::new(Matching::All, fault.clone())]);
        assert_eq!(ask(&house, "Do.", MODEL).await, expected, "{fault:?}");
    }
}

#[tokio::test]
async fn a_statement_that_cannot_succeed_is_one_400_that_names_the_model() {
    let aws = Aws::start(AwsOptions { end_of_life: true, ..AwsOptions::default() }).await.unwrap();
    let house = House::of(aws, &[("ALLOWED_MODEL_IDS", "*nova*, amazon.titan*, an*, no.such")], 1).await;
    let texts: Vec<String> = (0..500).map(|row| row.to_string()).collect();
    for model in [
        "no.such",
        "amazon.nova-2-lite-v1:0",
        "amazon.titan-text-express-v1",
        "anthropic.claude-3-sonnet-20240229-v1:0",
        "meta.llama3-3-70b-instruct-v1:0",
    ] {
        house.aws.bedrock().reset();
        let answer = house.post("ask_bedrock", rows(texts.iter().map(String::as_str), model)).await;
        assert_eq!(answer.status, 400, "{model}: {}", answer.text);
        assert!(answer.error().contains(model), "{}", answer.error());
        assert!(house.calls() <= 5, "{model}: {} calls", house.calls());
    }
    assert_eq!(house.post("ask_bedrock", rows(["x"], "")).await.status, 400);
    let answer = house.post("ask_bedrock", json!([[0, "Do.", "a", "no.such"], [1, "Do.", "b", MODEL]])).await;
    assert_eq!(answer.values(), [&Value::Null, &json!(reply(MODEL, "Do.", "b"))]);
}

#[tokio::test]
async fn denied_access_is_a_400_that_says_nothing_of_the_account() {
    let house = House::open().await;
    let message =
        "User: arn:aws:sts::123456789012:assumed-role/secret/x is not authorized to perform bedrock:InvokeModel";
    let fault = Fault::error(403, "AccessDeniedException", message);
    house.aws.bedrock().set_faults(vec![Rule::new(Matching::All, fault)]);
    let answer = house.ask(["a", "b", "c"]).await;
    assert_eq!(answer.status, 400);
    assert!(answer.error().contains(MODEL) && !answer.error().contains("secret"), "{}", answer.error());
    assert!(!house.lambda.logs().contains("123456789012:assumed-role"));
}
