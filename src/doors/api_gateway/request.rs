//! An event of API Gateway as `lambda_http`'s request, by the variant of its version: none is tried in vain.

use lambda_http::aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayV2httpRequest};
use lambda_http::http::header::HOST;
use lambda_http::request::LambdaRequest;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde::de::value::MapDeserializer;
use serde_json::value::RawValue;

use crate::calls::CallError;
use crate::doors::event::Members;

/// Most bytes of the JSON of a request's headers. API Gateway takes 10,240 bytes of them; a `HeaderMap` panics over tens of thousands.
const MOST_HEADERS: usize = 64 * 1024;

/// Stands for a REST API's context, which `lambda_http` asks for.
const NO_CONTEXT: &str = r#"{"httpMethod":""}"#;

/// The form of an event of API Gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// A REST API's.
    V1,
    /// An HTTP API's, or a function URL's.
    V2,
}

impl Version {
    /// The form of this event, if it is one of API Gateway.
    pub fn of(event: &Members) -> Option<Self> {
        #[derive(Deserialize)]
        struct Context {
            #[serde(rename = "http")]
            _http: IgnoredAny,
        }
        if event.http_method.is_some() {
            return Some(Self::V1);
        }
        serde_json::from_str::<Context>(event.request_context.as_deref()?.get()).is_ok().then_some(Self::V2)
    }

    /// The event's method and headers as a request.
    ///
    /// Nothing else of the event goes in. `lambda_http` would copy the body once more, and panic over one that is not the base64 that it
    /// is announced as; and it would unwrap the URI that it makes of host, stage, path and query. The rest is read beside it, where it
    /// can be refused.
    ///
    /// # Errors
    ///
    /// When they are not as API Gateway writes them.
    pub fn read(self, event: &Members) -> Result<LambdaRequest, CallError> {
        let Members { http_method, headers, multi_value_headers, request_context, .. } = event;
        let headers = [("headers", headers), ("multiValueHeaders", multi_value_headers)];
        let headers = headers.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        if headers.clone().any(|(_, value)| value.get().len() > MOST_HEADERS) {
            return Err(CallError::Rejected(format!("the headers are more than {MOST_HEADERS} bytes")));
        }
        match self {
            Self::V1 => {
                let context: &RawValue = serde_json::from_str(NO_CONTEXT).map_err(|_| unreadable())?;
                let method = http_method.as_deref().map(|method| ("httpMethod", method));
                let members = headers.chain(method).chain([("requestContext", context)]);
                let mut request = ApiGatewayProxyRequest::deserialize(MapDeserializer::new(members))
                    .map_err(|_: Error| unreadable())?;
                request.headers.remove(HOST);
                Ok(LambdaRequest::ApiGatewayV1(request))
            }
            Self::V2 => {
                let context = request_context.as_deref().map(|context| ("requestContext", context));
                let members = headers.chain(context);
                let mut request = ApiGatewayV2httpRequest::deserialize(MapDeserializer::new(members))
                    .map_err(|_: Error| unreadable())?;
                request.headers.remove(HOST);
                request.request_context.stage = None;
                request.request_context.domain_name = None;
                Ok(LambdaRequest::ApiGatewayV2(request))
            }
        }
    }

    /// A request without anything: what an event that cannot be read is answered through.
    pub fn empty(self) -> LambdaRequest {
        match self {
            Self::V1 => LambdaRequest::ApiGatewayV1(ApiGatewayProxyRequest::default()),
            Self::V2 => LambdaRequest::ApiGatewayV2(ApiGatewayV2httpRequest::default()),
        }
    }
}

type Error = serde_json::Error;

/// serde's own text would quote a header.
fn unreadable() -> CallError {
    let what = "the event is not as API Gateway writes it: its method must be one of HTTP, its headers an object of text, \
        its multiValueHeaders an object of arrays of text";
    CallError::Rejected(what.to_owned())
}

#[cfg(test)]
mod tests {
    use lambda_http::{Body, Request};

    use super::*;
    use crate::doors::Event;

    fn members(json: &str) -> Box<Members> {
        match serde_json::from_str(json) {
            Ok(Event::Object(members)) => members,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_form_is_known_from_its_members() {
        for (json, expected) in [
            (r#"{"httpMethod":"POST","requestContext":{"http":{"method":"GET"}}}"#, Some(Version::V1)),
            (r#"{"httpMethod":5}"#, Some(Version::V1)),
            (r#"{"requestContext":{"stage":"v1","http":{"method":"POST"}}}"#, Some(Version::V2)),
            (r#"{"requestContext":{"http":null}}"#, Some(Version::V2)),
            (r#"{"httpMethod":null,"requestContext":{"elb":{}}}"#, None),
            (r#"{"requestContext":[]}"#, None),
            (r#"{"function":"get_coordinate"}"#, None),
        ] {
            assert_eq!(Version::of(&members(json)), expected, "{json}");
        }
    }

    #[test]
    fn a_request_has_the_headers_of_both_members_and_nothing_that_could_fail() {
        let event = members(
            r#"{"httpMethod":"PUT","path":"?","headers":{"HOST":"a b","X-One":"é"},"multiValueHeaders":{"x-MANY":["1","2"]},
                "queryStringParameters":{"[":"]"},"requestContext":{"domainName":"["},"body":"?","isBase64Encoded":true}"#,
        );
        let request = Request::from(Version::V1.read(&event).unwrap());
        assert_eq!((request.method().as_str(), request.uri().path(), request.body()), ("PUT", "/", &Body::Empty));
        assert_eq!(request.headers()["x-one"].as_bytes(), "é".as_bytes());
        assert_eq!(request.headers().get_all("X-Many").iter().collect::<Vec<_>>(), ["1", "2"]);
        let event = members(
            r#"{"headers":{"host":"a b","x-one":"1"},"rawPath":"?","rawQueryString":"[",
                "requestContext":{"stage":"[","domainName":"[","http":{"method":"GET"}}}"#,
        );
        let request = Request::from(Version::V2.read(&event).unwrap());
        assert_eq!((request.method().as_str(), request.uri().path()), ("GET", "/"));
        assert_eq!(request.headers()["X-One"], "1");
    }
}
