//! Every file of `tests/scenarios`, played with the real binary in the sandbox: a new kind of trouble is a new file.

mod check;
mod expect;
mod faults;
mod file;
mod play;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use file::Scenario;

/// How many are played at once: each has processes of its own, and some wait most of their time.
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_comes_out_as_its_file_says() {
    play_all(false).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a DynamoDB: ci/journal runs it"]
async fn every_scenario_with_a_journal_comes_out_as_its_file_says() {
    play_all(true).await;
}

/// Plays the scenarios with a journal, or those without one, and tells of all that fail.
async fn play_all(journal: bool) {
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut playing = JoinSet::new();
    let (mut count, mut failures) = (0, Vec::new());
    for (name, scenario) in load() {
        match scenario {
            Ok(scenario) if scenario.journal == journal => {
                count += 1;
                let permits = Arc::clone(&permits);
                playing.spawn(async move {
                    let _permit = permits.acquire_owned().await.unwrap();
                    failure(&name, &scenario).await
                });
            }
            Ok(_) => {}
            Err(problem) => {
                count += 1;
                failures.push(format!("{name}.json: {problem}"));
            }
        }
    }
    while let Some(failure) = playing.join_next().await {
        failures.extend(failure.unwrap_or_else(|panic| Some(panic.to_string())));
    }
    failures.sort_unstable();
    let failed = failures.len();
    assert!(failures.is_empty(), "{failed} of {count} scenarios failed\n\n{}\n", failures.join("\n\n"));
}

/// The files, or that one of them which `SCENARIO` names.
fn load() -> Vec<(String, Result<Scenario, String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let only = std::env::var("SCENARIO").ok();
    let mut scenarios: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), path))
        .filter(|(name, _)| only.as_ref().is_none_or(|only| only == name))
        .map(|(name, path)| (name, Scenario::parse(&std::fs::read_to_string(path).unwrap())))
        .collect();
    assert!(!scenarios.is_empty(), "there is no scenario {:?}", only.unwrap_or_default());
    // The longest first, so that none of them begins when all others have ended.
    scenarios.sort_by(|(_, one), (_, other)| {
        let timeout =
            |scenario: &Result<Scenario, String>| scenario.as_ref().map_or(0.0, |scenario| scenario.timeout_s);
        timeout(other).total_cmp(&timeout(one))
    });
    scenarios
}

/// What differs from the file, and what there was to see.
async fn failure(name: &str, scenario: &Scenario) -> Option<String> {
    let rows = scenario.rows();
    let played = play::play(scenario, &rows).await;
    let problems = check::problems(scenario, &rows, &played);
    if problems.is_empty() {
        return None;
    }
    let mut report = format!("{name}.json: {}", scenario.about);
    for problem in problems {
        report.push_str(&format!("\n  - {problem}"));
    }
    report.push_str(&format!("\n  seen: {played}"));
    Some(report)
}
