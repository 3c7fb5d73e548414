//! The SDK, set up as the function sets it up.

use aws_config::BehaviorVersion;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ConversationRole, InferenceConfiguration, Message, SystemContentBlock,
};

use super::{Failure, MODEL};

/// A client as the environment says.
pub async fn client() -> Client {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .identity_cache(IdentityCache::no_cache())
        .disable_clock_skew_correction(true)
        .disable_request_compression(true)
        .load()
        .await;
    Client::new(&config)
}

/// One call of Converse.
pub async fn ask(client: &Client, text: String) -> Result<String, Failure> {
    let message = Message::builder().role(ConversationRole::User).content(ContentBlock::Text(text)).build()?;
    let answer = client
        .converse()
        .model_id(MODEL)
        .system(SystemContentBlock::Text("Repeat.".to_owned()))
        .messages(message)
        .inference_config(InferenceConfiguration::builder().max_tokens(512).build())
        .send()
        .await?;
    let message = answer.output.as_ref().and_then(|output| output.as_message().ok()).ok_or("no message")?;
    Ok(message.content.iter().filter_map(|block| block.as_text().ok()).map(String::as_str).collect())
}
