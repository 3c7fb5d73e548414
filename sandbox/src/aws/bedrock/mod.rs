//! Bedrock's runtime API: Converse, and InvokeModel for the bodies of four families that write and of four that embed.

mod completion;
mod converse;
mod embed;
mod fields;
mod guardrail;
mod invoke;
mod model_id;
mod models;
#[cfg(test)]
mod tests;
pub(super) mod text;
pub(super) mod vectors;

use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::AwsOptions;
use super::faults::Fault;
use super::reply::Reply;
use super::server::{Api, Route};
use models::resolve;

/// The service.
#[derive(Debug)]
pub(super) struct Bedrock {
    end_of_life: bool,
}

impl Bedrock {
    pub(super) fn new(options: &AwsOptions) -> Self {
        Self { end_of_life: options.end_of_life }
    }
}

impl Api for Bedrock {
    fn signing_name(&self) -> &'static str {
        "bedrock"
    }

    fn route(&self, method: &Method, path: &str) -> Option<Route> {
        let (model, operation) = path.strip_prefix("/model/")?.rsplit_once('/')?;
        let operation = match operation {
            "converse" => "converse",
            "invoke" => "invoke",
            _ => return None,
        };
        let target = percent_decode_str(model).decode_utf8().ok()?.into_owned();
        (*method == Method::POST).then_some(Route { operation, target })
    }

    fn text(&self, route: &Route, body: &Value) -> String {
        match route.operation {
            "converse" => converse::text(body),
            _ => invoke::text(body),
        }
    }

    fn answer(&self, route: &Route, body: Option<&Value>, fault: Option<&Fault>) -> Reply {
        let model = model_id::check(&route.target).and_then(|()| resolve(&route.target, self.end_of_life));
        let answer = model.and_then(|model| match route.operation {
            "converse" if matches!(model.family, models::Family::Embedding(_)) => Err(invalid(
                "This action doesn't support the model that you provided. Try again with a supported text or chat model.",
            )),
            "converse" => converse::answer(&route.target, &model, body, fault),
            _ => invoke::answer(&route.target, &model, body, fault),
        });
        answer.unwrap_or_else(|refusal| refusal)
    }
}

fn invalid(message: &str) -> Reply {
    Reply::error(400, "ValidationException", message)
}
