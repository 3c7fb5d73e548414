//! Whole queries at a quota: lanes of batches, environments that start cold, and botocore's adaptive retries beside them.
//!
//! `QUERY_ROWS=0,3` plays some rows of the table alone, `QUERY_RUNS=1` each of them once.

mod html;
mod play;
mod plot;
mod table;

use std::time::Duration;

use futures_util::future::try_join;

use crate::Failure;
use crate::programs::{Program, Programs};
use crate::report::{Line, Target, median};

use play::{Played, play};
use table::Table;

/// One query.
#[derive(Debug, Clone, Copy)]
pub struct Query {
    pub lanes: usize,
    /// Calls a second, and at once after a pause.
    pub quota: f64,
    pub burst: f64,
    pub rows_per_batch: usize,
    pub batches: usize,
    pub latency: Duration,
    /// How many times itself the quota is from the middle on.
    pub step: Option<f64>,
}

const fn query(lanes: usize, quota: f64, rows_per_batch: usize, batches: usize) -> Query {
    let latency = Duration::from_secs(1);
    Query { lanes, quota, burst: quota, rows_per_batch, batches, latency, step: None }
}

/// The queries.
const QUERIES: [Query; 11] = [
    query(4, 40.0, 100, 24),
    query(8, 20.0, 50, 24),
    query(8, 8.3, 100, 16),
    Query { burst: 1.0, ..query(4, 40.0, 100, 24) },
    query(64, 50.0, 54, 64),
    query(1, 20.0, 100, 12),
    query(8, 200.0, 500, 24),
    Query { step: Some(0.5), ..query(4, 40.0, 100, 18) },
    Query { step: Some(2.0), ..query(4, 40.0, 100, 36) },
    Query { latency: Duration::from_millis(300), ..query(8, 20.0, 50, 24) },
    Query { latency: Duration::from_secs(4), ..query(8, 20.0, 50, 24) },
];

/// Seconds after which the quota of a step changes.
pub const STEP_AT: f64 = 30.0;

/// How a query is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// With the journal, of which nothing is known yet.
    Cold,
    /// With the journal, by environments that start when another query has just found the pace.
    Known,
    /// Without the journal.
    Alone,
    /// By 64 threads with botocore's adaptive retries, 20 attempts.
    Boto3,
}

impl Way {
    pub const ALL: [Self; 4] = [Self::Cold, Self::Known, Self::Alone, Self::Boto3];

    pub fn name(self) -> &'static str {
        match self {
            Self::Cold => "journal, cold",
            Self::Known => "journal, pace known",
            Self::Alone => "no journal",
            Self::Boto3 => "boto3 adaptive",
        }
    }
}

impl Query {
    pub fn name(&self) -> String {
        let burst = if self.burst < self.quota { ", no burst" } else { "" };
        let latency = if self.latency.as_secs() == 1 {
            String::new()
        } else {
            format!(", {} s a call", self.latency.as_secs_f64())
        };
        let step = self.step.map_or(String::new(), |factor| format!(", quota x {factor} after {STEP_AT} s"));
        format!("{} lanes, {}/s{burst}, {} rows a batch{latency}{step}", self.lanes, self.quota, self.rows_per_batch)
    }

    /// Calls that the quota lets through in so many seconds.
    pub fn admissible(&self, seconds: f64) -> f64 {
        let (before, factor) = self.step.map_or((seconds, 1.0), |factor| (seconds.min(STEP_AT), factor));
        self.quota * (before + factor * (seconds - before))
    }
}

pub async fn measure(programs: &Programs) -> Result<Vec<Line>, Failure> {
    let runs: usize = std::env::var("QUERY_RUNS").map_or(Ok(3), |runs| runs.parse())?;
    let wanted = std::env::var("QUERY_ROWS").ok();
    let (mut lines, mut told) = (Vec::new(), Vec::new());
    for (number, query) in QUERIES.iter().enumerate() {
        if wanted.as_ref().is_some_and(|wanted| !wanted.split(',').any(|one| one == number.to_string())) {
            continue;
        }
        let mut played: Vec<[Played; 4]> = Vec::new();
        for run in 0..runs {
            let ours = async {
                let table = Table::open().await?;
                let cold = play(programs, query, Program::Function, Some(&table), run).await?;
                let known = play(programs, query, Program::Function, Some(&table), run).await?;
                Ok::<_, Failure>((cold, known))
            };
            let beside = async {
                let alone = play(programs, query, Program::Function, None, run).await?;
                let boto3 = play(programs, query, Program::Boto3Adaptive, None, run).await?;
                Ok::<_, Failure>((alone, boto3))
            };
            // Side by side, unless there are more processes than a small machine has room for.
            let ((cold, known), (alone, boto3)) = match query.lanes {
                0..=8 => try_join(ours, beside).await?,
                _ => (ours.await?, beside.await?),
            };
            played.push([cold, known, alone, boto3]);
        }
        lines.extend(summary(query, &played));
        eprintln!("{}", html::text(query, &played));
        told.push((*query, played));
        // After each, so that a long run can be looked at.
        html::write(programs, &told)?;
    }
    plot::write(programs, &told)?;
    Ok(lines)
}

/// The middle of what the runs of one way say.
pub fn middle(played: &[[Played; 4]], way: Way, figure: fn(&Played) -> f64) -> f64 {
    let of = |all: &[Played; 4]| Way::ALL.iter().zip(all).find(|(of, _)| **of == way).map(|(_, played)| figure(played));
    median(&mut played.iter().filter_map(of).collect::<Vec<_>>())
}

fn summary(query: &Query, played: &[[Played; 4]]) -> Vec<Line> {
    let goodput = |way| middle(played, way, |played| played.goodput);
    let throttled = |way| middle(played, way, |played| played.throttled);
    let has_burst = query.burst > 1.0;
    let line = |way: Way, least: Target, most: Target| {
        let beside = format!("boto3 {:.3}, {:.1} %", goodput(Way::Boto3), 100.0 * throttled(Way::Boto3));
        let figure = |what| format!("{what}, {}, {}", query.name(), way.name());
        let ours = format!("{:.3}, {:.1} % throttled", goodput(way), 100.0 * throttled(way));
        [
            Line {
                figure: figure("query goodput"),
                ours: ours.clone(),
                beside: beside.clone(),
                ratio: goodput(way),
                target: least,
            },
            Line { figure: figure("query throttled"), ours, beside, ratio: throttled(way), target: most },
        ]
    };
    let is_plain = query.step.is_none() && query.latency.as_secs() == 1 && query.lanes > 1;
    let known = match (is_plain, has_burst) {
        (true, true) => (Target::AtLeast(0.96), Target::AtMost(0.03)),
        (true, false) => (Target::AtLeast(0.70), Target::AtMost(0.05)),
        _ => (Target::None, Target::None),
    };
    let cold = if is_plain && has_burst {
        (Target::AtLeast(0.90), Target::AtMost(0.05))
    } else {
        (Target::None, Target::None)
    };
    let alone = (Target::AtLeast(goodput(Way::Boto3)), Target::AtMost(throttled(Way::Boto3)));
    [line(Way::Cold, cold.0, cold.1), line(Way::Known, known.0, known.1), line(Way::Alone, alone.0, alone.1)].concat()
}
