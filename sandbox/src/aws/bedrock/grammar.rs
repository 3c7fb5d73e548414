//! Which schemas can be compiled into a grammar that an answer is held to: a part of JSON Schema, and not too much of it.
//! The rules are Claude's, the strictest; they are played for every model.

use serde_json::{Map, Value};

/// Properties that need not be there, in the whole schema.
const OPTIONAL: usize = 24;
/// Parts with several types or branches.
const UNIONS: usize = 16;
/// Parts in all, those behind a reference counted each time.
const PARTS: usize = 2048;

const KEYWORDS: [&str; 25] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "contains",
    "minContains",
    "maxContains",
    "prefixItems",
    "patternProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "unevaluatedProperties",
    "unevaluatedItems",
    "if",
    "then",
    "else",
    "not",
    "oneOf",
];

const FORMATS: [&str; 10] =
    ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// Why a schema is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("output_config.format.schema: {0}")]
    Refused(String),
    #[error("compilation exceeded limits: Schema is too complex")]
    TooComplex,
}

pub(super) fn check(schema: &Value) -> Result<(), Problem> {
    let mut walk = Walk { root: schema, behind: Vec::new(), optional: 0, unions: 0, parts: 0 };
    walk.part(schema)?;
    if walk.optional > OPTIONAL || walk.unions > UNIONS { Err(Problem::TooComplex) } else { Ok(()) }
}

struct Walk<'a> {
    root: &'a Value,
    /// The references that led here.
    behind: Vec<&'a str>,
    optional: usize,
    unions: usize,
    parts: usize,
}

impl<'a> Walk<'a> {
    fn part(&mut self, schema: &'a Value) -> Result<(), Problem> {
        self.parts += 1;
        if self.parts > PARTS {
            return Err(Problem::TooComplex);
        }
        let members = schema.as_object().ok_or_else(|| refused("Schema must be an object"))?;
        let named = named_type(schema);
        if let Some(keyword) = members.keys().find(|name| KEYWORDS.contains(&name.as_str())) {
            return Err(refused(&format!("For '{named}' type, property '{keyword}' is not supported")));
        }
        if schema["minItems"].as_u64().is_some_and(|least| least > 1) {
            return Err(refused("For 'array' type, 'minItems' values other than 0 or 1 are not supported"));
        }
        let types = schema["type"].as_array().map_or(&[][..], Vec::as_slice);
        if (schema["type"] == "object" || types.iter().any(|name| name == "object"))
            && schema.get("additionalProperties") != Some(&Value::Bool(false))
        {
            return Err(refused("For 'object' type, 'additionalProperties' must be explicitly set to false"));
        }
        string(schema)?;
        self.unions += usize::from(types.len() > 1 || schema["anyOf"].is_array());
        self.properties(members)?;
        for name in ["anyOf", "allOf"] {
            for branch in schema[name].as_array().into_iter().flatten() {
                self.part(branch)?;
            }
        }
        if let Some(items) = schema.get("items") {
            self.part(items)?;
        }
        match schema["$ref"].as_str() {
            Some(name) => self.reference(name),
            None => Ok(()),
        }
    }

    fn properties(&mut self, members: &'a Map<String, Value>) -> Result<(), Problem> {
        let required = members.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for (name, property) in members.get("properties").and_then(Value::as_object).into_iter().flatten() {
            self.optional += usize::from(!required.iter().any(|required| required == name));
            self.part(property)?;
        }
        Ok(())
    }

    fn reference(&mut self, name: &'a str) -> Result<(), Problem> {
        let root = self.root;
        let schema = name.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        let schema = schema.ok_or_else(|| refused(&format!("$ref '{name}' cannot be resolved")))?;
        if name == "#" || self.behind.contains(&name) {
            return Err(refused(&format!("Circular reference detected in schema definitions: {name}")));
        }
        self.behind.push(name);
        let result = self.part(schema);
        self.behind.pop();
        result
    }
}

fn string(schema: &Value) -> Result<(), Problem> {
    if let Some(format) = schema["format"].as_str().filter(|format| !FORMATS.contains(format)) {
        return Err(refused(&format!("String format '{format}' is not supported")));
    }
    let pattern = schema["pattern"].as_str().unwrap_or_default();
    if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|around| pattern.contains(around)) {
        return Err(refused("Look-around in 'pattern' is not supported"));
    }
    Ok(())
}

fn named_type(schema: &Value) -> &str {
    schema["type"].as_str().unwrap_or("any")
}

fn refused(problem: &str) -> Problem {
    Problem::Refused(problem.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem(schema: &Value) -> String {
        check(schema).map_or_else(|problem| problem.to_string(), |()| "none".to_owned())
    }

    fn object(property: &Value) -> Value {
        json!({"type": "object", "properties": {"a": property}, "required": ["a"], "additionalProperties": false})
    }

    #[test]
    fn what_can_be_compiled() {
        let definition = json!({"type": "string", "format": "email", "pattern": "^a+$"});
        for property in [
            json!({"type": ["string", "null"], "enum": ["a", null]}),
            json!({"anyOf": [{"const": 1, "description": "one"}, {"type": "null"}]}),
            json!({"type": "array", "items": object(&json!({"type": "integer"})), "minItems": 1}),
            json!({"$ref": "#/$defs/d"}),
            // A property may be called like a keyword.
            json!({"type": "object", "properties": {"not": {"type": "string"}}, "required": ["not"], "additionalProperties": false}),
        ] {
            let mut schema = object(&property);
            schema["$defs"] = json!({ "d": definition });
            assert_eq!(problem(&schema), "none", "{property}");
        }
    }

    #[test]
    fn what_is_refused() {
        for (property, part) in [
            (json!({"type": "object"}), "'additionalProperties' must be explicitly set to false"),
            (json!({"type": ["object", "null"]}), "'additionalProperties' must be explicitly set to false"),
            (json!({"type": "integer", "minimum": 1}), "For 'integer' type, property 'minimum' is not supported"),
            (json!({"type": "string", "maxLength": 1}), "property 'maxLength'"),
            (json!({"type": "array", "items": {}, "minItems": 2}), "'minItems' values"),
            (json!({"oneOf": [{"type": "string"}]}), "property 'oneOf'"),
            (json!({"type": "string", "format": "phone"}), "format 'phone'"),
            (json!({"type": "string", "pattern": "(?=a)"}), "Look-around"),
            (json!({"$ref": "#"}), "Circular reference"),
            (json!({"$ref": "#/properties/a"}), "Circular reference"),
            (json!({"$ref": "https://example.com/a.json"}), "cannot be resolved"),
            (json!(true), "must be an object"),
        ] {
            let problem = problem(&object(&property));
            let begins = problem.starts_with("output_config.format.schema: ");
            assert!(begins && problem.contains(part), "{property}: {problem}");
        }
    }

    #[test]
    fn what_is_too_much() {
        let many = |count: usize, property: &Value| -> Value {
            let properties: Map<String, Value> = (0..count).map(|n| (format!("p{n}"), property.clone())).collect();
            json!({"type": "object", "properties": properties, "additionalProperties": false})
        };
        let too_complex = "compilation exceeded limits: Schema is too complex";
        assert_eq!(problem(&many(24, &json!({"type": "string"}))), "none");
        assert_eq!(problem(&many(25, &json!({"type": "string"}))), too_complex);
        let union = json!({"type": ["string", "null"]});
        assert_eq!(problem(&many(16, &union)), "none");
        assert_eq!(problem(&many(17, &union)), too_complex);
        // References that double at each step.
        let steps = (0..14).map(|n| {
            let next = json!({"$ref": format!("#/$defs/d{}", n + 1)});
            (format!("d{n}"), json!({"allOf": [next, next]}))
        });
        let definitions: Map<String, Value> = steps.chain([("d14".to_owned(), json!({"type": "string"}))]).collect();
        assert_eq!(problem(&json!({"$ref": "#/$defs/d0", "$defs": definitions})), too_complex);
    }
}
