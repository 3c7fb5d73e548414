//! What a refusal of Bedrock means: whose fault it is, and what to tell the SQL user.

use aws_sdk_bedrockruntime::error::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::functions::{Code, Fault, Refusal};
use crate::sdk::{self, ServiceRefusal};

/// Sorts a failed call of `model_id`.
pub fn fault<E: ProvideErrorMetadata>(error: &SdkError<E, Response>, model_id: &str) -> Fault {
    sdk::fault(error, |refusal| judge(refusal, model_id))
}

/// Whether Bedrock refused a call because the model takes no system text.
///
/// The message is known from other clients' code, not from Bedrock's documentation.
pub fn takes_no_system_text<E: ProvideErrorMetadata>(error: &SdkError<E, Response>) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::message).is_some_and(|message| {
        let message = message.to_lowercase();
        message.contains("support system") || message.contains("system messages") || message.contains("system prompts")
    })
}

/// `ValidationException` is said of a row that is too long, and of a model that cannot be called: the texts tell them
/// apart, and where the text is unknown the row is at fault, which costs the least if that is wrong.
fn judge(refusal: &ServiceRefusal<'_>, model_id: &str) -> Option<Fault> {
    let text = refusal.message.to_lowercase();
    let says = |words: &str| text.contains(words);
    let (code, message) = match (refusal.status, refusal.code) {
        (404, _) if says("access denied") || says("use case") => (
            Code::AccessDenied,
            format!(
                "Bedrock gives this account no access to the model {model_id:?}: ask for access in the Bedrock console"
            ),
        ),
        (404, _) => (
            Code::ModelNotFound,
            format!("the model {model_id:?} does not exist or is past its end of life: name a current model"),
        ),
        (_, "ValidationException") if says("on-demand throughput") => (
            Code::ModelNotFound,
            format!(
                "the model {model_id:?} is only called through an inference profile: name the profile, \
                 usually the same id behind a prefix such as us., eu. or global."
            ),
        ),
        (_, "ValidationException") if says("model identifier is invalid") || says("end of its life") => {
            (Code::ModelNotFound, format!("Bedrock knows no model {model_id:?} in this Region: check model_id"))
        }
        (401 | 403, _) => (
            Code::AccessDenied,
            format!(
                "the function's role may not call the model {model_id:?}: allow it in the role's policy and \
                 ask for access to it in the Bedrock console"
            ),
        ),
        _ => return refused_row(refusal, &text),
    };
    let service_code = Some(refusal.code.to_owned());
    Some(Fault::Statement(Refusal { code, message: message.into(), service_code }))
}

fn refused_row(refusal: &ServiceRefusal<'_>, text: &str) -> Option<Fault> {
    if !(400..500).contains(&refusal.status) {
        return None;
    }
    let too_large = refusal.status == 413
        || ["too long", "too many input tokens", "context length", "exceeds the maximum", "context window"]
            .iter()
            .any(|words| text.contains(words));
    let (code, message) = if too_large {
        (Code::TooLarge, "the text is longer than the model takes")
    } else {
        (Code::InvalidArgument, "Bedrock refused the row")
    };
    Some(Fault::Row(Refusal { code, message: message.into(), service_code: Some(refusal.code.to_owned()) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, code: &str, message: &str) -> Option<Fault> {
        judge(&ServiceRefusal { status, code, message }, "some.model")
    }

    #[test]
    fn a_statement_that_cannot_succeed_is_told_from_a_row_by_the_text() {
        for (status, code, message, expected) in [
            (400, "ValidationException", "The provided model identifier is invalid.", Code::ModelNotFound),
            (
                400,
                "ValidationException",
                "Invocation of model ID some.model with on-demand throughput isn\u{2019}t supported. Retry your request \
                 with the ID or ARN of an inference profile that contains this model.",
                Code::ModelNotFound,
            ),
            (
                404,
                "ResourceNotFoundException",
                "This model version has reached the end of its life.",
                Code::ModelNotFound,
            ),
            (
                404,
                "ResourceNotFoundException",
                "Access denied. This Model is marked by provider as Legacy",
                Code::AccessDenied,
            ),
            (
                403,
                "AccessDeniedException",
                "User: arn:aws:sts::1:assumed-role/r/f is not authorized",
                Code::AccessDenied,
            ),
            (403, "UnrecognizedClientException", "The security token is invalid.", Code::AccessDenied),
        ] {
            match judged(status, code, message) {
                Some(Fault::Statement(refusal)) => {
                    assert_eq!(refusal.code, expected, "{message}");
                    assert!(refusal.message.contains("some.model"), "{}", refusal.message);
                    assert!(!refusal.message.contains("arn:"), "{}", refusal.message);
                }
                other => panic!("{message}: {other:?}"),
            }
        }
    }

    #[test]
    fn an_unknown_refusal_is_the_rows() {
        for (status, code, message, expected) in [
            (400, "ValidationException", "Input is too long for requested model.", Code::TooLarge),
            (400, "ValidationException", "Too many input tokens: 9000", Code::TooLarge),
            (400, "ValidationException", "something new", Code::InvalidArgument),
            (413, "", "", Code::TooLarge),
            (418, "", "", Code::InvalidArgument),
        ] {
            match judged(status, code, message) {
                Some(Fault::Row(refusal)) => assert_eq!(refusal.code, expected, "{message}"),
                other => panic!("{message}: {other:?}"),
            }
        }
        assert_eq!(judged(302, "", ""), None);
    }
}
