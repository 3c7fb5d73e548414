//! What a service can be asked: a table of operations.

use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::AwsOptions;
use super::faults::Fault;
use super::reply::Reply;

/// What makes one service another than the next.
pub(super) struct Api {
    /// The service's name in signatures.
    pub(super) signing_name: &'static str,
    /// What can be asked for: a line for each operation, which has a file of its own.
    pub(super) operations: &'static [Operation],
}

/// An operation, asked for by POST.
pub(super) struct Operation {
    pub(super) name: &'static str,
    /// With `{}` for the target; without one, the operation is its own target.
    pub(super) path: &'static str,
    /// The text by which rules and tests know the request.
    pub(super) text: fn(&Value) -> String,
    /// The proper answer, changed by those faults that change only its content; or the service's refusal.
    pub(super) answer: fn(&Asked<'_>) -> Result<Reply, Reply>,
}

/// What an operation is asked.
pub(super) struct Asked<'a> {
    /// The decoded model id, or the name of the place index.
    pub(super) target: &'a str,
    /// The body, if it is JSON.
    pub(super) body: Option<&'a Value>,
    pub(super) headers: &'a HeaderMap,
    pub(super) fault: Option<&'a Fault>,
    pub(super) options: &'a AwsOptions,
}

impl Api {
    /// The operation and its target; none when there is no such operation.
    pub(super) fn route(&self, method: &Method, path: &str) -> Option<(&'static Operation, String)> {
        if *method != Method::POST {
            return None;
        }
        self.operations.iter().find_map(|operation| Some((operation, operation.target(path)?)))
    }
}

#[cfg(test)]
impl Api {
    /// Status and body of the answer to one request, with the options that are the default.
    pub(super) fn ask(&self, name: &str, target: &str, body: &Value, fault: Option<&Fault>) -> (u16, Value) {
        let operation = self.operations.iter().find(|operation| operation.name == name).unwrap();
        let headers = &HeaderMap::new();
        let asked = Asked { target, body: Some(body), headers, fault, options: &AwsOptions::default() };
        let reply = (operation.answer)(&asked).unwrap_or_else(|refusal| refusal);
        (reply.status, serde_json::from_slice(&reply.body).unwrap_or_default())
    }
}

impl Operation {
    fn target(&self, path: &str) -> Option<String> {
        let Some((before, after)) = self.path.split_once("{}") else {
            return (path == self.path).then(|| self.name.to_owned());
        };
        let target = path.strip_prefix(before)?.strip_suffix(after).filter(|target| !target.contains('/'))?;
        Some(percent_decode_str(target).decode_utf8().ok()?.into_owned())
    }
}
