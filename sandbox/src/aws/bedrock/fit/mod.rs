//! What a model answers when JSON of a schema is wanted: the same for the same question, and sensible enough to be
//! shown. It is made from the schema alone, so that no text of a user can make it another form.

mod choose;
mod condition;
mod dates;
pub(super) mod find;
mod kind;
mod numbers;
mod schema;
mod strings;
#[cfg(test)]
mod tests;
mod words;

use serde_json::{Map, Value, json};

use find::split;
use schema::{Shape, admits_null, children, resolved};

/// Deeper than this a schema is only filled: it may hold itself.
const DEPTH: usize = 24;
/// What the row's text begins with.
const MARK: &str = "<text>";

/// The answer, in the form of `schema`, to `text` under the instructions `system`.
#[must_use]
pub fn fit(schema: &Value, system: &str, text: &str) -> Value {
    let (instructions, text) = parts(system, text);
    let source = Source { root: schema, instructions: &instructions, text };
    source.value(&Field::root(), schema, 0)
}

/// The schema that the instructions hold, which every model can be asked to keep to.
pub(super) fn asked_for(system: &str, text: &str) -> Option<Value> {
    let (instructions, _) = parts(system, text);
    let starts = instructions.match_indices('{').map(|(at, _)| at).take(16);
    starts.filter_map(|at| first_value(&instructions[at..])).find(schema::is_schema)
}

fn first_value(text: &str) -> Option<Value> {
    serde_json::Deserializer::from_str(text).into_iter().next()?.ok()
}

/// The instructions, and the text that they are about: what is between `<text>` and the last `</text>`, if it is
/// marked so. Instructions may speak of the mark: the one that begins a line counts before any other.
fn parts<'a>(system: &str, text: &'a str) -> (String, &'a str) {
    let marked = || {
        let at = if text.starts_with(MARK) { Some(0) } else { text.find("\n<text>").map(|at| at + 1) };
        let (before, rest) = text.split_at_checked(at.or_else(|| text.find(MARK))?)?;
        let (inside, after) = rest.strip_prefix(MARK)?.rsplit_once("</text>")?;
        Some((format!("{system}\n{before}\n{after}"), inside.trim()))
    };
    marked().unwrap_or_else(|| (system.to_owned(), text))
}

/// Where values come from.
struct Source<'a> {
    /// The whole schema, for `$ref`.
    root: &'a Value,
    instructions: &'a str,
    text: &'a str,
}

/// What is known of a value beside its schema.
struct Field<'a> {
    name: &'a str,
    description: &'a str,
}

impl<'a> Field<'a> {
    fn root() -> Self {
        Self { name: "", description: "" }
    }

    /// The same field, described by the schema where that says something.
    fn under(&self, schema: &'a Value) -> Field<'a>
    where
        Self: 'a,
    {
        Field { name: self.name, description: schema["description"].as_str().unwrap_or(self.description) }
    }
}

impl<'a> Source<'a> {
    /// What is found in the text, or else what says least.
    fn value(&self, field: &Field<'a>, schema: &'a Value, depth: usize) -> Value {
        self.found(field, schema, depth).unwrap_or_else(|| self.empty(schema, depth))
    }

    /// What is found in the text for this part of the schema.
    fn found(&self, field: &Field<'a>, schema: &'a Value, depth: usize) -> Option<Value> {
        if depth > DEPTH {
            return None;
        }
        let schema = resolved(self.root, schema);
        let field = field.under(schema);
        match Shape::of(schema) {
            Shape::Const(value) => Some(value.clone()),
            Shape::Choice(members) => choose::choose(&members, self.instructions, self.text),
            Shape::AnyOf(branches) => branches
                .iter()
                .filter(|branch| branch["type"] != "null")
                .find_map(|branch| self.found(&field, branch, depth + 1)),
            Shape::AllOf => self.found_object(schema, depth),
            Shape::Types(types) => types.iter().find_map(|name| match *name {
                "object" => self.found_object(schema, depth),
                "array" => self.found_array(&field, schema, depth),
                "boolean" => Some(json!(condition::holds(field.name, field.description, self.instructions, self.text))),
                "integer" | "number" => {
                    numbers::find(field.name, field.description, self.text, schema, *name == "integer")
                }
                "string" => strings::find(&field, schema, self.text),
                _ => None,
            }),
        }
    }

    /// An object is found when something of it is.
    fn found_object(&self, schema: &'a Value, depth: usize) -> Option<Value> {
        let (object, found) = self.object(schema, depth);
        found.then_some(object)
    }

    /// The object, and whether anything in it was found. What need not be there and is not found is left out.
    fn object(&self, schema: &'a Value, depth: usize) -> (Value, bool) {
        let mut object = Map::new();
        let mut any = false;
        let (properties, required) = children(self.root, schema);
        for (name, property) in &properties {
            let field = Field { name, description: "" };
            let found = self.found(&field, property, depth + 1);
            // A boolean is always answered, and a constant always known: neither says that there is something.
            any |= found.as_ref().is_some_and(|value| !value.is_boolean() && property.get("const").is_none());
            let is_required = required.contains(name);
            if let Some(value) = found.or_else(|| is_required.then(|| self.empty(property, depth + 1))) {
                object.insert((*name).to_owned(), value);
            }
        }
        for name in required {
            object.entry(name).or_insert(Value::Null);
        }
        (Value::Object(object), any)
    }

    fn found_array(&self, field: &Field<'a>, schema: &'a Value, depth: usize) -> Option<Value> {
        let item = resolved(self.root, schema.get("items")?);
        let most = schema["maxItems"].as_u64().map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
        let mut items: Vec<Value> = match Shape::of(item) {
            Shape::Choice(members) => choose::all(&members, self.instructions, self.text),
            Shape::Types(types) if types.contains(&"string") => strings::all(&field.under(item), item, self.text),
            Shape::Types(types) if types.contains(&"object") => split(self.text)
                .into_iter()
                .filter_map(|text| Source { text, ..*self }.found(&Field::root(), item, depth + 1))
                .collect(),
            _ => self.found(field, item, depth + 1).into_iter().collect(),
        };
        items.truncate(most);
        let least = usize::try_from(schema["minItems"].as_u64().unwrap_or(0).min(64)).unwrap_or(0);
        (!items.is_empty() && items.len() >= least).then_some(Value::Array(items))
    }

    /// What says least: null where it may be.
    fn empty(&self, schema: &'a Value, depth: usize) -> Value {
        let schema = resolved(self.root, schema);
        if depth > DEPTH || admits_null(self.root, schema) {
            return Value::Null;
        }
        match Shape::of(schema) {
            Shape::Const(value) => value.clone(),
            Shape::Choice(members) => choose::least(&members),
            Shape::AnyOf(branches) => branches.first().map_or(Value::Null, |branch| self.empty(branch, depth + 1)),
            Shape::AllOf => self.object(schema, depth).0,
            Shape::Types(types) => match types.first().copied().unwrap_or("null") {
                "object" => self.object(schema, depth).0,
                "array" => {
                    let least = usize::try_from(schema["minItems"].as_u64().unwrap_or(0).min(64)).unwrap_or(0);
                    let item = schema.get("items").unwrap_or(&Value::Null);
                    Value::Array((0..least).map(|_| self.empty(item, depth + 1)).collect())
                }
                "boolean" => json!(false),
                "integer" | "number" => numbers::within(0.0, schema, types.contains(&"integer")),
                "string" => strings::empty(schema),
                _ => Value::Null,
            },
        }
    }
}
