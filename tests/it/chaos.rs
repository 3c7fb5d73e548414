//! The real binary on a real table, in several environments that are killed at random moments.

use std::sync::Arc;
use std::time::Duration;

use sandbox::api_gateway::{ApiGateway, ApiGatewayOptions};
use sandbox::aws::{Aws, AwsOptions, reply};
use sandbox::lambda::{AtCapacity, Lambda, LambdaOptions, LogSink, Victim};
use sandbox::snowflake::{Caller, Delays, QueryOptions, QueryResult};
use serde_json::{Value, json};

use crate::dynamodb;
use crate::support::MODEL;

const LATENCY: Duration = Duration::from_millis(20);
const CEILING: u64 = 4;
const TIMEOUT: Duration = Duration::from_millis(1000);

/// What the death of one process can lose: the calls of a whole invocation, which is shorter than the checkpoint interval,
/// and those in flight.
fn bound() -> u64 {
    let rounds = u64::try_from(TIMEOUT.as_millis() / LATENCY.as_millis()).unwrap();
    (rounds + 1) * CEILING
}

pub struct Round {
    pub aws: Aws,
    pub lambda: Arc<Lambda>,
    pub gateway: ApiGateway,
}

impl Round {
    async fn start(environments: usize) -> Self {
        Self::with(environments, LATENCY, CEILING, TIMEOUT).await
    }

    async fn with(environments: usize, latency: Duration, ceiling: u64, timeout: Duration) -> Self {
        Self::with_variables(environments, latency, ceiling, timeout, &[]).await
    }

    pub async fn with_variables(
        environments: usize,
        latency: Duration,
        ceiling: u64,
        timeout: Duration,
        variables: &[(&str, &str)],
    ) -> Self {
        let aws = Aws::start(AwsOptions::default()).await.unwrap();
        aws.bedrock().set_latency(latency);
        let mut env = aws.env();
        env.extend(dynamodb::environment().await);
        env.push(("MAX_CONCURRENCY".to_owned(), ceiling.to_string()));
        env.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let lambda = Lambda::start(LambdaOptions {
            environments,
            timeout,
            env,
            log: LogSink::Keep,
            at_capacity: AtCapacity::Wait,
            freeze: true,
            ..LambdaOptions::new(env!("CARGO_BIN_EXE_bootstrap"))
        });
        let lambda = Arc::new(lambda.await.unwrap());
        let gateway = ApiGateway::start(Arc::clone(&lambda), ApiGatewayOptions::default()).await.unwrap();
        Self { aws, lambda, gateway }
    }

    async fn query(&self, rows: usize, options: QueryOptions) -> QueryResult {
        let seed = options.seed;
        let text = |row: usize| format!("round {seed}, row {row}");
        let arguments = (0..rows).map(|row| vec![json!("Do."), json!(text(row)), json!(MODEL)]).collect();
        let result = Caller::new(self.gateway.url()).query(arguments, options).await;
        let result = result.unwrap_or_else(|error| panic!("seed {seed}: {error}\n{}", self.lambda.logs()));
        let expected: Vec<Value> = (0..rows).map(|row| json!(reply(MODEL, "Do.", &text(row)))).collect();
        assert_eq!(result.values, expected, "seed {seed}");
        assert_eq!(result.contradictions, 0, "seed {seed}");
        result
    }
}

pub fn options(seed: u64) -> QueryOptions {
    let delays = Delays { first: Duration::from_millis(20), factor: 1.5, cap: Duration::from_millis(300) };
    QueryOptions {
        return_type: "VARCHAR".to_owned(),
        seed,
        poll: delays,
        backoff: delays,
        repeat_last_poll: true,
        ..QueryOptions::new("ask_bedrock")
    }
}

/// How many rounds; each prints its seed when it fails.
fn rounds() -> u64 {
    std::env::var("CHAOS_ROUNDS").map_or(200, |rounds| rounds.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a DynamoDB, kills processes and takes minutes: ci/journal runs it"]
async fn killed_environments_lose_no_row_and_little_money() {
    let round = Round::start(3).await;
    let (mut kills, mut twice) = (0, 0);
    for seed in 0..rounds() {
        let mut random = fastrand::Rng::with_seed(seed);
        round.aws.bedrock().reset();
        let kill = async {
            tokio::time::sleep(Duration::from_millis(random.u64(0..500))).await;
            round.lambda.kill_one(Victim::Busy(seed)).await
        };
        let query = QueryOptions { duplicate_posts: seed % 3 == 0, lose_responses: 100, ..options(seed) };
        let (_, killed) = tokio::join!(round.query(60, query), kill);
        let (calls, killed) = (round.aws.bedrock().stats().requests, u64::from(killed.is_some()));
        assert!(calls >= 60 && calls - 60 <= killed * bound(), "seed {seed}: {calls} calls, {killed} kills");
        (kills, twice) = (kills + killed, twice + calls - 60);
    }
    println!("{} rounds, {kills} kills, {twice} calls that were made twice", rounds());
    assert!(kills > rounds() / 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a DynamoDB: ci/journal runs it"]
async fn sixty_four_batches_at_once_are_each_answered_once() {
    let round = Round::start(8).await;
    let query = QueryOptions { max_batch_rows: 20, parallel: 64, ..options(1000) };
    let result = round.query(64 * 20, query).await;
    assert_eq!(result.batch_ids.len(), 64);
    // A call may be cut off at the end of an invocation of a second, be it while its answer is on the way.
    let stats = round.aws.bedrock().stats();
    assert!(stats.answered >= 64 * 20 && stats.requests <= 64 * 20 + 16, "{stats:?}");
}

/// One batch that needs several invocations, each of 8 s, at a second for a row; two of them are killed on the way.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a DynamoDB and takes most of a minute: ci/journal runs it"]
async fn a_long_batch_goes_on_where_its_invocations_ended() {
    let rows: u64 = std::env::var("LONG_ROWS").map_or(600, |rows| rows.parse().unwrap());
    let round = Round::with(2, Duration::from_secs(1), 32, Duration::from_secs(8)).await;
    let kills = async {
        let mut kills = 0;
        for seed in 0..2 {
            tokio::time::sleep(Duration::from_millis(5500)).await;
            kills += u64::from(round.lambda.kill_one(Victim::Busy(seed)).await.is_some());
        }
        kills
    };
    let query = QueryOptions { retry_for: Duration::from_secs(60), ..options(3000) };
    let (result, kills) = tokio::join!(round.query(usize::try_from(rows).unwrap(), query), kills);
    let calls = round.aws.bedrock().stats().requests;
    println!("{rows} rows in {:.1?}, {kills} kills, {} calls that were made twice", result.elapsed, calls - rows);
    // The interval's rounds, the one that was in flight, and one that a slow machine was late with.
    assert!(calls - rows <= kills * 4 * 32, "{calls} calls, {kills} kills");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a DynamoDB: ci/journal runs it"]
async fn a_cancelled_query_spends_nothing_more() {
    let round = Round::start(2).await;
    round.aws.bedrock().set_latency(Duration::from_millis(300));
    let rows = (0..200).map(|row| vec![json!("Do."), json!(format!("row {row}")), json!(MODEL)]).collect();
    let query = QueryOptions { abandon_after: Some(1), ..options(2000) };
    assert!(Caller::new(round.gateway.url()).query(rows, query).await.is_err());
    let spent = round.aws.bedrock().stats().requests;
    assert!(spent > 0 && spent < 200, "{spent}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let stats = round.aws.bedrock().stats();
    assert_eq!((stats.requests, stats.in_flight), (spent, 0));
}
