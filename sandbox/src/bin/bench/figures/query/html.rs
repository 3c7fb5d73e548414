//! The report of all queries: a table, and a plot of each.

use std::fmt::Write as _;

use super::play::Played;
use super::{Query, Way, middle, plot};
use crate::Failure;
use crate::programs::Programs;

const STYLE: &str = "body{font:15px sans-serif;max-width:60em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}\
    td,th{padding:.2em .7em;text-align:right;border-bottom:1px solid #ccc}td:first-child,th:first-child{text-align:left}\
    svg{max-width:100%;height:auto}";

const HEAD: [&str; 7] = ["", "goodput", "throttled", "paid twice", "writes of the pace", "seconds", "statuses"];

fn cells(played: &[[Played; 4]], way: Way) -> [String; 7] {
    let figure = |figure: fn(&Played) -> f64| middle(played, way, figure);
    let runs = || played.iter().filter_map(|all| Way::ALL.iter().position(|of| *of == way).map(|place| &all[place]));
    let mut statuses = std::collections::BTreeMap::new();
    runs()
        .flat_map(|played| &played.statuses)
        .for_each(|(status, count)| *statuses.entry(*status).or_insert(0) += count);
    let mut told: Vec<String> = statuses.iter().map(|(status, count)| format!("{status}: {count}")).collect();
    told.extend(runs().filter_map(|played| played.failure.clone()));
    [
        way.name().to_owned(),
        format!("{:.3}", figure(|played| played.goodput)),
        format!("{:.1} %", 100.0 * figure(|played| played.throttled)),
        format!("{}", figure(|played| played.twice)),
        format!("{:.2}", figure(|played| played.writes)),
        format!("{:.1}", figure(|played| played.seconds)),
        told.join(", "),
    ]
}

/// The table of one query, as text.
pub fn text(query: &Query, played: &[[Played; 4]]) -> String {
    let mut text = format!("{}\n", query.name());
    for way in Way::ALL {
        let [name, goodput, throttled, twice, writes, seconds, statuses] = cells(played, way);
        let _ = writeln!(
            text,
            "  {name:<20} goodput {goodput}  throttled {throttled:>7}  paid twice {twice:>4}  writes {writes}  {seconds:>6} s  {statuses}"
        );
    }
    text
}

/// Writes `target/bench/report.html`.
pub fn write(programs: &Programs, told: &[(Query, Vec<[Played; 4]>)]) -> Result<(), Failure> {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Queries at a quota</title><style>{STYLE}</style>\
         <h1>Whole queries at a quota</h1><p>Each lane sends its next batch when the last one is answered, to an environment \
         that starts cold. Goodput is the query's rows over what the quota would have let through in its time; a full bucket \
         at the beginning is not counted. Throttled calls, answers that were paid twice and writes are by answered rows. \
         Medians of {} runs; the plots show the first.</p>",
        told.first().map_or(0, |(_, played)| played.len())
    );
    for (query, played) in told {
        let _ = write!(page, "<h2>{}</h2><table><tr>", escape(&query.name()));
        HEAD.iter().for_each(|head| page += &format!("<th>{head}</th>"));
        page += "</tr>";
        for way in Way::ALL {
            page += "<tr>";
            cells(played, way).iter().for_each(|cell| page += &format!("<td>{}</td>", escape(cell)));
            page += "</tr>";
        }
        page += "</table>";
        if let Some(first) = played.first() {
            page += &plot::svg(query, first)?;
        }
    }
    page += "</html>\n";
    Ok(std::fs::write(programs.reports().join("report.html"), page)?)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
