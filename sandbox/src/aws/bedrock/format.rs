//! `outputConfig`: a schema that the answer keeps to, and how hard the model tries.

use serde_json::Value;

use super::super::reply::Reply;
use super::fields::Fields;
use super::models::Model;
use super::{grammar, invalid};

const EFFORTS: [&str; 5] = ["low", "medium", "high", "xhigh", "max"];

/// The schema of the answer, if there is one.
pub(super) fn format(model: &Model, config: Option<&Value>) -> Result<Option<Value>, Reply> {
    let Some(config) = config else {
        return Ok(None);
    };
    let fields = Fields::of("outputConfig", config)?;
    fields.only(&["textFormat", "effort"])?;
    if config.get("effort").is_some() {
        effort(model, fields.required_text("effort")?)?;
    }
    config.get("textFormat").map(|format| text_format(model, format)).transpose()
}

fn effort(model: &Model, effort: &str) -> Result<(), Reply> {
    if effort.chars().count() > 16 {
        return Err(invalid(&format!(
            "1 validation error detected: Value '{effort}' at 'outputConfig.effort' failed to satisfy constraint: \
             Member must have length less than or equal to 16"
        )));
    }
    if !model.effort {
        return Err(invalid("output_config.effort: Extra inputs are not permitted"));
    }
    if !EFFORTS.contains(&effort) {
        return Err(invalid("output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'"));
    }
    Ok(())
}

fn text_format(model: &Model, format: &Value) -> Result<Value, Reply> {
    let fields = Fields::of("outputConfig.textFormat", format)?;
    fields.only(&["type", "structure"])?;
    let kind = fields.required_text("type")?;
    if kind != "json_schema" {
        return Err(invalid(&format!(
            "1 validation error detected: Value '{kind}' at 'outputConfig.textFormat.type' failed to satisfy \
             constraint: Member must satisfy enum value set: [json_schema]"
        )));
    }
    let fields = Fields::of("outputConfig.textFormat.structure", fields.required("structure")?)?;
    fields.only(&["jsonSchema"])?;
    let fields = Fields::of("outputConfig.textFormat.structure.jsonSchema", fields.required("jsonSchema")?)?;
    fields.only(&["schema", "name", "description"])?;
    fields.optional_text("name")?;
    fields.optional_text("description")?;
    let schema = fields.required_text("schema")?;
    if !model.format {
        return Err(invalid("output_config.format: Extra inputs are not permitted"));
    }
    let schema: Value = serde_json::from_str(schema)
        .map_err(|error| invalid(&format!("output_config.format.schema: Invalid JSON: {error}")))?;
    grammar::check(&schema).map_err(|problem| invalid(&problem.to_string()))?;
    Ok(schema)
}
