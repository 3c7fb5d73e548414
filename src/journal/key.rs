//! How a batch is known by: hashes, so that no batch id, prompt or address is ever part of a key.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::function::Argument;

/// The version of what the journal holds of a batch, and of how its distinct rows are known: a batch of another version is unknown,
/// and never misread.
const VERSION: u8 = 4;

/// Identifies a batch in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(String);

impl Key {
    /// The key of a batch that calls `function`; the batch id is Snowflake's, and opaque.
    pub fn of(function: &str, batch_id: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update([VERSION]);
        hash.update(function);
        hash.update([0]);
        hash.update(batch_id);
        Self(hex(&hash.finalize()))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

/// A hash of rows, the same for the same rows however their JSON was written.
pub fn digest(numbers: &[&str], rows: &[Vec<Argument<'_>>]) -> String {
    let mut hash = Sha256::new();
    for (number, arguments) in numbers.iter().zip(rows) {
        hash.update([1]);
        hash.update(number);
        for argument in arguments {
            let (kind, text) = match argument {
                Argument::Null => (2, ""),
                Argument::Text(text) => (3, &**text),
                Argument::Number(digits) => (4, &**digits),
                Argument::Object(json) => (5, &**json),
            };
            hash.update([kind]);
            // The length keeps two arguments from being taken for one.
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        }
    }
    hex(&hash.finalize())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |half: u8| DIGITS[usize::from(half & 15)];
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_of_function_and_batch() {
        let key = Key::of("ask_bedrock", "id:1:2");
        assert_eq!(key.to_string().len(), 64);
        assert_eq!(key, Key::of("ask_bedrock", "id:1:2"));
        assert_ne!(key, Key::of("ask_bedrock", "id:1:3"));
        assert_ne!(key, Key::of("ask_bedroc", "kid:1:2"));
    }

    #[test]
    fn other_rows_have_another_digest() {
        let text = |text: &'static str| Argument::Text(text.into());
        let row = |a, b: Option<&'static str>| vec![text(a), b.map_or(Argument::Null, text)];
        let of = |number, row| digest(&[number], &[row]);
        let first = of("0", row("ab", Some("c")));
        assert_eq!(first, of("0", row("ab", Some("c"))));
        for other in [
            of("1", row("ab", Some("c"))),
            of("0", row("a", Some("bc"))),
            of("0", row("ab", None)),
            of("0", row("ab", Some(""))),
        ] {
            assert_ne!(first, other);
        }
    }
}
