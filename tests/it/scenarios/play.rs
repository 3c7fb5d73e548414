//! A scenario, played with the real binary.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sandbox::api_gateway::{ApiGateway, ApiGatewayOptions};
use sandbox::aws::{Aws, AwsOptions, Call};
use sandbox::lambda::{AtCapacity, Lambda, LambdaOptions, LogSink, Outcome};
use sandbox::snowflake::{Caller, Delays, QueryError, QueryOptions};
use serde_json::{Value, json};

use super::file::{Row, Scenario};
use crate::dynamodb;
use crate::support::event;

/// What came of it.
#[derive(Debug)]
pub struct Played {
    /// The status that ended it; 202 when the caller's patience did, 502 when there was no answer.
    pub status: u16,
    /// With 200: the values of the rows.
    pub values: Vec<Value>,
    /// With another status: what the caller was told.
    pub message: String,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Requests that the function was asked with.
    pub requests: usize,
    /// Service calls, oldest first.
    pub calls: Vec<Call>,
    /// What the function wrote.
    pub log: String,
    /// What is wrong whatever the scenario is.
    pub wrong: Vec<String>,
}

/// How a call ended: the values, or the status and what was said.
type Ended = Result<Vec<Value>, (u16, String)>;

/// Plays it.
pub async fn play(scenario: &Scenario, rows: &[Row]) -> Played {
    let aws = Aws::start(AwsOptions::default()).await.unwrap();
    scenario.service.tell(&aws);
    let lambda = Arc::new(Lambda::start(options(scenario, &aws).await).await.unwrap());
    let begin = Instant::now();
    let (ended, requests, mut wrong) = if scenario.snowflake || scenario.journal {
        query(scenario, rows, &lambda).await
    } else {
        (post(scenario, rows, &lambda).await, 1, Vec::new())
    };
    let elapsed = begin.elapsed();
    if lambda.crashes() > 0 {
        wrong.push(format!("{} environments ended by themselves", lambda.crashes()));
    }
    lambda.stop().await;
    let services = [aws.bedrock(), aws.location(), aws.places()];
    let unsigned: u64 = services.iter().map(|service| service.stats().bad_signatures).sum();
    if unsigned > 0 {
        wrong.push(format!("{unsigned} calls were not signed properly"));
    }
    let calls = services.iter().flat_map(|service| service.calls()).collect();
    let (status, values, message) = match ended {
        Ok(values) => (200, values, String::new()),
        Err((status, message)) => (status, Vec::new(), message),
    };
    Played { status, values, message, elapsed, requests, calls, log: lambda.logs(), wrong }
}

async fn options(scenario: &Scenario, aws: &Aws) -> LambdaOptions {
    let mut env = aws.env();
    env.push(("PLACE_INDEX_NAME".to_owned(), AwsOptions::default().place_index));
    if scenario.journal {
        env.extend(dynamodb::environment().await);
    }
    env.extend(scenario.variables.clone());
    LambdaOptions {
        environments: scenario.environments,
        timeout: Duration::from_secs_f64(scenario.timeout_s),
        env,
        log: LogSink::Keep,
        at_capacity: AtCapacity::Wait,
        freeze: true,
        ..LambdaOptions::new(env!("CARGO_BIN_EXE_bootstrap"))
    }
}

async fn post(scenario: &Scenario, rows: &[Row], lambda: &Lambda) -> Ended {
    let number = |(number, row): (usize, &Row)| {
        let mut all = vec![json!(number)];
        all.extend(row.arguments.iter().cloned());
        all
    };
    let data: Vec<Vec<Value>> = rows.iter().enumerate().map(number).collect();
    let event = event("POST", &scenario.function, &[], &json!({ "data": data }).to_string());
    let response: Value = match lambda.invoke(event.to_string()).await.outcome {
        Outcome::Answer(body) => serde_json::from_slice(&body).unwrap(),
        other => return Err((502, format!("{other:?}"))),
    };
    let status = u16::try_from(response["statusCode"].as_u64().unwrap()).unwrap();
    let text = response["body"].as_str().unwrap_or_default();
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    if status != 200 {
        return Err((status, said(text)));
    }
    let data = body["data"].as_array().map_or(&[][..], Vec::as_slice);
    let in_order = data.iter().enumerate().all(|(number, row)| row[0] == number);
    if data.len() != rows.len() || !in_order {
        return Err((502, format!("200 with {} rows, not all of them in their place", data.len())));
    }
    Ok(data.iter().map(|row| row[1].clone()).collect())
}

async fn query(scenario: &Scenario, rows: &[Row], lambda: &Arc<Lambda>) -> (Ended, usize, Vec<String>) {
    let gateway = ApiGateway::start(Arc::clone(lambda), ApiGatewayOptions::default()).await.unwrap();
    let delays = Delays { first: Duration::from_millis(20), factor: 1.5, cap: Duration::from_millis(300) };
    let options = QueryOptions {
        return_type: if scenario.function == "ask_bedrock" { "VARCHAR" } else { "VARIANT" }.to_owned(),
        max_batch_rows: scenario.batch_rows,
        parallel: scenario.parallel,
        poll: delays,
        backoff: delays,
        retry_for: Duration::from_secs_f64(scenario.retry_for_s),
        repeat_last_poll: scenario.journal,
        // Longer than any scenario should take: one that does not end is told as such.
        async_limit: Duration::from_secs(95),
        ..QueryOptions::new(scenario.function.as_str())
    };
    let arguments = rows.iter().map(|row| row.arguments.clone()).collect();
    let mut wrong = Vec::new();
    let ended = match Caller::new(gateway.url()).query(arguments, options).await {
        Ok(result) => {
            if result.contradictions > 0 {
                wrong.push(format!("{} batches were answered in two ways", result.contradictions));
            }
            Ok(result.values)
        }
        Err(QueryError::Status { status, body, .. }) => Err((status, said(&body))),
        Err(error @ QueryError::AsyncTimeout { .. }) => Err((202, error.to_string())),
        Err(error) => Err((502, error.to_string())),
    };
    (ended, usize::try_from(gateway.stats().requests).unwrap(), wrong)
}

/// The sentence in the body of a refusal; another body is told as it is.
fn said(body: &str) -> String {
    match serde_json::from_str::<BTreeMap<String, String>>(body) {
        Ok(mut members) if members.len() == 1 => members.remove("error").unwrap_or_else(|| body.to_owned()),
        _ => format!("(not an error body) {body}"),
    }
}

impl fmt::Display for Played {
    /// What explains a failure: how it ended, the calls by their ends, the last lines of the log.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nulls = self.values.iter().filter(|value| value.is_null()).count();
        let mut ends: BTreeMap<String, usize> = BTreeMap::new();
        for call in &self.calls {
            *ends
                .entry(call.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string()))
                .or_default() += 1;
        }
        write!(
            formatter,
            "status {} after {:.1} s, {} requests",
            self.status,
            self.elapsed.as_secs_f64(),
            self.requests
        )?;
        write!(formatter, ", {nulls} of {} values NULL, {} calls {ends:?}", self.values.len(), self.calls.len())?;
        if !self.message.is_empty() {
            write!(formatter, "\n  said: {}", self.message)?;
        }
        let lines: Vec<&str> = self.log.lines().collect();
        for line in lines.iter().copied().skip(lines.len().saturating_sub(4)) {
            // Without the ids of the request.
            let told =
                line.rsplit_once("}:").map_or(line, |(_, told)| told.trim_start_matches("request:").trim_start());
            let level = line.split_whitespace().next().unwrap_or_default();
            write!(formatter, "\n  log: {level} {told}")?;
        }
        Ok(())
    }
}
