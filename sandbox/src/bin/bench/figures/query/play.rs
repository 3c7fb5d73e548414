//! One query, from its first batch to its last.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sandbox::api_gateway::{ApiGateway, ApiGatewayOptions};
use sandbox::aws::{Aws, AwsOptions, Quota};
use sandbox::lambda::{AtCapacity, Lambda, LambdaOptions, LogSink};
use sandbox::snowflake::{Caller, Compression, QueryOptions};
use serde_json::json;

use super::table::Table;
use super::{Query, STEP_AT};
use crate::Failure;
use crate::event::MODEL;
use crate::programs::{Program, Programs};

/// API Gateway gives an integration 29 s; the function's own time is a little less, as in the template.
const TIMEOUT: Duration = Duration::from_secs(28);

/// Longer than this no query is waited for: it is told as failed.
const GIVEN_UP: Duration = Duration::from_secs(240);

/// What came of a query.
#[derive(Debug, Clone, Default)]
pub struct Played {
    /// Rows over what the quota would have let through in its time; of a query that failed, those that the caller had got.
    pub goodput: f64,
    /// Throttled calls over answered ones.
    pub throttled: f64,
    /// Answers beyond one for each row.
    pub twice: f64,
    /// Writes of the shared pace over answered calls.
    pub writes: f64,
    pub seconds: f64,
    pub statuses: BTreeMap<u16, u64>,
    /// Why it failed, if it did.
    pub failure: Option<String>,
    /// Answers and throttled calls of each second.
    pub answers: Vec<u32>,
    pub refusals: Vec<u32>,
}

#[expect(clippy::cast_precision_loss, reason = "thousands")]
pub async fn play(
    programs: &Programs,
    query: &Query,
    program: Program,
    table: Option<&Table>,
    run: usize,
) -> Result<Played, Failure> {
    let aws = Aws::start(AwsOptions::default()).await?;
    let bedrock = aws.bedrock();
    bedrock.set_latency(query.latency);
    bedrock.set_quota(Some(Quota { per_second: query.quota, burst: query.burst }));
    let (binary, args, directory) = programs.command(program);
    let mut env = aws.env();
    let width = if program == Program::Function { 128 } else { 64 };
    env.push(("MAX_CONCURRENCY".to_owned(), width.to_string()));
    if let Some(table) = table {
        env.push(("JOURNAL_TABLE_NAME".to_owned(), table.name().to_owned()));
        env.push(("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), table.url().to_owned()));
    }
    let lambda = Arc::new(
        Lambda::start(LambdaOptions {
            args,
            directory,
            environments: query.lanes,
            timeout: TIMEOUT,
            init_timeout: Duration::from_secs(60),
            env,
            log: LogSink::Keep,
            at_capacity: AtCapacity::Wait,
            freeze: true,
            ..LambdaOptions::new(binary)
        })
        .await?,
    );
    let gateway = ApiGateway::start(Arc::clone(&lambda), ApiGatewayOptions::default()).await?;
    let options = QueryOptions {
        return_type: "VARCHAR".to_owned(),
        max_batch_rows: query.rows_per_batch,
        parallel: query.lanes,
        seed: run as u64,
        // Who writes the few lines of a handler does not unpack gzip.
        compression: if program == Program::Function { Compression::Gzip } else { Compression::None },
        ..QueryOptions::new("ask_bedrock")
    };
    let count = query.rows_per_batch * query.batches;
    let rows = (0..count).map(|row| vec![json!("Repeat."), json!(format!("run {run}, row {row}")), json!(MODEL)]);
    let paces = table.map_or(0, Table::paces);
    let begin = Instant::now();
    let step = async {
        tokio::time::sleep(Duration::from_secs_f64(STEP_AT)).await;
        if let Some(factor) = query.step {
            bedrock.set_quota(Some(Quota { per_second: factor * query.quota, burst: factor * query.burst }));
        }
        std::future::pending::<()>().await;
    };
    let caller = Caller::new(gateway.url());
    let asked = tokio::time::timeout(GIVEN_UP, caller.query(rows.collect(), options));
    let asked = tokio::select! { asked = asked => asked, () = step => return Err("a step that ends".into()) };
    let failure = match asked {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error.to_string().chars().take(160).collect()),
        Err(_) => Some(format!("not answered in {} s", GIVEN_UP.as_secs())),
    };
    let seconds = begin.elapsed().as_secs_f64();
    let stats = bedrock.stats();
    let (mut answers, mut refusals) = (Vec::new(), Vec::new());
    for call in bedrock.calls() {
        let (Some(at), Some(status)) = (call.answered_at, call.status) else { continue };
        let seconds = usize::try_from(at.saturating_duration_since(begin).as_secs())?;
        let counted = if status == 200 { &mut answers } else { &mut refusals };
        if counted.len() <= seconds {
            counted.resize(seconds + 1, 0);
        }
        counted[seconds] += 1;
    }
    let rows_answered = (stats.answered as f64).min(count as f64);
    let statuses = gateway.stats().statuses;
    let batches_got = statuses.get(&200).copied().unwrap_or_default().min(query.batches as u64);
    let played = Played {
        goodput: (batches_got as f64 * query.rows_per_batch as f64) / query.admissible(seconds),
        throttled: stats.throttled as f64 / rows_answered,
        twice: stats.answered as f64 - rows_answered,
        writes: table.map_or(0, |table| table.paces() - paces) as f64 / rows_answered,
        seconds,
        statuses,
        failure,
        answers,
        refusals,
    };
    lambda.stop().await;
    Ok(played)
}
