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
}

const WAYS: [Way; 3] = [Way::Sharing, Way::Journal, Way::Alone];

/// What the batches of one way took.
#[derive(Debug, Default)]
struct Taken {
    millis: Vec<f64>,
    micros: Vec<f64>,
    counts: Counts,
}

pub async fn measure(programs: &Programs) -> Result<Vec<Line>, Failure> {
    let aws = services(LATENCY).await?;
    let table = Table::start().await?;
    let with = set(programs, &aws, &table, 1).await?;
    let without = Stage::set(programs, Program::Function, &aws, 128, 1).await?;
    let mut lines = Vec::new();
    for (rows, bytes, rounds) in BATCHES {
        let mut all = WAYS.map(|_| Taken::default());
        // The first round opens the connections.
        for round in 0..=rounds {
            for (way, taken) in WAYS.into_iter().zip(&mut all) {
                let name = format!("{way:?}:{rows}:{round}");
                let texts = event::texts(&format!("{} {name}", "x".repeat(bytes)), rows);
                let event = event::with_ids(&event::of(texts), &name, (way == Way::Sharing).then_some("query"))?;
                table.take_counts();
                let one = if way == Way::Alone { &without } else { &with }.send(event, rows).await?;
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

async fn set(programs: &Programs, aws: &Aws, table: &Table, environments: usize) -> Result<Stage, Failure> {
    let [endpoint, name] = table.env();
    let settings = [
        ("MAX_CONCURRENCY", "128".to_owned()),
        (endpoint.0.as_str(), endpoint.1.clone()),
        (name.0.as_str(), name.1.clone()),
    ];
    Stage::with(programs, Program::Function, aws, &settings, environments).await
}

fn add(counts: &mut Counts, more: Counts) {
    counts.writes += more.writes;
    counts.write_units += more.write_units;
    counts.reads += more.reads;
    counts.read_units += more.read_units;
}

fn told(what: &str, rows: usize, rounds: usize, all: &mut [Taken; 3]) -> Vec<Line> {
    let counts = all.each_ref().map(|taken| per_row(&taken.counts, rows * rounds));
    let [sharing, journal, alone] = all.each_mut().map(|taken| median(&mut taken.millis));
    let [sharing_cpu, journal_cpu, alone_cpu] = all.each_mut().map(|taken| median(&mut taken.micros));
    // What was asked for of 2,000 rows; a small batch has little to hide three more operations behind.
    let target = |most| if rows == 2000 { Target::AtMost(most) } else { Target::None };
    let lines = vec![
        Line {
            figure: format!("journal: {what}, {} ms a call", LATENCY.as_millis()),
            ours: format!("sharing {sharing:.1} ms; {}", counts[0]),
            beside: format!("journal alone {journal:.1} ms; {}; no journal {alone:.1} ms", counts[1]),
            ratio: sharing / journal,
            target: target(1.03),
        },
        Line {
            figure: format!("journal: CPU time for a row, {what}"),
            ours: format!("sharing {sharing_cpu:.0} us"),
            beside: format!("journal alone {journal_cpu:.0} us; no journal {alone_cpu:.0} us"),
            ratio: sharing_cpu / journal_cpu,
            target: target(1.05),
        },
    ];
    // The system counts CPU time in hundredths of a second, which a small batch does not fill.
    lines.into_iter().take(if rows < 1000 { 1 } else { 2 }).collect()
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
    let stage = set(programs, aws, &table, LANES).await?;
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
