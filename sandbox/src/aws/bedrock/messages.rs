//! The messages and the system text of a conversation.

use serde_json::{Map, Value};

use super::super::reply::Reply;
use super::fields::{Fields, list};
use super::models::{Family, Model};
use super::{fit, guardrail, invalid};

/// The texts of the messages, of which one is the question: the last user message, or the first where the answer has to
/// have a form, for what follows it then only asks again.
pub(super) struct Conversation {
    pub(super) question: String,
    /// The other messages.
    pub(super) others: Vec<String>,
}

impl Conversation {
    pub(super) fn of(body: &Map<String, Value>) -> Self {
        let messages = body.get("messages").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let text = |message: &Value| message["content"].as_array().map(|blocks| texts(blocks)).unwrap_or_default();
        let mut others: Vec<String> = messages.iter().map(text).collect();
        let mut user = (0..messages.len()).filter(|at| messages[*at]["role"] == "user");
        let first = user.next();
        let question = match user.next_back() {
            Some(last) if !has_form(body, first.and_then(|at| others.get(at))) => Some(last),
            _ => first,
        };
        Self { question: question.map(|at| others.remove(at)).unwrap_or_default(), others }
    }
}

/// Whether the answer has to have a form.
fn has_form(body: &Map<String, Value>, first: Option<&String>) -> bool {
    let system = body.get("system").and_then(Value::as_array).map(|blocks| texts(blocks)).unwrap_or_default();
    body.contains_key("toolConfig")
        || body.get("outputConfig").is_some_and(|config| config.get("textFormat").is_some())
        || fit::asked_for(&system, first.map_or("", String::as_str)).is_some()
}

pub(super) fn system(model: &Model, system: Option<&Value>) -> Result<String, Reply> {
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
        if let Some(content) = block.get("guardContent") {
            guardrail::check(&path, content)?;
        }
        if fields.optional_text("text")?.is_some_and(str::is_empty) {
            return Err(invalid(&format!(
                "1 validation error detected: Value at 'system.{}.member.text' failed to satisfy constraint: Member \
                 must have length greater than or equal to 1",
                index + 1
            )));
        }
    }
    Ok(texts(blocks))
}

pub(super) fn messages(model: &Model, messages: Option<&Value>) -> Result<(), Reply> {
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
    if let Some(content) = block.get("guardContent") {
        guardrail::check(path, content)?;
    }
    if fields.optional_text("text")?.is_some_and(|text| text.trim().is_empty()) {
        return Err(invalid(&format!(
            "The text field in the ContentBlock object at {path} is blank. Add text to the text field, and try again."
        )));
    }
    Ok(())
}

/// Several text blocks are one text, a line each; guarded ones are text as well.
fn texts(blocks: &[Value]) -> String {
    let texts: Vec<&str> = blocks.iter().filter_map(guardrail::text_of).collect();
    texts.join("\n")
}
