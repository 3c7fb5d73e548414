//! What an answer of Converse says.

use aws_sdk_bedrockruntime::operation::converse::ConverseOutput;
use aws_sdk_bedrockruntime::types::{StopReason, TokenUsage};

use super::super::prices::Prices;
use super::super::question::{MAX_TOKENS, Question};
use super::super::structured::{Format, Way};
use super::super::{content_blocked, document, json_text};
use super::guardrail;
use super::request::Manner;
use crate::function::{Answered, Code, Failed, Fault, Moment, MomentKind, Paid, Refusal, Told, Usage, Value};

/// Reads an answer. What has no value was paid for all the same.
pub fn read(
    answer: &ConverseOutput,
    question: &Question<'_>,
    manner: Manner<'_>,
    prices: &Prices,
) -> Result<Answered, Failed> {
    let usage = answer.usage.as_ref().map(usage).unwrap_or_default();
    let service_tier = answer.service_tier.as_ref().map(|tier| Box::from(tier.r#type.as_str()));
    // Nobody has published what optimized latency costs.
    let is_optimized = question.inference.performance == Some("optimized");
    let tier = service_tier.as_deref().or(question.inference.service_tier);
    let cost = prices.cost(question.model_id, tier, &usage).filter(|_| !is_optimized);
    let told = Told {
        model_id: Some(question.model_id.into()),
        stop_reason: Some(answer.stop_reason.as_str().into()),
        service_tier,
        pricing_bucket: None,
    };
    let paid = Paid { usage, cost };
    match value(answer, question, manner, told.is_cut() == Some(true)) {
        Ok(value) => Ok(Answered { value, paid, told }),
        Err(fault) => Err(Failed { fault, paid: paid.into(), told: told.into() }),
    }
}

fn value(answer: &ConverseOutput, question: &Question<'_>, manner: Manner<'_>, is_cut: bool) -> Result<Value, Fault> {
    match &answer.stop_reason {
        StopReason::GuardrailIntervened if !guardrail::has_only_masked(answer.trace.as_ref()) => {
            return Err(content_blocked().into());
        }
        StopReason::ContentFiltered => return Err(content_blocked().into()),
        // The model broke the form of its own answer; asked once more, it may keep it.
        StopReason::MalformedModelOutput | StopReason::MalformedToolUse => {
            return Err(of_form(Moment::unreadable(answer.stop_reason.as_str().to_owned()), manner).into());
        }
        _ => {}
    }
    let text = text(answer);
    match manner.form {
        None => Ok(json_text(&text)?),
        Some((format, way)) => structured(format, way, &text, is_cut, question),
    }
}

/// JSON of the form that was asked for; if it is not, the model is asked once more with the reason.
fn structured(format: &Format, way: Way, text: &str, is_cut: bool, question: &Question<'_>) -> Result<Value, Fault> {
    format.read(way, text).map_err(|unfit| {
        if is_cut {
            let limit = question.inference.max_tokens.unwrap_or(MAX_TOKENS);
            let what =
                format!("the answer was cut at max_tokens ({limit}) before its JSON was complete: raise max_tokens");
            return invalid(what).into();
        }
        let refusal = invalid(format!("the model's answer does not fit the schema, twice: {}", unfit.place));
        question.was_unfit(unfit);
        Moment::unfit(refusal).into()
    })
}

/// An answer that could not be read, where JSON was asked for: then it is of the wrong form.
pub fn of_form(moment: Moment, manner: Manner<'_>) -> Moment {
    let is_of_form = moment.kind == MomentKind::Unreadable && manner.form.is_some();
    let refusal = is_of_form.then(|| Box::new(invalid("the model did not keep to the form of an answer, twice")));
    Moment { refusal: moment.refusal.or(refusal), ..moment }
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Refusal::row(Code::InvalidOutput, message)
}

/// Every text block: an answer may begin with reasoning, or come in several pieces. What fills a tool goes before what is said beside it.
fn text(answer: &ConverseOutput) -> String {
    let Some(Ok(message)) = answer.output.as_ref().map(|output| output.as_message()) else {
        return String::new();
    };
    let tool = message.content.iter().find_map(|block| block.as_tool_use().ok());
    if let Some(tool) = tool {
        return document::json(&tool.input).to_string();
    }
    message.content.iter().filter_map(|block| block.as_text().ok()).map(String::as_str).collect()
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
