//! What an event of megabytes costs before and after the calls: every row is the same, so that one call answers them all.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

use crate::programs::{Program, Programs};
use crate::report::{Line, Target, median};
use crate::stage::{Stage, services};
use crate::{Failure, event};

const ROWS: usize = 4096;
/// Characters of a row's text: with it the event has 4.6 MB.
const LENGTH: usize = 1050;
/// Events of one measurement: the clock of a process has a hundred ticks a second.
const EVENTS: u32 = 25;
const ROUNDS: usize = 7;

pub async fn measure(programs: &Programs) -> Result<Vec<Line>, Failure> {
    let aws = services(Duration::ZERO).await?;
    let mut contenders = vec![Program::Function];
    contenders.extend(programs.has_before().then_some(Program::Before));
    let event =
        event::of(std::iter::repeat_n("The parcel came late. ".repeat(LENGTH / 22 + 1)[..LENGTH].to_owned(), ROWS));
    let mut stages = Vec::new();
    for program in &contenders {
        let stage = Stage::set(programs, *program, &aws, 16, 1).await?;
        stage.send(event.clone(), ROWS).await?;
        stages.push(stage);
    }
    let mut millis = vec![Vec::new(); stages.len()];
    let mut readings = Vec::new();
    for _ in 0..ROUNDS {
        for (stage, millis) in stages.iter().zip(&mut millis) {
            let mut cpu = Duration::ZERO;
            for _ in 0..EVENTS {
                cpu += stage.send(event.clone(), ROWS).await?.cpu;
            }
            millis.push((cpu / EVENTS).as_secs_f64() * 1e3);
        }
        readings.push(reading(&event)?);
    }
    let medians: Vec<f64> = millis.iter_mut().map(|millis| median(millis)).collect();
    let (ours, reading) = (medians[0], median(&mut readings));
    let line = |beside: String, ratio: f64, target: Target| Line {
        figure: format!("CPU time of an event of {:.1} MB", event.len() as f64 / 1e6),
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
