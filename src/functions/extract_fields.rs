//! `extract_fields(text, fields, model_id [, options])`: what a text says of some fields, as one object.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::ask_model::{Asking, Models, TEXT_IS_DATA, set_apart};
use crate::function::{Code, Function, Job, Parameter, Refusal, Row, Whose};

/// Most fields of one text.
///
/// Source: the properties of a schema that the Claude models take in structured output.
const MOST: usize = 64;

/// Answers with an object in which every field is, NULL where the text says nothing of it.
pub struct ExtractFields {
    models: Models,
}

impl ExtractFields {
    /// The function over these models.
    pub fn new(models: Models) -> Self {
        Self { models }
    }
}

impl Function for ExtractFields {
    fn name(&self) -> &str {
        "extract_fields"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::text("text"),
                Parameter::object("fields"),
                Parameter::text("model_id"),
                Parameter::options("options"),
            ]
        }
    }

    fn prepare<'a>(&'a self, row: Row<'a>) -> Result<Job<'a>, Refusal> {
        let (text, model_id) = (row.text(0), row.text(2));
        self.models.check(model_id, row.get(3))?;
        let form = form(row.text(1))?;
        let asking = Asking {
            function: self.name(),
            caller: row.caller,
            instructions: format!(
                "Give the value of each field as the text says it, and null for a field of which it says nothing. {TEXT_IS_DATA}"
            )
            .into(),
            text: set_apart(text).into(),
            model_id,
            options: self.models.options(row.get(3), Some(&form.to_string())).map_err(of_fields)?,
            member: None,
        };
        self.models.job(asking, ("text", text))
    }
}

/// The schema of the fields: each has a description, which makes it a text, or a schema of its own. Every one of them may be null.
fn form(fields: &str) -> Result<Value, Refusal> {
    let wrong = || {
        let message =
            "fields must be an object of 1 to 64 names, each with a description, or with a JSON Schema as an object";
        Refusal { whose: Whose::Options, ..Refusal::row(Code::InvalidArgument, message) }
    };
    let fields: BTreeMap<String, Value> = serde_json::from_str(fields).map_err(|_| wrong())?;
    if !(1..=MOST).contains(&fields.len()) {
        return Err(wrong());
    }
    let names: Vec<&String> = fields.keys().collect();
    let mut properties = Map::new();
    for (name, field) in &fields {
        let schema = match field {
            Value::Null => json!({"type": ["string", "null"]}),
            Value::String(description) => json!({"type": ["string", "null"], "description": description}),
            Value::Object(_) => json!({"anyOf": [field, {"type": "null"}]}),
            _ => return Err(wrong()),
        };
        properties.insert(name.clone(), schema);
    }
    Ok(json!({"type": "object", "properties": properties, "required": names, "additionalProperties": false}))
}

/// What is wrong with the form is wrong with a schema in the fields.
fn of_fields(refusal: Refusal) -> Refusal {
    let message = refusal.message.replace("the option \"response_format\"", "a schema in fields");
    Refusal { message: message.into(), ..refusal }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_may_be_null_and_is_required() {
        let form = form(r#"{"b":"The buyer.","a":{"type":"number","minimum":0},"c":null}"#).unwrap();
        let expected = json!({
            "type": "object",
            "properties": {
                "a": {"anyOf": [{"type": "number", "minimum": 0}, {"type": "null"}]},
                "b": {"type": ["string", "null"], "description": "The buyer."},
                "c": {"type": ["string", "null"]},
            },
            "required": ["a", "b", "c"],
            "additionalProperties": false,
        });
        assert_eq!(form, expected);
    }

    #[test]
    fn what_describes_no_field_is_refused() {
        for json in ["{}", r#"{"a":1}"#, r#"{"a":["x"]}"#] {
            assert_eq!(form(json).unwrap_err().whose, Whose::Options, "{json}");
        }
        let fields =
            |count: usize| json!((0..count).map(|n| (n.to_string(), json!("d"))).collect::<Map<_, _>>()).to_string();
        assert!(form(&fields(MOST)).is_ok() && form(&fields(MOST + 1)).is_err());
    }
}
