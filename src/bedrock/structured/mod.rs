//! Answers that are JSON of a schema: asked for by the best way that a model has, and checked against the user's own schema.

mod json;
mod way;
mod wire;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;
use serde_json::value::RawValue;

pub use self::way::{Way, Ways};
use self::wire::{WRAPPED, Wire};

/// Most characters of an answer that a model is shown again, and of what is said of it.
const LONGEST_SHOWN: usize = 4_000;

/// A form of answer: JSON of a schema.
#[derive(Debug)]
pub struct Format {
    text: Box<str>,
    hash: u64,
    validator: Validator,
    wire: Wire,
}

/// Why an answer is not of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// For the model: what it wrote, and what is wrong with it.
    pub answer: String,
    /// For the model.
    pub reason: String,
    /// For the SQL user: where in the schema, and nothing of the answer.
    pub place: String,
}

/// Two forms are the same when their schemas are, letter by letter.
impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Format {
    /// The form of a JSON Schema, given as its text.
    ///
    /// # Errors
    ///
    /// Why it is no schema, and where; its values, which may be a row's, are not told.
    pub fn of(schema: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(schema).map_err(|_| "it is no JSON".to_owned())?;
        // Nothing is fetched: the crate is built without that.
        let validator = jsonschema::validator_for(&value).map_err(|error| match error.kind() {
            ValidationErrorKind::Referencing(_) => "a $ref in it cannot be followed".to_owned(),
            _ => format!("at {:?}, {}", error.instance_path().as_str(), error.masked()),
        })?;
        let mut hasher = DefaultHasher::new();
        schema.hash(&mut hasher);
        Ok(Self { text: schema.into(), hash: hasher.finish(), validator, wire: Wire::of(&value) })
    }

    /// The schema as the user gave it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// By what a schema is remembered.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The way to ask `model_id` by.
    pub fn way(&self, ways: &Ways, model_id: &str) -> Way {
        match ways.of(model_id, self.hash) {
            Way::Native if self.wire.has_open_objects => Way::Tool,
            way => way,
        }
    }

    /// The schema as it goes over the wire of the native way.
    pub fn native(&self) -> String {
        self.wire.schema.to_string()
    }

    /// The schema as the input of a tool.
    pub fn tool_input(&self) -> Value {
        self.wire.tool_input()
    }

    /// The JSON of an answer that came by `way`, checked against the user's schema: the last that fits, where there is more, as a model may
    /// think aloud before it answers.
    ///
    /// # Errors
    ///
    /// When there is none, or it does not fit.
    pub fn read(&self, way: Way, answer: &str) -> Result<Box<str>, Unfit> {
        let unfit = |reason: String, place: String| {
            let shown = |text: &str| text.chars().take(LONGEST_SHOWN).collect();
            Unfit { answer: shown(answer), reason: shown(&reason), place }
        };
        let found: Vec<&str> = json::find(answer).into_iter().map(|json| self.unwrap(way, json)).collect();
        let value = |json: &str| serde_json::from_str::<Value>(json).ok();
        let fits = |json: &&&str| value(json).is_some_and(|value| self.validator.is_valid(&value));
        if let Some(json) = found.iter().rev().find(fits) {
            return Ok((*json).into());
        }
        let last = found.last().and_then(|json| value(json));
        Err(match last.as_ref().map(|last| self.validator.validate(last)) {
            Some(Err(error)) => unfit(
                format!("at {:?}: {error}", error.instance_path().as_str()),
                format!("it breaks the rule at {:?}", error.schema_path().as_str()),
            ),
            _ => unfit("it is no JSON".to_owned(), "it is no JSON".to_owned()),
        })
    }

    /// The member around an answer that is no object, taken off again. A model that left it out is understood as well.
    fn unwrap<'j>(&self, way: Way, json: &'j str) -> &'j str {
        if !self.wire.is_wrapped || way == Way::Prompt {
            return json;
        }
        match serde_json::from_str::<BTreeMap<String, &RawValue>>(json) {
            Ok(members) if members.len() == 1 => members.get(WRAPPED).map_or(json, |value| value.get()),
            _ => json,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str =
        r#"{"type":"object","properties":{"amount":{"type":"number","minimum":1}},"required":["amount"]}"#;

    #[test]
    fn an_answer_is_checked_against_the_users_own_schema() {
        let format = Format::of(SCHEMA).unwrap();
        assert_eq!(format.read(Way::Native, "{\"amount\": 1.50}").as_deref(), Ok("{\"amount\": 1.50}"), "digits stay");
        assert_eq!(format.read(Way::Prompt, "```json\n{\"amount\":2}\n```").as_deref(), Ok("{\"amount\":2}"));
        assert!(!format.native().contains("\"minimum\""), "weaker on the wire");
        let unfit = format.read(Way::Native, "{\"amount\":0.5}").unwrap_err();
        assert!(unfit.reason.contains("/amount") && unfit.reason.contains("0.5"), "{}", unfit.reason);
        assert_eq!(unfit.place, "it breaks the rule at \"/properties/amount/minimum\"");
        assert_eq!(unfit.answer, "{\"amount\":0.5}");
        let aloud = "<thinking>Perhaps {\"amount\": 7} or [1]?</thinking>\n{\"amount\": 8} [2]";
        assert_eq!(format.read(Way::Prompt, aloud).as_deref(), Ok("{\"amount\": 8}"), "the last that fits");
        assert_eq!(format.read(Way::Tool, "sorry").unwrap_err().place, "it is no JSON");
    }

    #[test]
    fn a_wrapped_answer_is_taken_out_of_its_object() {
        let format = Format::of(r#"{"type":"array","items":{"type":"number"}}"#).unwrap();
        assert_eq!(format.read(Way::Tool, "{\"value\":[1,2]}").as_deref(), Ok("[1,2]"));
        assert_eq!(format.read(Way::Native, "[1]").as_deref(), Ok("[1]"), "a model that left it out");
        assert_eq!(format.read(Way::Prompt, "[1]").as_deref(), Ok("[1]"));
        assert!(format.read(Way::Prompt, "{\"value\":[1]}").is_err(), "it was not asked for so");
        assert!(format.read(Way::Tool, "{\"value\":[1],\"other\":2}").is_err(), "it is not the only member");
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        assert!(Format::of(r#"{"type":"objekt"}"#).unwrap_err().starts_with("at \"/type\", value is not"));
        let fetched = Format::of(r#"{"$ref":"https://example.com/schema.json"}"#);
        assert_eq!(fetched.unwrap_err(), "a $ref in it cannot be followed");
        assert!(Format::of("{").is_err());
    }

    #[test]
    fn objects_of_any_members_go_by_a_tool() {
        let format = Format::of(r#"{"type":"object"}"#).unwrap();
        let ways = Ways::default();
        assert_eq!(format.way(&ways, "anthropic.claude-haiku-4-5"), Way::Tool);
        assert_eq!(Format::of(SCHEMA).unwrap().way(&ways, "anthropic.claude-haiku-4-5"), Way::Native);
    }

    #[test]
    fn what_a_model_is_shown_is_bounded() {
        let unfit = Format::of(SCHEMA).unwrap().read(Way::Native, &"x".repeat(100_000)).unwrap_err();
        assert_eq!(unfit.answer.len(), LONGEST_SHOWN);
    }
}
