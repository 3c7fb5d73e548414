//! Embeddings: texts in, vectors out, through InvokeModel, with a form of request for each family of models.

mod family;
mod numbers;
mod wire;

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::operation::invoke_model::InvokeModelError;
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

pub use self::family::{Family, Limits};

use crate::function::{Answered, Fault, PackFault, Refusal, Whose};
use crate::sdk::{self, Service};

/// How texts become vectors. What the family does not take is ignored: the function has refused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Embedding<'a> {
    /// A model id, an inference profile's id, or an ARN.
    pub model_id: &'a str,
    /// The model's family.
    pub family: Family,
    /// Numbers of a vector.
    pub dimensions: u16,
    /// What the vectors are for.
    pub input_type: InputType,
    /// Whether a vector has the length 1.
    pub normalize: bool,
    /// What becomes of a text that is too long.
    pub truncate: Truncate,
}

/// What vectors are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InputType {
    /// To be found.
    #[default]
    SearchDocument,
    /// To find others.
    SearchQuery,
    /// To be sorted into classes.
    Classification,
    /// To be grouped.
    Clustering,
}

/// What becomes of a text that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Truncate {
    /// It is refused.
    #[default]
    None,
    /// Its beginning is cut off.
    Start,
    /// Its end is cut off.
    End,
}

impl Truncate {
    /// Cuts a text to `most` characters; one that is shorter stays as it is, and so does any when nothing is to be cut.
    pub fn cut(self, text: &str, most: usize) -> &str {
        let more = text.chars().count().saturating_sub(most);
        let at = |characters: usize| text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at);
        match self {
            Self::Start => &text[at(more)..],
            Self::End => &text[..at(most)],
            Self::None => text,
        }
    }
}

/// Asks once for the vectors of texts, as many as the family takes in one call; they come in the texts' order, each as a JSON array.
pub async fn ask(client: &Client, how: Embedding<'_>, texts: &[String]) -> Result<Vec<Answered>, PackFault> {
    let answer = client
        .invoke_model()
        .model_id(how.model_id)
        .content_type("application/json")
        .accept("application/json")
        .body(Blob::new(wire::body(how, texts).to_string()))
        .send()
        .await
        .map_err(|error| pack_fault(&error, how.model_id))?;
    wire::read(how.family, answer.body.as_ref()).map_err(|moment| PackFault::Whole(moment.into()))
}

/// A refusal of which the service names the text is that text's own; of any other, nobody knows which text is to blame.
fn pack_fault(error: &SdkError<InvokeModelError, Response>, model_id: &str) -> PackFault {
    let fault = sdk::fault(error, Service::Bedrock, model_id);
    let place = error.as_service_error().and_then(ProvideErrorMetadata::message).and_then(named);
    match (fault, place) {
        (Fault::Refused(refusal), Some(place)) if refusal.whose != Whose::Statement => {
            PackFault::Member(place, Refusal { whose: Whose::Row, ..refusal })
        }
        (fault, _) => PackFault::Whole(fault),
    }
}

/// The place of the text that a message names: "Malformed input request: #/texts/17: expected maxLength: 2048, actual: 19882".
fn named(message: &str) -> Option<usize> {
    let (_, rest) = message.split_once("#/texts/")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    #[test]
    fn a_refusal_that_names_a_text_is_that_texts_own() {
        let fault = |message: &str| {
            let metadata = ErrorMetadata::builder().code("ValidationException").message(message).build();
            let response = Response::new(400.try_into().unwrap(), SdkBody::empty());
            pack_fault(&SdkError::service_error(InvokeModelError::generic(metadata), response), "cohere.embed-v4:0")
        };
        let named = fault("Malformed input request: #/texts/17: something that nobody has seen before");
        assert!(matches!(named, PackFault::Member(17, Refusal { whose: Whose::Row, .. })), "{named:?}");
        let unnamed = fault("Something that nobody has seen before.");
        let PackFault::Whole(Fault::Refused(refusal)) = unnamed else { panic!("{unnamed:?}") };
        assert_eq!(refusal.whose, Whose::Unknown);
    }

    #[test]
    fn the_place_of_a_refused_text_is_read() {
        let message = "Malformed input request: #/texts/17: expected maxLength: 2048, actual: 19882, please reformat your input and try again.";
        assert_eq!(named(message), Some(17));
        assert_eq!(named("Malformed input request: #/texts: expected maximum item count: 96, found: 97"), None);
        assert_eq!(named("Input is too long for requested model."), None);
    }

    #[test]
    fn a_text_is_cut_by_characters_at_the_end_that_is_asked_for() {
        for (truncate, expected) in [(Truncate::None, "aßc😡e"), (Truncate::Start, "c😡e"), (Truncate::End, "aßc")]
        {
            assert_eq!(truncate.cut("aßc😡e", 3), expected);
            assert_eq!(truncate.cut("aßc", 3), "aßc");
        }
    }
}
