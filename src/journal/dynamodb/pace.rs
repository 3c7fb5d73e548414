//! The tracks of the shared paces, in the journal's table: an item for each target, of some 300 bytes.
//!
//! | attribute | type | holds |
//! | --- | --- | --- |
//! | `pk` | S | a hash of the target's name |
//! | `next_slot` | N | the next free slot, in microseconds since 1970: a number that only grows |
//! | `slots_used` | N | microseconds that slots have filled since the pace was lowered |
//! | `takes` | N | how often slots were taken |
//! | `pace_top`, `pace_depth`, `pace_burst` | N | the pace, as in [`Pace`] |
//! | `version` | N | how often it was lowered |
//! | `expires_at` | N | as for batches |
//!
//! Each change is one conditional update without a read; one whose condition does not hold is answered with the item.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::DynamoDb;
use super::item::{Item, malformed, number, text};
use crate::batch::{Change, Changed, Pace, Track, Tracks, TracksError};
use crate::journal::{JournalError, Key};

/// A name, which no function has, so that no batch has the key of a track.
const NAME: &str = "a pace";

const EXISTS: &str = "attribute_exists(pk)";

/// An update, and the condition under which it is made.
struct Update {
    set: String,
    add: &'static str,
    condition: String,
    values: Vec<(&'static str, AttributeValue)>,
}

impl Update {
    fn of(change: Change, now: i64) -> Self {
        let at = |seconds: f64| signed(now.saturating_add(microseconds(seconds)));
        let pace = |pace: Pace| {
            vec![
                (":top", decimal(pace.top)),
                (":depth", decimal(pace.depth)),
                (":burst", decimal(pace.burst)),
                (":used", signed(microseconds(pace.used))),
                (":version", number(pace.version)),
            ]
        };
        const PACE: &str =
            "pace_top = :top, pace_depth = :depth, pace_burst = :burst, slots_used = :used, #version = :version";
        match change {
            Change::Begin(first, ago) => Self {
                set: format!("{PACE}, next_slot = :next, takes = :none"),
                add: "",
                condition: "attribute_not_exists(pk)".to_owned(),
                values: [pace(first), vec![(":next", at(-ago)), (":none", number(0))]].concat(),
            },
            Change::Queue { version, width, used, from, to } => Self {
                set: String::new(),
                add: " ADD next_slot :width, slots_used :use, takes :one",
                condition: "#version = :version AND next_slot BETWEEN :from AND :to".to_owned(),
                values: vec![
                    (":version", number(version)),
                    (":width", signed(microseconds(width))),
                    (":use", signed(microseconds(used))),
                    (":one", number(1)),
                    (":from", at(from)),
                    (":to", at(to)),
                ],
            },
            Change::Restart { version, width, from } => Self {
                set: "next_slot = :next".to_owned(),
                add: " ADD takes :one",
                condition: "#version = :version AND next_slot < :from".to_owned(),
                values: vec![
                    (":version", number(version)),
                    (":next", at(from + width)),
                    (":one", number(1)),
                    (":from", at(from)),
                ],
            },
            Change::Pace(lowered, before) => Self {
                set: format!("{PACE}, next_slot = next_slot + :pause"),
                add: "",
                condition: format!("{EXISTS} AND #version = :old AND next_slot < :before"),
                values: [
                    pace(lowered),
                    vec![
                        (":old", number(lowered.version.saturating_sub(1))),
                        (":before", at(before)),
                        (":pause", signed(microseconds(lowered.pause()))),
                    ],
                ]
                .concat(),
            },
            Change::Hold(seconds) => Self {
                set: "next_slot = :next".to_owned(),
                add: "",
                condition: "attribute_exists(#version) AND next_slot < :next".to_owned(),
                values: vec![(":next", at(seconds))],
            },
        }
    }
}

impl DynamoDb {
    async fn change_now(&self, target: &str, change: Change) -> Result<Changed, JournalError> {
        let Update { set, add, condition, values } = Update::of(change, clock());
        let expires = SystemTime::now() + self.retention;
        let separator = if set.is_empty() { "" } else { ", " };
        let values: HashMap<_, _> = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let key = Key::of(NAME, target);
        let sent = self
            .client()
            .update_item()
            .table_name(&self.table)
            .key("pk", text(&key))
            .update_expression(format!("SET expires_at = :expires{separator}{set}{add}"))
            .condition_expression(condition)
            .expression_attribute_names("#version", "version")
            .set_expression_attribute_values(Some(values))
            .expression_attribute_values(":expires", number(super::seconds(expires)))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .customize()
            // What is late is of no use, and what was made twice would cost slots.
            .config_override(aws_sdk_dynamodb::config::Builder::new().retry_config(RetryConfig::disabled()))
            .send()
            .await;
        match sent {
            Ok(output) => Ok(Changed::Yes(track(&output.attributes.unwrap_or_default())?)),
            Err(error) => Ok(Changed::No(self.unmet(error, &key).await?.as_ref().map(track).transpose()?)),
        }
    }
}

impl Tracks for DynamoDb {
    fn change<'a>(&'a self, target: &'a str, change: Change) -> BoxFuture<'a, Result<Changed, TracksError>> {
        async move { self.change_now(target, change).await.map_err(|error| TracksError(error.0)) }.boxed()
    }
}

/// Reads an item.
fn track(item: &Item) -> Result<Track, JournalError> {
    fn read<T: std::str::FromStr>(item: &Item, name: &str) -> Result<T, JournalError> {
        let digits = item.get(name).and_then(|value| value.as_n().ok());
        digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| malformed(name))
    }
    let pace = Pace {
        top: read(item, "pace_top")?,
        depth: read(item, "pace_depth")?,
        // An item of the time before bursts were known has none.
        burst: item.get("pace_burst").map_or(Ok(0.0), |_| read(item, "pace_burst"))?,
        used: seconds(read(item, "slots_used")?),
        version: read(item, "version")?,
    };
    let next: i64 = read(item, "next_slot")?;
    Ok(Track { pace, takes: read(item, "takes")?, ahead: seconds(next.saturating_sub(clock())) })
}

/// The time, in microseconds since 1970.
fn clock() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Seconds in microseconds, at most as many as a thousand years have.
fn microseconds(seconds: f64) -> i64 {
    let size = Duration::try_from_secs_f64(seconds.abs().min(3.2e10)).unwrap_or_default();
    let size = i64::try_from(size.as_micros()).unwrap_or(i64::MAX);
    if seconds < 0.0 { -size } else { size }
}

#[expect(clippy::cast_precision_loss, reason = "a millionth of what a pace is about")]
fn seconds(microseconds: i64) -> f64 {
    microseconds as f64 / 1e6
}

fn signed(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Nine decimals: DynamoDB takes 38 digits.
fn decimal(value: f64) -> AttributeValue {
    AttributeValue::N(format!("{value:.9}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_whole_microseconds_of_either_sign_and_never_overflow() {
        for (value, expected) in [(1.5, 1_500_000), (-0.25, -250_000), (0.0, 0)] {
            assert_eq!(microseconds(value), expected);
        }
        assert!(microseconds(f64::INFINITY) > 30_000_000_000_000_000);
        assert!(clock().saturating_add(microseconds(f64::INFINITY)) > clock());
    }

    #[test]
    fn an_item_that_nobody_has_written_so_is_no_track() {
        assert!(track(&Item::new()).is_err());
    }
}
