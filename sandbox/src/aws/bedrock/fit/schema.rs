//! Reading a JSON Schema: which of its many forms a part has.

use serde_json::Value;

/// The members of a choice, each with what is said of it.
pub(super) struct Member<'a> {
    pub(super) value: &'a Value,
    pub(super) description: &'a str,
}

/// What a part of a schema wants.
pub(super) enum Shape<'a> {
    Const(&'a Value),
    Choice(Vec<Member<'a>>),
    AnyOf(&'a [Value]),
    AllOf,
    /// One of these types; null is not among them unless it is the only one.
    Types(Vec<&'a str>),
}

impl<'a> Shape<'a> {
    pub(super) fn of(schema: &'a Value) -> Self {
        if let Some(value) = schema.get("const") {
            return Self::Const(value);
        }
        if let Some(members) = schema["enum"].as_array() {
            return Self::Choice(members.iter().map(|value| Member { value, description: "" }).collect());
        }
        if let Some(branches) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
            // Labels with a description each are written so.
            let label = |branch: &'a Value| {
                let description = branch["description"].as_str().unwrap_or_default();
                Some(Member { value: branch.get("const")?, description })
            };
            return match branches.iter().map(label).collect() {
                Some(members) => Self::Choice(members),
                None => Self::AnyOf(branches),
            };
        }
        if schema["allOf"].is_array() {
            return Self::AllOf;
        }
        Self::Types(types(schema))
    }
}

/// The types that are named, or that the keywords mean; null comes last.
fn types(schema: &Value) -> Vec<&str> {
    let mut types: Vec<&str> = match &schema["type"] {
        Value::String(name) => vec![name.as_str()],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ if schema["properties"].is_object() => vec!["object"],
        _ if schema.get("items").is_some() => vec!["array"],
        _ => Vec::new(),
    };
    types.sort_by_key(|name| *name == "null");
    types
}

/// Whether null fits. A schema that says nothing takes everything.
pub(super) fn admits_null(root: &Value, schema: &Value) -> bool {
    match Shape::of(schema) {
        Shape::Const(value) => value.is_null(),
        Shape::Choice(members) => members.iter().any(|member| member.value.is_null()),
        Shape::AnyOf(branches) => branches.iter().any(|branch| {
            let branch = resolved(root, branch);
            branch["type"] == "null" || branch.get("const").is_some_and(Value::is_null)
        }),
        Shape::AllOf => false,
        Shape::Types(types) => types.is_empty() || types.contains(&"null"),
    }
}

/// The schema that `$ref` names, or the schema itself.
pub(super) fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    for _ in 0..8 {
        let Some(next) = schema["$ref"].as_str().and_then(|name| root.pointer(name.strip_prefix('#')?)) else {
            break;
        };
        schema = next;
    }
    schema
}

/// The properties of an object, those of its `allOf` included, and the names that have to be there.
pub(super) fn children<'a>(root: &'a Value, schema: &'a Value) -> (Vec<(&'a String, &'a Value)>, Vec<String>) {
    let parts = schema["allOf"].as_array().map_or(&[][..], Vec::as_slice);
    let parts = || std::iter::once(schema).chain(parts.iter().map(|part| resolved(root, part)));
    let properties = parts().filter_map(|part| part["properties"].as_object()).flatten().collect();
    let required = parts().filter_map(|part| part["required"].as_array()).flatten();
    (properties, required.filter_map(|name| name.as_str().map(str::to_owned)).collect())
}

/// Whether a JSON value in instructions is a schema, and no example.
pub(super) fn is_schema(value: &Value) -> bool {
    const TYPES: [&str; 6] = ["object", "array", "string", "number", "integer", "boolean"];
    let typed = value["type"].as_str().is_some_and(|name| TYPES.contains(&name));
    let object = value["type"] == "object" && value["properties"].is_object();
    object || (typed && value["type"] != "object") || value["enum"].is_array() || value["anyOf"].is_array()
}
