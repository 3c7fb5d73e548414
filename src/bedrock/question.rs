//! What is asked of a model that writes, and how.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use super::structured::{Format, Unfit};
use crate::function::Caller;

/// Most tokens of an answer where nothing else is asked for. Bedrock reserves this much of the quota when a call starts, and the
/// model's maximum when it is not said: a small number is what lets many calls run at once.
///
/// Source: the article's default; Bedrock's token accounting in its quotas for the runtime.
pub const MAX_TOKENS: i32 = 512;

/// What is asked, and of whom.
#[derive(Debug)]
pub struct Question<'a> {
    /// What to do with every row; may be empty.
    pub instructions: Cow<'a, str>,
    /// This row's text.
    pub text: Cow<'a, str>,
    /// A model id, an inference profile's id, or an ARN.
    pub model_id: &'a str,
    /// How.
    pub inference: Arc<Inference>,
    /// For the service's own log: who asks, and by which function.
    pub caller: Caller<'a>,
    /// The function's name.
    pub function: &'a str,
    /// The last answer that was not of the form: the model is shown it when it is asked again.
    pub unfit: Mutex<Option<Unfit>>,
}

/// How a model is asked. What is `None` is not said to it.
#[derive(Debug, Default, PartialEq)]
pub struct Inference {
    /// Most tokens of the answer; 512 if it is not said.
    pub max_tokens: Option<i32>,
    /// From 0 to 1. Several current models refuse it.
    pub temperature: Option<f32>,
    /// From 0 to 1. Several current models refuse it.
    pub top_p: Option<f32>,
    /// Texts at which the answer ends.
    pub stop_sequences: Vec<String>,
    /// JSON of a schema, in the place of any text.
    pub format: Option<Format>,
    /// A guardrail that looks at the row's text and at the answer.
    pub guardrail: Option<Guardrail>,
    /// `priority`, `default`, `flex` or `reserved`.
    pub service_tier: Option<&'static str>,
    /// `standard` or `optimized`.
    pub performance: Option<&'static str>,
    /// How much a model thinks: `low`, `medium`, `high`, `xhigh` or `max`.
    pub effort: Option<&'static str>,
    /// Fields of the model's own, as an object.
    pub additional_fields: Option<serde_json::Value>,
}

/// A guardrail of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guardrail {
    /// Its id or ARN.
    pub id: String,
    /// A number, or `DRAFT`.
    pub version: String,
}

impl Question<'_> {
    /// Remembers an answer that was not of the form.
    pub(super) fn was_unfit(&self, unfit: Unfit) {
        *self.unfit.lock().unwrap_or_else(PoisonError::into_inner) = Some(unfit);
    }

    /// The last answer that was not of the form.
    pub(super) fn last_unfit(&self) -> Option<Unfit> {
        self.unfit.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
