//! What the tests of the checks stand on: services that answer what `tests/data` has recorded.

mod recordings;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;

pub use recordings::Recordings;

use crate::aws::{Aws, Endpoints};
use crate::stack::Stack;

impl Recordings {
    /// The healthy ones.
    pub fn healthy() -> Self {
        Self::default()
    }

    /// The services, which answer with these.
    pub fn aws(self) -> Aws {
        let credentials = Credentials::for_tests();
        Aws::with_connector("us-west-2".to_owned(), credentials, Endpoints::default(), SharedHttpConnector::new(self))
    }
}

impl HttpConnector for Recordings {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let header = |name: &str| request.headers().get(name).unwrap_or_default().to_owned();
        let authorization = header("authorization");
        assert!(authorization.contains("/us-west-2/") || authorization.contains("/us-east-1/iam/"), "{authorization}");
        let body = request.body().bytes().unwrap_or_default();
        let name = recordings::operation(
            request.uri(),
            &header("x-amz-target"),
            !header("x-amz-security-token").is_empty(),
            &String::from_utf8_lossy(body),
        );
        let response = self.response(&name).map(SdkBody::from).try_into();
        HttpConnectorFuture::ready(Ok(response.expect("a recording is an HTTP answer")))
    }
}

/// The stack that these services tell of.
pub async fn stack(aws: &Aws) -> Stack {
    Stack::read(aws, "snowflake-functions").await.expect("the recording of a stack can be read")
}
