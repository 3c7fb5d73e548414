//! Guardrails: `guardrailConfig`, the parts of a request that one assesses, and what it does.

mod content;
mod fault;
mod play;

use serde_json::{Map, Value};

use super::super::reply::Reply;
use super::fields::Fields;
use super::invalid;

pub(super) use content::{check, text_of};
pub(super) use fault::trace;

/// The guardrail that a request names.
pub(super) struct Guard {
    id: String,
    /// Whether the answer tells what it found.
    traced: bool,
    /// What it assesses of the input.
    guarded: String,
    /// How many characters the input has.
    total: usize,
}

/// The guardrail of a request whose messages are in order.
pub(super) fn guard(body: &Map<String, Value>) -> Result<Option<Guard>, Reply> {
    let Some(config) = body.get("guardrailConfig") else {
        return Ok(None);
    };
    let fields = Fields::of("guardrailConfig", config)?;
    fields.only(&["guardrailIdentifier", "guardrailVersion", "trace"])?;
    let id = fields.required_text("guardrailIdentifier")?;
    let version = fields.required_text("guardrailVersion")?;
    let name = id.rsplit('/').next().unwrap_or(id);
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let arn = id.starts_with("arn:aws") && id.contains(":guardrail/");
    if !plain || (name.len() < id.len() && !arn) || id.len() > 2048 {
        return Err(pattern(
            "guardrailIdentifier",
            id,
            "(|([a-z0-9]+)|(arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+))",
        ));
    }
    let number = version.len() <= 8 && version.bytes().all(|byte| byte.is_ascii_digit()) && !version.starts_with('0');
    if version.is_empty() || !(number || version == "DRAFT") {
        return Err(pattern("guardrailVersion", version, "(|([1-9][0-9]{0,7})|(DRAFT))"));
    }
    let trace = fields.optional_text("trace")?.unwrap_or("disabled");
    if !["enabled", "disabled", "enabled_full"].contains(&trace) {
        return Err(invalid(&format!(
            "1 validation error detected: Value '{trace}' at 'guardrailConfig.trace' failed to satisfy constraint: \
             Member must satisfy enum value set: [enabled, disabled, enabled_full]"
        )));
    }
    if name.contains("unknown") {
        return Err(invalid("The guardrail identifier or version provided in the request does not exist."));
    }
    let (guarded, total) = content::assessed(body);
    Ok(Some(Guard { id: name.to_owned(), traced: trace != "disabled", guarded, total }))
}

fn pattern(name: &str, value: &str, pattern: &str) -> Reply {
    invalid(&format!(
        "1 validation error detected: Value '{value}' at 'guardrailConfig.{name}' failed to satisfy constraint: Member \
         must satisfy regular expression pattern: {pattern}"
    ))
}
