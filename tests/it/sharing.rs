//! A column costs its distinct rows: answers are shared by the batches of a statement, and by statements where that is wished.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use sandbox::aws::{Fault, Matching, Quota, Rule, reply};
use sandbox::lambda::Victim;
use sandbox::snowflake::{Caller, QueryOptions, QueryResult};
use serde_json::{Value, json};
use snowflake_aws_functions::calls::{House, Retention, Times};
use snowflake_aws_functions::function::{Answered, Call, Function, Job, Outcome, Parameter, Refusal, Row, Target};
use snowflake_aws_functions::functions::Functions;
use snowflake_aws_functions::journal::{
    AnswerKey, Answers, Asking, Claim, Claimed, Journal, JournalError, Key, Look, Memory, Recalled, Scope, Tag, Within,
    decode,
};

use tokio::time::sleep;

use crate::chaos::{Round, options};
use crate::journal::{BATCH, Sandbox, Shared, send, within};
use crate::support::{MODEL, event, rows};

const QUERY: &str = "sf-external-function-current-query-id";

/// A POST of a batch of a statement.
fn post(query: Option<&str>, batch: &str, body: &Value) -> Value {
    let mut headers = vec![(BATCH, batch)];
    headers.extend(query.map(|query| (QUERY, query)));
    event("POST", "ask_bedrock", &headers, &body.to_string())
}

fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Value {
    json!({"data": rows(texts, MODEL)})
}

async fn answered(house: &House, event: Value) -> Vec<Value> {
    let (status, body) = send(house, event, within(20.0)).await;
    assert_eq!(status, 200, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    body["data"].as_array().unwrap().iter().map(|row| row[1].clone()).collect()
}

#[tokio::test]
async fn the_batches_of_a_statement_pay_once_for_equal_rows() {
    let sandbox = Sandbox::start().await;
    sandbox.aws.bedrock().set_latency(Duration::from_millis(50));
    let houses: Vec<House> = (0..3).map(|_| sandbox.house(16)).collect();
    let text = |row: usize| format!("text {}", row % 60);
    // Side by side, and one after the other.
    for round in 0..2 {
        let batches = (0..6).map(|batch| {
            let (houses, first) = (&houses, batch * 50);
            async move {
                let own: Vec<String> = (first..first + 50).map(text).collect();
                let body = texts(own.iter().map(String::as_str));
                let values = answered(&houses[batch % 3], post(Some("q"), &format!("{round} {batch}"), &body)).await;
                let expected: Vec<Value> = own.iter().map(|text| json!(reply(MODEL, "Do.", text))).collect();
                assert_eq!(values, expected);
            }
        });
        join_all(batches).await;
        assert_eq!(sandbox.calls(), 60);
    }
}

#[tokio::test]
async fn only_the_same_question_of_the_same_statement_shares() {
    let sandbox = Sandbox::start().await;
    let house = sandbox.house(8);
    let first = texts(["a"]);
    let other_model = json!({"data": rows(["a"], "us.amazon.nova-micro-v1:0")});
    let other_instructions = json!({"data": [[0, "Do it.", "a", MODEL]]});
    for (number, (query, body, calls)) in [
        (Some("q"), &first, 1),
        (Some("q"), &first, 1),
        (Some("r"), &first, 2),
        (None, &first, 3),
        (None, &first, 4),
        (Some("q"), &other_model, 5),
        (Some("q"), &other_instructions, 6),
        (Some("q"), &first, 6),
    ]
    .into_iter()
    .enumerate()
    {
        answered(&house, post(query, &number.to_string(), body)).await;
        assert_eq!(sandbox.calls(), calls, "{number}");
    }
}

#[tokio::test]
async fn within_the_hours_a_statement_that_is_run_again_asks_only_what_is_missing() {
    let sandbox = Sandbox::start().await;
    let hours = Retention { journal: Duration::from_hours(12), shared_answers: Duration::from_hours(1) };
    let house = || sandbox.house(8).keeping(hours);
    // The first one is throttled to its end after some answers.
    let all: Vec<String> = (0..30).map(|row| format!("row {row}")).collect();
    let body = texts(all.iter().map(String::as_str));
    let rule = Rule::new(Matching::TextContains("row 2".to_owned()), Fault::Throttle);
    sandbox.aws.bedrock().set_faults(vec![rule]);
    let (status, _) = send(&house(), post(Some("first"), "1", &body), within(3.0)).await;
    assert_eq!(status, 202);
    let answered_first = sandbox.aws.bedrock().stats().answered;
    assert!((5..30).contains(&answered_first), "{answered_first}");
    sandbox.aws.bedrock().set_faults(Vec::new());
    assert_eq!(answered(&house(), post(Some("second"), "2", &body)).await.len(), 30);
    assert_eq!(sandbox.aws.bedrock().stats().answered, 30);
    let calls = sandbox.calls();
    answered(&house(), post(Some("third"), "3", &body)).await;
    assert_eq!(sandbox.calls(), calls);
}

#[tokio::test]
async fn a_call_says_by_an_option_for_how_long_its_answers_serve_other_statements() {
    let sandbox = Sandbox::start().await;
    let with = |hours: &[Value]| {
        let row = |(place, hours): (usize, &Value)| json!([place, "Do.", format!("text {place}"), MODEL, {"shared_answers_hours": hours}]);
        json!({"data": hours.iter().enumerate().map(row).collect::<Vec<_>>()})
    };
    let (one, none) = (with(&[json!(1)]), with(&[json!(0)]));
    for (setting, query, body, calls) in [
        (0, "a", &one, 1),
        (0, "b", &one, 1),
        (0, "c", &with(&[json!(2)]), 2),
        (0, "d", &with(&[Value::Null]), 3),
        (0, "e", &texts(["text 0"]), 4),
        (1, "f", &texts(["text 0"]), 4),
        (1, "g", &none, 5),
        (1, "h", &none, 6),
        // What the least of the rows allows holds for the batch.
        (0, "i", &with(&[json!(1), json!(1)]), 7),
        (0, "j", &with(&[json!(1), json!(0)]), 9),
        (0, "k", &with(&[json!(1), Value::Null]), 11),
        (1, "l", &with(&[json!(2), Value::Null]), 11),
        // Nothing is kept for longer than the journal keeps anything.
        (0, "m", &with(&[json!(12)]), 12),
        (0, "n", &with(&[json!(168)]), 12),
    ] {
        let hours = Retention { journal: Duration::from_hours(12), shared_answers: Duration::from_hours(setting) };
        answered(&sandbox.house(8).keeping(hours), post(Some(query), query, body)).await;
        assert_eq!(sandbox.calls(), calls, "{query}");
    }
}

#[tokio::test]
async fn what_a_batch_was_answered_in_an_earlier_invocation_it_has_paid_for_itself() {
    let sandbox = Sandbox::start().await;
    let house = sandbox.house(8);
    let tried = |batch: &str| {
        event("POST", "try_ask_bedrock", &[(BATCH, batch), (QUERY, "q")], &texts(["a", "late", "a"]).to_string())
    };
    let rule = Rule::new(Matching::TextContains("late".to_owned()), Fault::Throttle);
    sandbox.aws.bedrock().set_faults(vec![rule]);
    assert_eq!(send(&house, tried("1"), within(2.0)).await.0, 202);
    sandbox.aws.bedrock().set_faults(Vec::new());
    for (batch, shared) in [("1", [Value::Null, Value::Null]), ("2", [json!("statement"), json!("statement")])] {
        let values = answered(&house, tried(batch)).await;
        let own = [values[0]["shared"].clone(), values[1]["shared"].clone()];
        assert_eq!((own, &values[2]["shared"]), (shared, &json!("batch")), "{batch}");
        assert_eq!(values, answered(&house, tried(batch)).await, "again");
    }
    assert_eq!(sandbox.aws.bedrock().stats().answered, 2);
}

#[tokio::test]
async fn faults_of_the_moment_and_of_the_statement_are_not_kept_and_a_rows_own_are() {
    let sandbox = Sandbox::start().await;
    let house = sandbox.house(8);
    let rule = |text: &str, fault| Rule::new(Matching::TextContains(text.to_owned()), fault);
    let bedrock = sandbox.aws.bedrock();
    bedrock.set_faults(vec![
        rule("long", Fault::error(400, "ValidationException", "Input is too long for requested model.")),
        rule("garbled", Fault::Malformed("{".to_owned())),
    ]);
    let body = texts(["long", "garbled", "fine"]);
    let nulls = |values: Vec<Value>| values.iter().map(Value::is_null).collect::<Vec<_>>();
    assert_eq!(nulls(answered(&house, post(Some("q"), "1", &body)).await), [true, true, false]);
    bedrock.set_faults(Vec::new());
    bedrock.reset();
    assert_eq!(nulls(answered(&house, post(Some("q"), "2", &body)).await), [true, false, false]);
    let asked: Vec<String> = bedrock.calls().into_iter().map(|call| call.text).collect();
    assert_eq!(asked, ["garbled"]);
}

/// What is about to happen to shared answers, or has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Happens {
    /// So many keys are looked up.
    Look(usize),
    /// They have been.
    Looked,
    /// A claim is made.
    Ask,
    /// Answers are kept.
    Keep,
}

/// What an operation waits for or fails with.
type Hook = BoxFuture<'static, Result<(), JournalError>>;

/// Answers in memory, of which each operation waits for something else, or fails with it.
struct Hooked<F> {
    memory: Arc<Memory>,
    hook: F,
}

fn hooked(memory: &Arc<Memory>, hook: impl Fn(Happens) -> Hook + Send + Sync + 'static) -> Option<Box<dyn Answers>> {
    Some(Box::new(Hooked { memory: Arc::clone(memory), hook }))
}

impl<F: Fn(Happens) -> Hook + Send + Sync> Answers for Hooked<F> {
    fn recall<'a>(&'a self, look: Look<'a>) -> BoxFuture<'a, Result<Recalled, JournalError>> {
        async move {
            (self.hook)(Happens::Look(look.keys.len())).await?;
            let recalled = self.memory.recall(look).await?;
            (self.hook)(Happens::Looked).await?;
            Ok(recalled)
        }
        .boxed()
    }

    fn ask<'a>(&'a self, asking: &'a Asking<'a>) -> BoxFuture<'a, Result<HashSet<Tag>, JournalError>> {
        async move {
            (self.hook)(Happens::Ask).await?;
            self.memory.ask(asking).await
        }
        .boxed()
    }

    fn keep<'a>(
        &'a self,
        scope: &'a Scope,
        batch: &'a Key,
        answers: &'a [(AnswerKey, Outcome)],
    ) -> BoxFuture<'a, Result<Vec<AnswerKey>, JournalError>> {
        async move {
            (self.hook)(Happens::Keep).await?;
            self.memory.keep(scope, batch, answers).await
        }
        .boxed()
    }
}

fn throttled() -> Hook {
    async { Err(JournalError("DynamoDB answers ThrottlingException".to_owned())) }.boxed()
}

fn after(time: Duration) -> Hook {
    sleep(time).map(Ok).boxed()
}

#[tokio::test]
async fn a_table_that_throttles_slows_nothing_but_sharing() {
    let sandbox = Sandbox::start().await;
    let journal = Shared { journal: sandbox.journal.clone(), answers: hooked(&sandbox.journal, |_| throttled()) };
    let house = sandbox.house_with(8, journal);
    let begin = std::time::Instant::now();
    assert_eq!(answered(&house, post(Some("q"), "1", &texts(["a", "b"]))).await.len(), 2);
    assert_eq!(answered(&house, post(Some("q"), "2", &texts(["a", "b"]))).await.len(), 2);
    assert_eq!(sandbox.calls(), 4);
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

const SLOW: Duration = Duration::from_secs(150);

/// When the first step of sharing is under way.
const LATE: Duration = Duration::from_millis(600);

/// A service whose every answer is another one; some take long.
pub struct Moody(pub Arc<AtomicUsize>);

impl Function for Moody {
    fn name(&self) -> &'static str {
        "ask"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::text("text")] }
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        let text = row.text(0);
        let answer = move || {
            let value = json!(format!("{text} {}", self.0.fetch_add(1, Ordering::Relaxed)));
            async move {
                if text.starts_with("slow") {
                    sleep(SLOW).await;
                }
                if text == "late" {
                    sleep(LATE).await;
                }
                Ok(Answered::from(value.to_string().into_boxed_str()))
            }
        };
        Ok(Job {
            target: Target { name: "service".into(), per_second: None },
            options: "".into(),
            question: Some(Box::new([text.into()])),
            must_be_answered: false,
            expected_bytes: 0,
            call: Call::alone(answer),
        })
    }
}

#[tokio::test]
async fn who_has_asked_without_a_claim_takes_the_answer_that_was_kept_first() {
    let told = Told::new();
    assert_eq!(answered(&told.house(None), Told::post("1", &["a"])).await, ["a 0"]);
    // The second batch cannot look it up, and pays as well; it keeps what nobody has kept.
    let has_failed = AtomicBool::new(false);
    let alone = told.hooked(move |_| lost_if(!has_failed.swap(true, Ordering::Relaxed)));
    assert_eq!(answered(&alone, Told::post("2", &["a", "b"])).await, ["a 0", "b 2"]);
    for (batch, texts, values) in [("2", &["a", "b"], ["a 0", "b 2"]), ("3", &["b", "a"], ["b 2", "a 0"])] {
        assert_eq!(answered(&told.house(None), Told::post(batch, texts)).await, values);
    }
    assert_eq!(told.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_waits_for_another_one_is_not_refused_as_too_slow() {
    let memory = Arc::new(Memory::new(Duration::from_hours(12)));
    let function: Arc<dyn Function> = Arc::new(Moody(Arc::default()));
    let house = || {
        let journal = Shared { journal: memory.clone(), answers: None };
        House::new(Functions::from_iter([Arc::clone(&function)]), 128, Some(Box::new(journal)))
    };
    let (first, second) = (house(), house());
    let post = |batch: &str, texts: &[String]| {
        let rows: Vec<Value> = texts.iter().enumerate().map(|(row, text)| json!([row, text])).collect();
        event("POST", "ask", &[(BATCH, batch), (QUERY, "q")], &json!({"data": rows}).to_string())
    };
    let mut texts: Vec<String> = (0..60).map(|row| format!("slow {row}")).collect();
    let asking = post("1", &texts);
    texts.push("own".to_owned());
    let waiting = async {
        sleep(Duration::from_secs(1)).await;
        send(&second, post("2", &texts), within(80.0)).await
    };
    // One of 61 rows in 80 s would be 400.
    let status = tokio::select! {
        first = send(&first, asking, within(200.0)) => panic!("{first:?}"),
        (status, _) = waiting => status,
    };
    assert_eq!(status, 202);
}

/// A function whose every answer is another one, on a journal in memory, and how often it was called.
struct Told {
    memory: Arc<Memory>,
    calls: Arc<AtomicUsize>,
}

impl Told {
    fn new() -> Self {
        Self { memory: Arc::new(Memory::new(Duration::from_hours(12))), calls: Arc::default() }
    }

    fn house(&self, answers: Option<Box<dyn Answers>>) -> House {
        let function: Arc<dyn Function> = Arc::new(Moody(Arc::clone(&self.calls)));
        let journal = Shared { journal: self.memory.clone(), answers };
        House::new(Functions::from_iter([function]), 8, Some(Box::new(journal)))
    }

    fn hooked(&self, hook: impl Fn(Happens) -> Hook + Send + Sync + 'static) -> House {
        self.house(hooked(&self.memory, hook))
    }

    fn post(batch: &str, texts: &[&str]) -> Value {
        let rows: Vec<Value> = texts.iter().enumerate().map(|(row, text)| json!([row, text])).collect();
        event("POST", "ask", &[(BATCH, batch), (QUERY, "q")], &json!({"data": rows}).to_string())
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// How many outcomes the entries of a batch that has ended hold.
    async fn in_entries(&self, batch: &str) -> usize {
        let (key, now) = (&Key::of("ask", batch), SystemTime::now());
        match self.memory.claim(&Claim { key, rows: None, now, lease_until: now }).await.unwrap() {
            Claimed::Ended(batch) => decode(&batch.entries, now).unwrap().outcomes.len(),
            other => panic!("{other:?}"),
        }
    }
}

fn lost_if(is_lost: bool) -> Hook {
    if is_lost { throttled() } else { after(Duration::ZERO) }
}

#[tokio::test(start_paused = true)]
async fn an_entry_holds_only_what_cannot_be_kept_by_what_was_asked() {
    let told = Told::new();
    let (one, two) = (Told::post("1", &["a", "b"]), Told::post("2", &["c", "d"]));
    assert_eq!(answered(&told.house(None), one).await, ["a 0", "b 1"]);
    assert_eq!(told.in_entries("1").await, 0);
    let unkept = told.hooked(|happens| lost_if(happens == Happens::Keep));
    assert_eq!(answered(&unkept, two.clone()).await, ["c 2", "d 3"]);
    assert_eq!(told.in_entries("2").await, 2);
    // Either way it is answered again.
    assert_eq!(answered(&told.house(None), two).await, ["c 2", "d 3"]);
    assert_eq!(told.calls(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_batch_asks_for_nothing_before_it_knows_what_it_was_answered() {
    let told = Told::new();
    let post = || Told::post("1", &["a", "slow", "b"]);
    assert_eq!(send(&told.house(None), post(), within(20.0)).await.0, 202);
    assert_eq!(told.calls(), 3);
    let blind = told.hooked(|happens| lost_if(matches!(happens, Happens::Look(_))));
    assert_eq!(send(&blind, post(), within(20.0)).await.0, 202);
    assert_eq!(told.calls(), 3, "the answers may be there");
    // What can be looked up and not be claimed is known.
    let alone = told.hooked(|happens| lost_if(happens == Happens::Ask));
    let (status, body) = send(&alone, post(), within(200.0)).await;
    assert_eq!((status, told.calls()), (200, 4), "{body}");
    let again = send(&told.house(None), post(), within(20.0)).await;
    assert_eq!(again, (200, body));
}

#[tokio::test(start_paused = true)]
async fn what_a_throttled_table_gives_is_taken_and_the_rest_asked_for_in_smaller_parts() {
    let told = Told::new();
    let texts: Vec<String> = (0..150).map(|row| format!("row {row}")).chain(["slow".to_owned()]).collect();
    let post = || Told::post("1", &texts.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(send(&told.house(None), post(), within(20.0)).await.0, 202);
    assert_eq!(told.calls(), 151);
    let looks = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&looks);
    let small = told.hooked(move |happens| match happens {
        Happens::Look(keys) => {
            counted.fetch_add(1, Ordering::Relaxed);
            lost_if(keys > 60)
        }
        _ => after(Duration::ZERO),
    });
    let (status, body) = send(&small, post(), within(200.0)).await;
    assert_eq!((status, told.calls()), (200, 152), "{body}");
    // One of 100 fails and one of 51 does not, and then two of 50 do not; after that time the row that is left is looked up once more.
    assert_eq!(looks.load(Ordering::Relaxed), 5);
}

#[tokio::test]
async fn a_batch_that_has_ended_gives_the_refusals_of_rows_that_were_never_asked_again() {
    let sandbox = Sandbox::start().await;
    let house = sandbox.house(8);
    let gone = Fault::error(404, "ResourceNotFoundException", "This model version has reached the end of its life.");
    sandbox.aws.bedrock().set_faults(vec![Rule::new(Matching::TextContains("row".to_owned()), gone)]);
    let all: Vec<String> = (0..30).map(|row| format!("row {row}")).collect();
    let body = texts(all.iter().map(String::as_str));
    let tried = || event("POST", "try_ask_bedrock", &[(BATCH, "1"), (QUERY, "q")], &body.to_string());
    let first = answered(&house, tried()).await;
    assert!(first.iter().all(|envelope| envelope["error"]["code"] == "model_not_found"), "{first:?}");
    let calls = sandbox.calls();
    assert!(calls < 10, "{calls}");
    assert_eq!(answered(&sandbox.house(8), tried()).await, first);
    assert_eq!(sandbox.calls(), calls);
}

#[tokio::test(start_paused = true)]
async fn what_is_answered_beside_a_slow_step_is_published_after_it() {
    let told = Told::new();
    let slow = told.hooked(|happens| after(if happens == Happens::Keep { NEARLY } else { Duration::ZERO }));
    assert_eq!(answered(&slow, Told::post("1", &["a", "late"])).await, ["a 0", "late 1"]);
    assert_eq!(answered(&told.house(None), Told::post("2", &["late", "a"])).await, ["late 1", "a 0"]);
    assert_eq!(told.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_has_ended_waits_for_the_table_and_is_not_asked_again() {
    let told = Told::new();
    let post = || Told::post("1", &["a"]);
    assert_eq!(answered(&told.house(None), post()).await, ["a 0"]);
    let blind = told.hooked(|happens| lost_if(matches!(happens, Happens::Look(_))));
    assert_eq!(send(&blind, post(), within(20.0)).await.0, 202);
    assert_eq!(answered(&told.house(None), post()).await, ["a 0"]);
    assert_eq!(told.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_table_on_which_answers_cannot_be_kept_in_time_loses_none() {
    let told = Told::new();
    // Each write of answers is given up after a second, until the end.
    let stuck = told.hooked(|happens| after(if happens == Happens::Keep { SLOW } else { Duration::ZERO }));
    assert_eq!(send(&stuck, Told::post("1", &["a", "slow", "b"]), within(20.0)).await.0, 202);
    assert_eq!(told.calls(), 3);
    let house = told.house(None);
    let (status, body) = send(&house, Told::post("1", &["a", "slow", "b"]), within(200.0)).await;
    assert_eq!((status, told.calls()), (200, 4), "{body}");
}

/// Nearly as long as an operation may take.
const NEARLY: Duration = Duration::from_millis(900);

#[tokio::test(start_paused = true)]
async fn a_row_whose_owner_has_died_is_asked_on_a_slow_table_too() {
    let memory = Arc::new(Memory::new(Duration::from_hours(12)));
    let (now, scope) =
        (SystemTime::now(), Scope::of("ask", Within::Statement("q"), SystemTime::now() + Duration::from_hours(12)));
    let tags = [scope.key("service", &vec!["a".into()].into_boxed_slice()).tag()];
    let until = now + Duration::from_secs(6);
    let batch = &Key::of("ask", "dead");
    memory.ask(&Asking { scope: &scope, batch, lease: "dead", tags: &tags, now, until }).await.unwrap();
    let function: Arc<dyn Function> = Arc::new(Moody(Arc::default()));
    let slow = hooked(&memory, |happens| match happens {
        Happens::Look(_) => after(Duration::ZERO),
        _ => after(NEARLY),
    });
    let journal = Shared { journal: memory, answers: slow };
    let house = House::new(Functions::from_iter([function]), 8, Some(Box::new(journal)));
    let body = json!({"data": [[0, "a"], [1, "b"]]}).to_string();
    let begin = tokio::time::Instant::now();
    let post = event("POST", "ask", &[(BATCH, "1"), (QUERY, "q")], &body);
    assert_eq!(answered(&house, post).await, ["a 1", "b 0"]);
    // The claim, and then a look, a claim and another look.
    assert!(begin.elapsed() < Duration::from_secs(12), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_kept_as_its_claim_ends_is_found_by_who_looked_before() {
    let (memory, calls) = (Arc::new(Memory::new(Duration::from_hours(12))), Arc::<AtomicUsize>::default());
    let function: Arc<dyn Function> = Arc::new(Moody(Arc::clone(&calls)));
    let house = |look, keep| {
        let slow = hooked(&memory, move |happens| match happens {
            Happens::Looked => after(look),
            Happens::Keep => after(keep),
            _ => after(Duration::ZERO),
        });
        let journal = Shared { journal: memory.clone(), answers: slow };
        House::new(Functions::from_iter([Arc::clone(&function)]), 8, Some(Box::new(journal)))
    };
    let post = |batch| event("POST", "ask", &[(BATCH, batch), (QUERY, "q")], &json!({"data": [[0, "a"]]}).to_string());
    let millis = Duration::from_millis;
    let (begin, first, second) = (within(20.0), house(millis(0), millis(130)), house(millis(50), millis(0)));
    // The first one keeps its answer until the end of its time, and the second one looks before that and claims after it.
    let short = Times { end: begin.now + millis(160), deadline: begin.begin + millis(1120), ..begin };
    let late = async {
        sleep(millis(120)).await;
        let now = Times { now: begin.now + millis(120), begin: begin.begin + millis(120), ..begin };
        send(&second, post("2"), now).await
    };
    let (first, second) = tokio::join!(send(&first, post("1"), short), late);
    let expected = (200, json!({"data": [[0, "a 0"]]}).to_string());
    assert_eq!((first, second), (expected.clone(), expected));
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_comes_long_after_the_look_is_followed_by_another_look() {
    let memory = Arc::new(Memory::new(Duration::from_hours(12)));
    let scope = Scope::of("ask", Within::Statement("q"), SystemTime::now() + Duration::from_hours(12));
    let key = scope.key("service", &vec!["a".into()].into_boxed_slice());
    let answer = (key, Outcome { attempts: 1, ..Outcome::of("\"kept\"".into()) });
    // A claim takes so long that another batch has answered meanwhile, and its claim is nowhere to be seen any more.
    let other = Arc::clone(&memory);
    let answers = hooked(&memory, move |happens| {
        let (other, scope, answer) = (Arc::clone(&other), scope.clone(), answer.clone());
        async move {
            if happens == Happens::Ask {
                other.keep(&scope, &Key::of("ask", "other"), &[answer]).await?;
                sleep(Duration::from_millis(600)).await;
            }
            Ok(())
        }
        .boxed()
    });
    let calls = Arc::<AtomicUsize>::default();
    let function: Arc<dyn Function> = Arc::new(Moody(Arc::clone(&calls)));
    let journal = Shared { journal: memory, answers };
    let house = House::new(Functions::from_iter([function]), 8, Some(Box::new(journal)));
    let body = json!({"data": [[0, "a"]]}).to_string();
    assert_eq!(answered(&house, event("POST", "ask", &[(BATCH, "1"), (QUERY, "q")], &body)).await, ["kept"]);
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn new_rows_are_looked_up_once_and_not_before_they_can_be_claimed() {
    let (memory, looked_up) = (Arc::new(Memory::new(Duration::from_hours(12))), Arc::<AtomicUsize>::default());
    let counted = Arc::clone(&looked_up);
    let answers = hooked(&memory, move |happens| {
        if let Happens::Look(keys) = happens {
            counted.fetch_add(keys, Ordering::Relaxed);
        }
        // The work takes a while.
        after(if happens == Happens::Ask { Duration::from_millis(300) } else { Duration::ZERO })
    });
    let function: Arc<dyn Function> = Arc::new(Moody(Arc::default()));
    let journal = Shared { journal: memory, answers };
    let house = House::new(Functions::from_iter([function]), 8, Some(Box::new(journal)));
    let rows: Vec<Value> = (0..5000).map(|row| json!([row, format!("row {row}")])).collect();
    let body = json!({"data": rows}).to_string();
    let values = answered(&house, event("POST", "ask", &[(BATCH, "1"), (QUERY, "q")], &body)).await;
    assert_eq!(values.len(), 5000);
    let each = looked_up.load(Ordering::Relaxed) as f64 / 5000.0;
    // Before it is claimed.
    assert!((1.0..1.001).contains(&each), "{each}");
}

async fn query(round: &Round, texts: &[String], options: QueryOptions) -> QueryResult {
    let arguments = texts.iter().map(|text| vec![json!("Do."), json!(text), json!(MODEL)]).collect();
    let result = Caller::new(round.gateway.url()).query(arguments, options).await;
    let result = result.unwrap_or_else(|error| panic!("{error}\n{}", round.lambda.logs()));
    let expected: Vec<Value> = texts.iter().map(|text| json!(reply(MODEL, "Do.", text))).collect();
    assert_eq!(result.values, expected);
    assert_eq!(result.contradictions, 0);
    result
}

fn column(rows: usize, distinct: usize) -> Vec<String> {
    (0..rows).map(|row| format!("complaint {}", row % distinct)).collect()
}

const SECONDS_28: Duration = Duration::from_secs(28);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a DynamoDB, and takes a minute: ci/journal runs it"]
async fn twenty_thousand_rows_cost_their_five_hundred_distinct_ones() {
    for quota in [None, Some(Quota { per_second: 40.0, burst: 40.0 })] {
        let round = Round::with_variables(8, Duration::from_millis(500), 128, SECONDS_28, &[]).await;
        round.aws.bedrock().set_quota(quota);
        let lanes = QueryOptions { max_batch_rows: 100, parallel: 8, ..options(4000) };
        let alone = query(
            &round,
            &column(500, 500),
            QueryOptions { query_id: Some(format!("alone {}", quota.is_some())), ..lanes.clone() },
        )
        .await;
        round.aws.bedrock().reset();
        let all = query(&round, &column(20_000, 500), lanes).await;
        let stats = round.aws.bedrock().stats();
        let calls = stats.answered;
        println!(
            "quota {quota:?}: {calls} answers and {} throttled calls for 20,000 rows of 500 distinct in {:.1?}; 500 rows take {:.1?}",
            stats.throttled, all.elapsed, alone.elapsed
        );
        assert!(calls <= 525, "{calls}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a DynamoDB, and kills processes: ci/journal runs it"]
async fn equal_rows_whose_owner_dies_are_asked_by_another_batch() {
    let round = Round::with_variables(4, Duration::from_millis(200), 8, SECONDS_28, &[]).await;
    let lanes = QueryOptions { max_batch_rows: 60, parallel: 4, retry_for: Duration::from_secs(60), ..options(4100) };
    let kills = async {
        for seed in 0..3 {
            tokio::time::sleep(Duration::from_millis(700)).await;
            round.lambda.kill_one(Victim::Busy(seed)).await;
        }
    };
    let texts = column(480, 90);
    let (result, ()) = tokio::join!(query(&round, &texts, lanes), kills);
    let mut calls: BTreeMap<String, u32> = BTreeMap::new();
    round.aws.bedrock().calls().into_iter().for_each(|call| *calls.entry(call.text).or_default() += 1);
    let twice: u32 = calls.values().map(|count| count - 1).sum();
    println!("480 rows of 90 distinct with three kills in {:.1?}: {twice} calls were made twice", result.elapsed);
    // What a process that dies has in flight, and what it has answered within half a second.
    assert!(twice <= 3 * 8 * 4, "{twice}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a DynamoDB: ci/journal runs it"]
async fn a_query_that_is_run_again_within_the_hours_makes_no_call() {
    // Answers of other runs on the same table are of another account's function.
    let model_text = format!("run {}", fastrand::u64(..));
    let round =
        Round::with_variables(4, Duration::from_millis(20), 64, SECONDS_28, &[("SHARED_ANSWERS_HOURS", "1")]).await;
    let texts: Vec<String> = (0..400).map(|row| format!("{model_text} {}", row % 150)).collect();
    let lanes = || QueryOptions { max_batch_rows: 50, parallel: 4, ..options(4200) };
    query(&round, &texts, lanes()).await;
    let calls = round.aws.bedrock().stats().requests;
    assert_eq!(calls, 150);
    query(&round, &texts, lanes()).await;
    assert_eq!(round.aws.bedrock().stats().requests, calls);
}
