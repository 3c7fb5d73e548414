//! The smallest Lambda that makes the call: no batch, no limiter, no journal, one row. What its cold start takes, the
//! runtime and the SDK take. It is set up as the function is: no profile files, no retries, one thread.

// The call is the same in every program that the function is measured beside.
#[path = "bench_bare/sdk.rs"]
mod sdk;

use aws_sdk_bedrockruntime::Client;
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
    let client = &sdk::client().await;
    lambda_http::run(service_fn(move |request: Request| async move { answer(client, &request).await })).await
}

async fn answer(client: &Client, request: &Request) -> Result<Value, Error> {
    let Rows { data: [(number, instructions, user_context, model_id)] } = serde_json::from_slice(request.body())?;
    let text = sdk::ask(client, &model_id, &instructions, user_context).await?;
    Ok(json!({"data": [[number, text]]}))
}
