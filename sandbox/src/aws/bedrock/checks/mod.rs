//! InvokeGuardrailChecks: what the service validates, and the form of its answer.

pub(in crate::aws) mod personal;
mod request;
mod scores;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use super::super::faults::Fault;
use super::super::operation::Asked;
use super::super::reply::Reply;
use request::{Request, Text};

pub use scores::severity;

/// Most findings of one answer.
///
/// Source: Bedrock's user guide, of which the number is known from others' reports.
const MOST_FINDINGS: usize = 1000;

/// Characters of a text unit, by which every family of checks is charged.
const TEXT_UNIT: usize = 1000;

/// The texts of all messages, each on a line.
pub(super) fn text(body: &Value) -> String {
    let blocks = |message: &Value| message["content"].as_array().cloned().unwrap_or_default();
    let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
    let line = |block: Value| block["text"].as_str().unwrap_or_default().replace('\n', " ");
    messages.iter().flat_map(blocks).map(line).collect::<Vec<_>>().join("\n")
}

pub(super) fn answer(asked: &Asked<'_>) -> Result<Reply, Reply> {
    let body = asked
        .body
        .and_then(Value::as_object)
        .ok_or_else(|| Reply::error(400, "SerializationException", "The request body is not a JSON object."))?;
    let request = Request::read(body)?;
    if asked.fault == Some(&Fault::NoText) {
        return Ok(Reply::json(&json!({"results": {}, "usage": {}})));
    }
    let characters: usize = request.texts.iter().map(|text| text.text.chars().count()).sum();
    let used = json!({"textUnits": characters.div_ceil(TEXT_UNIT)});
    let (mut results, mut usage) = (Map::new(), Map::new());
    for (family, names) in &request.checks {
        let result = match *family {
            "sensitiveInformation" => findings(&request.texts, names),
            _ => json!({"results": scored(&request.texts, names)}),
        };
        results.insert((*family).to_owned(), result);
        usage.insert((*family).to_owned(), used.clone());
    }
    Ok(Reply::json(&json!({"results": results, "usage": usage})))
}

/// An entry for each category, with the highest score of any text.
fn scored(texts: &[Text<'_>], categories: &[&str]) -> Vec<Value> {
    let score = |category: &str| texts.iter().map(|text| severity(category, text.text)).fold(0.0, f64::max);
    categories.iter().map(|category| json!({"category": category, "severityScore": score(category)})).collect()
}

/// An entry for each finding of these types; offsets count Unicode code points.
fn findings(texts: &[Text<'_>], types: &[&str]) -> Value {
    let of_text = |text: &Text<'_>| {
        let entry = |found: personal::Found| {
            json!({
                "type": found.kind, "confidenceScore": found.confidence, "beginOffset": found.begin, "endOffset": found.end,
                "messageIndex": text.message, "contentIndex": text.content,
            })
        };
        let found = personal::find(text.text);
        found.into_iter().filter(|found| types.contains(&found.kind)).map(entry).collect::<Vec<_>>()
    };
    let mut entries: Vec<Value> = texts.iter().flat_map(of_text).collect();
    let truncated = entries.len() > MOST_FINDINGS;
    entries.truncate(MOST_FINDINGS);
    json!({"results": entries, "truncated": truncated})
}
