//! Batches that take many invocations, with a journal in memory and the services of the sandbox.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sandbox::aws::{Aws, AwsOptions, Fault, Matching, Rule, reply};
use serde_json::{Value, json};
use snowflake_aws_functions::bedrock::{Bedrock, Prices};
use snowflake_aws_functions::calls::{House, Times};
use snowflake_aws_functions::doors::{self, Event};
use snowflake_aws_functions::function::{Answered, Call, Function, Job, Parameter, Refusal, Row, Target};
use snowflake_aws_functions::functions::{Functions, ModelPatterns};
use snowflake_aws_functions::journal::{Answers, Claim, Claimed, Journal, JournalError, Kept, Lease, Memory, Then};
use snowflake_aws_functions::location::{IntendedUse, Location};
use tokio::time::{Instant, sleep};

use crate::sharing::Moody;
use crate::support::{MODEL, event, rows};

pub const BATCH: &str = "sf-external-function-query-batch-id";

/// A function in this process, several environments of which share a journal.
pub struct Sandbox {
    pub aws: Aws,
    pub journal: Arc<Memory>,
}

/// One journal of several houses.
pub struct Shared {
    pub journal: Arc<dyn Journal>,
    /// What shares the answers in place of the journal itself.
    pub answers: Option<Box<dyn Answers>>,
}

impl Journal for Shared {
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> BoxFuture<'a, Result<Claimed, JournalError>> {
        self.journal.claim(claim)
    }

    fn checkpoint<'a>(
        &'a self,
        lease: &'a mut Lease,
        entry: &'a [u8],
        then: Then,
    ) -> BoxFuture<'a, Result<Kept, JournalError>> {
        self.journal.checkpoint(lease, entry, then)
    }

    fn answers(&self) -> Option<&dyn Answers> {
        self.answers.as_deref().or_else(|| self.journal.answers())
    }
}

/// A journal that nobody reaches.
struct Unreachable;

impl Journal for Unreachable {
    fn claim<'a>(&'a self, _: &'a Claim<'a>) -> BoxFuture<'a, Result<Claimed, JournalError>> {
        async { Err(JournalError("there is none".to_owned())) }.boxed()
    }

    fn checkpoint<'a>(&'a self, _: &'a mut Lease, _: &'a [u8], _: Then) -> BoxFuture<'a, Result<Kept, JournalError>> {
        async { Err(JournalError("there is none".to_owned())) }.boxed()
    }
}

impl Sandbox {
    pub async fn start() -> Self {
        let aws = Aws::start(AwsOptions::default()).await.unwrap();
        Self { aws, journal: Arc::new(Memory::new(Duration::from_hours(12))) }
    }

    /// An environment, which has `ceiling` calls in flight at most.
    pub fn house(&self, ceiling: usize) -> House {
        self.house_with(ceiling, Shared { journal: self.journal.clone(), answers: None })
    }

    pub fn house_with(&self, ceiling: usize, journal: impl Journal + 'static) -> House {
        let credentials = AwsOptions::default().credentials;
        let credentials = Credentials::new(
            credentials.access_key_id,
            credentials.secret_access_key,
            credentials.session_token,
            None,
            "sandbox",
        );
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(AwsOptions::default().region))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(self.aws.bedrock().url())
            .retry_config(aws_config::retry::RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let functions = Functions::new(
            Bedrock::new(config.clone(), Prices::default()),
            ModelPatterns::default(),
            Location::new(None, IntendedUse::SingleUse, 100, config),
        );
        House::new(functions, ceiling, Some(Box::new(journal)))
    }

    pub fn calls(&self) -> u64 {
        self.aws.bedrock().stats().requests
    }
}

pub fn within(seconds: f64) -> Times {
    Times::until(SystemTime::now() + Duration::from_secs_f64(seconds))
}

pub async fn send(house: &House, event: Value, times: Times) -> (u64, String) {
    let event: Event = serde_json::from_value(event).unwrap();
    let reply = serde_json::to_value(doors::open(house, event, times).await.unwrap()).unwrap();
    (reply["statusCode"].as_u64().unwrap(), reply["body"].as_str().unwrap().to_owned())
}

fn post(batch: &str, texts: &[String]) -> Value {
    let body = json!({"data": rows(texts.iter().map(String::as_str), MODEL)}).to_string();
    event("POST", "ask_bedrock", &[(BATCH, batch)], &body)
}

fn get(batch: &str) -> Value {
    event("GET", "ask_bedrock", &[(BATCH, batch)], "")
}

fn texts(count: usize) -> Vec<String> {
    (0..count).map(|row| format!("text {row}")).collect()
}

fn answer(texts: &[String]) -> String {
    let rows: Value = texts.iter().enumerate().map(|(row, text)| json!([row, reply(MODEL, "Do.", text)])).collect();
    json!({"data": rows}).to_string()
}

#[tokio::test]
async fn a_batch_takes_as_many_invocations_as_it_needs_and_nothing_is_asked_twice() {
    let sandbox = Sandbox::start().await;
    sandbox.aws.bedrock().set_latency(Duration::from_millis(100));
    let texts = texts(60);
    let (mut status, mut body) = send(&sandbox.house(4), post("b", &texts), within(1.0)).await;
    assert_eq!((status, body.as_str()), (202, "{}"));
    let mut invocations = 1;
    while status == 202 {
        let before = sandbox.calls();
        assert_eq!(sandbox.aws.bedrock().stats().in_flight, 0, "nothing runs between two calls");
        // Every GET may meet another environment.
        (status, body) = send(&sandbox.house(4), get("b"), within(1.0)).await;
        assert!(sandbox.calls() > before, "every GET goes on");
        invocations += 1;
        assert!(invocations < 10);
    }
    assert_eq!((status, &body), (200, &answer(&texts)));
    assert_eq!(sandbox.calls(), 60);
    assert!(invocations >= 3, "{invocations}");
    for event in [get("b"), post("b", &texts)] {
        assert_eq!(send(&sandbox.house(4), event, within(1.0)).await, (200, body.clone()), "byte for byte");
    }
    assert_eq!(sandbox.calls(), 60);
}

#[tokio::test]
async fn a_batch_that_is_sent_twice_at_once_is_worked_on_once() {
    let sandbox = Sandbox::start().await;
    sandbox.aws.bedrock().set_latency(Duration::from_millis(100));
    let texts = texts(8);
    let (first, second) = (sandbox.house(8), sandbox.house(8));
    let (one, two) =
        tokio::join!(send(&first, post("b", &texts), within(5.0)), send(&second, post("b", &texts), within(5.0)));
    let mut statuses = [one.0, two.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 202]);
    assert_eq!(sandbox.calls(), 8);
}

#[tokio::test]
async fn an_endless_answer_is_cut_off_twice_and_not_paid_for_again() {
    let sandbox = Sandbox::start().await;
    sandbox.aws.bedrock().set_faults(vec![Rule::new(Matching::TextContains("text 1".to_owned()), Fault::Hang)]);
    let texts = texts(3);
    let house = sandbox.house(8);
    assert_eq!(send(&house, post("b", &texts), within(1.0)).await.0, 202);
    let (status, body) = send(&house, get("b"), within(1.0)).await;
    assert_eq!(status, 200);
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["data"][1], json!([1, null]));
    assert!(body["data"][0][1].is_string() && body["data"][2][1].is_string());
    assert_eq!(sandbox.calls(), 4);
}

#[tokio::test]
async fn a_statement_at_fault_is_said_to_every_later_call() {
    let sandbox = Sandbox::start().await;
    let body = json!({"data": rows(["a", "b"], "no.such.model")}).to_string();
    let post = event("POST", "ask_bedrock", &[(BATCH, "b")], &body);
    let first = send(&sandbox.house(8), post.clone(), within(5.0)).await;
    assert_eq!(first.0, 400);
    let calls = sandbox.calls();
    assert_eq!(send(&sandbox.house(8), get("b"), within(5.0)).await, first);
    assert_eq!(send(&sandbox.house(8), post, within(5.0)).await, first);
    assert_eq!(sandbox.calls(), calls);
}

#[tokio::test]
async fn a_call_that_was_denied_in_an_invocation_that_was_throttled_otherwise_does_not_end_the_batch() {
    let sandbox = Sandbox::start().await;
    let denied =
        Fault::error(403, "AccessDeniedException", "You don't have access to the model with the specified model ID.");
    sandbox
        .aws
        .bedrock()
        .set_faults(vec![Rule::new(Matching::All, denied.clone()).times(1), Rule::new(Matching::All, Fault::Throttle)]);
    let texts = texts(6);
    let (status, body) = send(&sandbox.house(4), post("b", &texts), within(1.0)).await;
    assert_eq!((status, body.as_str()), (202, "{}"));
    sandbox.aws.bedrock().set_faults(Vec::new());
    assert_eq!(send(&sandbox.house(4), get("b"), within(5.0)).await, (200, answer(&texts)));
    // One that stays denied ends all the same, after five refusals in whichever invocations.
    sandbox
        .aws
        .bedrock()
        .set_faults(vec![Rule::new(Matching::All, denied.clone()).times(2), Rule::new(Matching::All, Fault::Throttle)]);
    assert_eq!(send(&sandbox.house(4), post("c", &texts), within(1.0)).await.0, 202);
    sandbox.aws.bedrock().set_faults(vec![Rule::new(Matching::All, denied)]);
    let calls = sandbox.calls();
    assert_eq!((send(&sandbox.house(4), get("c"), within(5.0)).await.0, sandbox.calls() - calls), (400, 3));
}

#[tokio::test]
async fn other_rows_a_batch_that_was_given_up_and_an_unknown_one_are_refused() {
    let sandbox = Sandbox::start().await;
    sandbox.aws.bedrock().set_faults(vec![Rule::new(Matching::All, Fault::Throttle)]);
    let house = sandbox.house(8);
    assert_eq!(send(&house, get("b"), within(1.0)).await.0, 404);
    assert_eq!(send(&house, post("b", &texts(2)), within(1.0)).await.0, 202, "throttled, and safe in the journal");
    assert_eq!(send(&house, post("b", &texts(3)), within(1.0)).await.0, 400);
    let calls = sandbox.calls();
    let now = SystemTime::now() + Duration::from_secs(601);
    let times = Times { now, end: now + Duration::from_secs(28), ..within(28.0) };
    let (status, body) = send(&house, get("b"), times).await;
    assert_eq!(status, 400);
    assert!(body.contains("600 s") && body.contains("none of the batch's rows"), "{body}");
    assert_eq!(sandbox.calls(), calls);
}

#[tokio::test]
async fn a_journal_that_cannot_be_reached_is_503_before_any_service_call() {
    let sandbox = Sandbox::start().await;
    let house = sandbox.house_with(8, Unreachable);
    let (status, body) = send(&house, post("b", &texts(2)), within(1.0)).await;
    assert_eq!((status, sandbox.calls()), (503, 0));
    assert!(body.contains("journal"), "{body}");
    assert_eq!(send(&house, get("b"), within(1.0)).await.0, 202, "an error to a GET might end the query");
    let without = event("POST", "ask_bedrock", &[], &json!({"data": rows(["a"], MODEL)}).to_string());
    assert_eq!(send(&house, without, within(1.0)).await.0, 200, "a POST without a batch id runs without the journal");
}

#[tokio::test]
async fn answers_of_location_are_not_kept_when_its_terms_forbid_it() {
    let sandbox = Sandbox::start().await;
    let house = sandbox.house_with(8, Unreachable);
    let post = event("POST", "get_coordinate", &[(BATCH, "b")], r#"{"data":[[0,null]]}"#);
    assert_eq!(send(&house, post, within(1.0)).await, (200, r#"{"data":[[0,null]]}"#.to_owned()));
    let get = event("GET", "get_coordinate", &[(BATCH, "b")], "");
    assert_eq!(send(&house, get, within(1.0)).await.0, 404);
}

#[tokio::test]
async fn vectors_and_envelopes_come_out_of_the_journal_as_they_went_in() {
    let sandbox = Sandbox::start().await;
    let house = sandbox.house(8);
    let model = "amazon.titan-embed-text-v2:0";
    let body = json!({"data": [[0, "a lamp", model, {"dimensions": 256}], [1, "a lamp", model, {"dimensions": 256}], [2, " ", model]]});
    let post = |function: &str| event("POST", function, &[(BATCH, function)], &body.to_string());
    for function in ["embed_text", "try_embed_text"] {
        let (status, first) = send(&house, post(function), within(5.0)).await;
        assert_eq!(status, 200);
        let calls = sandbox.calls();
        let get = event("GET", function, &[(BATCH, function)], "");
        assert_eq!(send(&house, get, within(5.0)).await, (200, first.clone()), "byte for byte");
        assert_eq!(send(&house, post(function), within(5.0)).await.1, first);
        assert_eq!(sandbox.calls(), calls);
        let value: Value = serde_json::from_str(&first).unwrap();
        let first = &value["data"][0][1];
        let vector = if function == "embed_text" { first } else { &first["value"] };
        assert!(vector.as_array().unwrap().len() == 256 && vector[0].is_f64());
        if function == "try_embed_text" {
            assert_eq!((&first["usage"]["input_tokens"], &value["data"][1][1]["shared"]), (&json!(2), &json!("batch")));
            assert_eq!(value["data"][2][1]["error"]["code"], "invalid_argument");
        }
    }
}

/// A journal whose first checkpoint fails; and when it was written to.
struct FailsOnce(Arc<Memory>, Arc<Mutex<Vec<Instant>>>);

impl Journal for FailsOnce {
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> BoxFuture<'a, Result<Claimed, JournalError>> {
        self.0.claim(claim)
    }

    fn checkpoint<'a>(
        &'a self,
        lease: &'a mut Lease,
        entry: &'a [u8],
        then: Then,
    ) -> BoxFuture<'a, Result<Kept, JournalError>> {
        let mut written = self.1.lock().unwrap();
        written.push(Instant::now());
        match written.len() {
            1 => async { Err(JournalError("it is full".to_owned())) }.boxed(),
            _ => self.0.checkpoint(lease, entry, then),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_could_not_be_renewed_is_renewed_before_it_ends() {
    let written = Arc::<Mutex<Vec<_>>>::default();
    let journal = FailsOnce(Arc::new(Memory::new(Duration::from_hours(12))), Arc::clone(&written));
    let function: Arc<dyn Function> = Arc::new(Moody(Arc::default()));
    let house = House::new(Functions::from_iter([function]), 8, Some(Box::new(journal)));
    let begin = Instant::now();
    let (status, _) =
        send(&house, event("POST", "ask", &[(BATCH, "1")], &json!({"data": [[0, "slow"]]}).to_string()), within(20.0))
            .await;
    assert_eq!(status, 202);
    // A lease holds for eight seconds.
    let at: Vec<u64> = written.lock().unwrap().iter().map(|at| (*at - begin).as_secs()).collect();
    assert!(at[0] < at[1] && at[1] < 8, "{at:?}");
}

/// A model that takes its time, and the calls that it gets.
#[derive(Default)]
struct Slow {
    latency: Mutex<Duration>,
    calls: AtomicUsize,
}

impl Function for Slow {
    fn name(&self) -> &'static str {
        "ask"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::text("text")] }
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        let text = row.text(0);
        let answer = move || async move {
            self.calls.fetch_add(1, Ordering::Relaxed);
            let latency = *self.latency.lock().unwrap();
            sleep(latency).await;
            Ok(Answered::from(json!(text).to_string().into_boxed_str()))
        };
        Ok(Job {
            target: Target { name: "slow".into(), per_second: None },
            options: "".into(),
            question: Some(Box::new([text.into()])),
            must_be_answered: false,
            expected_bytes: 0,
            call: Call::alone(answer),
        })
    }
}

/// A batch of one model that is asked for again at once whenever it is unfinished, in another environment each time.
struct Played {
    model: Arc<Slow>,
    journal: Arc<Memory>,
    rows: usize,
    created: (SystemTime, Instant),
}

impl Played {
    fn new(rows: usize) -> Self {
        let journal = Arc::new(Memory::new(Duration::from_hours(12)));
        Self { model: Arc::default(), journal, rows, created: (SystemTime::now(), Instant::now()) }
    }

    /// The next invocation, of 28 s, in which each answer takes so long; what came of it and the calls that it has made.
    async fn invoke(&self, latency: Duration) -> (u64, String, usize) {
        *self.model.latency.lock().unwrap() = latency;
        let function: Arc<dyn Function> = self.model.clone();
        let journal = Shared { journal: self.journal.clone(), answers: None };
        let house = House::new(Functions::from_iter([function]), 128, Some(Box::new(journal)));
        let rows: Value = (0..self.rows).map(|row| json!([row, format!("text {row}")])).collect();
        let passed = self.created.1.elapsed();
        let (method, body) =
            if passed.is_zero() { ("POST", json!({"data": rows}).to_string()) } else { ("GET", String::new()) };
        let now = self.created.0 + passed;
        let times = Times { now, end: now + Duration::from_secs(28), ..within(28.0) };
        let calls = self.model.calls.load(Ordering::Relaxed);
        let (status, body) = send(&house, event(method, "ask", &[(BATCH, "1")], &body), times).await;
        (status, body, self.model.calls.load(Ordering::Relaxed) - calls)
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_needs_longer_than_one_invocation_is_not_asked_for_every_row_in_each() {
    let batch = Played::new(100);
    let (mut invocations, latency) = (1, Duration::from_secs(40));
    assert_eq!(batch.invoke(latency).await, (202, "{}".to_owned(), 100));
    let (status, body) = loop {
        let (status, body, calls) = batch.invoke(latency).await;
        if status != 202 {
            break (status, body);
        }
        assert_eq!(calls, 2);
        invocations += 1;
    };
    assert_eq!((status, invocations), (400, 23));
    assert!(body.contains("none of the batch's rows was answered within 600 s"), "{body}");
    assert!(body.contains("(last: cut off at the deadline)") && body.contains("GatewayTimeoutSeconds"), "{body}");
    assert!(!body.contains("MAX_BATCH_ROWS") && !body.contains("text 1"), "{body}");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_comes_back_after_silence_is_not_held_to_be_slow_for_the_few_calls_that_it_got() {
    let batch = Played::new(120);
    for calls in [120, 2] {
        let (status, _, made) = batch.invoke(Duration::MAX).await;
        assert_eq!((status, made), (202, calls));
    }
    let latency = Duration::from_secs(15);
    let (status, body, calls) = batch.invoke(latency).await;
    assert_eq!((status, calls), (202, 2), "{body}");
    let (status, body, calls) = batch.invoke(latency).await;
    assert_eq!((status, calls), (200, 118), "{body}");
}
