//! The Converse API: one form of question for every model.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::error::BuildError;
use aws_sdk_bedrockruntime::operation::converse::ConverseOutput;
use aws_sdk_bedrockruntime::operation::converse::builders::ConverseFluentBuilder;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ConversationRole, InferenceConfiguration, Message, StopReason, SystemContentBlock, TokenUsage,
};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{MAX_TOKENS, Question, content_blocked, guardrail, json_text};
use crate::function::{Answered, Fault, Moment, Usage};
use crate::sdk::{self, Service};

/// Asks through Converse; a model that turns out to take no system text is asked once more, and remembered.
pub async fn ask(client: &Client, folding: &FoldingModels, question: Question<'_>) -> Result<Answered, Fault> {
    let fold = question.instructions.trim().is_empty() || folding.contains(question.model_id);
    let mut answer = request(client, question, fold).map_err(|_| sdk::unsendable())?.send().await;
    if !fold && answer.as_ref().is_err_and(takes_no_system_text) {
        folding.insert(question.model_id);
        answer = request(client, question, true).map_err(|_| sdk::unsendable())?.send().await;
    }
    read(answer.map_err(|error| sdk::fault(&error, Service::Bedrock, question.model_id))?)
}

/// Whether Bedrock refused a call because the model takes no system text.
///
/// The message is known from other clients' code, not from Bedrock's documentation.
fn takes_no_system_text<E: ProvideErrorMetadata>(error: &SdkError<E, Response>) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::message).is_some_and(|message| {
        let message = message.to_lowercase();
        message.contains("support system") || message.contains("system messages") || message.contains("system prompts")
    })
}

/// Sampling parameters are left out: several current models refuse a call that has them.
fn request(client: &Client, question: Question<'_>, fold: bool) -> Result<ConverseFluentBuilder, BuildError> {
    let request = client
        .converse()
        .model_id(question.model_id)
        .inference_config(InferenceConfiguration::builder().max_tokens(i32::from(MAX_TOKENS)).build());
    let (request, user_text) = if fold {
        (request, folded(question))
    } else {
        let system = SystemContentBlock::Text(question.instructions.to_owned());
        (request.system(system), question.user_context.to_owned())
    };
    let message = Message::builder().role(ConversationRole::User).content(ContentBlock::Text(user_text)).build()?;
    Ok(request.messages(message))
}

fn folded(question: Question<'_>) -> String {
    match question.instructions {
        instructions if instructions.trim().is_empty() => question.user_context.to_owned(),
        instructions => format!("{instructions}\n\n{}", question.user_context),
    }
}

/// Joins every text block: an answer may begin with reasoning, or come in several pieces.
fn read(answer: ConverseOutput) -> Result<Answered, Fault> {
    match &answer.stop_reason {
        StopReason::GuardrailIntervened if !guardrail::has_only_masked(answer.trace.as_ref()) => {
            return Err(content_blocked().into());
        }
        StopReason::ContentFiltered => return Err(content_blocked().into()),
        // The model broke the form of its own answer; asked once more, it may keep it.
        StopReason::MalformedModelOutput | StopReason::MalformedToolUse => {
            return Err(Moment::unreadable(answer.stop_reason.as_str().to_owned()).into());
        }
        _ => {}
    }
    let mut text = String::new();
    if let Some(Ok(message)) = answer.output.as_ref().map(|output| output.as_message()) {
        for block in &message.content {
            if let ContentBlock::Text(piece) = block {
                text.push_str(piece);
            }
        }
    }
    let stop_reason = Some(answer.stop_reason.as_str().into());
    let usage = answer.usage.as_ref().map(usage).unwrap_or_default();
    Ok(Answered { value: json_text(&text)?, usage, stop_reason, ..Answered::default() })
}

fn usage(usage: &TokenUsage) -> Usage {
    let count = |count: i32| u64::try_from(count).ok();
    Usage {
        input_tokens: count(usage.input_tokens),
        output_tokens: count(usage.output_tokens),
        cache_read_tokens: usage.cache_read_input_tokens.and_then(count),
        cache_write_tokens: usage.cache_write_input_tokens.and_then(count),
    }
}

/// The models that get the instructions as the beginning of the user's text, because they take no system text.
#[derive(Debug, Default)]
pub struct FoldingModels {
    learnt: Mutex<HashSet<String>>,
}

impl FoldingModels {
    /// The families that are known for it.
    ///
    /// Source: supported models and features of the Converse API; the Mistral models are not confirmed there.
    const FAMILIES: [&'static str; 6] = [
        "amazon.titan-text",
        "ai21.j2-",
        "cohere.command-text",
        "cohere.command-light",
        "mistral.mistral-7b",
        "mistral.mixtral-8x7b",
    ];

    fn contains(&self, model_id: &str) -> bool {
        let id = model_id.rsplit('/').next().unwrap_or(model_id);
        let is_of =
            |family: &str| id.starts_with(family) || id.split_once('.').is_some_and(|(_, id)| id.starts_with(family));
        Self::FAMILIES.iter().any(|family| is_of(family)) || self.models().contains(model_id)
    }

    fn insert(&self, model_id: &str) {
        self.models().insert(model_id.to_owned());
    }

    fn models(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_without_a_system_prompt_are_known_behind_prefix_and_arn() {
        let folding = FoldingModels::default();
        for model_id in [
            "amazon.titan-text-lite-v1",
            "us.amazon.titan-text-lite-v1",
            "arn:aws:bedrock:us-west-2::foundation-model/mistral.mistral-7b-instruct-v0:2",
        ] {
            assert!(folding.contains(model_id), "{model_id}");
        }
        assert!(!folding.contains("us.amazon.nova-lite-v1:0"));
        folding.insert("us.amazon.nova-lite-v1:0");
        assert!(folding.contains("us.amazon.nova-lite-v1:0"));
    }

    #[test]
    fn folding_keeps_the_instructions_apart_by_a_blank_line() {
        let question = Question { instructions: "Do.", user_context: "text", model_id: "m" };
        assert_eq!(folded(question), "Do.\n\ntext");
        assert_eq!(folded(Question { instructions: "", ..question }), "text");
    }
}
