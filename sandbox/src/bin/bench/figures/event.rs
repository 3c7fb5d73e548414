//! What an event of megabytes costs before and after the calls: every row is the same, so that one call answers them all.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

use crate::programs::{Program, Programs};
use crate::report::{Line, Target, median};
use crate::stage::{Stage, services};
use crate::{Failure, event};

const ROWS: usize = 4096;
/// Bytes of the event.
const LENGTH: usize = 4_600_000;
/// Events of one measurement: the clock of a process has a hundred ticks a second.
const EVENTS: u32 = 80;
const ROUNDS: usize = 7;

pub async fn measure(programs: &Programs) -> Result<Vec<Line>, Failure> {
    let aws = services(Duration::ZERO).await?;
    let mut contenders = vec![Program::Function];
    contenders.extend(programs.has_before().then_some(Program::Before));
    let mut stages = Vec::new();
    for program in contenders {
        stages.push(Stage::set(programs, program, &aws, 16, 1).await?);
    }
    let empty = of(0).len() / ROWS;
    let plain = of(LENGTH / ROWS - empty);
    // As a REST API hands every body over that may be binary.
    let base64 = event::in_base64(&of(LENGTH / ROWS * 3 / 4 - empty))?;
    let mut lines = lines("an event", &plain, &stages).await?;
    lines.extend(self::lines("one in base64", &base64, &stages).await?);
    Ok(lines)
}

/// An event whose rows are all the same, with a text of so many bytes.
fn of(length: usize) -> String {
    let text = "The parcel came late. ".chars().cycle().take(length).collect();
    event::of(std::iter::repeat_n(text, ROWS))
}

/// What the event takes in each stage, and beside them what reading it takes.
async fn lines(what: &str, event: &str, stages: &[Stage]) -> Result<Vec<Line>, Failure> {
    let mut millis = vec![Vec::new(); stages.len()];
    let mut readings = Vec::new();
    // The first round is not counted: it makes room for the event.
    for round in 0..=ROUNDS {
        for (stage, millis) in stages.iter().zip(&mut millis) {
            let mut cpu = Duration::ZERO;
            for _ in 0..EVENTS {
                cpu += stage.send(event.to_owned(), ROWS).await?.cpu;
            }
            if round > 0 {
                millis.push((cpu / EVENTS).as_secs_f64() * 1e3);
            }
        }
        readings.push(reading(event)?);
    }
    let medians: Vec<f64> = millis.iter_mut().map(|millis| median(millis)).collect();
    let (ours, reading) = (medians[0], median(&mut readings));
    let line = |beside: String, ratio: f64, target: Target| Line {
        figure: format!("CPU time of {what} of {:.1} MB", event.len() as f64 / 1e6),
        ours: format!("{ours:.1} ms"),
        beside,
        ratio,
        target,
    };
    let mut lines = vec![line(format!("serde_json into a Value {reading:.1} ms"), ours / reading, Target::None)];
    for before in &medians[1..] {
        lines.push(line(format!("before {before:.1} ms"), ours / before, Target::AtMost(1.1)));
    }
    Ok(lines)
}

/// Milliseconds of CPU time for reading it into a `Value`, once.
fn reading(event: &str) -> Result<f64, Failure> {
    let begin = cpu();
    for _ in 0..EVENTS {
        std::hint::black_box(serde_json::from_str::<Value>(event)?);
    }
    Ok(((cpu() - begin) / EVENTS).as_secs_f64() * 1e3)
}

/// CPU time of this thread.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
