//! What a scenario file expects.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;

/// What must come out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The status that ends it, or those of which any may.
    pub status: Statuses,
    /// With 200: the groups whose rows are NULL, or have this text. All other rows have the service's proper answer.
    #[serde(default)]
    pub gives: BTreeMap<String, Value>,
    /// With another status: words of the message, in any case.
    #[serde(default)]
    pub message: Words,
    /// Words of the log, in any case.
    #[serde(default)]
    pub log: Words,
    /// Service calls in all.
    pub calls: Option<Count>,
    /// Service calls for the rows of a group.
    #[serde(default)]
    pub calls_of: BTreeMap<String, Count>,
    /// Service calls for each different row of a group.
    #[serde(default)]
    pub calls_of_each: BTreeMap<String, Count>,
    /// The most answers that may be paid for although the same row had been answered before, beside those to calls that the function has cut off
    /// at the end of an invocation: how many these are is the machine's matter.
    #[serde(default)]
    pub paid_twice: usize,
    /// Seconds from the first request to the last answer.
    pub seconds: Option<[f64; 2]>,
    /// Requests that the function was asked with.
    pub requests: Option<Count>,
}

impl Expect {
    /// The groups of which something is expected.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        let counts = self.calls_of.keys().chain(self.calls_of_each.keys());
        self.gives.keys().chain(counts).map(String::as_str)
    }
}

/// One status, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a status is a number, or a list of numbers")]
pub enum Statuses {
    One(u16),
    Any(Vec<u16>),
}

impl Statuses {
    pub fn contain(&self, status: u16) -> bool {
        match self {
            Self::One(one) => *one == status,
            Self::Any(any) => any.contains(&status),
        }
    }
}

impl fmt::Display for Statuses {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(one) => write!(formatter, "{one}"),
            Self::Any(any) => write!(formatter, "one of {any:?}"),
        }
    }
}

/// What a text must hold, and must not.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Words {
    pub has: Vec<String>,
    pub lacks: Vec<String>,
}

impl Words {
    /// What is wrong with a text.
    pub fn problems(&self, what: &str, text: &str) -> Vec<String> {
        let text = text.to_lowercase();
        let holds = |word: &&String| text.contains(&word.to_lowercase());
        let missing = self.has.iter().filter(|word| !holds(word)).map(|word| format!("{what} has no {word:?}"));
        let there = self.lacks.iter().filter(holds).map(|word| format!("{what} has {word:?}"));
        missing.chain(there).collect()
    }
}

/// How many: a number, or the least and the most.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged, expecting = "a count is a number, or the least and the most in a list")]
pub enum Count {
    Exactly(usize),
    Between([usize; 2]),
}

impl Count {
    /// What is wrong with a count.
    pub fn problem(self, what: &str, count: usize) -> Option<String> {
        let [least, most] = match self {
            Self::Exactly(exactly) => [exactly; 2],
            Self::Between(between) => between,
        };
        let right = if least == most { least.to_string() } else { format!("{least} to {most}") };
        (!(least..=most).contains(&count)).then(|| format!("{what}: {count}, not {right}"))
    }
}
