//! The doors: one for each form of call. A door holds nothing but its form; what lies behind all of them is a [`House`].

mod api_gateway;
mod arguments;
mod direct;
mod event;
mod pipes;
mod redshift;

use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::value::RawValue;

pub use api_gateway::Response;
pub use event::Event;

use self::api_gateway::Version;
use crate::calls::{CallError, House, LARGEST_ANSWER, Times};

/// What an event of no known form is answered with.
const FORMS: &str = "the event has no known form; the forms are an API Gateway event of version 1 or 2, a direct \
    invocation {\"function\": name, \"data\": [[0, argument, …], …]}, an array of Pipes elements \
    {\"function\": name, \"arguments\": [argument, …]}, and a Redshift Lambda UDF call";

/// What an invocation returns.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// To API Gateway.
    Http(Box<Response>),
    /// To every other caller.
    Json(Box<RawValue>),
}

/// Answers an event of any form, in time.
///
/// # Errors
///
/// A call that cannot be answered, from a caller that does not speak HTTP; an event of no known form.
pub async fn open(house: &House, event: Event, times: Times) -> Result<Reply, CallError> {
    match event {
        Event::Object(event) => match Version::of(&event) {
            Some(version) => Ok(Reply::Http(Box::new(api_gateway::answer(house, version, *event, times).await))),
            None if redshift::recognises(&event) => json(redshift::answer(house, &event, times.deadline).await),
            None if direct::recognises(&event) => json(direct::answer(house, &event, times.deadline).await?),
            None => Err(CallError::Rejected(FORMS.to_owned())),
        },
        Event::Array(elements) => json(pipes::answer(house, &elements, times.deadline).await?),
        Event::Other => Err(CallError::Rejected(FORMS.to_owned())),
    }
}

/// A call that cannot be answered, as a Lambda error: the type tells a caller such as Step Functions what to catch.
pub fn diagnostic(error: &CallError) -> Diagnostic {
    let error_type = match error {
        CallError::Rejected(_) => "Rejected",
        CallError::UnknownBatch => "UnknownBatch",
        CallError::Throttled(_) => "Throttled",
        CallError::Failing(_) | CallError::TooSlow | CallError::NoJournal => "Unavailable",
    };
    Diagnostic { error_type: error_type.to_owned(), error_message: error.to_string() }
}

/// A JSON text as an invocation's answer, if Lambda can carry it.
fn json(text: String) -> Result<Reply, CallError> {
    if text.len() > LARGEST_ANSWER {
        let length = text.len();
        let what = format!(
            "the answers are {length} bytes, more than the {LARGEST_ANSWER} that Lambda takes: send fewer rows"
        );
        return Err(CallError::Rejected(what));
    }
    RawValue::from_string(text).map(Reply::Json).map_err(|_| CallError::Rejected(FORMS.to_owned()))
}
