//! How an outcome is shown: the value alone, or an envelope that has room for the error and for what it took.

use std::borrow::Cow;

use serde::Serialize;

use super::{Cost, Outcome, Refusal, Shared, Told, Usage};

/// How a function's outcomes are shown to SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rendering {
    /// The value, or NULL.
    Value,
    /// The value as a string, or NULL: one that is no string goes as its JSON text.
    Text,
    /// One object with the value, the error and what it took. Faults of the statement are data then, too.
    Envelope,
}

/// An error as data: in an envelope, and in an answer to Pipes.
#[derive(Debug, Serialize)]
pub struct ErrorAsData<'a> {
    code: &'static str,
    message: &'a str,
    retryable: bool,
}

impl<'a> From<&'a Refusal> for ErrorAsData<'a> {
    fn from(refusal: &'a Refusal) -> Self {
        Self { code: refusal.code.as_str(), message: &refusal.message, retryable: refusal.code.is_retryable() }
    }
}

/// Everything of an envelope but the value, which is JSON already. Every member is always there.
#[derive(Serialize)]
struct Rest<'a> {
    error: Option<ErrorAsData<'a>>,
    stop_reason: Option<&'a str>,
    truncated: Option<bool>,
    model_id: Option<&'a str>,
    usage: Option<Usage>,
    cost_usd: Option<f64>,
    service_tier: Option<&'a str>,
    pricing_bucket: Option<&'a str>,
    attempts: u32,
    latency_ms: u64,
    shared: Option<Shared>,
}

impl Rendering {
    /// The JSON text of an outcome; `shared` when an equal row has paid for it.
    ///
    /// Summing or counting the members of a column gives what was paid: a row that shares an answer has zero usage and cost, no pricing
    /// bucket and no attempts. What is not known is null, and never zero.
    pub fn render(self, outcome: &Outcome, shared: Option<Shared>) -> Cow<'_, str> {
        let value = outcome.value().unwrap_or("null");
        match self {
            Self::Value => Cow::Borrowed(value),
            Self::Text if value.starts_with('"') || value == "null" => Cow::Borrowed(value),
            Self::Text => Cow::Owned(serde_json::Value::from(value).to_string()),
            Self::Envelope => Cow::Owned(envelope(value, outcome, shared)),
        }
    }
}

fn envelope(value: &str, outcome: &Outcome, shared: Option<Shared>) -> String {
    // Of what no service was asked for, nothing was paid by anybody.
    let shared = shared.or(outcome.shared).filter(|_| outcome.attempts > 0);
    let paid = if shared.is_some() { outcome.paid.by_another() } else { outcome.paid };
    let Told { model_id, stop_reason, service_tier, pricing_bucket } = &outcome.told;
    let rest = Rest {
        error: outcome.refusal().map(ErrorAsData::from),
        stop_reason: stop_reason.as_deref(),
        truncated: outcome.told.is_cut(),
        model_id: model_id.as_deref(),
        usage: Some(paid.usage).filter(|usage| *usage != Usage::default()),
        cost_usd: paid.cost.map(Cost::dollars),
        service_tier: service_tier.as_deref(),
        pricing_bucket: pricing_bucket.as_deref().filter(|_| shared.is_none()),
        attempts: if shared.is_some() { 0 } else { outcome.attempts },
        latency_ms: u64::try_from(outcome.latency.as_millis()).unwrap_or(u64::MAX),
        shared,
    };
    // It holds nothing that cannot be written.
    let rest = serde_json::to_string(&rest).unwrap_or_else(|_| "{}".to_owned());
    format!("{{\"value\":{value},{}", &rest[1..])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::function::{Code, Paid};

    fn envelope(outcome: &Outcome, shared: Option<Shared>) -> Value {
        serde_json::from_str(&Rendering::Envelope.render(outcome, shared)).unwrap()
    }

    #[test]
    fn an_envelope_has_the_value_and_what_it_took() {
        let usage = Usage { input_tokens: Some(7), ..Usage::default() };
        let told = Told {
            pricing_bucket: Some("Core".into()),
            model_id: Some("m".into()),
            stop_reason: Some("max_tokens".into()),
            service_tier: Some("flex".into()),
        };
        let paid = Paid { usage, cost: Some(Cost(2_500_000)) };
        let outcome =
            Outcome { paid, told, attempts: 2, latency: Duration::from_millis(70), ..Outcome::of("[1.5]".into()) };
        assert_eq!(Rendering::Value.render(&outcome, None), "[1.5]");
        let tokens = |input| json!({"input_tokens": input, "output_tokens": null, "cache_read_tokens": null, "cache_write_tokens": null});
        let mut expected = json!({
            "value": [1.5], "error": null, "stop_reason": "max_tokens", "truncated": true, "model_id": "m", "usage": tokens(7),
            "cost_usd": 0.000_002_5, "service_tier": "flex", "pricing_bucket": "Core", "attempts": 2, "latency_ms": 70, "shared": null,
        });
        assert_eq!(envelope(&outcome, None), expected);
        expected["usage"] = tokens(0);
        expected["cost_usd"] = json!(0.0);
        expected["pricing_bucket"] = Value::Null;
        expected["attempts"] = json!(0);
        expected["shared"] = json!("batch");
        assert_eq!(envelope(&outcome, Some(Shared::Batch)), expected);
        expected["shared"] = json!("statement");
        assert_eq!(envelope(&Outcome { shared: Some(Shared::Statement), ..outcome }, None), expected);
    }

    #[test]
    fn an_error_is_data_and_no_value_is_not_an_error() {
        let refused = Outcome::judged(Refusal::row(Code::TooLarge, "too \"long\""));
        let envelope_of = envelope(&refused, Some(Shared::Batch));
        let error = json!({"code": "too_large", "message": "too \"long\"", "retryable": false});
        assert_eq!((&envelope_of["value"], &envelope_of["error"]), (&Value::Null, &error));
        assert_eq!(envelope_of["shared"], Value::Null, "nobody has paid");
        assert_eq!(envelope_of["cost_usd"], Value::Null, "what is not known is not zero");
        assert_eq!(Rendering::Value.render(&refused, None), "null");
        let nothing = Outcome { attempts: 1, ..Outcome::of("null".into()) };
        let envelope_of = envelope(&nothing, None);
        assert_eq!((&envelope_of["value"], &envelope_of["error"]), (&Value::Null, &Value::Null));
    }

    #[test]
    fn a_text_is_a_string_whatever_the_value_is() {
        for (value, expected) in
            [("\"a\"", "\"a\""), ("null", "null"), (r#"{"a":1}"#, r#""{\"a\":1}""#), ("true", "\"true\"")]
        {
            assert_eq!(Rendering::Text.render(&Outcome::of(value.into()), None), expected);
        }
    }

    #[test]
    fn an_answer_is_cut_by_a_limit_of_tokens_and_by_nothing_else() {
        let cut = |reason: &str| Told { stop_reason: Some(reason.into()), ..Told::default() }.is_cut() == Some(true);
        assert!(cut("max_tokens") && cut("model_context_window_exceeded") && !cut("end_turn") && !cut("stop_sequence"));
        assert_eq!(Told::default().is_cut(), None);
    }
}
