//! The trace of a guardrail that steps in because a rule says so.

use serde_json::{Value, json};

use super::super::super::faults::{Guardrail, Trace};

/// What `trace` of an answer holds; none when the answer tells nothing of it.
pub(in super::super) fn trace(guardrail: &Guardrail, config: Option<&Value>) -> Option<Value> {
    let asked = config.is_some_and(|config| config["trace"] == "enabled" || config["trace"] == "enabled_full");
    if !(guardrail.trace == Trace::Always || (guardrail.trace == Trace::Asked && asked)) {
        return None;
    }
    let assessment = if guardrail.blocks {
        json!({"contentPolicy": {"filters": [{"type": "VIOLENCE", "confidence": "HIGH", "action": "BLOCKED"}]}})
    } else {
        let found = json!({"match": "jane@example.com", "type": "EMAIL", "action": "ANONYMIZED"});
        json!({"sensitiveInformationPolicy": {"piiEntities": [found], "regexes": []}})
    };
    let mut trace = json!({"outputAssessments": {"sandboxguard": [assessment]}});
    if guardrail.reason {
        trace["actionReason"] = json!(if guardrail.blocks { "Guardrail blocked." } else { "Guardrail masked." });
    }
    Some(json!({ "guardrail": trace }))
}
