//! Bedrock's runtime API: Converse, InvokeModel for the bodies of four families that write and of four that embed, and
//! InvokeGuardrailChecks.

pub(super) mod checks;
mod completion;
mod converse;
mod embed;
mod fields;
pub(super) mod fit;
mod format;
mod grammar;
mod guardrail;
#[cfg(test)]
mod guardrail_tests;
mod invoke;
mod messages;
mod metadata;
mod model_id;
mod models;
#[cfg(test)]
mod structured_tests;
#[cfg(test)]
mod tests;
pub(super) mod text;
mod tier;
mod tools;
pub(super) mod vectors;

use super::operation::{Api, Asked, Operation};
use super::reply::Reply;
use models::{Model, resolve};

/// The service.
pub(super) static BEDROCK: Api = Api {
    signing_name: "bedrock",
    operations: &[
        Operation { name: "converse", path: "/model/{}/converse", text: converse::text, answer: converse::answer },
        Operation { name: "invoke", path: "/model/{}/invoke", text: invoke::text, answer: invoke::answer },
        Operation {
            name: "guardrail_checks",
            path: "/guardrail-checks/invoke",
            text: checks::text,
            answer: checks::answer,
        },
    ],
};

/// The model that is asked, or why there is none.
fn model(asked: &Asked<'_>) -> Result<Model, Reply> {
    model_id::check(asked.target)?;
    resolve(asked.target, asked.options.end_of_life)
}

fn invalid(message: &str) -> Reply {
    Reply::error(400, "ValidationException", message)
}
