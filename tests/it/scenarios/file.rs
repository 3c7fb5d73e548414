//! What a scenario file says: the rows, the trouble, how it is played. Everything but rows and expectations has a default.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::expect::Expect;
use super::faults::Service;
use crate::support::MODEL;

/// One file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What happens, and what must come of it.
    pub about: String,
    /// What SQL calls.
    #[serde(default = "ask_bedrock")]
    pub function: String,
    /// The rows, group after group.
    pub rows: Vec<Group>,
    /// Mixes them, by this seed.
    pub shuffle: Option<u64>,
    /// What the services do.
    #[serde(default)]
    pub service: Service,
    /// Lambda's timeout: short, because what fails takes all of it.
    #[serde(default = "twelve")]
    pub timeout_s: f64,
    /// Execution environments at most.
    #[serde(default = "one")]
    pub environments: usize,
    /// Environment variables besides those of the sandbox.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// With a journal, and therefore with `snowflake`.
    #[serde(default)]
    pub journal: bool,
    /// Asked by the Snowflake caller through API Gateway, with its retries and polls; otherwise by one POST.
    #[serde(default)]
    pub snowflake: bool,
    /// `MAX_BATCH_ROWS` of the Snowflake caller.
    #[serde(default = "all")]
    pub batch_rows: usize,
    /// How many batches it has under way at once.
    #[serde(default = "one")]
    pub parallel: usize,
    /// How long it sends a batch again after 429 and 503.
    #[serde(default = "twenty")]
    pub retry_for_s: f64,
    /// What must come out.
    pub expect: Expect,
}

/// Rows of one kind. In a pattern, `{n}` is the number of the row in its group, and `{name}` the name of the group.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What expectations know them by.
    #[serde(default = "row")]
    pub name: String,
    /// How many different ones.
    #[serde(default = "one")]
    pub count: usize,
    /// How often each of them comes.
    #[serde(default = "one")]
    pub repeat: usize,
    /// The pattern of their texts: `user_context`, or the address.
    #[serde(default = "text")]
    pub text: Option<String>,
    /// The pattern of their model ids.
    #[serde(default = "model")]
    pub model: Option<String>,
    /// The options, for a function that has some.
    pub options: Option<Value>,
}

/// One row of the call.
#[derive(Debug)]
pub struct Row {
    /// The number of its group.
    pub group: usize,
    /// What the function is called with.
    pub arguments: Vec<Value>,
    /// The model, which is empty for a function without one, and the text; none when an argument is NULL.
    pub question: Option<(String, String)>,
}

impl Scenario {
    /// Reads a file.
    pub fn parse(text: &str) -> Result<Self, String> {
        let scenario: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let known = |name: &str| scenario.rows.iter().any(|group| group.name == name);
        if let Some(name) = scenario.expect.groups().find(|name| !known(name)) {
            return Err(format!("it expects something of {name:?}, and has no such rows"));
        }
        Ok(scenario)
    }

    /// Whether the function has a `model_id`, and not only the text.
    pub fn names_models(&self) -> bool {
        matches!(self.function.as_str(), "ask_bedrock" | "embed_text")
    }

    /// The rows in the order in which they are sent.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (number, group) in self.rows.iter().enumerate() {
            for n in (0..group.repeat).flat_map(|_| 0..group.count) {
                rows.push(self.row(number, group, n));
            }
        }
        if let Some(seed) = self.shuffle {
            fastrand::Rng::with_seed(seed).shuffle(&mut rows);
        }
        rows
    }

    fn row(&self, number: usize, group: &Group, n: usize) -> Row {
        let fill = |pattern: &Option<String>| {
            pattern.as_ref().map(|pattern| pattern.replace("{n}", &n.to_string()).replace("{name}", &group.name))
        };
        let text = fill(&group.text);
        if !self.names_models() {
            let arguments = std::iter::once(json!(text)).chain(group.options.clone()).collect();
            return Row { group: number, arguments, question: text.map(|text| (String::new(), text)) };
        }
        let model = fill(&group.model);
        let mut arguments = vec![json!(text), json!(model)];
        if self.function == ask_bedrock() {
            arguments.insert(0, json!("Do."));
        }
        arguments.extend(group.options.clone());
        Row { group: number, arguments, question: model.zip(text) }
    }
}

pub fn ask_bedrock() -> String {
    "ask_bedrock".to_owned()
}

fn row() -> String {
    "row".to_owned()
}

#[expect(clippy::unnecessary_wraps, reason = "the default of a pattern that may be null")]
fn text() -> Option<String> {
    Some("{name} text {n}".to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "the default of a pattern that may be null")]
fn model() -> Option<String> {
    Some(MODEL.to_owned())
}

fn one() -> usize {
    1
}

fn all() -> usize {
    4096
}

fn twelve() -> f64 {
    12.0
}

fn twenty() -> f64 {
    20.0
}
