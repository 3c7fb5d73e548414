//! `redact_pii(text [, options])`: a text without what is personal in it.

use std::sync::Arc;

use super::{checked_text, redaction};
use crate::bedrock::{Bedrock, pii_types};
use crate::function::{Answered, Call, Failed, Function, Job, Options, Parameter, Refusal, Row};

const OPTIONS: &[&str] = &["min_confidence", "types"];

/// Answers with the text in which each finding is replaced by its type.
pub struct RedactPii {
    bedrock: Arc<Bedrock>,
}

impl RedactPii {
    /// The function.
    pub fn new(bedrock: Arc<Bedrock>) -> Self {
        Self { bedrock }
    }
}

/// What is looked for.
struct Search {
    types: Arc<[&'static str]>,
    least: f64,
}

impl Function for RedactPii {
    fn name(&self) -> &str {
        "redact_pii"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::text("text"), Parameter::options("options")] }
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        let Search { types, least } = search(row.get(1))?;
        let text = checked_text::read(row.text(0))?;
        let sought = types.join(" ");
        let bedrock = &*self.bedrock;
        Ok(Job {
            target: checked_text::target(),
            // As they hold, said or not. What is sure enough is decided here, and not by the service.
            question: Some(Box::new([sought.clone().into(), least.to_string().into(), text.into()])),
            must_be_answered: false,
            options: sought.into(),
            expected_bytes: 0,
            call: Call::alone(move || redacted(bedrock, text, Arc::clone(&types), least)),
        })
    }
}

async fn redacted(bedrock: &Bedrock, text: &str, types: Arc<[&'static str]>, least: f64) -> Result<Answered, Failed> {
    let findings = bedrock.find_pii(text, &types).await?;
    let redacted = redaction::redact(text, &findings, least)?;
    Ok(Answered::from(Box::from(serde_json::Value::from(redacted).to_string())))
}

/// Everything that the service finds, when nothing is said: a word too many that is hidden costs less than one too few.
fn search(options: Option<&str>) -> Result<Search, Refusal> {
    let options = Options::read(options, OPTIONS)?;
    let all: Vec<(&'static str, &'static str)> = pii_types().iter().map(|name| (*name, *name)).collect();
    let types = checked_text::chosen(&options, "types", &all)?;
    let least = options.get("min_confidence", "a number from 0 to 1", |least| (0.0..=1.0).contains(least))?;
    // Of zero there are two forms.
    Ok(Search { types: types.map_or_else(|| pii_types().into(), Arc::from), least: least.unwrap_or(0.0_f64).abs() })
}

#[cfg(test)]
mod tests {
    use aws_config::SdkConfig;

    use super::*;
    use crate::bedrock::Prices;
    use crate::function::{Argument, Caller, Code, Whose};

    fn question(options: &str) -> String {
        let function = RedactPii::new(Arc::new(Bedrock::new(SdkConfig::builder().build(), Prices::default())));
        let arguments = [Argument::Text("a".into()), Argument::object(options).unwrap()];
        function.prepare(Row::new(&arguments, Caller::default())).unwrap().question.unwrap().join("|")
    }

    #[test]
    fn equal_options_are_one_question_and_others_another() {
        let all = question("{}");
        assert!(all.starts_with("ADDRESS AGE ") && all.ends_with("|0|a"), "{all}");
        for same in [r#"{"types":null}"#, r#"{"min_confidence":0}"#, r#"{"min_confidence":-0.0}"#] {
            assert_eq!(question(same), all, "{same}");
        }
        assert_eq!(question(r#"{"types":["phone","EMAIL"],"min_confidence":0.50}"#), "EMAIL PHONE|0.5|a");
        assert_eq!(question(r#"{"types":["EMAIL","PHONE","email"],"min_confidence":5e-1}"#), "EMAIL PHONE|0.5|a");
    }

    #[test]
    fn what_cannot_be_is_told_with_what_can() {
        for (options, expected) in [
            (r#"{"types":["SSN"]}"#, "\"types\" must be an ARRAY of one or more of ADDRESS, AGE, AWS_ACCESS_KEY"),
            (r#"{"types":[]}"#, "\"types\" must be"),
            (r#"{"min_confidence":1.1}"#, "\"min_confidence\" must be a number from 0 to 1"),
            (r#"{"min_confidence":"high"}"#, "\"min_confidence\" must be"),
            (r#"{"type":["EMAIL"]}"#, "no option \"type\" here; the options are min_confidence, types"),
        ] {
            let refusal = search(Some(options)).map(|search| search.least).unwrap_err();
            assert_eq!((refusal.whose, refusal.code), (Whose::Options, Code::InvalidArgument));
            assert!(refusal.message.contains(expected), "{}", refusal.message);
        }
    }
}
