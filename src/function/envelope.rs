//! How an outcome is shown: the value alone, or an envelope that has room for the error and for what it took.

use std::borrow::Cow;

use serde::Serialize;

use super::{Outcome, Refusal, Shared, Usage};

/// How a function's outcomes are shown to SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rendering {
    /// The value, or NULL.
    Value,
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
    usage: Option<Usage>,
    pricing_bucket: Option<&'a str>,
    attempts: u32,
    latency_ms: u64,
    shared: Option<Shared>,
}

impl Rendering {
    /// The JSON text of an outcome; `shared` when an equal row has paid for it.
    ///
    /// Summing or counting the members of a column gives what was paid: a row that shares an answer has zero usage, no pricing bucket
    /// and no attempts. What is not known is null, and never zero.
    pub fn render(self, outcome: &Outcome, shared: Option<Shared>) -> Cow<'_, str> {
        let value = outcome.value().unwrap_or("null");
        if self == Self::Value {
            return Cow::Borrowed(value);
        }
        let answered = outcome.result.as_ref().ok();
        let usage = answered.map(|answered| answered.usage).filter(|usage| *usage != Usage::default());
        // Of what no service was asked for, nothing was paid by anybody.
        let shared = shared.or(outcome.shared).filter(|_| outcome.attempts > 0);
        let rest = Rest {
            error: outcome.refusal().map(ErrorAsData::from),
            stop_reason: answered.and_then(|answered| answered.stop_reason.as_deref()),
            usage: usage.map(|usage| if shared.is_some() { usage.paid_by_another() } else { usage }),
            pricing_bucket: answered
                .and_then(|answered| answered.pricing_bucket.as_deref())
                .filter(|_| shared.is_none()),
            attempts: if shared.is_some() { 0 } else { outcome.attempts },
            latency_ms: u64::try_from(outcome.latency.as_millis()).unwrap_or(u64::MAX),
            shared,
        };
        // It holds nothing that cannot be written.
        let rest = serde_json::to_string(&rest).unwrap_or_else(|_| "{}".to_owned());
        Cow::Owned(format!("{{\"value\":{value},{}", &rest[1..]))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::function::{Answered, Code};

    fn envelope(outcome: &Outcome, shared: Option<Shared>) -> Value {
        serde_json::from_str(&Rendering::Envelope.render(outcome, shared)).unwrap()
    }

    #[test]
    fn an_envelope_has_the_value_and_what_it_took() {
        let usage = Usage { input_tokens: Some(7), ..Usage::default() };
        let answered = Answered { usage, pricing_bucket: Some("Core".into()), ..Answered::from(Box::from("[1.5]")) };
        let outcome = Outcome { result: Ok(answered), attempts: 2, latency: Duration::from_millis(70), shared: None };
        assert_eq!(Rendering::Value.render(&outcome, None), "[1.5]");
        let tokens = |input| json!({"input_tokens": input, "output_tokens": null, "cache_read_tokens": null, "cache_write_tokens": null});
        let mut expected = json!({
            "value": [1.5], "error": null, "stop_reason": null, "usage": tokens(7), "pricing_bucket": "Core",
            "attempts": 2, "latency_ms": 70, "shared": null,
        });
        assert_eq!(envelope(&outcome, None), expected);
        expected["usage"] = tokens(0);
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
        assert_eq!(Rendering::Value.render(&refused, None), "null");
        let nothing = Answered::from(Box::from("null"));
        let nothing = Outcome { result: Ok(nothing), attempts: 1, latency: Duration::ZERO, shared: None };
        let envelope_of = envelope(&nothing, None);
        assert_eq!((&envelope_of["value"], &envelope_of["error"]), (&Value::Null, &Value::Null));
    }
}
