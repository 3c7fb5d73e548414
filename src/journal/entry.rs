//! What a checkpoint keeps, as bytes: JSON, gzipped.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{JournalError, milliseconds};
use crate::batch::{Entry, Known, Tries};
use crate::function::{Code, Outcome, Paid, Refusal, Told, Whose};

/// Bytes up to which an item of a table costs one unit to write, however small it is; less what is around the outcome.
const SMALL: usize = 800;

#[derive(Serialize, Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    outcomes: Vec<(u32, WrittenOutcome<'a>)>,
    tries: Vec<(u32, Tries)>,
    /// Until when targets are to be left alone, in milliseconds since 1970.
    holds: BTreeMap<String, u64>,
    reason: Option<String>,
    #[serde(borrow)]
    refusal: Option<Refused<'a>>,
    #[serde(default, skip_serializing_if = "is_default")]
    answered: usize,
}

#[derive(Serialize, Deserialize)]
struct WrittenOutcome<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    value: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    refused: Option<Refused<'a>>,
    #[serde(default, skip_serializing_if = "Paid::is_nothing")]
    paid: Paid,
    #[serde(default, skip_serializing_if = "is_default")]
    told: Cow<'a, Told>,
    attempts: u32,
    latency_ms: u64,
}

#[derive(Serialize, Deserialize)]
struct Refused<'a> {
    whose: Whose,
    code: Code,
    #[serde(borrow)]
    message: Cow<'a, str>,
    service_code: Option<Box<str>>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The bytes to keep of an entry, at `now`; none for an empty one.
pub fn encode(entry: &Entry, now: SystemTime) -> Vec<u8> {
    if entry.is_empty() {
        return Vec::new();
    }
    let written = Written {
        outcomes: entry
            .outcomes
            .iter()
            .filter_map(|(row, outcome)| Some((*row, WrittenOutcome::of(outcome)?)))
            .collect(),
        tries: entry.tries.clone(),
        holds: entry.holds.iter().map(|(target, wait)| (target.clone(), milliseconds(now + *wait))).collect(),
        reason: entry.reason.clone(),
        refusal: entry.refusal.as_ref().map(Refused::of),
        answered: entry.answered,
    };
    gzip(&serde_json::to_vec(&written).unwrap_or_default())
}

/// The bytes of one outcome: JSON, gzipped where that saves a unit of the table.
pub(super) fn encode_outcome(outcome: &Outcome) -> Vec<u8> {
    let json = WrittenOutcome::of(outcome).and_then(|written| serde_json::to_vec(&written).ok()).unwrap_or_default();
    if json.len() > SMALL { gzip(&json) } else { json }
}

/// An outcome from its bytes; `None` when [`encode_outcome`] has not written them.
pub(super) fn decode_outcome(bytes: &[u8]) -> Option<Outcome> {
    let inflated;
    let json = match bytes.first() {
        Some(b'{') => bytes,
        _ => {
            inflated = gunzip(bytes).ok()?;
            &inflated
        }
    };
    serde_json::from_slice::<WrittenOutcome<'_>>(json).ok().map(Outcome::from)
}

/// What the entries of a batch say together, at `now`.
///
/// # Errors
///
/// When an entry was not written by [`encode`].
pub fn decode(entries: &[Vec<u8>], now: SystemTime) -> Result<Known, JournalError> {
    let mut known = Known::default();
    for entry in entries.iter().filter(|entry| !entry.is_empty()) {
        let json = gunzip(entry)?;
        let written: Written<'_> = serde_json::from_slice(&json)
            .map_err(|error| JournalError(format!("an entry cannot be read: line {}", error.line())))?;
        let wait = |until: u64| Duration::from_millis(until.saturating_sub(milliseconds(now)));
        known.learn(Entry {
            outcomes: written.outcomes.into_iter().map(|(row, outcome)| (row, outcome.into())).collect(),
            tries: written.tries,
            holds: written.holds.into_iter().map(|(target, until)| (target, wait(until))).collect(),
            reason: written.reason,
            refusal: written.refusal.map(Refusal::from),
            answered: written.answered,
        });
    }
    Ok(known)
}

impl<'a> WrittenOutcome<'a> {
    /// `None` for a value that is no JSON, which no function gives.
    fn of(outcome: &'a Outcome) -> Option<Self> {
        let latency_ms = u64::try_from(outcome.latency.as_millis()).unwrap_or(u64::MAX);
        let (value, refused) = match &outcome.result {
            Ok(value) => (Some(serde_json::from_str(value).ok()?), None),
            Err(refusal) => (None, Some(Refused::of(refusal))),
        };
        let Outcome { paid, attempts, .. } = *outcome;
        Some(Self { value, refused, paid, told: Cow::Borrowed(&outcome.told), attempts, latency_ms })
    }
}

impl From<WrittenOutcome<'_>> for Outcome {
    fn from(written: WrittenOutcome<'_>) -> Self {
        let WrittenOutcome { value, refused, paid, told, attempts, latency_ms } = written;
        let result = match refused {
            Some(refused) => Err(refused.into()),
            None => Ok(value.map_or("null", RawValue::get).into()),
        };
        Self {
            result,
            paid,
            told: told.into_owned(),
            attempts,
            latency: Duration::from_millis(latency_ms),
            shared: None,
        }
    }
}

impl<'a> Refused<'a> {
    fn of(refusal: &'a Refusal) -> Self {
        let Refusal { whose, code, message, service_code } = refusal;
        Self { whose: *whose, code: *code, message: Cow::Borrowed(message), service_code: service_code.clone() }
    }
}

impl From<Refused<'_>> for Refusal {
    fn from(refused: Refused<'_>) -> Self {
        let Refused { whose, code, message, service_code } = refused;
        Self { whose, code, message: Cow::Owned(message.into_owned()), service_code }
    }
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::fast());
    // Writing into memory cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

pub(super) fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, JournalError> {
    let mut inflated = Vec::new();
    GzDecoder::new(bytes)
        .read_to_end(&mut inflated)
        .map_err(|error| JournalError(format!("what it holds cannot be inflated: {error}")))?;
    Ok(inflated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::{Cost, Usage};

    #[test]
    fn what_is_written_is_read_and_the_latest_counts_hold() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let refusal = Refusal {
            service_code: Some("V".into()),
            whose: Whose::Unknown,
            ..Refusal::row(Code::TooLarge, "long \"x\"")
        };
        let usage = Usage { input_tokens: Some(3), ..Usage::default() };
        let told = Told {
            model_id: Some("m".into()),
            stop_reason: Some("end_turn".into()),
            service_tier: Some("flex".into()),
            pricing_bucket: Some("Core".into()),
        };
        let paid = Paid { usage, cost: Some(Cost(35)) };
        let outcome = |result| Outcome {
            result,
            paid,
            told: told.clone(),
            attempts: 2,
            latency: Duration::from_millis(70),
            shared: None,
        };
        let tries = |failed| Tries { calls: 4, failed, paid, ..Tries::default() };
        let first = Entry {
            outcomes: vec![(0, outcome(Ok("{\"a\":1.50}".into()))), (7, outcome(Err(refusal.clone())))],
            tries: vec![(3, tries(1)), (4, tries(1))],
            holds: vec![("model".to_owned(), Duration::from_secs(30))],
            reason: Some("SlowDown".to_owned()),
            refusal: None,
            answered: 7,
        };
        let second = Entry {
            outcomes: vec![(4, outcome(Err(refusal.clone())))],
            tries: vec![(3, tries(2))],
            refusal: Some(refusal.clone()),
            ..Entry::default()
        };
        let later = now + Duration::from_secs(10);
        let known = decode(&[encode(&first, now), Vec::new(), encode(&second, now)], later).unwrap();
        assert_eq!(known.outcomes, first.outcomes.into_iter().chain(second.outcomes).collect());
        assert_eq!(known.tries, [(3, tries(2)), (4, tries(1))].into());
        assert_eq!(known.holds, [("model".to_owned(), Duration::from_secs(20))].into());
        assert_eq!((known.reason.as_deref(), known.refusal), (Some("SlowDown"), Some(refusal)));
        assert_eq!(known.answered, 7);
        assert!(encode(&Entry::default(), now).is_empty());
    }

    #[test]
    fn tries_of_the_version_before_are_read_and_it_reads_those_without_silence() {
        let before = r#"{"calls":2,"failed":0,"unreadable":0,"refused":0,"cut":1}"#;
        let tries = Tries { calls: 2, cut: 1, ..Tries::default() };
        assert_eq!(serde_json::from_str::<Tries>(before).unwrap(), tries);
        assert_eq!(serde_json::to_string(&tries).unwrap(), before);
        let silent = Tries { silent: 3, ..tries };
        assert_eq!(serde_json::from_str::<Tries>(&serde_json::to_string(&silent).unwrap()).unwrap(), silent);
    }

    #[test]
    fn an_outcome_is_small_as_it_is_or_gzipped() {
        for length in [5, 10_000] {
            let value = serde_json::Value::from("é".repeat(length)).to_string().into_boxed_str();
            let outcome = Outcome { attempts: 1, latency: Duration::from_millis(7), ..Outcome::of(value) };
            let bytes = encode_outcome(&outcome);
            assert!(bytes.len() < 900);
            assert_eq!(decode_outcome(&bytes), Some(outcome));
        }
        assert_eq!(decode_outcome(b""), None);
        assert_eq!(decode_outcome(b"{\"value\":"), None);
    }

    #[test]
    fn what_it_has_not_written_is_refused() {
        let now = SystemTime::UNIX_EPOCH;
        assert!(decode(&[b"x".to_vec()], now).is_err());
        assert!(decode(&[gzip(b"{}")], now).is_err());
    }
}
