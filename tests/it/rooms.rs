//! The direction of the house: what each room of `src/` may import, read from its source.

use std::collections::BTreeSet;
use std::path::Path;

/// The rooms from the ground up. A room imports those of lines below its own, and none beside it.
const FLOORS: [&[&str]; 11] = [
    &["function"],
    &["sdk"],
    &["bedrock", "location"],
    &["functions"],
    &["batch"],
    &["journal"],
    &["snowflake"],
    &["settings"],
    &["calls"],
    &["doors"],
    &["lib", "main"],
];

/// Rooms that import less than their floor lets them.
const ONLY: [(&str, &[&str]); 1] = [("batch", &["function"])];

/// Crates that are a room's own matter. A service's crate that is not listed is nobody's.
const OWN: [(&str, &[&str]); 7] = [
    ("aws_sdk_bedrockruntime", &["bedrock"]),
    ("aws_sdk_location", &["location"]),
    ("aws_sdk_geoplaces", &["location"]),
    ("aws_sdk_dynamodb", &["journal"]),
    ("lambda_http", &["doors"]),
    ("http", &["doors"]),
    ("lambda_runtime", &["doors", "main"]),
];

/// A source: its path in `src/`, and its text.
type Source = (String, String);

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

fn room(path: &str) -> &str {
    path.split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

/// Modules that a file is deep in the house: one for `sdk.rs` and `batch/mod.rs`, two for `batch/run.rs`.
fn depth(path: &str) -> usize {
    path.split('/').filter(|part| *part != "mod.rs").count()
}

/// The words and signs of a source, without its comments and strings.
fn tokens(source: &str) -> Vec<&str> {
    let mut tokens: Vec<&str> = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = |end: Option<usize>| end.unwrap_or(rest.len());
        let hashes = rest.len() - rest.trim_start_matches('#').len();
        let is_raw = matches!(tokens.last(), Some(&"r" | &"br")) && rest[hashes..].starts_with('"');
        let skipped = match first {
            _ if is_raw => {
                let end = format!("\"{}", "#".repeat(hashes));
                length(rest[hashes + 1..].find(&end).map(|at| hashes + 1 + at + end.len()))
            }
            '/' if rest.starts_with("//") => length(rest.find('\n')),
            '/' if rest.starts_with("/*") => length(rest.find("*/").map(|at| at + 2)),
            '"' => quoted(rest, '"'),
            '\'' if rest[1..].starts_with('\\') || rest.chars().nth(2) == Some('\'') => quoted(rest, '\''),
            _ if is_word(first) => {
                let end = length(rest.find(|c| !is_word(c)));
                tokens.push(&rest[..end]);
                end
            }
            ':' if rest.starts_with("::") => {
                tokens.push("::");
                2
            }
            _ => {
                let end = first.len_utf8();
                if !first.is_whitespace() {
                    tokens.push(&rest[..end]);
                }
                end
            }
        };
        rest = &rest[skipped..];
    }
    tokens
}

/// The length of a literal between such quotes.
fn quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The names after `crate::`, or after as many `super::` as lead out of the room: one, or those of a group.
fn imported<'a>(tokens: &[&'a str], depth: usize) -> Vec<&'a str> {
    let mut names = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let from = match *token {
            "crate" => at + 1,
            "super" if at < 2 || tokens[at - 2] != "super" => {
                let supers = tokens[at..].chunks(2).take_while(|pair| *pair == ["super", "::"]).count();
                if supers < depth {
                    continue;
                }
                at + 2 * supers - 1
            }
            _ => continue,
        };
        match tokens.get(from..from + 2) {
            Some(["::", "{"]) => names.extend(group(&tokens[from + 2..])),
            Some(["::", name]) => names.push(*name),
            _ => {}
        }
    }
    names
}

/// The first name of each path of a group whose brace is open.
fn group<'a>(tokens: &[&'a str]) -> Vec<&'a str> {
    let (mut names, mut open, mut is_first) = (Vec::new(), 0, true);
    for token in tokens {
        match *token {
            "}" if open == 0 => break,
            "}" => open -= 1,
            "{" => open += 1,
            "," if open == 0 => is_first = true,
            name if is_first => {
                names.push(name);
                is_first = false;
            }
            _ => {}
        }
    }
    names
}

/// What is against the direction, a line for each.
fn violations(sources: &[Source]) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut imports: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (path, text) in sources {
        let (room, tokens) = (room(path), tokens(text));
        let Some(own) = floor(room) else {
            found.insert(format!("{path}: the room {room} has no floor"));
            continue;
        };
        let rooms = imported(&tokens, depth(path)).into_iter();
        for other in rooms.filter(|other| *other != room && floor(other).is_some()) {
            imports.insert((room, other));
            if floor(other) >= Some(own) {
                found.insert(format!("{path}: {room} imports {other}, which is not below it"));
            } else if let Some((_, allowed)) = ONLY.iter().find(|(name, _)| *name == room)
                && !allowed.contains(&other)
            {
                found.insert(format!("{path}: {room} imports {other}, and may import {allowed:?} alone"));
            }
        }
        for (at, token) in tokens.iter().enumerate() {
            // A module may bear the name of a crate: the crate's begins a path.
            let is_inner = at > 1 && tokens[at - 1] == "::" && tokens[at - 2] != "use";
            let begins = tokens.get(at + 1) == Some(&"::") && !is_inner;
            let is_a_crate = token.starts_with("aws_sdk_") || begins;
            let owners = OWN.iter().find(|(name, _)| name == token).map(|(_, owners)| *owners);
            let owners = owners.or_else(|| token.starts_with("aws_sdk_").then_some(&[]));
            if is_a_crate && owners.is_some_and(|owners| !owners.contains(&room)) {
                found.insert(format!("{path}: {token} is not a matter of {room}"));
            }
        }
    }
    for (one, other) in imports.iter().filter(|(one, other)| one < other && imports.contains(&(other, one))) {
        found.insert(format!("{one} and {other} import each other"));
    }
    found.into_iter().collect()
}

fn read(folder: &Path, prefix: &str, sources: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            read(&path, &format!("{name}/"), sources);
        } else {
            sources.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn no_room_imports_one_above_it() {
    let mut sources = Vec::new();
    read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), "", &mut sources);
    assert!(sources.len() > 50);
    assert_eq!(violations(&sources), Vec::<String>::new());
}

#[test]
fn every_kind_of_violation_is_found() {
    let source = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    for (path, text, expected) in [
        ("calls/mod.rs", "use crate::doors::Event;", "calls imports doors, which is not below it"),
        ("bedrock/a.rs", "fn a() { crate::location::b() }", "bedrock imports location, which is not below it"),
        ("function/job.rs", "use\n  crate\n  ::sdk::Fault;", "function imports sdk, which is not below it"),
        (
            "functions/a.rs",
            "use crate::{bedrock::{B, C}, batch::Plan};",
            "functions imports batch, which is not below it",
        ),
        ("batch/run.rs", "pub use crate::sdk;", r#"batch imports sdk, and may import ["function"] alone"#),
        ("sdk.rs", "use super::calls::House;", "sdk imports calls, which is not below it"),
        ("journal/key.rs", "use super::super::{calls};", "journal imports calls, which is not below it"),
        ("attic/a.rs", "", "the room attic has no floor"),
        ("calls/a.rs", "let c: aws_sdk_bedrockruntime::Client;", "aws_sdk_bedrockruntime is not a matter of calls"),
        ("bedrock/a.rs", "use aws_sdk_location::Client;", "aws_sdk_location is not a matter of bedrock"),
        ("journal/a.rs", "use aws_sdk_geoplaces as geo;", "aws_sdk_geoplaces is not a matter of journal"),
        ("main.rs", "use {aws_sdk_dynamodb::Client};", "aws_sdk_dynamodb is not a matter of main"),
        ("bedrock/a.rs", "use aws_sdk_s3::Client;", "aws_sdk_s3 is not a matter of bedrock"),
        ("calls/a.rs", "use ::lambda_http::Body;", "lambda_http is not a matter of calls"),
        ("snowflake/a.rs", "fn a(_: &http::HeaderMap) {}", "http is not a matter of snowflake"),
        ("calls/a.rs", "use lambda_runtime::Context;", "lambda_runtime is not a matter of calls"),
        ("calls/a.rs", "const C: char = '\"'; use crate::doors; // \"", "calls imports doors, which is not below it"),
        ("calls/a.rs", "const R: &str = r#\"\"#; use crate::doors;", "calls imports doors, which is not below it"),
    ] {
        assert_eq!(violations(&[source(path, text)]), [format!("{path}: {expected}")], "{text}");
    }
    let mutual =
        [source("calls/a.rs", "use crate::doors::Event;"), source("doors/a.rs", "use crate::calls::{House, Times};")];
    assert!(violations(&mutual).contains(&"calls and doors import each other".to_owned()));
}

#[test]
fn what_is_allowed_is_not_found() {
    for (path, text) in [
        ("doors/a.rs", "use lambda_http::http::HeaderMap; use crate::{calls::House, function::{Call, Job}};"),
        ("doors/a/b.rs", "use super::super::calls; use super::{super::event, body}; pub(crate) fn a() {}"),
        (
            "calls/a.rs",
            "//! As [`crate::doors`] says.\n/* crate::doors */ const A: &str = \"crate::doors \\\" http::\";",
        ),
        ("calls/a.rs", "const B: &str = r#\"\" crate::doors\"#; fn c<'a>(http: &'a str) -> char { '\\'' }"),
        ("settings.rs", "use crate::functions::ModelPatterns; mod tests { use super::*; }"),
        ("location/a.rs", "use aws_smithy_runtime_api::http::Request; use aws_sdk_geoplaces::Client;"),
    ] {
        assert_eq!(violations(&[(path.to_owned(), text.to_owned())]), Vec::<String>::new(), "{text}");
    }
}
