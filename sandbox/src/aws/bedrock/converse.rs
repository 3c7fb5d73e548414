//! Converse: what the service validates, and the form of its answer.

use serde_json::{Map, Value, json};

use super::super::faults::Fault;
use super::super::operation::Asked;
use super::super::reply::Reply;
use super::completion::{Completion, Question};
use super::fields::{Fields, list};
use super::models::{Family, Model};
use super::{guardrail, invalid, model};

const MEMBERS: &[&str] = &[
    "messages",
    "system",
    "inferenceConfig",
    "toolConfig",
    "guardrailConfig",
    "additionalModelRequestFields",
    "additionalModelResponseFieldPaths",
    "promptVariables",
    "requestMetadata",
    "performanceConfig",
    "serviceTier",
    "outputConfig",
];

/// The text blocks of the last user message.
pub(super) fn text(body: &Value) -> String {
    user_text(body.get("messages"))
}

fn user_text(messages: Option<&Value>) -> String {
    let messages = messages.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let user = messages.iter().rfind(|message| message["role"] == "user");
    user.and_then(|message| message["content"].as_array()).map(|blocks| texts(blocks)).unwrap_or_default()
}

pub(super) fn answer(asked: &Asked<'_>) -> Result<Reply, Reply> {
    let model = model(asked)?;
    if matches!(model.family, Family::Embedding(_)) {
        let message =
            "This action doesn't support the model that you provided. Try again with a supported text or chat model.";
        return Err(invalid(message));
    }
    let body = asked
        .body
        .and_then(Value::as_object)
        .ok_or_else(|| Reply::error(400, "SerializationException", "The request body is not a JSON object."))?;
    let question = question(&model, body)?;
    let mut answer = answer_of(&question.complete(asked.target, asked.fault));
    if let Some(Fault::Guardrail(guardrail)) = asked.fault
        && let Some(trace) = guardrail::trace(guardrail, body.get("guardrailConfig"))
    {
        answer["trace"] = trace;
    }
    Ok(Reply::json(&answer))
}

fn question(model: &Model, body: &Map<String, Value>) -> Result<Question, Reply> {
    let fields = Fields::new("", body);
    fields.only(MEMBERS)?;
    let system = system(model, body.get("system"))?;
    messages(model, body.get("messages"))?;
    let max_tokens = inference_config(model, body.get("inferenceConfig"))?;
    let question = Question { system, text: user_text(body.get("messages")), max_tokens };
    if question.too_long() {
        return Err(invalid("Input is too long for requested model."));
    }
    Ok(question)
}

fn system(model: &Model, system: Option<&Value>) -> Result<String, Reply> {
    let blocks = list("system", system)?;
    if !blocks.is_empty() && !model.system {
        return Err(invalid(
            "This model doesn't support system messages. Try again without system messages or use a model that \
             supports system messages.",
        ));
    }
    for (index, block) in blocks.iter().enumerate() {
        let path = format!("system.{index}");
        let fields = Fields::of(&path, block)?;
        fields.only(&["text", "guardContent", "cachePoint"])?;
        if block.get("text").is_some() && fields.required_text("text")?.is_empty() {
            return Err(invalid(&format!(
                "1 validation error detected: Value at 'system.{}.member.text' failed to satisfy constraint: Member \
                 must have length greater than or equal to 1",
                index + 1
            )));
        }
    }
    Ok(texts(blocks))
}

fn messages(model: &Model, messages: Option<&Value>) -> Result<(), Reply> {
    let messages = list("messages", messages)?;
    if messages.first().is_none_or(|message| message["role"] != "user") {
        return Err(invalid(
            "A conversation must start with a user message. Try again with a conversation that starts with a user \
             message.",
        ));
    }
    if model.family == Family::Jurassic && messages.len() > 1 {
        return Err(invalid("This model doesn't support conversation history."));
    }
    for (at, message) in messages.iter().enumerate() {
        let path = format!("messages.{at}");
        let fields = Fields::of(&path, message)?;
        fields.only(&["role", "content"])?;
        if !matches!(fields.required_text("role")?, "user" | "assistant" | "system") {
            return Err(invalid(&format!(
                "1 validation error detected: Value at 'messages.{}.member.role' failed to satisfy constraint: Member \
                 must satisfy enum value set: [user, assistant, system]",
                at + 1
            )));
        }
        let content = list(&format!("messages.{at}.content"), message.get("content"))?;
        if content.is_empty() {
            return Err(invalid(&format!(
                "The content field in the Message object at messages.{at} is empty. Add a ContentBlock object to the \
                 content field and try again."
            )));
        }
        for (index, block) in content.iter().enumerate() {
            content_block(&format!("messages.{at}.content.{index}"), block)?;
        }
    }
    Ok(())
}

/// Of the many kinds of content the sandbox plays text; it takes the others as they come.
fn content_block(path: &str, block: &Value) -> Result<(), Reply> {
    let fields = Fields::of(path, block)?;
    fields.only(&[
        "text",
        "image",
        "document",
        "video",
        "audio",
        "toolUse",
        "toolResult",
        "guardContent",
        "cachePoint",
        "reasoningContent",
        "citationsContent",
        "searchResult",
        "toolAddition",
        "toolRemoval",
    ])?;
    if block.as_object().is_none_or(|members| members.len() != 1) {
        return Err(invalid(&format!("The ContentBlock object at {path} must set exactly one member.")));
    }
    if block.get("text").is_some() && fields.required_text("text")?.trim().is_empty() {
        return Err(invalid(&format!(
            "The text field in the ContentBlock object at {path} is blank. Add text to the text field, and try again."
        )));
    }
    Ok(())
}

fn inference_config(model: &Model, config: Option<&Value>) -> Result<Option<u64>, Reply> {
    let Some(config) = config else {
        return Ok(None);
    };
    let fields = Fields::of("inferenceConfig", config)?;
    fields.only(&["maxTokens", "temperature", "topP", "stopSequences"])?;
    for name in ["temperature", "topP"] {
        if fields.number(name, 0.0, 1.0)?.is_some() && !model.sampling {
            return Err(invalid(&format!("`{name}` is deprecated for this model.")));
        }
    }
    if !fields.texts("stopSequences")?.is_empty() && !model.stop_sequences {
        return Err(invalid("This model doesn't support the stopSequences field. Remove stopSequences and try again."));
    }
    fields.positive("maxTokens")
}

/// Several text blocks are one text, a line each.
fn texts(blocks: &[Value]) -> String {
    let texts: Vec<&str> = blocks.iter().filter_map(|block| block["text"].as_str()).collect();
    texts.join("\n")
}

/// The answer; Nova's InvokeModel has the same form.
pub(super) fn answer_of(completion: &Completion) -> Value {
    let reasoning =
        completion.reasoning.iter().map(|text| json!({"reasoningContent": {"reasoningText": {"text": text}}}));
    let text = completion.blocks.iter().map(|text| json!({ "text": text }));
    let content: Vec<Value> = reasoning.chain(text).collect();
    json!({
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": completion.stop_reason,
        "usage": {
            "inputTokens": completion.input_tokens,
            "outputTokens": completion.output_tokens,
            "totalTokens": completion.input_tokens + completion.output_tokens,
            "cacheReadInputTokens": 0,
            "cacheWriteInputTokens": 0,
        },
        "metrics": {"latencyMs": 1},
    })
}
