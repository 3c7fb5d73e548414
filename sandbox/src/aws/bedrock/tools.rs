//! `toolConfig`: which tools a model is offered, and which it uses.

use serde_json::{Map, Value};

use super::super::reply::Reply;
use super::fields::{Fields, list, malformed};
use super::invalid;
use super::models::{Family, Model, Tools};

/// The tool that is used.
#[derive(Debug, Clone)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) schema: Value,
}

/// The tool that the model uses: the one it is told to, or else the first.
pub(super) fn tool(model: &Model, body: &Map<String, Value>) -> Result<Option<Tool>, Reply> {
    let Some(config) = body.get("toolConfig") else {
        let messages = body.get("messages").and_then(Value::as_array).into_iter().flatten();
        let mut blocks = messages.filter_map(|message| message["content"].as_array()).flatten();
        return if blocks.any(|block| block.get("toolUse").or_else(|| block.get("toolResult")).is_some()) {
            Err(invalid("The toolConfig field must be defined when using toolUse and toolResult content blocks."))
        } else {
            Ok(None)
        };
    };
    if model.tools == Tools::None {
        return Err(invalid("This model doesn't support tool use."));
    }
    let fields = Fields::of("toolConfig", config)?;
    fields.only(&["tools", "toolChoice"])?;
    let offered = list("toolConfig.tools", Some(fields.required("tools")?))?;
    if offered.is_empty() {
        return Err(invalid(
            "1 validation error detected: Value at 'toolConfig.tools' failed to satisfy constraint: Member must have \
             length greater than or equal to 1",
        ));
    }
    let mut tools = Vec::new();
    for (at, tool) in offered.iter().enumerate() {
        tools.extend(spec(model, at, tool)?);
    }
    let first = || tools.first().cloned();
    match config.get("toolChoice") {
        None => Ok(first()),
        Some(choice) => match forced(model, choice)? {
            None => Ok(first()),
            Some(name) => match tools.iter().find(|tool| tool.name == name) {
                Some(tool) => Ok(Some(tool.clone())),
                None => Err(invalid(&format!(
                    "The value at toolConfig.toolChoice.tool.name is not the name of a tool in toolConfig.tools: {name}"
                ))),
            },
        },
    }
}

/// The name of the tool that has to be used, if any has.
fn forced<'a>(model: &Model, choice: &'a Value) -> Result<Option<&'a str>, Reply> {
    let fields = Fields::of("toolConfig.toolChoice", choice)?;
    fields.only(&["auto", "any", "tool"])?;
    if choice.as_object().is_none_or(|members| members.len() != 1) {
        return Err(invalid("The ToolChoice object at toolConfig.toolChoice must set exactly one member."));
    }
    let Some(tool) = choice.get("tool") else {
        return Ok(None);
    };
    if model.tools != Tools::Forced {
        return Err(invalid(
            "This model doesn't support the toolConfig.toolChoice.tool field. Remove toolConfig.toolChoice.tool and \
             try again.",
        ));
    }
    let fields = Fields::of("toolConfig.toolChoice.tool", tool)?;
    fields.only(&["name"])?;
    fields.required_text("name").map(Some)
}

/// One tool; none when it is one of the service's own, or a cache point.
fn spec(model: &Model, at: usize, tool: &Value) -> Result<Option<Tool>, Reply> {
    let path = format!("toolConfig.tools.{at}");
    Fields::of(&path, tool)?.only(&["toolSpec", "systemTool", "cachePoint"])?;
    let Some(spec) = tool.get("toolSpec") else {
        return Ok(None);
    };
    let path = format!("{path}.toolSpec");
    let fields = Fields::of(&path, spec)?;
    fields.only(&["name", "description", "inputSchema", "strict"])?;
    let name = fields.required_text("name")?;
    check_name(model, &path, at, name)?;
    if fields.optional_text("description")?.is_some_and(str::is_empty) {
        return Err(malformed(&format!("{path}.description"), "expected minLength: 1, actual: 0"));
    }
    if let Some(strict) = spec.get("strict") {
        if !strict.is_boolean() {
            return Err(malformed(&format!("{path}.strict"), "expected type: Boolean"));
        }
        if !model.strict {
            return Err(invalid(&format!("tools.{at}.custom.strict: Extra inputs are not permitted")));
        }
    }
    let path = format!("{path}.inputSchema");
    let input = Fields::of(&path, fields.required("inputSchema")?)?;
    input.only(&["json"])?;
    let schema = input.required("json")?;
    let path = format!("{path}.json");
    let members = Fields::of(&path, schema)?;
    if schema["type"] != "object" {
        return Err(invalid(&format!("The value at {path}.type must be one of the following: object.")));
    }
    if model.family == Family::Nova {
        members.only(&["type", "properties", "required"])?;
    }
    Ok(Some(Tool { name: name.to_owned(), schema: schema.clone() }))
}

fn check_name(model: &Model, path: &str, at: usize, name: &str) -> Result<(), Reply> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if !plain || !(1..=64).contains(&name.len()) {
        return Err(invalid(&format!(
            "1 validation error detected: Value '{name}' at 'toolConfig.tools.{}.member.toolSpec.name' failed to \
             satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+",
            at + 1
        )));
    }
    if model.family == Family::Nova && name.contains('-') {
        let problem = format!("string [{name}] does not match pattern ^[a-zA-Z0-9_]+$");
        return Err(malformed(&format!("{path}.name"), &problem));
    }
    Ok(())
}
