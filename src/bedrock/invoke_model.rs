//! InvokeModel, for the three models of the article, with the article's prompt, bodies and defaults.
//!
//! All three are past their end of life at AWS; they stay so that the article's SQL runs as it stands wherever they are
//! still answered. Every other model goes through Converse.

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::primitives::Blob;
use serde::Deserialize;
use serde_json::{Value, json};

use super::question::{Inference, MAX_TOKENS};
use super::{Question, content_blocked, json_text, metadata};
use crate::function::{Answered, Failed, Fault, Moment, Told};
use crate::sdk::{self, Service};

const TEMPERATURE: f64 = 0.7;
const TOP_P: f64 = 1.0;

/// One of the article's models; each has a body of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `amazon.titan-text-express-v1`
    TitanText,
    /// `ai21.j2-ultra-v1`
    Jurassic2,
    /// `anthropic.claude-3-sonnet-20240229-v1:0`
    Claude3,
}

impl Family {
    /// The family of the question's model, for the article's three ids and its questions only: one with options goes another way.
    pub fn of(question: &Question<'_>) -> Option<Self> {
        if *question.inference != Inference::default() {
            return None;
        }
        match question.model_id {
            "amazon.titan-text-express-v1" => Some(Self::TitanText),
            "ai21.j2-ultra-v1" => Some(Self::Jurassic2),
            "anthropic.claude-3-sonnet-20240229-v1:0" => Some(Self::Claude3),
            _ => None,
        }
    }

    fn body(self, question: &Question<'_>) -> Value {
        let prompt = format!(
            "<SYSTEM>Follow these:{}<END_SYSTEM>\n<USER_CONTEXT>Use this user context in your response:{}<END_USER_CONTEXT>",
            question.instructions, question.text
        );
        match self {
            Self::TitanText => json!({
                "inputText": prompt,
                "textGenerationConfig": {
                    "maxTokenCount": MAX_TOKENS,
                    "stopSequences": [],
                    "temperature": TEMPERATURE,
                    "topP": TOP_P,
                },
            }),
            Self::Jurassic2 => {
                json!({"prompt": prompt, "temperature": TEMPERATURE, "topP": TOP_P, "maxTokens": MAX_TOKENS})
            }
            Self::Claude3 => json!({
                "max_tokens": MAX_TOKENS,
                "messages": [{"role": "user", "content": prompt}],
                // The article prints it with en dashes, which Bedrock refuses.
                "anthropic_version": "bedrock-2023-05-31",
            }),
        }
    }
}

/// Asks through InvokeModel.
pub async fn ask(client: &Client, family: Family, question: &Question<'_>) -> Result<Answered, Failed> {
    let told = || Told { model_id: Some(question.model_id.into()), ..Told::default() };
    let failed = |fault: Fault| Failed { told: told().into(), ..fault.into() };
    let answer = client
        .invoke_model()
        .model_id(question.model_id)
        .content_type("application/json")
        .accept("application/json")
        .set_request_metadata(metadata::of(question).and_then(|told| serde_json::to_string(&told).ok()))
        .body(Blob::new(family.body(question).to_string()))
        .send()
        .await
        .map_err(|error| failed(sdk::fault(&error, Service::Bedrock, question.model_id)))?;
    let value = text(answer.body.as_ref()).and_then(|text| Ok(json_text(&text)?)).map_err(failed)?;
    Ok(Answered { told: told(), ..Answered::from(value) })
}

/// The members of the three answers that are read; each family fills its own.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    results: Vec<TitanResult>,
    #[serde(default)]
    completions: Vec<JurassicCompletion>,
    #[serde(default)]
    content: Vec<ClaudeBlock>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TitanResult {
    output_text: Option<String>,
    completion_reason: Option<String>,
}

#[derive(Deserialize)]
struct JurassicCompletion {
    data: JurassicData,
}

#[derive(Deserialize)]
struct JurassicData {
    text: Option<String>,
}

#[derive(Deserialize)]
struct ClaudeBlock {
    text: Option<String>,
}

fn text(body: &[u8]) -> Result<String, Fault> {
    // A body that is no answer of the model was paid for all the same.
    let answer: Answer =
        serde_json::from_slice(body).map_err(|_| Moment::unreadable("an answer that cannot be read"))?;
    if answer.results.iter().any(|result| result.completion_reason.as_deref() == Some("CONTENT_FILTERED")) {
        return Err(content_blocked().into());
    }
    let titan = answer.results.into_iter().filter_map(|result| result.output_text);
    let jurassic = answer.completions.into_iter().filter_map(|completion| completion.data.text);
    let claude = answer.content.into_iter().filter_map(|block| block.text);
    Ok(titan.chain(jurassic).chain(claude).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::function::{Caller, Code, Refusal};

    fn question(model_id: &str, inference: Inference) -> Question<'_> {
        let (inference, caller) = (Arc::new(inference), Caller::default());
        let (instructions, text) = ("I".into(), "U".into());
        Question { instructions, text, model_id, inference, caller, function: "f", unfit: Mutex::default() }
    }

    const PROMPT: &str =
        "<SYSTEM>Follow these:I<END_SYSTEM>\n<USER_CONTEXT>Use this user context in your response:U<END_USER_CONTEXT>";

    #[test]
    fn only_the_articles_ids_have_a_family() {
        let family = |model_id| Family::of(&question(model_id, Inference::default()));
        assert_eq!(family("amazon.titan-text-express-v1"), Some(Family::TitanText));
        assert_eq!(family("us.anthropic.claude-3-sonnet-20240229-v1:0"), None);
        let with_options = Inference { max_tokens: Some(9), ..Inference::default() };
        assert_eq!(Family::of(&question("amazon.titan-text-express-v1", with_options)), None);
    }

    #[test]
    fn the_bodies_are_the_articles() {
        let question = question("m", Inference::default());
        let titan = Family::TitanText.body(&question);
        assert_eq!(titan["inputText"], PROMPT);
        assert_eq!(
            titan["textGenerationConfig"],
            json!({"maxTokenCount": 512, "stopSequences": [], "temperature": 0.7, "topP": 1.0})
        );
        assert_eq!(
            Family::Jurassic2.body(&question),
            json!({"prompt": PROMPT, "temperature": 0.7, "topP": 1.0, "maxTokens": 512})
        );
        assert_eq!(
            Family::Claude3.body(&question),
            json!({
                "max_tokens": 512,
                "messages": [{"role": "user", "content": PROMPT}],
                "anthropic_version": "bedrock-2023-05-31",
            })
        );
    }

    #[test]
    fn each_familys_text_is_found_and_not_trimmed() {
        for body in [
            r#"{"inputTextTokenCount":5,"results":[{"tokenCount":5,"outputText":"\nHi","completionReason":"LENGTH"}]}"#,
            r#"{"id":"1","completions":[{"data":{"text":"\nHi","tokens":[]},"finishReason":{"reason":"endoftext"}}]}"#,
            r#"{"id":"msg","content":[{"type":"thinking"},{"type":"text","text":"\n"},{"type":"text","text":"Hi"}]}"#,
        ] {
            assert_eq!(text(body.as_bytes()).as_deref(), Ok("\nHi"), "{body}");
        }
    }

    #[test]
    fn an_answer_that_was_filtered_is_the_rows_and_a_broken_one_is_asked_for_again() {
        let blocked =
            |body: &[u8]| matches!(text(body), Err(Fault::Refused(Refusal { code: Code::ContentBlocked, .. })));
        assert!(blocked(br#"{"results":[{"outputText":"","completionReason":"CONTENT_FILTERED"}]}"#));
        assert_eq!(text(b"{"), Err(Moment::unreadable("an answer that cannot be read").into()));
        assert_eq!(json_text(&text(br#"{"content":[]}"#).unwrap()).unwrap_err().code, Code::ServiceError);
    }
}
