//! Amazon Bedrock and Amazon Location, both its place index and its Places API, on loopback: they check signatures, validate what the services
//! validate, and can be told to be slow, to throttle and to fail.

mod bedrock;
mod calls;
mod faults;
mod geo_places;
mod location;
mod operation;
mod quota;
mod reply;
mod server;
pub mod sigv4;
#[cfg(test)]
mod tests;

pub use bedrock::checks::{personal::redacted, severity};
pub use bedrock::fit::fit;
pub use bedrock::text::{reply, split_prompt};
pub use bedrock::vectors::embedding;
pub use calls::{Call, Stats};
pub use faults::{Fault, Guardrail, Matching, Rule, Trace};
pub use location::places::{Place, find as find_places};
pub use quota::{Quota, TokenBucket};
pub use server::Service;

/// The running services.
#[derive(Debug)]
pub struct Aws {
    bedrock: Service,
    location: Service,
    places: Service,
    options: AwsOptions,
}

/// What the services accept and know.
#[derive(Debug, Clone)]
pub struct AwsOptions {
    /// The one region that signatures may name.
    pub region: String,
    /// The one identity that may call.
    pub credentials: Credentials,
    /// The one place index there is.
    pub place_index: String,
    /// Whether the article's three models have reached the end of their life, as they have on AWS.
    pub end_of_life: bool,
}

impl Default for AwsOptions {
    fn default() -> Self {
        Self {
            region: "us-west-2".to_owned(),
            credentials: Credentials::default(),
            place_index: "sandbox-places".to_owned(),
            end_of_life: false,
        }
    }
}

/// What a request is signed with. The default is made of the examples of the AWS documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The public half.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: String,
    /// What temporary credentials have besides.
    pub session_token: Option<String>,
}

impl Default for Credentials {
    fn default() -> Self {
        Self {
            access_key_id: "ASIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: Some("sandbox-session-token".to_owned()),
        }
    }
}

impl Aws {
    /// Starts Bedrock and Location on 127.0.0.1, each on a free port. They stop when this is dropped.
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    pub async fn start(options: AwsOptions) -> std::io::Result<Aws> {
        let bedrock = Service::start(&bedrock::BEDROCK, &options).await?;
        let location = Service::start(&location::LOCATION, &options).await?;
        let places = Service::start(&geo_places::GEO_PLACES, &options).await?;
        Ok(Aws { bedrock, location, places, options })
    }

    /// Bedrock's runtime API.
    #[must_use]
    pub fn bedrock(&self) -> &Service {
        &self.bedrock
    }

    /// Location's Places API, version 0.
    #[must_use]
    pub fn location(&self) -> &Service {
        &self.location
    }

    /// Location's current Places API.
    #[must_use]
    pub fn places(&self) -> &Service {
        &self.places
    }

    /// The environment that leads an SDK here.
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        let credentials = &self.options.credentials;
        let mut env = vec![
            ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", self.bedrock.url()),
            ("AWS_ENDPOINT_URL_LOCATION", self.location.url()),
            ("AWS_ENDPOINT_URL_GEO_PLACES", self.places.url()),
            ("AWS_REGION", self.options.region.clone()),
            ("AWS_ACCESS_KEY_ID", credentials.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.clone()),
        ];
        if let Some(token) = &credentials.session_token {
            env.push(("AWS_SESSION_TOKEN", token.clone()));
        }
        env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
