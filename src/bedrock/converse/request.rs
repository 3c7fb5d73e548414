//! A question as a request of Converse.

use std::borrow::Cow;

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::error::BuildError;
use aws_sdk_bedrockruntime::operation::converse::builders::ConverseFluentBuilder;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ConversationRole, GuardrailConfiguration, GuardrailConverseContentBlock, GuardrailConverseTextBlock,
    GuardrailTrace, InferenceConfiguration, JsonSchemaDefinition, Message, OutputConfig, OutputFormat,
    OutputFormatStructure, OutputFormatType, PerformanceConfigLatency, PerformanceConfiguration, ServiceTier,
    ServiceTierType, SpecificToolChoice, SystemContentBlock, Tool, ToolChoice, ToolConfiguration, ToolInputSchema,
    ToolSpecification,
};
use serde_json::json;

use super::super::model_id::is_of;
use super::super::question::{Inference, MAX_TOKENS, Question};
use super::super::structured::{Format, Way};
use super::super::{document, metadata};

/// The name of the tool and of the native format: Nova takes no hyphen in it.
const NAME: &str = "answer";

/// What goes before a schema in the instructions.
const ANSWER_WITH: &str = "Answer with JSON alone that fits this JSON Schema:";

/// How a question is put to a model.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'f> {
    /// Whether the instructions go before the text, for a model that takes no system text.
    pub fold: bool,
    /// The form of the answer, and the way to it.
    pub form: Option<(&'f Format, Way)>,
}

/// The request of a question.
pub fn request(
    client: &Client,
    question: &Question<'_>,
    manner: Manner<'_>,
) -> Result<ConverseFluentBuilder, BuildError> {
    let inference = &*question.inference;
    let is_greedy = is_greedy(question, manner);
    let additional = match &inference.additional_fields {
        Some(fields) => Some(document::of(fields)),
        None => is_greedy.then(|| document::of(&json!({"inferenceConfig": {"topK": 1}}))),
    };
    let request = client
        .converse()
        .model_id(question.model_id)
        .inference_config(limits(inference, is_greedy))
        .set_output_config(output_config(inference, manner)?)
        .set_tool_config(tool_config(manner)?)
        .set_guardrail_config(guardrail_config(inference))
        .set_service_tier(service_tier(inference)?)
        .set_performance_config(performance_config(inference))
        .set_additional_model_request_fields(additional)
        .set_request_metadata(metadata::of(question).map(|told| told.into_iter().collect()));
    let instructions = instructions(question, manner);
    let (request, before) = match (instructions.trim().is_empty(), manner.fold) {
        (true, _) => (request, None),
        (false, true) => (request, Some(instructions)),
        (false, false) => (request.system(SystemContentBlock::Text(instructions.into_owned())), None),
    };
    messages(question, before.as_deref())?
        .into_iter()
        .try_fold(request, |request, message| Ok(request.messages(message)))
}

/// The instructions, and the schema behind them where nothing else carries it.
fn instructions<'q>(question: &'q Question<'_>, manner: Manner<'_>) -> Cow<'q, str> {
    let instructions = &*question.instructions;
    match manner.form {
        Some((format, Way::Prompt)) => {
            let blank = if instructions.trim().is_empty() { "" } else { "\n\n" };
            format!("{instructions}{blank}{ANSWER_WITH}\n{}", format.text()).into()
        }
        _ => instructions.into(),
    }
}

/// The row's text; and, when the last answer was not of the form, that answer and what was wrong with it.
fn messages(question: &Question<'_>, before: Option<&str>) -> Result<Vec<Message>, BuildError> {
    let mut asked = Message::builder().role(ConversationRole::User);
    asked = match (before, &question.inference.guardrail) {
        // Of a message with guarded content nothing else is looked at: the instructions are not the row's fault.
        (before, Some(_)) => {
            let text = GuardrailConverseTextBlock::builder().text(&*question.text).build()?;
            let guarded = ContentBlock::GuardContent(GuardrailConverseContentBlock::Text(text));
            asked.set_content(Some(
                before.map(|before| ContentBlock::Text(before.to_owned())).into_iter().chain([guarded]).collect(),
            ))
        }
        (Some(before), None) => asked.content(ContentBlock::Text(format!("{before}\n\n{}", question.text))),
        (None, None) => asked.content(ContentBlock::Text(question.text.clone().into_owned())),
    };
    let mut messages = vec![asked.build()?];
    if let Some(unfit) = question.last_unfit() {
        let say = |role, text: String| Message::builder().role(role).content(ContentBlock::Text(text)).build();
        let answer = if unfit.answer.trim().is_empty() { "(nothing)".to_owned() } else { unfit.answer };
        messages.push(say(ConversationRole::Assistant, answer)?);
        let again =
            format!("That answer cannot be used: {}. Answer again, with JSON that fits the schema.", unfit.reason);
        messages.push(say(ConversationRole::User, again)?);
    }
    Ok(messages)
}

/// Nova fills a tool well when it does not choose among words.
///
/// Source: "Tool use" in Nova's user guide.
fn is_greedy(question: &Question<'_>, manner: Manner<'_>) -> bool {
    let Inference { temperature, top_p, additional_fields, .. } = &*question.inference;
    matches!(manner.form, Some((_, Way::Tool)))
        && is_of(question.model_id, "amazon.nova*")
        && (temperature.is_none() && top_p.is_none() && additional_fields.is_none())
}

/// Sampling parameters are left out unless asked for: several current models refuse a call that has them.
fn limits(inference: &Inference, is_greedy: bool) -> InferenceConfiguration {
    let stop_sequences = Some(inference.stop_sequences.clone()).filter(|texts| !texts.is_empty());
    InferenceConfiguration::builder()
        .max_tokens(inference.max_tokens.unwrap_or(MAX_TOKENS))
        .set_temperature(inference.temperature.or(is_greedy.then_some(0.0)))
        .set_top_p(inference.top_p)
        .set_stop_sequences(stop_sequences)
        .build()
}

fn output_config(inference: &Inference, manner: Manner<'_>) -> Result<Option<OutputConfig>, BuildError> {
    let text_format = match manner.form {
        Some((format, Way::Native)) => {
            let schema = JsonSchemaDefinition::builder().schema(format.native()).name(NAME).build()?;
            let structure = OutputFormatStructure::JsonSchema(schema);
            Some(OutputFormat::builder().r#type(OutputFormatType::JsonSchema).structure(structure).build()?)
        }
        _ => None,
    };
    if text_format.is_none() && inference.effort.is_none() {
        return Ok(None);
    }
    let effort = inference.effort.map(str::to_owned);
    Ok(Some(OutputConfig::builder().set_text_format(text_format).set_effort(effort).build()))
}

fn tool_config(manner: Manner<'_>) -> Result<Option<ToolConfiguration>, BuildError> {
    let Some((format, Way::Tool)) = manner.form else {
        return Ok(None);
    };
    let schema = ToolInputSchema::Json(document::of(&format.tool_input()));
    let tool = ToolSpecification::builder().name(NAME).description("Gives the answer.").input_schema(schema).build()?;
    let choice = ToolChoice::Tool(SpecificToolChoice::builder().name(NAME).build()?);
    Ok(Some(ToolConfiguration::builder().tools(Tool::ToolSpec(tool)).tool_choice(choice).build()?))
}

/// With its trace, which tells an answer that was masked from one that was blocked.
fn guardrail_config(inference: &Inference) -> Option<GuardrailConfiguration> {
    let guardrail = inference.guardrail.as_ref()?;
    let config = GuardrailConfiguration::builder().trace(GuardrailTrace::Enabled);
    Some(config.guardrail_identifier(&guardrail.id).guardrail_version(&guardrail.version).build())
}

fn service_tier(inference: &Inference) -> Result<Option<ServiceTier>, BuildError> {
    let tier = |tier| ServiceTier::builder().r#type(ServiceTierType::from(tier)).build();
    inference.service_tier.map(tier).transpose()
}

fn performance_config(inference: &Inference) -> Option<PerformanceConfiguration> {
    let latency = PerformanceConfigLatency::from(inference.performance?);
    Some(PerformanceConfiguration::builder().latency(latency).build())
}
