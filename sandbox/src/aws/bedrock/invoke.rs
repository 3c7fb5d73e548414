//! InvokeModel: the bodies of the article's three models, and of Claude's and Nova's later ones.

use serde_json::{Map, Value, json};

use super::super::operation::Asked;
use super::super::reply::Reply;
use super::completion::{Completion, Question};
use super::fields::{Fields, list};
use super::models::{Family, Model};
use super::text::split_prompt;
use super::{converse, embed, invalid, metadata, model};

const MALFORMED: &str = "Malformed input request, please reformat your input and try again.";

/// The user's text in the body of any family.
pub(super) fn text(body: &Value) -> String {
    if let Some(texts) = embed::text(body) {
        return texts;
    }
    let prompt = body["inputText"].as_str().or_else(|| body["prompt"].as_str());
    let prompt = prompt.map_or_else(|| last_user_text(body.get("messages")), str::to_owned);
    split_prompt(&prompt).1.to_owned()
}

pub(super) fn answer(asked: &Asked<'_>) -> Result<Reply, Reply> {
    let (id, model) = (asked.target, model(asked)?);
    metadata::check_header(asked.headers)?;
    let body = asked.body.and_then(Value::as_object).ok_or_else(|| invalid(MALFORMED))?;
    let (question, shape): (_, fn(&Completion, &str) -> Value) = match model.family {
        Family::Titan => (titan(body)?, titan_answer),
        Family::Jurassic => (jurassic(body)?, jurassic_answer),
        Family::Claude => (claude(&model, body)?, claude_answer),
        Family::Nova => (nova(body)?, |completion, _| converse::answer_of(completion)),
        Family::Embedding(form) => return embed::answer(form, body, asked.fault).map(|answer| Reply::json(&answer)),
        Family::Other => return Err(invalid(MALFORMED)),
    };
    if question.too_long() {
        return Err(invalid("Input is too long for requested model."));
    }
    let mut completion = question.complete(id, asked.fault);
    if matches!(model.family, Family::Titan | Family::Jurassic) && !completion.blocks.is_empty() {
        // Both begin their answers with an empty line, and have room for one text.
        completion.blocks = vec![format!("\n{}", completion.blocks.concat())];
    }
    Ok(Reply::json(&shape(&completion, id)))
}

fn titan(body: &Map<String, Value>) -> Result<Question, Reply> {
    let fields = Fields::new("", body);
    fields.only(&["inputText", "textGenerationConfig"])?;
    let (system, text) = prompt(fields.required_text("inputText")?)?;
    // The documented default.
    let mut max_tokens = Some(512);
    if let Some(config) = body.get("textGenerationConfig") {
        let config = Fields::of("textGenerationConfig", config)?;
        config.only(&["temperature", "topP", "maxTokenCount", "stopSequences"])?;
        config.number("temperature", 0.0, 1.0)?;
        config.number("topP", 0.0, 1.0)?;
        config.texts("stopSequences")?;
        max_tokens = config.positive("maxTokenCount")?.or(max_tokens);
        if max_tokens > Some(8192) {
            return Err(invalid(
                "Malformed input request: #/textGenerationConfig/maxTokenCount: value is not less or equal to 8192, \
                 please reformat your input and try again.",
            ));
        }
    }
    Ok(Question { system, text, max_tokens, ..Question::default() })
}

fn titan_answer(completion: &Completion, _: &str) -> Value {
    let reason = match completion.stop_reason.as_str() {
        "end_turn" => "FINISHED",
        "max_tokens" => "LENGTH",
        "stop_sequence" => "STOP_CRITERIA_MET",
        "content_filtered" => "CONTENT_FILTERED",
        other => other,
    };
    json!({
        "inputTextTokenCount": completion.input_tokens,
        "results": [{
            "tokenCount": completion.output_tokens,
            "outputText": completion.blocks.concat(),
            "completionReason": reason,
        }],
    })
}

fn jurassic(body: &Map<String, Value>) -> Result<Question, Reply> {
    let fields = Fields::new("", body);
    fields.only(&[
        "prompt",
        "maxTokens",
        "temperature",
        "topP",
        "stopSequences",
        "countPenalty",
        "presencePenalty",
        "frequencyPenalty",
    ])?;
    let (system, text) = prompt(fields.required_text("prompt")?)?;
    fields.number("temperature", 0.0, 1.0)?;
    fields.number("topP", 0.0, 1.0)?;
    fields.texts("stopSequences")?;
    let max_tokens = fields.positive("maxTokens")?.or(Some(200));
    Ok(Question { system, text, max_tokens, ..Question::default() })
}

fn jurassic_answer(completion: &Completion, _: &str) -> Value {
    let reason = match completion.stop_reason.as_str() {
        "end_turn" => json!({"reason": "endoftext"}),
        "max_tokens" => json!({"reason": "length", "length": completion.output_tokens}),
        "stop_sequence" => json!({"reason": "stop"}),
        other => json!({ "reason": other }),
    };
    json!({
        "id": 1234,
        "prompt": {"text": "", "tokens": []},
        "completions": [{"data": {"text": completion.blocks.concat(), "tokens": []}, "finishReason": reason}],
    })
}

fn claude(model: &Model, body: &Map<String, Value>) -> Result<Question, Reply> {
    let fields = Fields::new("", body);
    fields.only(&[
        "anthropic_version",
        "anthropic_beta",
        "max_tokens",
        "system",
        "messages",
        "temperature",
        "top_p",
        "top_k",
        "stop_sequences",
        "tools",
        "tool_choice",
        "thinking",
        "metadata",
        "output_config",
    ])?;
    if fields.required_text("anthropic_version")? != "bedrock-2023-05-31" {
        return Err(invalid("anthropic_version: the only value allowed is \"bedrock-2023-05-31\""));
    }
    fields.required("max_tokens")?;
    let max_tokens = fields.positive("max_tokens")?;
    for name in ["temperature", "top_p"] {
        if fields.number(name, 0.0, 1.0)?.is_some() && !model.sampling {
            return Err(invalid(&format!("`{name}` is deprecated for this model.")));
        }
    }
    fields.texts("stop_sequences")?;
    let system = body.get("system").map(plain_text).unwrap_or_default();
    chat(body, system, max_tokens, &|block| block["type"] == "text" && block["text"].is_string())
}

fn claude_answer(completion: &Completion, id: &str) -> Value {
    let reasoning = completion
        .reasoning
        .iter()
        .map(|text| json!({"type": "thinking", "thinking": text, "signature": "c2FuZGJveA=="}));
    let text = completion.blocks.iter().map(|text| json!({"type": "text", "text": text}));
    let content: Vec<Value> = reasoning.chain(text).collect();
    json!({
        "id": "msg_bdrk_sandbox",
        "type": "message",
        "role": "assistant",
        "model": id.rsplit_once("anthropic.").map_or(id, |(_, name)| name),
        "content": content,
        "stop_reason": completion.stop_reason,
        "stop_sequence": null,
        "usage": {"input_tokens": completion.input_tokens, "output_tokens": completion.output_tokens},
    })
}

fn nova(body: &Map<String, Value>) -> Result<Question, Reply> {
    let fields = Fields::new("", body);
    fields.only(&["schemaVersion", "system", "messages", "inferenceConfig", "toolConfig"])?;
    if body.get("schemaVersion").is_some_and(|version| version != "messages-v1") {
        return Err(invalid(MALFORMED));
    }
    let mut max_tokens = None;
    if let Some(config) = body.get("inferenceConfig") {
        let config = Fields::of("inferenceConfig", config)?;
        config.only(&["maxTokens", "max_new_tokens", "temperature", "topP", "topK", "stopSequences"])?;
        config.number("temperature", 0.0, 1.0)?;
        config.number("topP", 0.0, 1.0)?;
        config.texts("stopSequences")?;
        max_tokens = config.positive("maxTokens")?.or(config.positive("max_new_tokens")?);
    }
    let system = body.get("system").map(plain_text).unwrap_or_default();
    chat(body, system, max_tokens, &|block| block["text"].is_string())
}

/// A question from a list of messages, of which the last one of the user counts.
fn chat(
    body: &Map<String, Value>,
    system: String,
    max_tokens: Option<u64>,
    is_text: &dyn Fn(&Value) -> bool,
) -> Result<Question, Reply> {
    let messages = list("messages", body.get("messages"))?;
    if messages.is_empty() {
        return Err(invalid("messages: at least one message is required"));
    }
    if messages[0]["role"] != "user" {
        return Err(invalid("messages: first message must use the \"user\" role"));
    }
    for (at, message) in messages.iter().enumerate() {
        Fields::of(&format!("messages.{at}"), message)?.only(&["role", "content"])?;
        let content = &message["content"];
        let blocks = content.as_array().map_or(&[][..], Vec::as_slice);
        if !content.is_string() && (blocks.is_empty() || !blocks.iter().all(is_text)) {
            return Err(invalid(MALFORMED));
        }
        if plain_text(content).trim().is_empty() {
            return Err(invalid(&format!("messages.{at}: text content blocks must contain non-whitespace text")));
        }
    }
    let whole = last_user_text(body.get("messages"));
    let (folded, text) = split_prompt(&whole);
    let system = if folded.is_empty() { system } else { folded.to_owned() };
    Ok(Question { system, text: text.to_owned(), max_tokens, ..Question::default() })
}

fn prompt(prompt: &str) -> Result<(String, String), Reply> {
    if prompt.trim().is_empty() {
        return Err(invalid(MALFORMED));
    }
    let (system, text) = split_prompt(prompt);
    Ok((system.to_owned(), text.to_owned()))
}

fn last_user_text(messages: Option<&Value>) -> String {
    let messages = messages.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let user = messages.iter().rfind(|message| message["role"] == "user");
    user.map(|message| plain_text(&message["content"])).unwrap_or_default()
}

/// A string, or the texts of a list of blocks.
fn plain_text(content: &Value) -> String {
    if let Some(text) = content.as_str() {
        return text.to_owned();
    }
    let blocks = content.as_array().map_or(&[][..], Vec::as_slice);
    let texts: Vec<&str> = blocks.iter().filter_map(|block| block["text"].as_str()).collect();
    texts.join("\n")
}
