//! `ask_bedrock(instructions, user_context, model_id)`: one question to one model.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Code, Fault, Function, ModelPatterns, Refusal, Target, Texts, Value};
use crate::bedrock::{Bedrock, Question};

/// Bedrock's own limit of a model id, in characters.
///
/// Source: `ConversationalModelId` in the service model.
const LONGEST_MODEL_ID: usize = 2048;

/// Answers with the text of any Bedrock model.
pub struct AskBedrock {
    bedrock: Bedrock,
    allowed: ModelPatterns,
}

impl AskBedrock {
    /// The function, restricted to the models that `allowed` matches.
    pub fn new(bedrock: Bedrock, allowed: ModelPatterns) -> Self {
        Self { bedrock, allowed }
    }
}

impl Function for AskBedrock {
    fn name(&self) -> &'static str {
        "ask_bedrock"
    }

    fn parameters(&self) -> &'static [&'static str] {
        &["instructions", "user_context", "model_id"]
    }

    fn target(&self, arguments: &Texts<'_>) -> Result<Target, Fault> {
        let question = question(arguments);
        check_model(question.model_id, &self.allowed)?;
        if question.user_context.trim().is_empty() {
            let message = "user_context is empty or blank: give the text that the model should work on";
            return Err(Fault::Row(Refusal::new(Code::InvalidArgument, message)));
        }
        Ok(Target { name: format!("bedrock {}", question.model_id), per_second: None })
    }

    fn call<'a>(&'a self, arguments: &'a Texts<'a>) -> BoxFuture<'a, Result<Value, Fault>> {
        async move {
            let text = self.bedrock.ask(question(arguments)).await?;
            Ok(json_string(&text))
        }
        .boxed()
    }
}

fn question<'a>(arguments: &Texts<'a>) -> Question<'a> {
    let text = |index| arguments.get(index).copied().unwrap_or_default();
    Question { instructions: text(0), user_context: text(1), model_id: text(2) }
}

fn check_model(model_id: &str, allowed: &ModelPatterns) -> Result<(), Fault> {
    let refuse = |code, message: String| Err(Fault::Statement(Refusal::new(code, message)));
    if model_id.trim().is_empty() {
        return refuse(
            Code::InvalidArgument,
            "model_id is empty: name a Bedrock model, an inference profile or an ARN".to_owned(),
        );
    }
    if model_id.chars().count() > LONGEST_MODEL_ID {
        return refuse(
            Code::InvalidArgument,
            format!("model_id is longer than the {LONGEST_MODEL_ID} characters that Bedrock takes"),
        );
    }
    if !allowed.allow(model_id) {
        return refuse(
            Code::ModelNotAllowed,
            format!("the model {model_id:?} is not among the ALLOWED_MODEL_IDS of this function"),
        );
    }
    Ok(())
}

fn json_string(text: &str) -> Value {
    serde_json::Value::from(text).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_is_not_allowed_is_the_statements_fault() {
        let allowed = ModelPatterns::parse("amazon.*").unwrap();
        for (model_id, expected) in [
            ("", Code::InvalidArgument),
            (" ", Code::InvalidArgument),
            ("meta.llama", Code::ModelNotAllowed),
            (&"m".repeat(2049), Code::InvalidArgument),
        ] {
            match check_model(model_id, &allowed) {
                Err(Fault::Statement(refusal)) => assert_eq!(refusal.code, expected),
                other => panic!("{model_id}: {other:?}"),
            }
        }
        assert_eq!(check_model("amazon.nova-lite-v1:0", &allowed), Ok(()));
    }

    #[test]
    fn text_becomes_a_json_string() {
        assert_eq!(&*json_string("a \"b\"\n😀"), r#""a \"b\"\n😀""#);
    }
}
