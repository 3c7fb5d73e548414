//! The services that are asked, and where they are.

use std::collections::HashMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stays as it is in a path or a form; a signature wants everything else escaped.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A service, by the names that its requests carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// The SDKs' name for it: `AWS_ENDPOINT_URL_` goes before it.
    pub id: &'static str,
    /// Its host, before the Region.
    pub host: &'static str,
    /// Its name in a signature.
    pub signed_as: &'static str,
    /// The version of its actions, or that of its JSON.
    pub version: &'static str,
    /// What goes before the operation in `X-Amz-Target`.
    pub target: &'static str,
}

/// Those that the checks ask.
pub mod services {
    use super::Service;

    const fn known(id: &'static str, host: &'static str, signed_as: &'static str) -> Service {
        Service { id, host, signed_as, version: "", target: "" }
    }

    /// Who am I?
    pub const STS: Service = Service { version: "2011-06-15", ..known("STS", "sts", "sts") };
    /// Roles.
    pub const IAM: Service = Service { version: "2010-05-08", ..known("IAM", "iam", "iam") };
    /// Stacks.
    pub const CLOUDFORMATION: Service =
        Service { version: "2010-05-15", ..known("CLOUDFORMATION", "cloudformation", "cloudformation") };
    /// The function.
    pub const LAMBDA: Service = known("LAMBDA", "lambda", "lambda");
    /// The API, as something that is set up.
    pub const API_GATEWAY: Service = known("API_GATEWAY", "apigateway", "apigateway");
    /// The API, as something that is called.
    pub const EXECUTE_API: Service = known("EXECUTE_API", "execute-api", "execute-api");
    /// The journal.
    pub const DYNAMODB: Service =
        Service { version: "1.0", target: "DynamoDB_20120810", ..known("DYNAMODB", "dynamodb", "dynamodb") };
    /// Place indexes, as something that is set up.
    pub const LOCATION: Service = known("LOCATION", "cp.places.geo", "geo");
    /// Models, as something that is set up.
    pub const BEDROCK: Service = known("BEDROCK", "bedrock", "bedrock");
    /// Quotas.
    pub const SERVICE_QUOTAS: Service = Service {
        version: "1.1",
        target: "ServiceQuotasV20190624",
        ..known("SERVICE_QUOTAS", "servicequotas", "servicequotas")
    };
}

impl Service {
    /// IAM is one for a partition, in one of its Regions.
    pub fn signing_region<'a>(&self, region: &'a str) -> &'a str {
        match (self.id, region.split('-').nth(1)) {
            ("IAM", Some("gov")) => "us-gov-west-1",
            ("IAM", _) if region.starts_with("cn-") => "cn-north-1",
            ("IAM", _) => "us-east-1",
            _ => region,
        }
    }

    fn official_url(&self, region: &str) -> String {
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        match (self.id, self.signing_region(region)) {
            ("IAM", "us-east-1") => format!("https://iam.{suffix}"),
            ("IAM", "us-gov-west-1") => format!("https://iam.us-gov.{suffix}"),
            (_, region) => format!("https://{}.{region}.{suffix}", self.host),
        }
    }
}

/// The endpoints that were moved, by the SDKs' own variables.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    moved: HashMap<String, String>,
}

impl Endpoints {
    /// Those that these variables move.
    pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let moved = variables.into_iter().filter_map(|(name, value)| {
            let id = name.strip_prefix("AWS_ENDPOINT_URL")?;
            let value = value.trim_end_matches('/').to_owned();
            (!value.is_empty()).then(|| (id.trim_start_matches('_').to_owned(), value))
        });
        Self { moved: moved.collect() }
    }

    /// Where a service is, without a slash at the end.
    pub fn url(&self, service: Service, region: &str) -> String {
        let moved = self.moved.get(service.id).or_else(|| self.moved.get(""));
        moved.cloned().unwrap_or_else(|| service.official_url(region))
    }

    /// Where the deployed API is reached. A local AWS has all APIs at its one address, under the path that they agree on.
    pub fn api_url(&self, api_url: &str) -> String {
        if let Some(moved) = self.moved.get(services::EXECUTE_API.id) {
            return moved.clone();
        }
        let parts = api_url.strip_prefix("https://").and_then(|rest| rest.split_once('/'));
        match (self.moved.get(""), parts) {
            (Some(moved), Some((host, stage))) => {
                let id = host.split('.').next().unwrap_or_default();
                format!("{moved}/restapis/{id}/{stage}/_user_request_")
            }
            _ => api_url.to_owned(),
        }
    }
}

/// A text as a segment of a path or a value of a form.
pub fn escape(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::{Endpoints, services};

    const API: &str = "https://abc123.execute-api.us-west-2.amazonaws.com/v1";

    fn endpoints(variables: &[(&str, &str)]) -> Endpoints {
        Endpoints::from_variables(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn services_are_where_aws_has_them() {
        let none = endpoints(&[("AWS_ENDPOINT_URL", "")]);
        assert_eq!(none.url(services::LOCATION, "eu-west-1"), "https://cp.places.geo.eu-west-1.amazonaws.com");
        assert_eq!(none.url(services::IAM, "eu-west-1"), "https://iam.amazonaws.com");
        assert_eq!(none.url(services::IAM, "us-gov-east-1"), "https://iam.us-gov.amazonaws.com");
        assert_eq!(services::IAM.signing_region("us-gov-east-1"), "us-gov-west-1");
        assert_eq!(none.api_url(API), API);
    }

    #[test]
    fn a_variable_moves_one_service_or_all() {
        let moved =
            endpoints(&[("AWS_ENDPOINT_URL", "http://localhost:1/"), ("AWS_ENDPOINT_URL_IAM", "http://localhost:2")]);
        assert_eq!(moved.url(services::STS, "us-west-2"), "http://localhost:1");
        assert_eq!(moved.url(services::IAM, "us-west-2"), "http://localhost:2");
        assert_eq!(moved.api_url(API), "http://localhost:1/restapis/abc123/v1/_user_request_");
        let moved = endpoints(&[("AWS_ENDPOINT_URL_EXECUTE_API", "http://localhost:3/v1")]);
        assert_eq!(moved.api_url(API), "http://localhost:3/v1");
    }
}
