//! A DynamoDB that is not ours, for the tests that `ci/journal` runs: each has a table of its own there, so that none starts at the
//! pace or with the answers of another.

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};

/// The DynamoDB at `AWS_ENDPOINT_URL_DYNAMODB`.
pub fn config() -> SdkConfig {
    at(std::env::var("AWS_ENDPOINT_URL_DYNAMODB").unwrap())
}

/// A DynamoDB at that URL.
pub fn at(endpoint: String) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-west-2"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .endpoint_url(endpoint)
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

/// A new table as the template has it, by its name.
pub async fn table() -> String {
    let name = format!("journal-{:016x}", fastrand::u64(..));
    let key = AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S).build();
    let schema = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash).build();
    let create = Client::new(&config())
        .create_table()
        .table_name(&name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(key.unwrap())
        .key_schema(schema.unwrap());
    create.send().await.unwrap();
    name
}

/// What leads the function there, to a table of its own.
pub async fn environment() -> [(String, String); 2] {
    let endpoint = std::env::var("AWS_ENDPOINT_URL_DYNAMODB").unwrap();
    [("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), endpoint), ("JOURNAL_TABLE_NAME".to_owned(), table().await)]
}
