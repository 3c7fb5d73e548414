//! `tests/data/SERVICE/Operation.variant.http`: answers of the services, as HTTP. `healthy` is the one that is given where a test
//! names no other. `ci/check_recordings.py` compares each with botocore's model of its service.

use std::collections::HashMap;
use std::path::Path;

/// Which answer each operation gets.
#[derive(Debug, Clone, Default)]
pub struct Recordings(HashMap<String, String>);

impl Recordings {
    /// These, named `service/Operation.variant`, and the healthy ones of all others.
    pub fn with(names: &[&str]) -> Self {
        let variant = |name: &&str| {
            let (operation, variant) = name.rsplit_once('.').expect("service/Operation.variant");
            (operation.to_owned(), variant.to_owned())
        };
        Self(names.iter().map(variant).collect())
    }

    /// The answer of an operation.
    pub fn response(&self, operation: &str) -> http::Response<String> {
        let variant = self.0.get(operation).map_or("healthy", String::as_str);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/{operation}.{variant}.http"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (head, body) = text.split_once("\n\n").expect("a head and a body");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).expect("a status");
        let mut response = http::Response::builder().status(status);
        for line in lines {
            let (name, value) = line.split_once(": ").expect("name: value");
            response = response.header(name, value);
        }
        response.body(body.trim_end().to_owned()).expect("an answer")
    }
}

/// Which operation a request asks for, as `service/Operation`.
pub fn operation(uri: &str, target: &str, has_token: bool, body: &str) -> String {
    if let Some((service, operation)) = target.split_once('.') {
        let service = if service.starts_with("DynamoDB") { "dynamodb" } else { "service-quotas" };
        return format!("{service}/{operation}");
    }
    if let Some(form) = body.strip_prefix("Action=") {
        let action = form.split('&').next().unwrap_or_default();
        let service = match action {
            "DescribeStacks" => "cloudformation",
            "GetRole" => "iam",
            _ => "sts",
        };
        return format!("{service}/{action}");
    }
    let path = uri.split_once("://").map_or(uri, |(_, rest)| &rest[rest.find('/').unwrap_or(rest.len())..]);
    let path = path.split('?').next().unwrap_or_default();
    let known = match path {
        path if path.ends_with("/invocations") => "lambda/Invoke",
        path if path.ends_with("/configuration") => "lambda/GetFunctionConfiguration",
        path if path.ends_with("/concurrency") => "lambda/GetFunctionConcurrency",
        "/2016-08-19/account-settings" => "lambda/GetAccountSettings",
        "/foundation-models" => "bedrock/ListFoundationModels",
        "/inference-profiles" => "bedrock/ListInferenceProfiles",
        "/use-case-for-model-access" => "bedrock/GetUseCaseForModelAccess",
        path if path.starts_with("/foundation-model-availability/") => "bedrock/GetFoundationModelAvailability",
        path if path.starts_with("/places/v0/indexes/") => "location/DescribePlaceIndex",
        path if path.ends_with("/ask_bedrock") && has_token => "execute-api/CallUnderRole",
        path if path.ends_with("/ask_bedrock") => "execute-api/Call",
        path if path.starts_with("/restapis/") => "apigateway/GetRestApi",
        path => panic!("nobody answers {path}"),
    };
    known.to_owned()
}
