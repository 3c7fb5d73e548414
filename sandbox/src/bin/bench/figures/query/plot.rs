//! Answers and throttled calls of each second, ours and boto3's in one plot.

use plotters::prelude::*;

use super::play::Played;
use super::{Query, STEP_AT, Way};
use crate::Failure;
use crate::programs::Programs;

const SIZE: (u32, u32) = (860, 420);

/// A colour for each way, that can be told apart by those who see red and green alike.
fn colour(way: Way) -> RGBColor {
    match way {
        Way::Cold => RGBColor(86, 180, 233),
        Way::Known => RGBColor(0, 114, 178),
        Way::Alone => RGBColor(0, 158, 115),
        Way::Boto3 => RGBColor(213, 94, 0),
    }
}

/// The plots that the README shows: the number of the query, and the name of the file.
const SHOWN: [(&str, &str); 4] = [
    ("4 lanes, 40/s, 100 rows a batch", "query-4-lanes"),
    ("8 lanes, 20/s, 50 rows a batch", "query-8-lanes"),
    ("64 lanes, 50/s, 54 rows a batch", "query-64-lanes"),
    ("4 lanes, 40/s, 100 rows a batch, quota x 2 after 30 s", "query-doubled"),
];

/// Writes the README's plots beside the report.
pub fn write(programs: &Programs, told: &[(Query, Vec<[Played; 4]>)]) -> Result<(), Failure> {
    for (query, played) in told {
        let Some((_, file)) = SHOWN.iter().find(|(name, _)| *name == query.name()) else { continue };
        if let Some(played) = played.first() {
            std::fs::write(programs.reports().join(file).with_extension("svg"), svg(query, played)?)?;
        }
    }
    Ok(())
}

/// The plot of one run.
pub fn svg(query: &Query, played: &[Played; 4]) -> Result<String, Failure> {
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let root = root.titled(&query.name(), ("sans-serif", 18))?;
        let (upper, lower) = root.split_vertically(270);
        panel(&upper, query, played, "answers a second", |played| &played.answers, Some(query))?;
        panel(&lower, query, played, "throttled a second", |played| &played.refusals, None)?;
        root.present()?;
    }
    Ok(text)
}

#[expect(clippy::cast_precision_loss, reason = "seconds and calls")]
fn panel(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    query: &Query,
    played: &[Played; 4],
    what: &str,
    of: fn(&Played) -> &Vec<u32>,
    quota: Option<&Query>,
) -> Result<(), Failure> {
    let longest = played.iter().map(|played| played.answers.len()).max().unwrap_or(1).max(2) as f64;
    let highest = played.iter().map(|played| smooth(of(played)).into_iter().fold(1.0, f64::max)).fold(1.0, f64::max);
    let highest = quota.map_or(highest, |query| highest.max(query.quota * query.step.unwrap_or(1.0).max(1.0)));
    let mut chart = ChartBuilder::on(area)
        .margin(6)
        .x_label_area_size(28)
        .y_label_area_size(52)
        .build_cartesian_2d(0.0..longest, 0.0..1.1 * highest)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .y_desc(what)
        .x_desc("seconds")
        .y_labels(5)
        .light_line_style(WHITE)
        .draw()?;
    if let Some(quota) = quota {
        let (first, last) = (quota.quota, quota.quota * query.step.unwrap_or(1.0));
        let middle = if query.step.is_some() { STEP_AT } else { longest };
        let line = [(0.0, first), (middle, first), (middle, last), (longest, last)];
        chart
            .draw_series(LineSeries::new(line, BLACK.stroke_width(1)))?
            .label("quota")
            .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], BLACK));
    }
    for (way, played) in Way::ALL.into_iter().zip(played) {
        let points = smooth(of(played)).into_iter().enumerate().map(|(second, count)| (second as f64 + 0.5, count));
        let style = colour(way).stroke_width(2);
        chart
            .draw_series(LineSeries::new(points, style))?
            .label(way.name())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
    }
    if quota.is_some() {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerMiddle)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.3))
            .draw()?;
    }
    Ok(())
}

/// The mean of three seconds.
fn smooth(counts: &[u32]) -> Vec<f64> {
    (0..counts.len())
        .map(|second| {
            let around = &counts[second.saturating_sub(1)..(second + 2).min(counts.len())];
            #[expect(clippy::cast_precision_loss, reason = "three")]
            let seconds = around.len() as f64;
            f64::from(around.iter().sum::<u32>()) / seconds
        })
        .collect()
}
