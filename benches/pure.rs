//! What is pure: parsing a batch, planning it, writing its answer. Beside it, what serde_json alone reaches on the same bytes.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up should stop")]

use std::borrow::Cow;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value as Json, json};
use snowflake_aws_functions::batch::{Answers, Known, Plan, Progress, Targets, Work};
use snowflake_aws_functions::functions::{Fault, Function, Target, Texts, Value};
use snowflake_aws_functions::snowflake::{request, response};
use tokio::time::Instant;

const ROWS: usize = 4096;
const PARAMETERS: [&str; 3] = ["instructions", "user_context", "model_id"];

/// A row as serde_json reads it without us.
type Row<'a> = (u64, Cow<'a, str>, Cow<'a, str>, Cow<'a, str>);

#[derive(serde::Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    data: Vec<Row<'a>>,
}

/// Rows of which so many in a hundred are like others.
fn body(duplicates: usize) -> String {
    let different = ROWS * (100 - duplicates) / 100;
    let row = |number: usize| {
        let review = number % different.max(1);
        let text = format!(
            "Review {review}: the parcel came late, the box was open, and \"fragile\" meant nothing to anybody."
        );
        json!([number, "Answer in one word: positive, negative or neutral.", text, "us.amazon.nova-lite-v1:0"])
    };
    json!({"data": (0..ROWS).map(row).collect::<Vec<Json>>()}).to_string()
}

/// Answers at once.
struct Echo;

impl Function for Echo {
    fn name(&self) -> &'static str {
        "echo"
    }

    fn parameters(&self) -> &'static [&'static str] {
        &PARAMETERS
    }

    fn target(&self, _: &Texts<'_>) -> Result<Target, Fault> {
        Ok(Target { name: "echo".to_owned(), per_second: None })
    }

    fn call<'a>(&'a self, arguments: &'a Texts<'a>) -> BoxFuture<'a, Result<Value, Fault>> {
        let text = Json::from(arguments[1]).to_string();
        async move { Ok(text.into()) }.boxed()
    }
}

fn answers(plan: &Plan<'_>) -> Answers {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let deadline = Instant::now() + Duration::from_secs(600);
        let targets = Targets::new(128);
        let mut work = Work::new(&Echo, plan, &targets, Known::default(), deadline);
        while work.run_until(deadline).await != Progress::Done {}
        work.finish().unwrap()
    })
}

fn bytes(text: &str) -> Throughput {
    Throughput::Bytes(text.len() as u64)
}

fn pure(criterion: &mut Criterion) {
    let body = body(0);
    let mut group = criterion.benchmark_group("parse");
    group.throughput(bytes(&body));
    group.bench_function("batch", |bencher| bencher.iter(|| request::parse(black_box(&body), &PARAMETERS)));
    group.bench_function("serde_json", |bencher| {
        bencher.iter(|| serde_json::from_str::<Body<'_>>(black_box(&body)).map(|body| body.data.len()));
    });
    group.finish();

    let mut group = criterion.benchmark_group("plan");
    for duplicates in [0, 90] {
        let body = self::body(duplicates);
        let rows = request::parse(&body, &PARAMETERS).unwrap();
        group.throughput(bytes(&body));
        group.bench_function(format!("{duplicates} % duplicates"), |bencher| {
            bencher.iter(|| Plan::of(black_box(&rows.arguments)).distinct().len());
        });
    }
    group.finish();

    let rows = request::parse(&body, &PARAMETERS).unwrap();
    let answers = answers(&Plan::of(&rows.arguments));
    let written = response::write(&rows.numbers, &answers);
    let pairs: Json = serde_json::from_str(&written).unwrap();
    let pairs: Vec<(u64, &str)> = pairs["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row[0].as_u64().unwrap(), row[1].as_str().unwrap()))
        .collect();
    let mut group = criterion.benchmark_group("write");
    group.throughput(bytes(&written));
    group.bench_function("answer", |bencher| bencher.iter(|| response::write(black_box(&rows.numbers), &answers)));
    group.bench_function("serde_json", |bencher| bencher.iter(|| serde_json::to_string(black_box(&pairs))));
    group.finish();
}

criterion_group!(benches, pure);
criterion_main!(benches);
