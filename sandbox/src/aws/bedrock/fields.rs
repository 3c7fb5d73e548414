//! Reading a JSON object strictly: what is absent, unknown, of another type or out of range is refused.

use serde_json::{Map, Value};

use super::super::reply::Reply;
use super::invalid;

/// An object and where it is in the body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'p, 'a> {
    path: &'p str,
    members: &'a Map<String, Value>,
}

impl<'p, 'a> Fields<'p, 'a> {
    pub(super) fn new(path: &'p str, members: &'a Map<String, Value>) -> Self {
        Self { path, members }
    }

    pub(super) fn of(path: &'p str, value: &'a Value) -> Result<Self, Reply> {
        let members = value.as_object().ok_or_else(|| malformed(path, "expected type: JSONObject"))?;
        Ok(Self { path, members })
    }

    /// No members but these.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), Reply> {
        match self.members.keys().find(|name| !names.contains(&name.as_str())) {
            Some(name) => Err(malformed(self.path, &format!("extraneous key [{name}] is not permitted"))),
            None => Ok(()),
        }
    }

    pub(super) fn required(&self, name: &str) -> Result<&'a Value, Reply> {
        self.members.get(name).ok_or_else(|| malformed(self.path, &format!("required key [{name}] not found")))
    }

    pub(super) fn required_text(&self, name: &str) -> Result<&'a str, Reply> {
        self.required(name)?.as_str().ok_or_else(|| self.wrong(name, "expected type: String"))
    }

    pub(super) fn optional_text(&self, name: &str) -> Result<Option<&'a str>, Reply> {
        self.members.get(name).map(|_| self.required_text(name)).transpose()
    }

    pub(super) fn positive(&self, name: &str) -> Result<Option<u64>, Reply> {
        let Some(value) = self.members.get(name) else {
            return Ok(None);
        };
        let number = value.as_i64().ok_or_else(|| self.wrong(name, "expected type: Integer"))?;
        match u64::try_from(number) {
            Ok(number) if number >= 1 => Ok(Some(number)),
            _ => Err(self.wrong(name, &format!("{number} is not greater or equal to 1"))),
        }
    }

    pub(super) fn number(&self, name: &str, least: f64, most: f64) -> Result<Option<f64>, Reply> {
        let Some(value) = self.members.get(name) else {
            return Ok(None);
        };
        let number = value.as_f64().ok_or_else(|| self.wrong(name, "expected type: Number"))?;
        if (least..=most).contains(&number) {
            Ok(Some(number))
        } else {
            Err(self.wrong(name, &format!("{number} is not between {least} and {most}")))
        }
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<&'a str>, Reply> {
        list(name, self.members.get(name))?
            .iter()
            .map(|item| item.as_str().ok_or_else(|| self.wrong(name, "expected type: String")))
            .collect()
    }

    fn wrong(&self, name: &str, problem: &str) -> Reply {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        malformed(&path, problem)
    }
}

/// A list; an absent one is empty.
pub(super) fn list<'a>(path: &str, value: Option<&'a Value>) -> Result<&'a [Value], Reply> {
    match value {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(malformed(path, "expected type: JSONArray")),
    }
}

pub(super) fn malformed(path: &str, problem: &str) -> Reply {
    let pointer = path.replace('.', "/");
    let slash = if pointer.is_empty() { "" } else { "/" };
    invalid(&format!(
        "Malformed input request: #{slash}{pointer}: {problem}, please reformat your input and try again."
    ))
}
