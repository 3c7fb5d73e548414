//! Amazon Bedrock: a question in, the model's text or JSON out; texts in, vectors out; a text in, what guardrail checks say of it out.
//! Nothing outside this folder names a type of its SDK.

mod converse;
mod document;
mod embeddings;
mod guardrail_checks;
mod invoke_model;
mod metadata;
mod model_id;
mod prices;
mod question;
mod structured;

use std::sync::OnceLock;

use aws_config::SdkConfig;
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::Builder;

pub use self::embeddings::{Embedding, Family, InputType, Limits, Truncate};
pub use self::guardrail_checks::{CHECKS, Check, Finding, types as pii_types};
pub use self::prices::Prices;
pub use self::question::{Guardrail, Inference, Question};
pub use self::structured::Format;

use self::converse::Manners;
use crate::function::{Answered, Code, Failed, Fault, PackFault, Refusal};
use crate::sdk;

/// The Bedrock runtime of one Region.
pub struct Bedrock {
    config: SdkConfig,
    client: OnceLock<Client>,
    manners: Manners,
    prices: Prices,
}

impl Bedrock {
    /// A client that is built when the first question is asked; what it tells of costs is by these prices.
    pub fn new(config: SdkConfig, prices: Prices) -> Self {
        let prices = prices.in_region(config.region().map(|region| region.as_ref()));
        Self { config, client: OnceLock::new(), manners: Manners::default(), prices }
    }

    /// Asks once; the value is the text of the answer as the model wrote it, as a JSON string, or the JSON of the form that was asked for.
    ///
    /// # Errors
    ///
    /// Every kind of [`Fault`]; an answer without text is the row's. An answer that is not of the form is the
    /// moment's: asked again, the same question shows the model what was wrong.
    pub async fn ask(&self, question: &Question<'_>) -> Result<Answered, Failed> {
        let client = self.client();
        match invoke_model::Family::of(question) {
            Some(family) => invoke_model::ask(client, family, question).await,
            None => converse::ask(client, &self.manners, &self.prices, question).await,
        }
    }

    /// Asks once for the vectors of texts, at most as many as the model takes in one call; they come in the texts' order, each as a JSON
    /// array of numbers.
    ///
    /// # Errors
    ///
    /// Every kind of [`PackFault`].
    pub async fn embed(&self, how: Embedding<'_>, texts: &[String]) -> Result<Vec<Answered>, PackFault> {
        let mut answers = embeddings::ask(self.client(), how, texts).await?;
        for answer in &mut answers {
            answer.paid.cost = self.prices.cost(how.model_id, None, &answer.paid.usage);
            answer.told.model_id = Some(how.model_id.into());
        }
        Ok(answers)
    }

    /// Asks once for what of these types, some of [`pii_types`], is in a text. Offsets count its Unicode code points.
    ///
    /// # Errors
    ///
    /// Every kind of [`Fault`]; more findings than one answer holds are the row's.
    pub async fn find_pii(&self, text: &str, types: &[&str]) -> Result<Vec<Finding>, Fault> {
        guardrail_checks::find(self.client(), text, types).await
    }

    /// Asks once for the scores of a text by these checks, some of [`CHECKS`], in their order.
    ///
    /// # Errors
    ///
    /// Every kind of [`Fault`].
    pub async fn moderate(&self, text: &str, checks: &[Check]) -> Result<Vec<f64>, Fault> {
        guardrail_checks::score(self.client(), text, checks).await
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| Client::from_conf(Builder::from(&self.config).interceptor(sdk::Headers).build()))
    }
}

/// An answer's text as a JSON string, or the fault of a row whose answer has none.
fn json_text(text: &str) -> Result<Box<str>, Refusal> {
    if text.is_empty() {
        return Err(Refusal::row(Code::ServiceError, "the model's answer holds no text"));
    }
    Ok(serde_json::Value::from(text).to_string().into())
}

/// The refusal of a row that a guardrail or the model's own filter stopped.
fn content_blocked() -> Refusal {
    Refusal::row(Code::ContentBlocked, "a guardrail or a content filter stopped the question or the answer")
}
