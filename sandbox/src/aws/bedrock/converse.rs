//! Converse: what the service validates, and the form of its answer.

use serde_json::{Map, Value, json};

use super::super::faults::Fault;
use super::super::operation::Asked;
use super::super::reply::Reply;
use super::completion::{Completion, Question, Wanted, tokens};
use super::fields::Fields;
use super::format::format;
use super::messages::{Conversation, messages, system};
use super::models::{Family, Model};
use super::tools::tool;
use super::{guardrail, invalid, metadata, model, tier};

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

/// The question.
pub(super) fn text(body: &Value) -> String {
    body.as_object().map(|body| Conversation::of(body).question).unwrap_or_default()
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
    let repeated = tier::repeated(&model, asked.target, body)?;
    let guard = guardrail::guard(body)?;
    let mut completion = question.complete(asked.target, asked.fault);
    let trace = match (asked.fault, guard) {
        (Some(Fault::Guardrail(guardrail)), _) => guardrail::trace(guardrail, body.get("guardrailConfig")),
        (_, Some(guard)) => guard.step_in(&mut completion),
        _ => None,
    };
    let mut answer = answer_of(&completion);
    if let Some(trace) = trace {
        answer["trace"] = trace;
    }
    for (name, value) in repeated {
        answer[name] = value;
    }
    Ok(Reply::json(&answer))
}

fn question(model: &Model, body: &Map<String, Value>) -> Result<Question, Reply> {
    let fields = Fields::new("", body);
    fields.only(MEMBERS)?;
    metadata::check(body)?;
    let system = system(model, body.get("system"))?;
    messages(model, body.get("messages"))?;
    let max_tokens = inference_config(model, body.get("inferenceConfig"))?;
    let format = format(model, body.get("outputConfig"))?;
    let wanted = match (tool(model, body)?, format) {
        (Some(tool), _) => Wanted::Tool(tool),
        (None, Some(schema)) => Wanted::Json(schema),
        (None, None) => Wanted::Text,
    };
    let Conversation { question: text, others } = Conversation::of(body);
    // Tools and schemas are put before the messages.
    let configs = ["toolConfig", "outputConfig"].into_iter().filter_map(|name| body.get(name));
    let others = others.iter().map(|other| tokens(other));
    let other_tokens = configs.map(|config| tokens(&config.to_string())).chain(others).sum();
    let question = Question { system, text, max_tokens, wanted, other_tokens };
    if question.too_long() {
        return Err(invalid("Input is too long for requested model."));
    }
    Ok(question)
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

/// The answer; Nova's InvokeModel has the same form.
pub(super) fn answer_of(completion: &Completion) -> Value {
    let reasoning =
        completion.reasoning.iter().map(|text| json!({"reasoningContent": {"reasoningText": {"text": text}}}));
    let text = completion.blocks.iter().map(|text| json!({ "text": text }));
    let tool = completion
        .tool
        .iter()
        .map(|tool| json!({"toolUse": {"toolUseId": tool.id, "name": tool.name, "input": tool.input}}));
    let content: Vec<Value> = reasoning.chain(text).chain(tool).collect();
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
