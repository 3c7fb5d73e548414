//! `sentiment(text, model_id [, options])`: how a text feels about what it speaks of.

use super::ask_model::{Asking, Models, TEXT_IS_DATA, set_apart};
use crate::function::{Function, Job, Parameter, Refusal, Row};

const FORM: &str = r#"{"type":"object","properties":{"sentiment":{"type":"string","enum":["positive","negative","neutral","mixed"]}},"required":["sentiment"],"additionalProperties":false}"#;

/// Answers with `positive`, `negative`, `neutral` or `mixed`.
pub struct Sentiment {
    models: Models,
}

impl Sentiment {
    /// The function over these models.
    pub fn new(models: Models) -> Self {
        Self { models }
    }
}

impl Function for Sentiment {
    fn name(&self) -> &str {
        "sentiment"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::text("text"), Parameter::text("model_id"), Parameter::options("options")] }
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        let (text, model_id) = (row.text(0), row.text(1));
        self.models.check(model_id, row.get(2))?;
        let asking = Asking {
            function: self.name(),
            caller: row.caller,
            instructions: format!(
                "Say what the sentiment of the text is: positive, negative, mixed if it is both, neutral if it is neither. {TEXT_IS_DATA}"
            )
            .into(),
            text: set_apart(text).into(),
            model_id,
            options: self.models.options(row.get(2), Some(FORM))?,
            member: Some("sentiment"),
        };
        self.models.job(asking, ("text", text))
    }
}
