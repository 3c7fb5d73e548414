//! What becomes of a checkpoint whose answer is lost, on a table of one item that can be told to lose answers.

use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use super::*;
use crate::journal::Key;

/// The work goes on.
const GO_ON: Then = Then::GoOn(SystemTime::UNIX_EPOCH);

/// The claim as DynamoDB has it, and whether answers get through.
#[derive(Debug, Clone, Default)]
struct Table(Arc<Mutex<(Value, bool)>>);

impl Table {
    fn lose_answers(&self, are_lost: bool) {
        self.0.lock().unwrap().1 = are_lost;
    }

    /// A put, or an update under the condition of a checkpoint; the status and the answer.
    fn write(item: &mut Value, request: &Value) -> (u16, Value) {
        if let Some(new) = request.get("Item") {
            *item = new.clone();
            return (200, json!({}));
        }
        let values = &request["ExpressionAttributeValues"];
        let count = item["entries"]["L"].as_array().unwrap().len().to_string();
        if item["token"] != values[":token"] || values[":count"]["N"] != count.as_str() {
            let failed = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
            return (400, json!({"__type": failed, "Item": item}));
        }
        if let Some(entry) = values[":entry"]["L"].get(0) {
            item["entries"]["L"].as_array_mut().unwrap().push(entry.clone());
        }
        for (name, value) in [("lease_until", ":zero"), ("lease_until", ":until"), ("ended", ":yes")] {
            if let Some(value) = values.get(value) {
                item[name] = value.clone();
            }
        }
        (200, json!({}))
    }

    fn entries_and_end(&self) -> (usize, Value) {
        let item = &self.0.lock().unwrap().0;
        (item["entries"]["L"].as_array().unwrap().len(), item["ended"]["BOOL"].clone())
    }
}

impl HttpConnector for Table {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let (item, is_lost) = &mut *self.0.lock().unwrap();
        let (status, body) = Self::write(item, &request);
        HttpConnectorFuture::ready(match is_lost {
            true => Err(ConnectorError::io("lost".into())),
            false => Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body.to_string()))),
        })
    }
}

impl HttpClient for Table {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// A batch that was claimed, and its first entry, which was kept or was not: its answer is lost for good.
async fn unsure() -> (Table, DynamoDb, Lease) {
    let table = Table::default();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-west-2"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .http_client(table.clone())
        .build();
    let journal = DynamoDb::new("journal".to_owned(), Duration::from_hours(12), config);
    let now = SystemTime::now();
    let rows = Some(NewRows { body: "{}", digest: "digest".to_owned() });
    let key = Key::of("ask_bedrock", "batch");
    let claim = Claim { key: &key, rows, now, lease_until: now + Duration::from_secs(28) };
    let Ok(Claimed::Ours(mut lease, _)) = journal.claim(&claim).await else {
        panic!("not claimed");
    };
    table.lose_answers(true);
    assert!(journal.checkpoint(&mut lease, b"one", GO_ON).await.is_err());
    table.lose_answers(false);
    assert_eq!(table.entries_and_end(), (1, json!(false)));
    (table, journal, lease)
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_after_a_lost_answer_is_kept_itself() {
    let (table, journal, mut lease) = unsure().await;
    assert_eq!(journal.checkpoint(&mut lease, b"one and two", GO_ON).await.unwrap(), Kept::Yes);
    assert_eq!(table.entries_and_end(), (2, json!(false)));
    assert_eq!(journal.checkpoint(&mut lease, b"three", Then::End).await.unwrap(), Kept::Yes);
    assert_eq!(table.entries_and_end(), (3, json!(true)));
}

#[tokio::test(start_paused = true)]
async fn the_end_after_a_lost_answer_is_kept() {
    for entry in [b"one and two".as_slice(), b""] {
        let (table, journal, mut lease) = unsure().await;
        assert_eq!(journal.checkpoint(&mut lease, entry, Then::End).await.unwrap(), Kept::Yes);
        assert_eq!(table.entries_and_end().1, json!(true));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_kept_already_is_not_kept_twice() {
    let (table, journal, mut lease) = unsure().await;
    assert_eq!(journal.checkpoint(&mut lease, b"one", GO_ON).await.unwrap(), Kept::Yes);
    assert_eq!(table.entries_and_end(), (1, json!(false)));
    assert_eq!(journal.checkpoint(&mut lease, b"two", GO_ON).await.unwrap(), Kept::Yes);
    assert_eq!(table.entries_and_end(), (2, json!(false)));
}
