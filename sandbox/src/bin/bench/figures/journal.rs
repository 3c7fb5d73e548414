//! What the journal adds to a batch, and what it adds that batches share their answers, on a table that answers at once: time, CPU time,
//! operations, and the units that they are billed by.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use sandbox::aws::{Aws, Quota};
use sandbox::dynamodb::{Counts, Table};

use crate::programs::{Program, Programs};
use crate::report::{Line, Target, median};
use crate::stage::{Stage, services};
use crate::{Failure, event};

const LATENCY: Duration = Duration::from_millis(100);

/// Rows of a batch, the bytes of each, and how many batches.
const BATCHES: [(usize, usize, usize); 4] = [(4, 50, 30), (100, 500, 15), (2000, 50, 9), (4096, 1000, 3)];

/// A column of many batches with equal rows.
const ROWS: usize = 20_000;
const DISTINCT: usize = 500;
const LANES: usize = 8;
const QUOTA: Quota = Quota { per_second: 40.0, burst: 40.0 };

/// How a batch is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// With the journal, and the id of the statement.
    Sharing,
    /// With the journal; nothing says to which statement it belongs.
    Journal,
    /// Without.
    Alone,
    /// With all that another build has.
    Before,
}

impl Way {
    /// What it is called in the report.
    fn name(self) -> &'static str {
        match self {
            Self::Sharing => "sharing",
            Self::Journal => "journal alone",
            Self::Alone => "no journal",
            Self::Before => "before",
        }
    }
}

/// What the batches of one way took.
#[derive(Debug)]
struct Taken {
    way: Way,
    millis: Vec<f64>,
    micros: Vec<f64>,
    counts: Counts,
}

pub async fn measure(programs: &Programs) -> Result<Vec<Line>, Failure> {
    let aws = services(LATENCY).await?;
    let table = Table::start().await?;
    let with = set(programs, Program::Function, &aws, &table, 1).await?;
    let without = Stage::set(programs, Program::Function, &aws, 128, 1).await?;
    let old = match programs.has_before() {
        true => Some(set(programs, Program::Before, &aws, &table, 1).await?),
        false => None,
    };
    let mut stages = vec![(Way::Sharing, &with), (Way::Journal, &with), (Way::Alone, &without)];
    stages.extend(old.as_ref().map(|old| (Way::Before, old)));
    let mut lines = Vec::new();
    for (rows, bytes, rounds) in BATCHES {
        let taken =
            |(way, _): &(Way, _)| Taken { way: *way, millis: vec![], micros: vec![], counts: Counts::default() };
        let mut all: Vec<Taken> = stages.iter().map(taken).collect();
        // The first round opens the connections.
        for round in 0..=rounds {
            for ((way, stage), taken) in stages.iter().zip(&mut all) {
                let name = format!("{way:?}:{rows}:{round}");
                let texts = event::texts(&format!("{} {name}", "x".repeat(bytes)), rows);
                let is_of_query = matches!(way, Way::Sharing | Way::Before);
                let event = event::with_ids(&event::of(texts), &name, is_of_query.then_some("query"))?;
                table.take_counts();
                let one = stage.send(event, rows).await?;
                if round > 0 {
                    taken.millis.push(one.time.as_secs_f64() * 1e3);
                    taken.micros.push(one.cpu.as_secs_f64() * 1e6 / rows as f64);
                    add(&mut taken.counts, table.take_counts());
                }
            }
        }
        lines.extend(told(&format!("{rows} rows of {bytes} bytes"), rows, rounds, &mut all));
    }
    lines.extend(column(programs, &aws).await?);
    Ok(lines)
}

async fn set(
    programs: &Programs,
    program: Program,
    aws: &Aws,
    table: &Table,
    environments: usize,
) -> Result<Stage, Failure> {
    let [endpoint, name] = table.env();
    let settings = [
        ("MAX_CONCURRENCY", "128".to_owned()),
        (endpoint.0.as_str(), endpoint.1.clone()),
        (name.0.as_str(), name.1.clone()),
    ];
    Stage::with(programs, program, aws, &settings, environments).await
}

fn add(counts: &mut Counts, more: Counts) {
    counts.writes += more.writes;
    counts.write_units += more.write_units;
    counts.reads += more.reads;
    counts.read_units += more.read_units;
}

/// What sharing takes, beside the other ways: another build if there is one, else the journal alone.
fn told(what: &str, rows: usize, rounds: usize, all: &mut [Taken]) -> Vec<Line> {
    // What was asked for of 2,000 rows; a small batch has little to hide three more operations behind.
    let target = |most| if rows == 2000 { Target::AtMost(most) } else { Target::None };
    let mut line = |figure: String, unit: &str, target, figures: fn(&mut Taken) -> &mut Vec<f64>| {
        let medians: Vec<f64> = all.iter_mut().map(|taken| median(figures(taken))).collect();
        let told = |(taken, median): (&Taken, &f64)| {
            let counts =
                if unit == "ms" { format!("; {}", per_row(&taken.counts, rows * rounds)) } else { String::new() };
            format!("{} {median:.1} {unit}{counts}", taken.way.name())
        };
        let mut ways = all.iter().zip(&medians).map(told);
        let ours = ways.next().unwrap_or_default();
        let reference = if all.last().is_some_and(|taken| taken.way == Way::Before) { all.len() - 1 } else { 1 };
        let beside = ways.collect::<Vec<_>>().join("; ");
        Line { figure, ours, beside, ratio: medians[0] / medians[reference], target }
    };
    vec![
        line(format!("journal: {what}, {} ms a call", LATENCY.as_millis()), "ms", target(1.03), |taken| {
            &mut taken.millis
        }),
        line(format!("journal: CPU time for a row, {what}"), "us", target(1.05), |taken| &mut taken.micros),
    ]
}

/// Operations and units for each answered row.
fn per_row(counts: &Counts, rows: usize) -> String {
    let each = |count: usize| count as f64 / rows as f64;
    let Counts { writes, write_units, reads, read_units } = *counts;
    format!(
        "a row: {:.3} writes of {:.2} units, {:.3} reads of {:.2} units",
        each(writes),
        each(write_units),
        each(reads),
        each(read_units)
    )
}

/// A column of which most rows are equal to others, in lanes of batches and at a quota, beside its distinct rows alone.
async fn column(programs: &Programs, aws: &Aws) -> Result<Vec<Line>, Failure> {
    aws.bedrock().set_latency(Duration::from_millis(500));
    aws.bedrock().set_quota(Some(QUOTA));
    let mut alone = query(programs, aws, DISTINCT).await?;
    let mut all = query(programs, aws, ROWS).await?;
    let again = query(programs, aws, DISTINCT).await?;
    alone.seconds = f64::midpoint(alone.seconds, again.seconds);
    all.seconds = f64::midpoint(all.seconds, query(programs, aws, ROWS).await?.seconds);
    let figure = format!(
        "journal: {ROWS} rows of {DISTINCT} distinct, batches of 100, {LANES} lanes, {}/s, 0.5 s a call",
        QUOTA.per_second
    );
    Ok(vec![
        Line {
            figure: format!("{figure}: calls"),
            ours: format!("{} calls; {}", all.calls, per_row(&all.counts, ROWS)),
            beside: format!("{DISTINCT} distinct"),
            ratio: all.calls as f64 / DISTINCT as f64,
            target: Target::AtMost(1.05),
        },
        Line {
            figure: format!("{figure}: time"),
            ours: format!("{:.1} s", all.seconds),
            beside: format!("{DISTINCT} rows {:.1} s", alone.seconds),
            ratio: all.seconds / alone.seconds,
            target: Target::AtMost(1.1),
        },
    ])
}

struct Query {
    calls: u64,
    seconds: f64,
    counts: Counts,
}

/// So many rows of the column, by environments that start cold.
async fn query(programs: &Programs, aws: &Aws, rows: usize) -> Result<Query, Failure> {
    let table = Table::start().await?;
    let stage = set(programs, Program::Function, aws, &table, LANES).await?;
    let texts: Vec<String> = event::texts("column", DISTINCT).collect();
    let batches: Vec<String> = (0..rows / 100)
        .map(|batch| {
            let texts = texts.iter().cycle().skip(batch * 100 % DISTINCT).take(100).cloned();
            event::with_ids(&event::of(texts), &format!("column:{batch}"), Some("column"))
        })
        .collect::<Result<_, _>>()?;
    aws.bedrock().reset();
    let begin = Instant::now();
    try_join_all((0..LANES).map(|lane| {
        let (stage, batches) = (&stage, &batches);
        async move {
            for event in batches.iter().skip(lane).step_by(LANES) {
                stage.send(event.clone(), 100).await?;
            }
            Ok::<_, Failure>(())
        }
    }))
    .await?;
    let seconds = begin.elapsed().as_secs_f64();
    Ok(Query { calls: aws.bedrock().stats().answered, seconds, counts: table.take_counts() })
}
