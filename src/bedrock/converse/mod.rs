//! The Converse API: one form of question for every model.

mod answer;
mod folding;
mod guardrail;
mod request;

use aws_sdk_bedrockruntime::Client;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

pub use self::folding::FoldingModels;
use self::request::{Manner, request};
use super::prices::Prices;
use super::question::Question;
use super::structured::Ways;
use crate::function::{Answered, Failed, Fault, Told};
use crate::sdk::{self, Service};

/// What is known of the models' manners, and was learnt.
#[derive(Debug, Default)]
pub struct Manners {
    folding: FoldingModels,
    ways: Ways,
}

/// Asks through Converse. A model that refuses the manner of a question, for nothing, is asked in another one at once, and remembered.
pub async fn ask(
    client: &Client,
    manners: &Manners,
    prices: &Prices,
    question: &Question<'_>,
) -> Result<Answered, Failed> {
    let format = question.inference.format.as_ref();
    let mut manner = Manner {
        fold: manners.folding.contains(question.model_id),
        form: format.map(|format| (format, format.way(&manners.ways, question.model_id))),
    };
    // Each refusal leaves fewer manners: four requests at most, as a model may turn out to take no system text, no schema, and no tool.
    loop {
        let sent = request(client, question, manner).map_err(|_| Fault::from(sdk::unsendable()))?.send().await;
        let error = match sent {
            Ok(answer) => return answer::read(&answer, question, manner, prices),
            Err(error) => error,
        };
        let other = told(&error).and_then(|message| manners.other(manner, question, message));
        match other {
            Some(other) => manner = other,
            None => {
                let fault = match sdk::fault(&error, Service::Bedrock, question.model_id) {
                    Fault::Moment(moment) => Fault::Moment(answer::of_form(moment, manner)),
                    fault => fault,
                };
                let told = Told { model_id: Some(question.model_id.into()), ..Told::default() };
                return Err(Failed { told: told.into(), ..fault.into() });
            }
        }
    }
}

impl Manners {
    /// Another manner, if the message of a refusal is about this one.
    fn other<'f>(&self, manner: Manner<'f>, question: &Question<'_>, message: &str) -> Option<Manner<'f>> {
        if let Some((format, way)) = manner.form
            && let Some(way) = self.ways.learn(question.model_id, format.hash(), way, message)
        {
            return Some(Manner { form: Some((format, way)), ..manner });
        }
        let is_about_system = !manner.fold && self.folding.learn(question.model_id, message);
        is_about_system.then_some(Manner { fold: true, ..manner })
    }
}

/// The message of a refusal, which is a 400: a model that fails in a manner (424) takes it, and was paid.
fn told<E: ProvideErrorMetadata>(error: &SdkError<E, Response>) -> Option<&str> {
    match error {
        SdkError::ServiceError(context) if context.raw().status().as_u16() == 400 => context.err().message(),
        _ => None,
    }
}
