//! The examples of `docs/functions.md`, run: a block of SQL, and what it gives in the block after it.

use serde_json::{Map, Value, json};

use crate::support::House;

/// A call, and the block with what it must give.
struct Example {
    sql: String,
    kind: String,
    expected: String,
}

#[tokio::test]
async fn every_example_gives_what_it_says() {
    let house = House::with(&[("PLACE_INDEX_NAME", ""), ("LOCATION_INTENDED_USE", "Storage")]).await;
    let page = include_str!("../../docs/functions.md");
    let examples = examples(page);
    assert!(examples.len() >= 15, "{} examples", examples.len());
    let mut shown: Vec<String> = Vec::new();
    for Example { sql, kind, expected } in examples {
        let (function, arguments) = Sql(&sql).call();
        let mut row = vec![json!(0)];
        row.extend(arguments);
        let answer = house.post(&function, json!([row])).await;
        match kind.as_str() {
            "json" => {
                let expected: Value = serde_json::from_str(&expected).unwrap_or_else(|error| panic!("{sql}\n{error}"));
                assert!(is_as_shown(answer.values()[0], &expected), "{sql}\ngives {}", answer.text);
            }
            "text" => assert_eq!((answer.status, answer.error()), (400, expected.trim()), "{sql}"),
            other => panic!("{sql}\na block of {other:?} is neither a result nor an error"),
        }
        shown.push(function);
    }
    let all = house.post("nope", json!([])).await;
    let (_, names) = all.error().split_once("the functions are ").unwrap();
    let missing: Vec<&str> = names.split(", ").filter(|name| !shown.iter().any(|shown| shown == name)).collect();
    assert!(missing.is_empty(), "docs/functions.md has no example of {missing:?}");
    for name in names.split(", ") {
        assert!(page.contains(&format!("`{name}")), "docs/functions.md does not list {name}");
    }
}

/// Each block of SQL with the block that follows it.
fn examples(page: &str) -> Vec<Example> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(kind) = line.strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            blocks.push((kind.to_owned(), text.join("\n")));
        }
    }
    let pairs = blocks.windows(2).filter(|pair| pair[0].0 == "sql");
    pairs.map(|pair| Example { sql: pair[0].1.clone(), kind: pair[1].0.clone(), expected: pair[1].1.clone() }).collect()
}

/// Whether a value is what the page shows: an array may end in `"…"`, and milliseconds are any.
fn is_as_shown(value: &Value, shown: &Value) -> bool {
    match (value, shown) {
        (Value::Object(value), Value::Object(shown)) => {
            value.len() == shown.len()
                && shown.iter().all(|(name, shown)| match value.get(name) {
                    Some(value) => is_as_shown(value, shown) || (name == "latency_ms" && value.is_u64()),
                    None => false,
                })
        }
        (Value::Array(value), Value::Array(shown)) => match shown.split_last() {
            Some((last, first)) if last == "…" => {
                value.len() > first.len() && value.iter().zip(first).all(|(value, shown)| value == shown)
            }
            _ => value == shown,
        },
        _ => value == shown,
    }
}

/// What is left to read of `SELECT f(…);`, with Snowflake's literals as arguments.
struct Sql<'a>(&'a str);

impl Sql<'_> {
    fn call(mut self) -> (String, Vec<Value>) {
        self.expect("SELECT");
        let (name, rest) = self.0.split_once('(').unwrap();
        let name = name.trim().to_owned();
        self.0 = rest;
        let arguments = self.list(")");
        self.expect(";");
        assert_eq!(self.0.trim(), "");
        (name, arguments)
    }

    fn expect(&mut self, word: &str) {
        self.0 = self.0.trim_start().strip_prefix(word).unwrap_or_else(|| panic!("no {word:?} before {}", self.0));
    }

    fn takes(&mut self, word: &str) -> bool {
        let rest = self.0.trim_start().strip_prefix(word);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn list(&mut self, end: &str) -> Vec<Value> {
        let mut items = Vec::new();
        while !self.takes(end) {
            items.push(self.literal());
            self.takes(",");
        }
        items
    }

    fn literal(&mut self) -> Value {
        if self.takes("'") {
            let (text, rest) = self.0.split_once('\'').unwrap();
            self.0 = rest;
            return json!(text);
        }
        if self.takes("[") {
            return Value::from(self.list("]"));
        }
        if self.takes("{") {
            let mut members = Map::new();
            while !self.takes("}") {
                let name = self.literal();
                self.expect(":");
                members.insert(name.as_str().unwrap().to_owned(), self.literal());
                self.takes(",");
            }
            return Value::from(members);
        }
        let text = self.0.trim_start();
        let end = text.find([',', ')', ']', '}']).unwrap();
        self.0 = &text[end..];
        serde_json::from_str(&text[..end].trim().to_lowercase()).unwrap()
    }
}
