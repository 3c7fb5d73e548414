//! `ask_bedrock(instructions, user_context, model_id)`: one question to one model.

use std::sync::Arc;

use super::ModelPatterns;
use crate::bedrock::{Bedrock, Question};
use crate::function::{Call, Code, Function, Job, Parameter, Refusal, Row, Target};

/// Answers with the text of any Bedrock model.
pub struct AskBedrock {
    bedrock: Arc<Bedrock>,
    allowed: Arc<ModelPatterns>,
}

impl AskBedrock {
    /// The function, restricted to the models that `allowed` matches.
    pub fn new(bedrock: Arc<Bedrock>, allowed: Arc<ModelPatterns>) -> Self {
        Self { bedrock, allowed }
    }
}

impl Function for AskBedrock {
    fn name(&self) -> &str {
        "ask_bedrock"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::text("instructions"), Parameter::text("user_context"), Parameter::text("model_id")] }
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        let question = Question { instructions: row.text(0), user_context: row.text(1), model_id: row.text(2) };
        self.allowed.check(question.model_id)?;
        if question.user_context.trim().is_empty() {
            let message = "user_context is empty or blank: give the text that the model should work on";
            return Err(Refusal::row(Code::InvalidArgument, message));
        }
        let target = Target { name: format!("bedrock {}", question.model_id).into(), per_second: None };
        Ok(Job {
            target,
            options: "".into(),
            question: Box::new([question.model_id.into(), question.instructions.into(), question.user_context.into()]),
            expected_bytes: 0,
            call: Call::alone(move || self.bedrock.ask(question)),
        })
    }
}
