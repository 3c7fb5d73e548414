//! What is pure: parsing a batch, planning it, writing its answer. Beside it, what serde_json alone reaches on the same bytes.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up should stop")]

use std::borrow::Cow;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value as Json, json};
use snowflake_aws_functions::batch::{Answers, Known, Plan, Progress, StatementFaults, Targets, Work};
use snowflake_aws_functions::function::{Answered, Call, Function, Job, Parameter, Refusal, Row as Arguments, Target};
use snowflake_aws_functions::snowflake::{request, response};
use tokio::time::Instant;

const ROWS: usize = 4096;
const PARAMETERS: [Parameter; 3] =
    [Parameter::text("instructions"), Parameter::text("user_context"), Parameter::text("model_id")];

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

    fn parameters(&self) -> &'static [Parameter] {
        &PARAMETERS
    }

    fn prepare<'a>(&'a self, row: Arguments<'a>) -> Result<Job<'a>, Refusal> {
        let text = row.text(1);
        Ok(Job {
            target: Target { name: "echo".into(), per_second: None },
            options: "".into(),
            question: Some(Box::new([row.text(0).into(), text.into(), row.text(2).into()])),
            must_be_answered: false,
            expected_bytes: 0,
            call: Call::alone(move || async move { Ok(Answered::from(Json::from(text).to_string().into_boxed_str())) }),
        })
    }
}

fn answers(plan: &Plan<'_>) -> Answers {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let deadline = Instant::now() + Duration::from_secs(600);
        let targets = Targets::new(128);
        let mut work = Work::new(plan, StatementFaults::Refuse, &targets, Known::default(), deadline);
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
            bencher.iter(|| Plan::of(&Echo, black_box(&rows.arguments)).distinct().len());
        });
    }
    group.finish();

    let rows = request::parse(&body, &PARAMETERS).unwrap();
    let answers = answers(&Plan::of(&Echo, &rows.arguments));
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
