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
    assert!(examples.len() >= 30, "{} examples", examples.len());
    let mut shown: Vec<String> = Vec::new();
    for example in examples {
        shown.push(example.check(&house).await);
    }
    let all = house.post("nope", json!([])).await;
    let (_, names) = all.error().split_once("the functions are ").unwrap();
    let missing: Vec<&str> = names.split(", ").filter(|name| !shown.iter().any(|shown| shown == name)).collect();
    assert!(missing.is_empty(), "docs/functions.md has no example of {missing:?}");
    for name in names.split(", ") {
        assert!(page.contains(&format!("`{name}")), "docs/functions.md does not list {name}");
    }
}

#[tokio::test]
async fn the_page_of_prices_is_that_of_the_table() {
    let page = include_str!("../../docs/prices.md");
    let table: Value = serde_json::from_str(include_str!("../../src/bedrock/prices/prices.json")).unwrap();
    let source = table["source"].as_str().unwrap().split(';').next().unwrap();
    let says = format!("The table is of {}, from {source}", table["date"].as_str().unwrap());
    assert!(page.contains(&says), "docs/prices.md does not say: {says}");
    // Its first JSON is a value of the setting, and its example is answered with it.
    let (_, prices) = blocks(page).into_iter().find(|(kind, _)| kind == "json").unwrap();
    let house = House::with(&[("MODEL_PRICES", &prices)]).await;
    let examples = examples(page);
    assert_eq!(examples.len(), 1);
    for example in examples {
        example.check(&house).await;
    }
}

impl Example {
    /// Asks as it says, and compares the answer; the function that it shows.
    async fn check(self, house: &House) -> String {
        let Self { sql, kind, expected } = self;
        let Query { function, rows, is_column } = Sql(&sql).query();
        let answer = house.post(&function, rows).await;
        match kind.as_str() {
            "json" => {
                let expected: Value = serde_json::from_str(&expected).unwrap_or_else(|error| panic!("{sql}\n{error}"));
                let values = answer.values();
                let value = if is_column { json!(values) } else { values[0].clone() };
                assert!(is_as_shown(&value, &expected), "{sql}\ngives {}", answer.text);
            }
            "text" => assert_eq!((answer.status, answer.error()), (400, expected.trim()), "{sql}"),
            other => panic!("{sql}\na block of {other:?} is neither a result nor an error"),
        }
        function
    }
}

/// The blocks between fences, each with its kind.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(kind) = line.strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            blocks.push((kind.to_owned(), text.join("\n")));
        }
    }
    blocks
}

/// Each block of SQL with the block that follows it.
fn examples(page: &str) -> Vec<Example> {
    let blocks = blocks(page);
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
            _ => value.len() == shown.len() && value.iter().zip(shown).all(|(value, shown)| is_as_shown(value, shown)),
        },
        _ => value == shown,
    }
}

/// What a statement asks of the function.
struct Query {
    function: String,
    rows: Value,
    /// Whether its rows are those of `FROM VALUES`, and the block after it has one value for each.
    is_column: bool,
}

/// An argument of the call.
enum Argument {
    Literal(Value),
    Column(String),
}

/// What is left to read of `SELECT f(…) [FROM VALUES (…), … AS t (c, …)];`, with Snowflake's literals and the columns as arguments.
struct Sql<'a>(&'a str);

impl Sql<'_> {
    fn query(mut self) -> Query {
        self.expect("SELECT");
        let function = self.until("(");
        let mut arguments = Vec::new();
        while !self.takes(")") {
            arguments.push(self.argument());
            self.takes(",");
        }
        let is_column = self.takes("FROM");
        let (columns, given) = if is_column { self.values() } else { (Vec::new(), vec![Vec::new()]) };
        self.expect(";");
        assert_eq!(self.0.trim(), "");
        let value = |argument: &Argument, row: &[Value]| match argument {
            Argument::Literal(value) => value.clone(),
            Argument::Column(name) => row[columns.iter().position(|column| column == name).unwrap()].clone(),
        };
        let row = |(number, row): (usize, &Vec<Value>)| {
            [json!(number)].into_iter().chain(arguments.iter().map(|argument| value(argument, row))).collect::<Value>()
        };
        Query { function, rows: given.iter().enumerate().map(row).collect(), is_column }
    }

    /// The columns of `VALUES (…), … AS t (c, …)`, and its rows.
    fn values(&mut self) -> (Vec<String>, Vec<Vec<Value>>) {
        self.expect("VALUES");
        let mut rows = Vec::new();
        while !self.takes("AS") {
            self.expect("(");
            rows.push(self.list(")"));
            self.takes(",");
        }
        self.until("(");
        let columns = self.until(")").split(',').map(|name| name.trim().to_owned()).collect();
        (columns, rows)
    }

    fn until(&mut self, end: &str) -> String {
        let (before, rest) = self.0.split_once(end).unwrap();
        self.0 = rest;
        before.trim().to_owned()
    }

    /// A word that is no literal is a column.
    fn argument(&mut self) -> Argument {
        let text = self.0.trim_start();
        let word = &text[..text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or_default()];
        let is_literal = ["true", "false", "null"].contains(&word.to_lowercase().as_str());
        if is_literal || !word.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Argument::Literal(self.literal());
        }
        self.0 = &text[word.len()..];
        Argument::Column(word.to_owned())
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
