//! `filter_text(condition, text, model_id [, options])`: whether a condition holds of a text.

use super::ask_model::{Asking, Models, TEXT_IS_DATA, set_apart};
use crate::function::{Code, Function, Job, Parameter, Refusal, Row, Whose};

const FORM: &str =
    r#"{"type":"object","properties":{"holds":{"type":"boolean"}},"required":["holds"],"additionalProperties":false}"#;

/// Answers with true or false.
pub struct FilterText {
    models: Models,
}

impl FilterText {
    /// The function over these models.
    pub fn new(models: Models) -> Self {
        Self { models }
    }
}

impl Function for FilterText {
    fn name(&self) -> &str {
        "filter_text"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::text("condition"),
                Parameter::text("text"),
                Parameter::text("model_id"),
                Parameter::options("options"),
            ]
        }
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        let (condition, text, model_id) = (row.text(0), row.text(1), row.text(2));
        self.models.check(model_id, row.get(3))?;
        if condition.trim().is_empty() {
            let message = "condition is empty or blank: say what must hold of the text";
            return Err(Refusal { whose: Whose::Options, ..Refusal::row(Code::InvalidArgument, message) });
        }
        let asking = Asking {
            function: self.name(),
            caller: row.caller,
            instructions: format!(
                "Say whether the condition holds of the text. {TEXT_IS_DATA}\n\nThe condition: {condition}"
            )
            .into(),
            text: set_apart(text).into(),
            model_id,
            options: self.models.options(row.get(3), Some(FORM))?,
            member: Some("holds"),
        };
        self.models.job(asking, ("text", text))
    }
}
