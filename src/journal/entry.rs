//! The answers of a batch as bytes: JSON, gzipped.

use std::borrow::Cow;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::JournalError;
use crate::batch::{Answer, Entry, Known};
use crate::functions::{Code, Refusal};

#[derive(Serialize, Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    values: Vec<(u32, &'a RawValue)>,
    #[serde(borrow)]
    rows: Vec<(u32, Refused<'a>)>,
    #[serde(borrow)]
    statements: Vec<(u32, Refused<'a>)>,
    cut: Vec<u32>,
}

#[derive(Serialize, Deserialize)]
struct Refused<'a> {
    code: Code,
    #[serde(borrow)]
    message: Cow<'a, str>,
    service_code: Option<String>,
}

/// The bytes to keep of an entry; none for an empty one.
pub fn encode(entry: &Entry) -> Vec<u8> {
    if entry.is_empty() {
        return Vec::new();
    }
    let mut written = Written { values: Vec::new(), rows: Vec::new(), statements: Vec::new(), cut: entry.cut.clone() };
    for (row, answer) in &entry.answers {
        match answer {
            Answer::Value(value) => {
                // Every value is JSON text: it was written as such.
                if let Ok(value) = serde_json::from_str(value) {
                    written.values.push((*row, value));
                }
            }
            Answer::Row(refusal) => written.rows.push((*row, Refused::of(refusal))),
            Answer::Statement(refusal) => written.statements.push((*row, Refused::of(refusal))),
        }
    }
    gzip(&serde_json::to_vec(&written).unwrap_or_default())
}

/// What the entries of a batch say together.
///
/// # Errors
///
/// When an entry was not written by [`encode`].
pub fn decode(entries: &[Vec<u8>]) -> Result<Known, JournalError> {
    let mut known = Known::default();
    for entry in entries.iter().filter(|entry| !entry.is_empty()) {
        let json = gunzip(entry)?;
        let written: Written<'_> = serde_json::from_slice(&json)
            .map_err(|error| JournalError(format!("an entry cannot be read: line {}", error.line())))?;
        let values = written.values.into_iter().map(|(row, value)| (row, Answer::Value(value.get().into())));
        let rows = written.rows.into_iter().map(|(row, refused)| (row, Answer::Row(refused.into())));
        let statements = written.statements.into_iter().map(|(row, refused)| (row, Answer::Statement(refused.into())));
        known.answers.extend(values.chain(rows).chain(statements));
        for row in written.cut {
            *known.cuts.entry(row).or_default() += 1;
        }
    }
    Ok(known)
}

impl<'a> Refused<'a> {
    fn of(refusal: &'a Refusal) -> Self {
        Self {
            code: refusal.code,
            message: Cow::Borrowed(&refusal.message),
            service_code: refusal.service_code.clone(),
        }
    }
}

impl From<Refused<'_>> for Refusal {
    fn from(refused: Refused<'_>) -> Self {
        Self {
            code: refused.code,
            message: Cow::Owned(refused.message.into_owned()),
            service_code: refused.service_code,
        }
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
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn what_is_written_is_read_and_cuts_add_up() {
        let refusal = Refusal { code: Code::TooLarge, message: "long \"x\"".into(), service_code: Some("V".into()) };
        let first = Entry {
            answers: vec![(0, Answer::Value("{\"a\":1.50}".into())), (7, Answer::Row(refusal.clone()))],
            cut: vec![3, 4],
        };
        let second = Entry { answers: vec![(4, Answer::Statement(refusal))], cut: vec![3] };
        let known = decode(&[encode(&first), Vec::new(), encode(&second)]).unwrap();
        let expected: HashMap<_, _> = first.answers.into_iter().chain(second.answers).collect();
        assert_eq!(known.answers, expected);
        assert_eq!(known.cuts, HashMap::from([(3, 2), (4, 1)]));
        assert!(encode(&Entry::default()).is_empty());
    }

    #[test]
    fn what_it_has_not_written_is_refused() {
        assert!(decode(&[b"x".to_vec()]).is_err());
        assert!(decode(&[gzip(b"{}")]).is_err());
    }
}
