//! What becomes of a claim or a checkpoint whose answer is lost, on a table that can be told to lose answers.

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
use tokio::time::Instant;

use super::*;
use crate::function::Outcome;
use crate::journal::{Answer, AnswerKey, Key, Look, Scope, Within};

/// The work goes on.
const GO_ON: Then = Then::GoOn(SystemTime::UNIX_EPOCH);

/// A table as DynamoDB has it.
#[derive(Debug, Clone, Default)]
struct Table(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    items: HashMap<String, Value>,
    /// How many answers do not get through.
    lost: usize,
    /// How many reads or writes of one request are done, as the table is throttled.
    done: Option<usize>,
    requests: usize,
}

impl Table {
    fn lose_answers(&self, count: usize) {
        self.0.lock().unwrap().lost = count;
    }

    fn do_at_most(&self, done: usize) {
        self.0.lock().unwrap().done = Some(done);
    }

    fn requests(&self) -> usize {
        std::mem::take(&mut self.0.lock().unwrap().requests)
    }

    /// What is asked for, and how it is answered; a write only under the conditions of a claim and of a checkpoint.
    fn answer(items: &mut HashMap<String, Value>, request: &Value, done: usize) -> (u16, Value) {
        let failed = |item: &Value| {
            let name = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
            (400, json!({"__type": name, "Item": item}))
        };
        if let Some(asked) = request.get("RequestItems") {
            if let Some(keys) = asked["journal"]["Keys"].as_array() {
                let (keys, undone) = keys.split_at(done.min(keys.len()));
                let found: Vec<&Value> = keys.iter().filter_map(|key| items.get(key["pk"]["S"].as_str()?)).collect();
                let undone = if undone.is_empty() { json!({}) } else { json!({"journal": {"Keys": undone}}) };
                return (200, json!({"Responses": {"journal": found}, "UnprocessedKeys": undone}));
            }
            let writes = asked["journal"].as_array().unwrap();
            let (writes, undone) = writes.split_at(done.min(writes.len()));
            for write in writes {
                let new = &write["PutRequest"]["Item"];
                items.insert(new["pk"]["S"].as_str().unwrap().to_owned(), new.clone());
            }
            let undone = if undone.is_empty() { json!({}) } else { json!({"journal": undone}) };
            return (200, json!({"UnprocessedItems": undone}));
        }
        if let Some(new) = request.get("Item") {
            let key = new["pk"]["S"].as_str().unwrap().to_owned();
            return match items.get(&key).filter(|_| request.get("ConditionExpression").is_some()) {
                Some(item) => failed(item),
                None => {
                    items.insert(key, new.clone());
                    (200, json!({}))
                }
            };
        }
        let item = items.get_mut(request["Key"]["pk"]["S"].as_str().unwrap()).unwrap();
        let Some(values) = request.get("ExpressionAttributeValues") else {
            return (200, json!({"Item": item}));
        };
        let number = |value: &Value| value["N"].as_str().unwrap().parse::<u64>().unwrap();
        if values.get(":oldest").is_some() {
            if number(&item["lease_until"]) > number(&values[":now"]) {
                return failed(item);
            }
            item["token"] = values[":token"].clone();
            item["lease_until"] = values[":until"].clone();
            return (200, json!({"Attributes": item}));
        }
        let count = item["entries"]["L"].as_array().unwrap().len().to_string();
        if item["token"] != values[":token"] || values[":count"]["N"] != count.as_str() {
            return failed(item);
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
        let item = &self.0.lock().unwrap().items[&batch().to_string()];
        (item["entries"]["L"].as_array().unwrap().len(), item["ended"]["BOOL"].clone())
    }

    fn journal(&self) -> DynamoDb {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-west-2"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
            .http_client(self.clone())
            .build();
        DynamoDb::new("journal".to_owned(), Duration::from_hours(12), config)
    }
}

impl HttpConnector for Table {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let held = &mut *self.0.lock().unwrap();
        let (status, body) = Self::answer(&mut held.items, &request, held.done.unwrap_or(usize::MAX));
        let is_lost = held.lost > 0;
        held.lost = held.lost.saturating_sub(1);
        held.requests += 1;
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

fn batch() -> Key {
    Key::of("ask_bedrock", "batch")
}

const LEASE: Duration = Duration::from_secs(28);

/// A POST with that body, or a GET.
async fn claim(journal: &DynamoDb, body: Option<&str>, now: SystemTime) -> Claimed {
    let rows = body.map(|body| NewRows { body, digest: "digest".to_owned() });
    journal.claim(&Claim { key: &batch(), rows, now, lease_until: now + LEASE }).await.unwrap()
}

/// A batch that was claimed, and its first entry, which was kept or was not: its answer is lost for good.
async fn unsure() -> (Table, DynamoDb, Lease) {
    let table = Table::default();
    let journal = table.journal();
    let Claimed::Ours(mut lease, _) = claim(&journal, Some("{}"), SystemTime::now()).await else {
        panic!("not claimed");
    };
    table.lose_answers(usize::MAX);
    assert!(journal.checkpoint(&mut lease, b"one", GO_ON).await.is_err());
    table.lose_answers(0);
    assert_eq!(table.entries_and_end(), (1, json!(false)));
    (table, journal, lease)
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_answer_was_lost_is_the_callers_all_the_same() {
    let (table, now) = (Table::default(), SystemTime::now());
    let journal = table.journal();
    table.lose_answers(1);
    assert!(matches!(claim(&journal, Some("{}"), now).await, Claimed::Ours(..)));
    assert_eq!(claim(&journal, Some("{}"), now).await, Claimed::Busy);
    assert_eq!(claim(&journal, None, now).await, Claimed::Busy);
    table.lose_answers(1);
    assert!(matches!(claim(&journal, None, now + LEASE).await, Claimed::Ours(..)));
    assert_eq!(claim(&journal, Some("{}"), now + LEASE).await, Claimed::Busy);
    assert_eq!(claim(&journal, None, now + LEASE).await, Claimed::Busy);
}

#[tokio::test(start_paused = true)]
async fn that_another_one_works_on_a_batch_is_found_out_by_one_request() {
    let (table, now) = (Table::default(), SystemTime::now());
    let journal = table.journal();
    for body in [Some("{}"), Some("{}"), None] {
        claim(&journal, body, now).await;
        assert_eq!(table.requests(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn rows_that_a_claim_cannot_hold_come_back_from_their_parts() {
    let (table, now) = (Table::default(), SystemTime::now());
    let journal = table.journal();
    let mut random = fastrand::Rng::with_seed(3);
    let body: String = (0..400_000).map(|_| random.alphanumeric()).collect();
    assert!(matches!(claim(&journal, Some(&body), now).await, Claimed::Ours(..)));
    assert_eq!(table.0.lock().unwrap().items.len(), 3, "the claim and two parts");
    let Claimed::Ours(_, batch) = claim(&journal, None, now + LEASE).await else {
        panic!("not claimed");
    };
    assert!(batch.body == body);
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

fn to_keep(scope: &Scope, count: usize) -> Vec<(AnswerKey, Outcome)> {
    let answer = |number: usize| {
        let value: Box<str> = number.to_string().into_boxed_str();
        let outcome = Outcome { attempts: 1, ..Outcome::of(value) };
        (scope.key("t", &vec![number.to_string().into()].into_boxed_slice()), outcome)
    };
    (0..count).map(answer).collect()
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_kept_are_recalled_however_many_there_are() {
    let (table, now) = (Table::default(), SystemTime::now());
    let journal = table.journal();
    let answers = Journal::answers(&journal).unwrap();
    let scope = Scope::of("ask_bedrock", Within::Statement("statement"), now + Duration::from_hours(1));
    let kept = to_keep(&scope, 120);
    answers.keep(&scope, &batch(), &kept).await.unwrap();
    assert_eq!(table.requests(), 5, "a write takes 25 answers");
    let keys: Vec<_> = kept.iter().map(|(key, _)| *key).collect();
    let (batch, other) = (batch(), Key::of("ask_bedrock", "other"));
    let look = Look { scope: &scope, batch: &batch, keys: &keys, for_others: true, now, until: now };
    let recalled = answers.recall(look).await.unwrap();
    let all = |is_own| kept.iter().map(|(key, outcome)| (*key, Answer { outcome: outcome.clone(), is_own })).collect();
    assert_eq!(recalled.answers, all(true));
    assert_eq!(table.requests(), 2, "and a read takes 100 keys");
    let recalled = answers.recall(Look { batch: &other, for_others: false, keys: &keys[..100], ..look }).await.unwrap();
    assert_eq!(recalled.answers.len(), 100);
    assert!(recalled.answers.values().all(|answer| !answer.is_own));
    assert_eq!(table.requests(), 1, "what others ask for is not read where nobody wants it");
}

#[tokio::test(start_paused = true)]
async fn what_a_throttled_table_leaves_undone_is_asked_for_after_pauses() {
    let (table, now) = (Table::default(), SystemTime::now());
    let journal = table.journal();
    let answers = Journal::answers(&journal).unwrap();
    let scope = Scope::of("ask_bedrock", Within::Statement("statement"), now + Duration::from_hours(1));
    let kept = to_keep(&scope, 25);
    let keys: Vec<_> = kept.iter().map(|(key, _)| *key).collect();
    let batch = batch();
    let look = Look { scope: &scope, batch: &batch, keys: &keys, for_others: false, now, until: now };
    for (done, requests, millis) in [(10, 3, 75..160), (5, 5, 375..760)] {
        table.do_at_most(done);
        let begin = Instant::now();
        answers.keep(&scope, &batch, &kept).await.unwrap();
        assert_eq!((table.requests(), millis.contains(&begin.elapsed().as_millis())), (requests, true));
        let begin = Instant::now();
        assert_eq!(answers.recall(look).await.unwrap().answers.len(), 25);
        assert_eq!((table.requests(), millis.contains(&begin.elapsed().as_millis())), (requests, true));
    }
    table.do_at_most(4);
    assert!(answers.keep(&scope, &batch, &kept).await.is_err());
    assert!(answers.recall(look).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_large_for_an_item_is_given_back() {
    let (table, now) = (Table::default(), SystemTime::now());
    let journal = table.journal();
    let answers = Journal::answers(&journal).unwrap();
    let scope = Scope::of("ask_bedrock", Within::Statement("statement"), now + Duration::from_hours(1));
    let mut kept = to_keep(&scope, 3);
    let mut random = fastrand::Rng::with_seed(3);
    let text: String = (0..600_000).map(|_| random.alphanumeric()).collect();
    kept[1].1 = Outcome { attempts: 1, ..Outcome::of(serde_json::Value::from(text).to_string().into()) };
    assert_eq!(answers.keep(&scope, &batch(), &kept).await.unwrap(), [kept[1].0]);
    let keys: Vec<_> = kept.iter().map(|(key, _)| *key).collect();
    let look = Look { scope: &scope, batch: &batch(), keys: &keys, for_others: false, now, until: now };
    assert_eq!(answers.recall(look).await.unwrap().answers.len(), 2);
}
