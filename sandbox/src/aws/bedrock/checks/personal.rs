//! What is personal in a text: e-mail addresses, IP addresses, telephone numbers without blanks, and a few people's names.

use std::net::IpAddr;

/// The people whom the service knows.
const NAMES: [&str; 6] = ["Alice Wong", "John Doe", "José Álvarez", "Zoë Müller", "Noe\u{308}l Martin", "田中太郎"];

/// Something personal. Offsets count Unicode code points, and the end is the first that is not part of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) kind: &'static str,
    pub(super) confidence: f64,
    pub(super) begin: usize,
    pub(super) end: usize,
}

/// All that is found, type by type: not in the order of the text.
pub(super) fn find(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for (kind, confidence, is_one) in [
        ("EMAIL", 1.0, is_email as fn(&str) -> bool),
        ("IP_ADDRESS", 1.0, |word| word.parse::<IpAddr>().is_ok()),
        ("PHONE", 0.8, is_phone),
    ] {
        let of_kind = words(text).filter(|(_, word)| is_one(word));
        found.extend(of_kind.map(|(at, word)| Found::new(kind, confidence, text, at, word)));
    }
    for name in NAMES {
        found.extend(text.match_indices(name).map(|(at, name)| Found::new("NAME", 0.6, text, at, name)));
    }
    found
}

/// The text with each finding in brackets, as a client of the service is to make it: written another way than the function's own.
#[must_use]
pub fn redacted(text: &str) -> String {
    let mut characters: Vec<String> = text.chars().map(String::from).collect();
    for Found { kind, begin, end, .. } in find(text) {
        characters[begin..end].iter_mut().for_each(String::clear);
        characters[begin] = format!("[{kind}]");
    }
    characters.concat()
}

impl Found {
    fn new(kind: &'static str, confidence: f64, text: &str, at: usize, part: &str) -> Self {
        let begin = text[..at].chars().count();
        Self { kind, confidence, begin, end: begin + part.chars().count() }
    }
}

/// What is written in one go with the letters and signs of an address or a number, and where it begins.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let belongs = |c: char| c.is_ascii_alphanumeric() || "@.+-_:".contains(c);
    text.split(move |c| !belongs(c)).filter(|word| !word.is_empty()).map(|word| {
        let at = word.as_ptr() as usize - text.as_ptr() as usize;
        (at, word.trim_end_matches(['.', ':', '-']))
    })
}

fn is_email(word: &str) -> bool {
    let Some((local, domain)) = word.split_once('@') else { return false };
    !local.is_empty() && domain.split('.').count() > 1 && domain.split('.').all(|label| !label.is_empty())
}

fn is_phone(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    (7..=15).contains(&digits) && word.bytes().all(|byte| byte.is_ascii_digit() || b"+-".contains(&byte))
}
