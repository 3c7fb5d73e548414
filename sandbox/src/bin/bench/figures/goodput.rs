//! How much of a quota that nobody tells is used, and what it costs to find it.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use sandbox::aws::Quota;

use crate::programs::{Program, Programs};
use crate::report::{Line, Target};
use crate::stage::{Stage, services};
use crate::{Failure, event};

const LATENCY: Duration = Duration::from_secs(1);
const WIDTH: usize = 512;
/// What is not counted, while the quota is found.
const START: Duration = Duration::from_secs(5);
const END: Duration = Duration::from_secs(25);
/// Rows for this long, so that every environment has some until the end.
const SECONDS_OF_ROWS: usize = 40;

pub async fn measure(programs: &Programs) -> Result<Vec<Line>, Failure> {
    let mut lines = Vec::new();
    for (quota, environments, least) in [(20_u16, 1, 0.97), (200, 1, 0.97), (20, 8, 0.95), (200, 8, 0.95)] {
        let (goodput, wasted) = run(programs, quota, environments).await?;
        let what = match environments {
            1 => format!("{quota}/s, one environment"),
            more => format!("{quota}/s, {more} environments"),
        };
        lines.push(Line {
            figure: format!("goodput, {what}"),
            ours: format!("{:.1}/s", goodput * f64::from(quota)),
            beside: format!("quota {quota}/s"),
            ratio: goodput,
            target: Target::AtLeast(least),
        });
        lines.push(Line {
            figure: format!("wasted calls, {what}"),
            ours: format!("{:.1} % throttled", wasted * 100.0),
            beside: "answered calls".to_owned(),
            ratio: wasted,
            target: Target::AtMost(0.08),
        });
    }
    Ok(lines)
}

/// Answered calls a second over the quota, and throttled calls over answered ones.
#[expect(clippy::cast_precision_loss, reason = "thousands of calls")]
async fn run(programs: &Programs, quota: u16, environments: usize) -> Result<(f64, f64), Failure> {
    let aws = services(LATENCY).await?;
    aws.bedrock().keep_calls(true);
    let per_second = f64::from(quota);
    aws.bedrock().set_quota(Some(Quota { per_second, burst: per_second }));
    let stage = Stage::set(programs, Program::Function, &aws, WIDTH, environments).await?;
    let rows = usize::from(quota) * SECONDS_OF_ROWS / environments;
    let begin = Instant::now();
    let batches = (0..environments).map(|number| stage.ask(event::texts(&format!("batch {number}"), rows)));
    try_join_all(batches).await?;
    let counted = begin + START..begin + END;
    let calls = aws.bedrock().calls();
    let answered = |call: &&sandbox::aws::Call| call.status == Some(200);
    let in_time = calls.iter().filter(answered).filter(|call| call.answered_at.is_some_and(|at| counted.contains(&at)));
    let stats = aws.bedrock().stats();
    let goodput = in_time.count() as f64 / (END - START).as_secs_f64() / per_second;
    Ok((goodput, stats.throttled as f64 / stats.answered as f64))
}
