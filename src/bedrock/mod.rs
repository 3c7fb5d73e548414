//! Amazon Bedrock: a question in, the model's text out; texts in, vectors out. Nothing outside this folder names a type of its SDK.

mod converse;
mod embeddings;
mod guardrail;
mod invoke_model;

use std::sync::OnceLock;

use aws_config::SdkConfig;
use aws_sdk_bedrockruntime::Client;

pub use self::embeddings::{Embedding, Family, InputType, Limits, Truncate};

use self::converse::FoldingModels;
use crate::function::{Answered, Code, Fault, PackFault, Refusal};

/// Most tokens of an answer. Bedrock reserves this much of the quota when a call starts, and the model's maximum when
/// it is not said: a small number is what lets many calls run at once.
///
/// Source: the article's default; Bedrock's token accounting in its quotas for the runtime.
const MAX_TOKENS: u16 = 512;

/// What is asked, and of whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// What to do with every row; may be empty.
    pub instructions: &'a str,
    /// This row's text.
    pub user_context: &'a str,
    /// A model id, an inference profile's id, or an ARN.
    pub model_id: &'a str,
}

/// The Bedrock runtime of one Region.
pub struct Bedrock {
    config: SdkConfig,
    client: OnceLock<Client>,
    folding: FoldingModels,
}

impl Bedrock {
    /// A client that is built when the first question is asked.
    pub fn new(config: SdkConfig) -> Self {
        Self { config, client: OnceLock::new(), folding: FoldingModels::default() }
    }

    /// Asks once; the value is the text of the answer as the model wrote it, as a JSON string.
    ///
    /// # Errors
    ///
    /// Every kind of [`Fault`]; an answer without text is the row's.
    pub async fn ask(&self, question: Question<'_>) -> Result<Answered, Fault> {
        let client = self.client();
        match invoke_model::Family::of(question.model_id) {
            Some(family) => invoke_model::ask(client, family, question).await,
            None => converse::ask(client, &self.folding, question).await,
        }
    }

    /// Asks once for the vectors of texts, at most as many as the model takes in one call; they come in the texts' order, each as a JSON
    /// array of numbers.
    ///
    /// # Errors
    ///
    /// Every kind of [`PackFault`].
    pub async fn embed(&self, how: Embedding<'_>, texts: &[String]) -> Result<Vec<Answered>, PackFault> {
        embeddings::ask(self.client(), how, texts).await
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| Client::new(&self.config))
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
