//! A schema as it goes over the wire: what the strictest models refuse is taken out and said in words, the rest stays.
//!
//! The answer is checked against the user's own schema, so that nothing is lost by a weaker one.

use serde_json::{Map, Value, json};

/// Keywords that the strictest models refuse; each is said in the description instead.
///
/// Source: the subset of JSON Schema in Bedrock's structured output, and the rules of the Claude family; 2026-11.
const SAID_IN_WORDS: &[&str] = &[
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "contains",
    "minContains",
    "maxContains",
    "prefixItems",
    "patternProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "unevaluatedProperties",
    "unevaluatedItems",
    "if",
    "then",
    "else",
    "not",
];

/// Keywords that say nothing of an answer.
const DROPPED: &[&str] = &[
    "$schema",
    "$id",
    "$comment",
    "$anchor",
    "$defs",
    "definitions",
    "examples",
    "default",
    "deprecated",
    "readOnly",
    "writeOnly",
];

/// Values of `format` that are taken.
const FORMATS: &[&str] = &["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// Schemas within each other, after which nothing more is said: what refers to itself has no end.
const DEEPEST: usize = 24;

/// Schemas of one root, after which nothing more is said: references may multiply.
const MOST: usize = 4_096;

/// The name of the only member around an answer that is no object.
pub const WRAPPED: &str = "value";

/// A schema for the wire.
#[derive(Debug, Clone, PartialEq)]
pub struct Wire {
    /// The schema; its root is an object.
    pub schema: Value,
    /// Whether the answer comes as the member [`WRAPPED`] of an object, because the user's root is no object.
    pub is_wrapped: bool,
    /// Whether it has objects of any members, which no native way takes.
    pub has_open_objects: bool,
}

impl Wire {
    /// The form of a user's schema that every way takes.
    pub fn of(schema: &Value) -> Self {
        let mut weakener = Weakener { root: schema, left: MOST, has_open_objects: false };
        let mut weak = weakener.weaken(schema, DEEPEST);
        let is_wrapped = weak.get("type") != Some(&json!("object"));
        if is_wrapped {
            weak = json!({
                "type": "object", "properties": {WRAPPED: weak}, "required": [WRAPPED], "additionalProperties": false,
            });
        }
        Self { schema: weak, is_wrapped, has_open_objects: weakener.has_open_objects }
    }

    /// The schema as the input of a tool: Nova takes no more at the top than these.
    pub fn tool_input(&self) -> Value {
        let top = ["type", "properties", "required"];
        let members = top.into_iter().filter_map(|name| Some((name.to_owned(), self.schema.get(name)?.clone())));
        Value::Object(members.collect())
    }
}

struct Weakener<'a> {
    root: &'a Value,
    left: usize,
    has_open_objects: bool,
}

impl Weakener<'_> {
    fn weaken(&mut self, schema: &Value, depth: usize) -> Value {
        let Value::Object(schema) = schema else {
            return json!({});
        };
        self.left = self.left.saturating_sub(1);
        let Some(depth) = depth.checked_sub(1).filter(|_| self.left > 0) else {
            return json!({});
        };
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer)).cloned();
            return target.map_or_else(|| json!({}), |target| self.weaken(&target, depth));
        }
        let mut weak = Map::new();
        let mut words = Vec::new();
        for (keyword, value) in schema {
            match keyword.as_str() {
                dropped if DROPPED.contains(&dropped) => {}
                "format" if !value.as_str().is_some_and(|format| FORMATS.contains(&format)) => {
                    words.push(format!("format: {}", text(value)));
                }
                "pattern" if value.as_str().is_some_and(|pattern| pattern.contains("(?")) => {
                    words.push(format!("pattern: {}", text(value)));
                }
                "minItems" if value == &json!(0) || value == &json!(1) => {
                    weak.insert(keyword.clone(), value.clone());
                }
                said if SAID_IN_WORDS.contains(&said) => words.push(format!("{said}: {}", text(value))),
                "properties" => {
                    let properties = value.as_object().into_iter().flatten();
                    let properties = properties.map(|(name, value)| (name.clone(), self.weaken(value, depth)));
                    weak.insert(keyword.clone(), Value::Object(properties.collect()));
                }
                "items" => {
                    weak.insert(keyword.clone(), self.weaken(value, depth));
                }
                "anyOf" | "oneOf" | "allOf" => {
                    let branches = value.as_array().into_iter().flatten();
                    let branches = branches.map(|branch| self.weaken(branch, depth)).collect();
                    let keyword = if keyword == "oneOf" { "anyOf" } else { keyword };
                    weak.insert(keyword.to_owned(), Value::Array(branches));
                }
                // What it is, is decided below.
                "additionalProperties" => {}
                _ => {
                    weak.insert(keyword.clone(), value.clone());
                }
            }
        }
        self.close(schema, &mut weak);
        if !words.is_empty() {
            let said =
                weak.get("description").and_then(Value::as_str).map(|said| format!("{said} ")).unwrap_or_default();
            weak.insert("description".to_owned(), Value::String(format!("{said}({})", words.join("; "))));
        }
        Value::Object(weak)
    }

    /// An object has the members that are named and no others, unless none is named and any may come.
    fn close(&mut self, schema: &Map<String, Value>, weak: &mut Map<String, Value>) {
        let has_members = weak.get("properties").and_then(Value::as_object).is_some_and(|members| !members.is_empty());
        let is_object = schema.get("type").is_some_and(|kind| {
            kind == "object" || kind.as_array().is_some_and(|kinds| kinds.contains(&json!("object")))
        });
        let is_open = schema.get("additionalProperties") != Some(&Value::Bool(false));
        if !has_members && !is_object {
            return;
        }
        if !has_members && is_open {
            self.has_open_objects = true;
            return;
        }
        weak.entry("type").or_insert_with(|| json!("object"));
        weak.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
}

/// A keyword's value in words.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_said_in_words_at_every_depth() {
        let wire = Wire::of(&json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "age": {"type": "integer", "minimum": 0, "maximum": 150, "description": "In years."},
                "tags": {"type": "array", "items": {"type": "string", "maxLength": 9}, "minItems": 2, "uniqueItems": true},
                "name": {"oneOf": [{"type": "string", "pattern": "^[A-Z]"}, {"type": "null"}]},
                "code": {"type": "string", "pattern": "(?=x)", "format": "iban"},
                "when": {"type": "string", "format": "date"},
            },
            "required": ["age"],
        }));
        let expected = json!({
            "type": "object",
            "properties": {
                "age": {"type": "integer", "description": "In years. (minimum: 0; maximum: 150)"},
                "tags": {
                    "type": "array",
                    "items": {"type": "string", "description": "(maxLength: 9)"},
                    "description": "(minItems: 2; uniqueItems: true)",
                },
                "name": {"anyOf": [{"type": "string", "pattern": "^[A-Z]"}, {"type": "null"}]},
                "code": {"type": "string", "description": "(pattern: (?=x); format: iban)"},
                "when": {"type": "string", "format": "date"},
            },
            "required": ["age"],
            "additionalProperties": false,
        });
        // The order of a schema's members is not kept: only what is said counts.
        let words = |value: &Value| {
            let mut words: Vec<String> =
                value.as_str().unwrap().split(['(', ')', ';']).map(|word| word.trim().to_owned()).collect();
            words.sort();
            words
        };
        for member in ["age", "tags", "code"] {
            let path = format!("/properties/{member}/description");
            assert_eq!(words(wire.schema.pointer(&path).unwrap()), words(expected.pointer(&path).unwrap()));
        }
        for path in
            ["/properties/tags/items", "/properties/name", "/properties/when", "/required", "/additionalProperties"]
        {
            assert_eq!(wire.schema.pointer(path), expected.pointer(path), "{path}");
        }
        assert!(wire.schema.get("$schema").is_none() && !wire.is_wrapped && !wire.has_open_objects);
    }

    #[test]
    fn a_root_that_is_no_object_is_wrapped() {
        for root in
            [json!({"type": "array", "items": {"type": "number"}}), json!({"anyOf": [{"type": "string"}]}), json!({})]
        {
            let wire = Wire::of(&root);
            assert!(wire.is_wrapped);
            assert_eq!(wire.schema["required"], json!(["value"]), "{root}");
        }
        assert!(!Wire::of(&json!({"properties": {"a": {}}})).is_wrapped, "members make an object");
    }

    #[test]
    fn references_are_replaced_and_what_refers_to_itself_ends() {
        let wire = Wire::of(&json!({
            "type": "object",
            "properties": {"place": {"$ref": "#/$defs/place"}, "tree": {"$ref": "#/$defs/tree"}, "gone": {"$ref": "#/$defs/none"}},
            "$defs": {
                "place": {"type": "object", "properties": {"city": {"type": "string"}}},
                "tree": {"type": "object", "properties": {"one": {"$ref": "#/$defs/tree"}, "two": {"$ref": "#/$defs/tree"}}},
            },
        }));
        let place =
            json!({"type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": false});
        assert_eq!(wire.schema["properties"]["place"], place);
        assert_eq!(wire.schema["properties"]["gone"], json!({}));
        assert!(wire.schema.get("$defs").is_none());
        assert!(wire.schema.to_string().len() < 1_000_000);
        assert!(!wire.schema.to_string().contains("$ref"));
    }

    #[test]
    fn references_that_multiply_end() {
        let itself = json!({"$ref": "#"});
        let wire = Wire::of(&json!({"anyOf": [itself, itself, itself]}));
        assert!(wire.schema.to_string().matches("anyOf").count() <= MOST);
    }

    #[test]
    fn an_object_of_any_members_is_told() {
        assert!(Wire::of(&json!({"type": "object", "properties": {"any": {"type": "object"}}})).has_open_objects);
        let empty = json!({"type": "object", "additionalProperties": false});
        assert!(!Wire::of(&json!({"type": "object", "properties": {"none": empty}})).has_open_objects);
    }

    #[test]
    fn a_schema_of_any_other_members_is_not_sent() {
        let any = json!({"type": "object", "additionalProperties": {"type": "number"}});
        let wire = Wire::of(&json!({"type": "object", "properties": {"any": any}}));
        assert_eq!(wire.schema["properties"]["any"], json!({"type": "object"}));
    }

    #[test]
    fn a_least_number_of_items_that_every_model_takes_stays() {
        for (least, expected) in [
            (0, json!({"type": "array", "minItems": 0})),
            (1, json!({"type": "array", "minItems": 1})),
            (2, json!({"type": "array", "description": "(minItems: 2)"})),
        ] {
            let wire = Wire::of(&json!({"type": "array", "minItems": least}));
            assert_eq!(wire.schema["properties"]["value"], expected);
        }
    }

    #[test]
    fn a_tool_has_the_three_keywords_that_all_models_take() {
        let schema =
            json!({"type": "object", "description": "d", "properties": {"a": {"type": "string"}}, "required": ["a"]});
        let expected = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]});
        assert_eq!(Wire::of(&schema).tool_input(), expected);
    }
}
