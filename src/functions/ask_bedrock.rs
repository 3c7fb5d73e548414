//! `ask_bedrock(instructions, user_context, model_id [, options])`: one question to one model.

use super::ask_model::{Asking, Models};
use crate::function::{Function, Job, Parameter, Refusal, Rendering, Row};

/// Answers with the text of any Bedrock model, or with JSON where `response_format` asks for it.
pub struct AskBedrock {
    models: Models,
}

impl AskBedrock {
    /// The function over these models.
    pub fn new(models: Models) -> Self {
        Self { models }
    }
}

impl Function for AskBedrock {
    fn name(&self) -> &str {
        "ask_bedrock"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::text("instructions"),
                Parameter::text("user_context"),
                Parameter::text("model_id"),
                Parameter::options("options"),
            ]
        }
    }

    fn rendering(&self) -> Rendering {
        Rendering::Text
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        let (instructions, user_context, model_id) = (row.text(0), row.text(1), row.text(2));
        self.models.check(model_id, row.get(3))?;
        let options = self.models.options(row.get(3), None)?;
        let asking = Asking {
            function: self.name(),
            caller: row.caller,
            instructions: instructions.into(),
            text: user_context.into(),
            model_id,
            options,
            member: None,
        };
        self.models.job(asking, ("user_context", user_context))
    }
}
