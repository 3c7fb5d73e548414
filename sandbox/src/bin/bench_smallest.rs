//! The smallest Lambda that makes the call: no batch, no limiter, no journal, one row. What its cold start takes, the
//! runtime and the SDK take. It is set up as the function is: no profile files, no retries, one thread.

use aws_config::BehaviorVersion;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ConversationRole, InferenceConfiguration, Message, SystemContentBlock,
};
use lambda_http::{Error, Request, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Rows {
    data: [(u64, String, String, String); 1],
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_http::tracing::init_default_subscriber();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .profile_files(EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, "").build())
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .identity_cache(IdentityCache::no_cache())
        .disable_clock_skew_correction(true)
        .disable_request_compression(true)
        .load()
        .await;
    let client = &Client::new(&config);
    lambda_http::run(service_fn(move |request: Request| async move { answer(client, &request).await })).await
}

async fn answer(client: &Client, request: &Request) -> Result<Value, Error> {
    let Rows { data: [(number, instructions, user_context, model_id)] } = serde_json::from_slice(request.body())?;
    let message = Message::builder().role(ConversationRole::User).content(ContentBlock::Text(user_context)).build()?;
    let answer = client
        .converse()
        .model_id(model_id)
        .system(SystemContentBlock::Text(instructions))
        .messages(message)
        .inference_config(InferenceConfiguration::builder().max_tokens(512).build())
        .send()
        .await?;
    let message = answer.output.as_ref().and_then(|output| output.as_message().ok()).ok_or("no message")?;
    let text = message.content.iter().find_map(|block| block.as_text().ok()).ok_or("no text")?;
    Ok(json!({"data": [[number, text]]}))
}
