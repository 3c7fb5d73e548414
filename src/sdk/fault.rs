//! What a failed call means: by the table for what a service says, and by what happened on the way for all else.

use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::refusals::{Means, Service, meaning};
use super::retry_after::retry_after;
use crate::function::{Code, Fault, Moment, Refusal, Whose};

/// Most characters of a model id or a name that are told: where arguments are swapped, it is a prompt.
const LONGEST_SUBJECT: usize = 64;

/// Sorts a failed call; `subject` is the model or the place index that it was made to.
pub fn fault<E>(error: &SdkError<E, Response>, service: Service, subject: &str) -> Fault
where
    E: ProvideErrorMetadata,
{
    let context = match error {
        SdkError::ServiceError(context) => context,
        SdkError::ResponseError(_) => return unreadable(),
        SdkError::DispatchFailure(failure) => return on_the_way(failure.as_connector_error()).into(),
        SdkError::ConstructionFailure(_) => return unsendable().into(),
        _ => return Moment::failed("timeout", None).into(),
    };
    let status = context.raw().status().as_u16();
    if (200..300).contains(&status) {
        return unreadable();
    }
    let code = context.err().code().unwrap_or_default();
    let message = context.err().message().unwrap_or_default();
    let wait = retry_after(context.raw().headers());
    let named = if code.is_empty() { format!("HTTP {status}") } else { code.to_owned() };
    let refused = |whose, code, told: &str| {
        let message = tell(told, subject, message).into();
        Fault::Refused(Refusal { whose, code, message, service_code: Some(named.as_str().into()) })
    };
    match meaning(service, status, code, message) {
        Means::Row(code, told) => refused(Whose::Row, code, told),
        Means::Statement(code, told) => refused(Whose::Statement, code, told),
        Means::Unknown(code, told) => refused(Whose::Unknown, code, told),
        Means::Throttled => Moment::throttled(named, wait).into(),
        Means::Failed => Moment::failed(named, wait).into(),
        Means::Unreadable => Moment::unreadable(named).into(),
    }
}

/// An answer that is no answer of the service. It was paid for.
fn unreadable() -> Fault {
    Moment::unreadable("an answer that cannot be read").into()
}

fn on_the_way(error: Option<&ConnectorError>) -> Moment {
    let reason = match error {
        Some(error) if error.is_timeout() => "connection timed out",
        Some(error) if error.is_io() => "connection lost",
        _ => "no connection",
    };
    Moment::failed(reason, None)
}

/// The row cannot be put into a request.
pub fn unsendable() -> Refusal {
    let message = "the row cannot be put into a request to the service";
    let service_code = Some("unsendable".into());
    Refusal { whose: Whose::Unknown, code: Code::InvalidArgument, message: message.into(), service_code }
}

fn tell(told: &str, subject: &str, message: &str) -> String {
    let subject: String = subject.chars().take(LONGEST_SUBJECT).collect();
    let digits = message.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty());
    told.replace("{subject}", &format!("{subject:?}")).replace("{number}", digits.unwrap_or("number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_names_the_subject_and_the_number_and_nothing_else_of_the_service() {
        let told = tell("{subject} gives {number}", "some.model", "limit of 8192 for arn:aws:iam::1:role/r");
        assert_eq!(told, "\"some.model\" gives 8192");
        assert_eq!(tell("{subject}", &"m".repeat(100), ""), format!("\"{}\"", "m".repeat(64)));
        assert_eq!(tell("{number}", "", "none"), "number");
    }
}
