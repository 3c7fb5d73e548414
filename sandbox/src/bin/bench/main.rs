//! The function beside what a user would write instead, and beside the least that is possible: `cargo bench-sandbox`.
//!
//! Everything is measured in one run on one machine, in turns, so that the ratios hold although the times do not.

mod event;
mod figures;
mod programs;
mod report;
mod stage;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt};

use figures::FIGURES;
use programs::Programs;
use report::Line;

type Failure = Box<dyn Error>;

const HELP: &str = "\
The Lambda function beside boto3, and beside the least that is possible, all in the sandbox.

    cargo bench-sandbox                  every figure but the queries, in about ten minutes
    cargo bench-sandbox -- FIGURE...     some of them
        --before BOOTSTRAP               cold start, event and journal beside another build of the function

It builds the function for release, and installs boto3 into target/bench with python3 and pip.
";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Failure> {
    let Some(wanted) = arguments()? else {
        eprint!("{HELP}\nThe figures:\n");
        FIGURES.iter().for_each(|(name, what, _)| eprintln!("    {name:<12} {what}"));
        return Ok(());
    };
    // The limits are beside the other figures only.
    let is_alone = |name: &String| ["journal", "query"].contains(&name.as_str());
    let with_limits = wanted.figures.is_empty() || !wanted.figures.iter().all(is_alone);
    let programs = Programs::build(with_limits, wanted.before)?;
    let mut lines: Vec<Line> = Vec::new();
    for (name, what, figure) in FIGURES {
        if (wanted.figures.is_empty() && name != "query") || wanted.figures.iter().any(|wanted| wanted == name) {
            eprintln!("{name}: {what}");
            let measured = figure.measure(&programs).await?;
            eprintln!("{}", report::text(&measured));
            lines.extend(measured);
        }
    }
    report::print(&lines)
}

/// What is asked for.
#[derive(Default)]
struct Wanted {
    /// Names of figures; none for all.
    figures: Vec<String>,
    /// Another build of the function.
    before: Option<PathBuf>,
}

/// What the command line asks for; `None` for help.
fn arguments() -> Result<Option<Wanted>, Failure> {
    let mut wanted = Wanted::default();
    let mut parser = Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            Arg::Long("before") => wanted.before = Some(std::path::absolute(parser.value()?)?),
            Arg::Value(value) => {
                let name = value.string()?;
                if !FIGURES.iter().any(|(figure, ..)| *figure == name) {
                    return Err(format!("there is no figure {name}; see cargo bench-sandbox -- --help").into());
                }
                wanted.figures.push(name);
            }
            other => return Err(format!("{}; see cargo bench-sandbox -- --help", other.unexpected()).into()),
        }
    }
    Ok(Some(wanted))
}
