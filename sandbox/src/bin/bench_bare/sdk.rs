//! The SDK, set up as the function sets it up.

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::Builder;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ConversationRole, InferenceConfiguration, Message, SystemContentBlock,
};

// The function's own file: the sandbox cannot depend on the package whose tests depend on it.
#[path = "../../../../src/sdk/config.rs"]
mod config;
#[path = "../../../../src/sdk/headers.rs"]
mod headers;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A client as the environment says.
pub async fn client() -> Client {
    Client::from_conf(Builder::from(&config::load().await).interceptor(headers::Headers).build())
}

/// One call of Converse.
pub async fn ask(client: &Client, model_id: &str, instructions: &str, text: String) -> Result<String, Failure> {
    let message = Message::builder().role(ConversationRole::User).content(ContentBlock::Text(text)).build()?;
    let answer = client
        .converse()
        .model_id(model_id)
        .system(SystemContentBlock::Text(instructions.to_owned()))
        .messages(message)
        .inference_config(InferenceConfiguration::builder().max_tokens(512).build())
        .send()
        .await?;
    let message = answer.output.as_ref().and_then(|output| output.as_message().ok()).ok_or("no message")?;
    Ok(message.content.iter().filter_map(|block| block.as_text().ok()).map(String::as_str).collect())
}
