//! InvokeModel for embeddings: the bodies of four families, and what each refuses.

use serde_json::{Map, Value, json};

use super::super::faults::Fault;
use super::super::reply::Reply;
use super::completion::dense_tokens;
use super::fields::{Fields, list, malformed};
use super::invalid;
use super::models::Embedding;
use super::vectors::vector;

/// The texts of a body, each on a line; none when it is no body of these.
pub(super) fn text(body: &Value) -> Option<String> {
    if let Some(texts) = body["texts"].as_array() {
        let line = |text: &Value| text.as_str().unwrap_or_default().replace('\n', " ");
        return Some(texts.iter().map(line).collect::<Vec<_>>().join("\n"));
    }
    body["singleEmbeddingParams"]["text"]["value"].as_str().map(str::to_owned)
}

pub(super) fn answer(form: Embedding, body: &Map<String, Value>, fault: Option<&Fault>) -> Result<Value, Reply> {
    let answer = match form {
        Embedding::Titan => titan(body)?,
        Embedding::CohereV3 => cohere_v3(body)?,
        Embedding::CohereV4 => cohere_v4(body)?,
        Embedding::Nova => nova(body)?,
    };
    Ok(if fault == Some(&Fault::NoText) { json!({"embedding": [], "embeddings": []}) } else { answer })
}

fn titan(body: &Map<String, Value>) -> Result<Value, Reply> {
    let fields = Fields::new("", body);
    fields.only(&["inputText", "dimensions", "normalize", "embeddingTypes"])?;
    let text = fields.required_text("inputText")?;
    length("inputText", text, 50_000)?;
    let tokens = dense_tokens(text);
    if tokens > 8192 {
        let message = format!("Too many input tokens. Max input tokens: 8192, request input token count: {tokens}");
        return Err(invalid(&format!("400 Bad Request: {message}")));
    }
    if body.get("normalize").is_some_and(|normalize| !normalize.is_boolean()) {
        return Err(malformed("normalize", "expected type: Boolean"));
    }
    let dimensions = dimensions(Embedding::Titan, "dimensions", body.get("dimensions"))?;
    let mut numbers: Vec<f64> = vector(text, dimensions).into_iter().map(f64::from).collect();
    if body.get("normalize") == Some(&json!(false)) {
        numbers.iter_mut().for_each(|number| *number *= 4.0);
    }
    Ok(json!({"embedding": numbers, "embeddingsByType": {"float": numbers}, "inputTextTokenCount": tokens}))
}

fn cohere_v3(body: &Map<String, Value>) -> Result<Value, Reply> {
    Fields::new("", body).only(&["texts", "input_type", "truncate", "embedding_types"])?;
    let texts = cohere(body, &["NONE", "START", "END"])?;
    for (place, text) in texts.iter().enumerate() {
        length(&format!("texts.{place}"), text, 2048)?;
    }
    let cuts = body.get("truncate").is_some_and(|truncate| truncate != "NONE");
    if !cuts && texts.iter().any(|text| dense_tokens(text) > 512) {
        return Err(invalid("Input is too long for requested model."));
    }
    let vectors: Vec<Value> = texts.iter().map(|text| decimals(&vector(text, 1024))).collect();
    Ok(json!({"id": "sandbox", "response_type": "embeddings_floats", "embeddings": vectors, "texts": texts}))
}

fn cohere_v4(body: &Map<String, Value>) -> Result<Value, Reply> {
    let fields = Fields::new("", body);
    fields.only(&["texts", "input_type", "truncate", "embedding_types", "output_dimension", "max_tokens"])?;
    let texts = cohere(body, &["NONE", "LEFT", "RIGHT"])?;
    for (place, text) in texts.iter().enumerate() {
        length(&format!("texts.{place}"), text, usize::MAX)?;
    }
    let dimensions = dimensions(Embedding::CohereV4, "output_dimension", body.get("output_dimension"))?;
    let vectors: Vec<Value> = texts.iter().map(|text| decimals(&vector(text, dimensions))).collect();
    let embeddings = match fields.texts("embedding_types")?.as_slice() {
        ["float"] => json!({"float": vectors}),
        [] => json!(vectors),
        _ => return Err(malformed("embedding_types.0", "only float is played here")),
    };
    Ok(json!({"id": "sandbox", "response_type": "embeddings_by_type", "embeddings": embeddings, "texts": texts}))
}

fn cohere(body: &Map<String, Value>, truncate: &[&str]) -> Result<Vec<String>, Reply> {
    let fields = Fields::new("", body);
    one_of(
        "input_type",
        fields.required("input_type")?,
        &["search_document", "search_query", "classification", "clustering"],
    )?;
    if let Some(given) = body.get("truncate") {
        one_of("truncate", given, truncate)?;
    }
    let texts = list("texts", body.get("texts"))?;
    if texts.is_empty() {
        return Err(malformed("texts", "expected minimum item count: 1, found: 0"));
    }
    if texts.len() > 96 {
        return Err(malformed("texts", &format!("expected maximum item count: 96, found: {}", texts.len())));
    }
    let text = |(place, text): (usize, &Value)| {
        let wrong = || malformed(&format!("texts.{place}"), "expected type: String");
        text.as_str().map(str::to_owned).ok_or_else(wrong)
    };
    texts.iter().enumerate().map(text).collect()
}

fn nova(body: &Map<String, Value>) -> Result<Value, Reply> {
    let fields = Fields::new("", body);
    fields.only(&["schemaVersion", "taskType", "singleEmbeddingParams"])?;
    one_of("taskType", fields.required("taskType")?, &["SINGLE_EMBEDDING"])?;
    let params = Fields::of("singleEmbeddingParams", fields.required("singleEmbeddingParams")?)?;
    params.only(&["embeddingPurpose", "embeddingDimension", "text"])?;
    let purposes = ["GENERIC_INDEX", "GENERIC_RETRIEVAL", "TEXT_RETRIEVAL", "CLASSIFICATION", "CLUSTERING"];
    one_of("singleEmbeddingParams.embeddingPurpose", params.required("embeddingPurpose")?, &purposes)?;
    let text = Fields::of("singleEmbeddingParams.text", params.required("text")?)?;
    text.only(&["truncationMode", "value"])?;
    let mode = text.required("truncationMode")?;
    one_of("singleEmbeddingParams.text.truncationMode", mode, &["START", "END", "NONE"])?;
    let value = text.required_text("value")?;
    length("singleEmbeddingParams.text.value", value, 8192)?;
    let given = &body["singleEmbeddingParams"]["embeddingDimension"];
    let dimensions = dimensions(
        Embedding::Nova,
        "singleEmbeddingParams.embeddingDimension",
        Some(given).filter(|of| !of.is_null()),
    )?;
    Ok(json!({"embeddings": [{"embeddingType": "TEXT", "embedding": decimals(&vector(value, dimensions))}]}))
}

fn one_of(path: &str, given: &Value, allowed: &[&str]) -> Result<(), Reply> {
    match given.as_str() {
        Some(word) if allowed.contains(&word) => Ok(()),
        _ => Err(malformed(path, &format!("{given} is not a valid enum value"))),
    }
}

fn length(path: &str, text: &str, most: usize) -> Result<(), Reply> {
    match text.chars().count() {
        0 => Err(malformed(path, "expected minLength: 1, actual: 0")),
        count if count > most => Err(malformed(path, &format!("expected maxLength: {most}, actual: {count}"))),
        _ => Ok(()),
    }
}

fn dimensions(form: Embedding, path: &str, given: Option<&Value>) -> Result<usize, Reply> {
    let all = form.dimensions();
    let Some(given) = given else {
        return Ok(all[0]);
    };
    let known = given.as_u64().and_then(|given| all.iter().find(|length| **length as u64 == given));
    known.copied().ok_or_else(|| malformed(path, &format!("{given} is not a valid enum value")))
}

/// Numbers with as few digits as tell a 32-bit float.
fn decimals(vector: &[f32]) -> Value {
    vector.iter().map(|number| number.to_string().parse::<f64>().unwrap_or_default()).collect()
}
