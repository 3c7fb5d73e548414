//! Strings of a text, by what their field is called.

use serde_json::{Value, json};

use super::Field;
use super::dates::dates;
use super::find::{amounts, emails, ids, links, names, names_after, phones, tokens};
use super::kind::{Kind, kind};
use super::words::{telling, words};

/// The first that is found.
pub(super) fn find(field: &Field<'_>, schema: &Value, text: &str) -> Option<Value> {
    all(field, schema, text).into_iter().next()
}

/// All that are found, each once.
pub(super) fn all(field: &Field<'_>, schema: &Value, text: &str) -> Vec<Value> {
    let format = schema["format"].as_str().unwrap_or_default();
    let mut found: Vec<String> = match kind(field, format) {
        Some(kind) => of_kind(kind, text),
        None if field.name.is_empty() => prose(text),
        None => Vec::new(),
    };
    match format {
        "date-time" => found.iter_mut().for_each(|date| date.push_str("T00:00:00Z")),
        "" | "date" | "email" | "uri" => {}
        _ => found.clear(),
    }
    if let Some(most) = schema["maxLength"].as_u64().and_then(|most| usize::try_from(most).ok()) {
        found.iter_mut().for_each(|text| *text = text.chars().take(most).collect());
    }
    let mut each: Vec<Value> = Vec::new();
    for value in found.into_iter().map(|text| json!(text)) {
        if !each.contains(&value) {
            each.push(value);
        }
    }
    each
}

fn of_kind(kind: Kind, text: &str) -> Vec<String> {
    let owned = |found: Vec<&str>| found.into_iter().map(str::to_owned).collect();
    match kind {
        Kind::Email => owned(emails(text)),
        Kind::Phone => owned(phones(text)),
        Kind::Date => dates(text),
        Kind::Link => owned(links(text)),
        Kind::Amount => amounts(text),
        Kind::Id => owned(ids(text)),
        Kind::City => names_after(text, &[" in ", " to ", " from ", " at ", " near "]),
        Kind::Product => products(text),
        Kind::Name => {
            let mut found =
                names_after(text, &["i am ", "my name is ", "i'm ", "regards, ", "this is ", "mr. ", "ms. "]);
            found.extend(names(text));
            found
        }
        Kind::Keyword => keywords(text),
        Kind::Prose => prose(text),
    }
}

/// A text of the model's own begins with what the user wrote.
fn prose(text: &str) -> Vec<String> {
    let begin: Vec<&str> = text.split_whitespace().take(12).collect();
    if begin.is_empty() { Vec::new() } else { vec![begin.join(" ")] }
}

/// What follows a word like `the` and is no idle word: `the lamp`, `3 lamps`, `my blue chair`.
fn products(text: &str) -> Vec<String> {
    const BEFORE: &[&str] = &["the", "a", "an", "my", "this", "your", "these"];
    let words: Vec<&str> = tokens(text).collect();
    let begins = |word: &str| BEFORE.contains(&word.to_lowercase().as_str()) || word.parse::<u32>().is_ok();
    let after = words.windows(2).filter(|pair| begins(pair[0])).map(|pair| pair[1]);
    let thing = |word: &&str| word.chars().all(char::is_alphabetic) && word.len() > 2 && !telling(word).is_empty();
    after.filter(thing).map(str::to_owned).collect()
}

/// The three longest words, in their order.
fn keywords(text: &str) -> Vec<String> {
    let words = words(text);
    let mut long: Vec<&String> =
        words.iter().filter(|word| word.chars().count() > 4 && !telling(word).is_empty()).collect();
    long.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    long.dedup();
    let kept: Vec<&String> = long.into_iter().take(3).collect();
    words.iter().filter(|word| kept.contains(word)).cloned().collect()
}

/// A string that says nothing and still has its format.
pub(super) fn empty(schema: &Value) -> Value {
    json!(match schema["format"].as_str().unwrap_or_default() {
        "date-time" => "1970-01-01T00:00:00Z",
        "date" => "1970-01-01",
        "time" => "00:00:00Z",
        "duration" => "PT0S",
        "email" => "unknown@example.com",
        "hostname" => "example.com",
        "uri" => "https://example.com/",
        "ipv4" => "0.0.0.0",
        "ipv6" => "::",
        "uuid" => "00000000-0000-0000-0000-000000000000",
        _ => "",
    })
}
