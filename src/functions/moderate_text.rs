//! `moderate_text(text [, options])`: how bad a text is, by the scores of checks.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::checked_text;
use crate::bedrock::{Bedrock, CHECKS, Check};
use crate::function::{Answered, Call, Failed, Function, Job, Options, Parameter, Refusal, Row};

const OPTIONS: &[&str] = &["checks"];

/// Answers with a score for each check.
pub struct ModerateText {
    bedrock: Arc<Bedrock>,
}

impl ModerateText {
    /// The function.
    pub fn new(bedrock: Arc<Bedrock>) -> Self {
        Self { bedrock }
    }
}

impl Function for ModerateText {
    fn name(&self) -> &str {
        "moderate_text"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::text("text"), Parameter::options("options")] }
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        let checks = checks(row.get(1))?;
        let text = checked_text::read(row.text(0))?;
        let names = checks.iter().map(|check| check.name).collect::<Vec<_>>().join(" ");
        let bedrock = &*self.bedrock;
        Ok(Job {
            target: checked_text::target(),
            // As they hold, said or not.
            question: Some(Box::new([names.clone().into(), text.into()])),
            must_be_answered: false,
            options: names.into(),
            expected_bytes: 0,
            call: Call::alone(move || scored(bedrock, text, Arc::clone(&checks))),
        })
    }
}

async fn scored(bedrock: &Bedrock, text: &str, checks: Arc<[Check]>) -> Result<Answered, Failed> {
    let scores = bedrock.moderate(text, &checks).await?;
    let of_each: Map<String, Value> =
        checks.iter().zip(scores).map(|(check, score)| (check.name.to_owned(), json!(score))).collect();
    Ok(Answered::from(Box::from(Value::from(of_each).to_string())))
}

/// The filters of content, when nothing is said. The attacks on a prompt are charged by themselves, as much again, and say nothing of a text
/// that no model is to read.
fn checks(options: Option<&str>) -> Result<Arc<[Check]>, Refusal> {
    let options = Options::read(options, OPTIONS)?;
    let chosen = checked_text::chosen(&options, "checks", &CHECKS.map(|check| (check.name, check)))?;
    Ok(chosen.unwrap_or_else(|| CHECKS.into_iter().filter(|check| !check.is_attack).collect()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::{Code, Whose};

    fn names(options: Option<&str>) -> String {
        checks(options).unwrap().iter().map(|check| check.name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_filters_of_content_are_the_default_and_a_choice_has_one_form() {
        assert_eq!(names(None), "violence hate sexual misconduct insults");
        assert_eq!(names(Some(r#"{"checks":["Jailbreak","hate","HATE"]}"#)), "hate jailbreak");
    }

    #[test]
    fn what_is_no_check_is_told_with_all_there_are() {
        let refusal = checks(Some(r#"{"checks":["pii"]}"#)).unwrap_err();
        assert_eq!((refusal.whose, refusal.code), (Whose::Options, Code::InvalidArgument));
        assert!(
            refusal.message.ends_with("insults, jailbreak, prompt_injection, prompt_leakage"),
            "{}",
            refusal.message
        );
    }
}
