//! What the tracks of shared paces promise, checked of a table against the pure code that says it.

use std::time::Duration;

use snowflake_aws_functions::batch::{Change, Changed, Pace, Track, Tracks};
use snowflake_aws_functions::journal::DynamoDb;

use crate::dynamodb;

const RETENTION: Duration = Duration::from_hours(12);

/// Seconds that a change may take on its way.
const WAY: f64 = 1.0;

fn assert_near(got: Option<Track>, expected: Option<Track>, change: Change) {
    let (Some(got), Some(expected)) = (got, expected) else {
        return assert_eq!(got, expected, "{change:?}");
    };
    assert_eq!((got.takes, got.pace.version), (expected.takes, expected.pace.version), "{change:?}");
    let near =
        |got: f64, expected: f64, most: f64| assert!((got - expected).abs() <= most, "{change:?}: {got} {expected}");
    near(got.pace.top, expected.pace.top, 1e-6);
    near(got.pace.depth, expected.pace.depth, 1e-6);
    near(got.pace.burst, expected.pace.burst, 1e-6);
    near(got.pace.used, expected.pace.used, 1e-4);
    near(got.ahead, expected.ahead, WAY);
}

#[tokio::test]
#[ignore = "needs a DynamoDB: ci/journal runs it"]
async fn each_change_of_a_track_is_what_the_pure_code_says() {
    let name = std::env::var("JOURNAL_TABLE_NAME").unwrap();
    conforms(&DynamoDb::new(name, RETENTION, dynamodb::config())).await;
}

/// The table of the demo and the benchmark is to do what DynamoDB does, as far as the function can tell.
#[tokio::test]
async fn each_change_of_a_track_in_the_sandbox_is_what_the_pure_code_says() {
    let table = sandbox::dynamodb::Table::start().await.unwrap();
    let [(_, url), (_, name)] = table.env();
    conforms(&DynamoDb::new(name, RETENTION, dynamodb::at(url))).await;
}

async fn conforms(table: &DynamoDb) {
    let target = format!("model {}", fastrand::u128(..));
    let mut track: Option<Track> = None;
    let lowered = |version: u64| Pace { top: 7.5, depth: 0.08, used: 0.0, burst: 0.5, version };
    let changes = [
        Change::Queue { version: 0, width: 1.0, used: 1.0, from: -5.0, to: 5.0 },
        Change::Restart { version: 0, width: 1.0, from: 5.0 },
        Change::Hold(5.0),
        Change::Pace(lowered(1), f64::INFINITY),
        Change::Begin(Pace::unknown(), 100.0),
        Change::Begin(Pace::of(3.0), 0.0),
        // The next free slot is too old, then a restart may begin, and then it is taken behind it.
        Change::Queue { version: 0, width: 20.0, used: 0.25, from: -50.0, to: f64::INFINITY },
        Change::Restart { version: 1, width: 20.0, from: -2.0 },
        Change::Restart { version: 0, width: 20.0, from: -2.0 },
        Change::Restart { version: 0, width: 20.0, from: -2.0 },
        Change::Queue { version: 0, width: 10.0, used: 0.25, from: 0.0, to: f64::INFINITY },
        Change::Queue { version: 0, width: 10.0, used: 0.25, from: 0.0, to: 10.0 },
        Change::Pace(lowered(1), -60.0),
        Change::Pace(lowered(2), f64::INFINITY),
        Change::Pace(lowered(1), f64::INFINITY),
        Change::Pace(lowered(1), f64::INFINITY),
        Change::Queue { version: 0, width: 10.0, used: 0.25, from: 0.0, to: f64::INFINITY },
        Change::Queue { version: 1, width: 10.0, used: 0.25, from: 0.0, to: f64::INFINITY },
        // A wait that is shorter than what is taken ahead, and one that is longer.
        Change::Hold(2.0),
        Change::Hold(60.0),
        Change::Queue { version: 1, width: 10.0, used: 0.25, from: 0.0, to: f64::INFINITY },
    ];
    for change in changes {
        let expected = Track::changed(track, change);
        match (table.change(&target, change).await.unwrap(), expected) {
            (Changed::Yes(got), Some(_)) => assert_near(Some(got), expected, change),
            (Changed::No(got), None) => assert_near(got, track, change),
            (got, expected) => panic!("{change:?}: {got:?} for {expected:?}"),
        }
        track = expected.or(track);
    }
}
