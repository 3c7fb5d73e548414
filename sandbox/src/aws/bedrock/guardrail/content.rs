//! `guardContent`: the parts of a request that a guardrail assesses.

use serde_json::{Map, Value};

use super::super::super::reply::Reply;
use super::super::fields::{Fields, list};
use super::super::invalid;

const QUALIFIERS: [&str; 3] = ["grounding_source", "query", "guard_content"];

/// Refuses a `guardContent` that is not in order; `path` is its block's.
pub(in super::super) fn check(path: &str, content: &Value) -> Result<(), Reply> {
    let path = format!("{path}.guardContent");
    let fields = Fields::of(&path, content)?;
    fields.only(&["text", "image"])?;
    if content.as_object().is_none_or(|members| members.len() != 1) {
        return Err(invalid(&format!(
            "The GuardrailConverseContentBlock object at {path} must set exactly one member."
        )));
    }
    let Some(text) = content.get("text") else {
        return Ok(());
    };
    let path = format!("{path}.text");
    let fields = Fields::of(&path, text)?;
    fields.only(&["text", "qualifiers"])?;
    if fields.required_text("text")?.trim().is_empty() {
        return Err(invalid(&format!(
            "The text field in the GuardrailConverseTextBlock object at {path} is blank. Add text to the text field, \
             and try again."
        )));
    }
    for qualifier in list(&format!("{path}.qualifiers"), text.get("qualifiers"))? {
        if !qualifier.as_str().is_some_and(|name| QUALIFIERS.contains(&name)) {
            return Err(invalid(&format!(
                "1 validation error detected: Value at '{path}.qualifiers' failed to satisfy constraint: Member must \
                 satisfy enum value set: [{}]",
                QUALIFIERS.join(", ")
            )));
        }
    }
    Ok(())
}

/// The text of a block, guarded or not.
pub(in super::super) fn text_of(block: &Value) -> Option<&str> {
    block["text"].as_str().or_else(|| guarded(block))
}

fn guarded(block: &Value) -> Option<&str> {
    block["guardContent"]["text"]["text"].as_str()
}

/// What is assessed of the input, and how many characters the input has. As soon as one part is guarded, only guarded
/// parts are assessed; system text never is unless it is guarded.
pub(super) fn assessed(body: &Map<String, Value>) -> (String, usize) {
    let system: Vec<&Value> = body.get("system").and_then(Value::as_array).into_iter().flatten().collect();
    let messages = body.get("messages").and_then(Value::as_array).into_iter().flatten();
    let messages: Vec<&Value> = messages.filter_map(|message| message["content"].as_array()).flatten().collect();
    let all = || system.iter().chain(&messages).copied();
    let total = all().filter_map(text_of).map(|text| text.chars().count()).sum();
    let marked: Vec<&str> = all().filter_map(guarded).collect();
    let texts = if marked.is_empty() { messages.into_iter().filter_map(text_of).collect() } else { marked };
    (texts.join("\n"), total)
}
