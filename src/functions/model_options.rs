//! The options of functions that ask a model.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::bedrock::{Format, Guardrail, Inference};
use crate::function::{Options, Refusal, refused_option};

/// The options of every such function. Those that give the form of the answer themselves have no `response_format`.
const OPTIONS: &[&str] = &[
    "additional_fields",
    "dedupe",
    "effort",
    "guardrail",
    "max_tokens",
    "on_error",
    "performance",
    "response_format",
    "service_tier",
    "stop_sequences",
    "temperature",
    "top_p",
];

/// What a model can be asked for at most, by any model of 2026.
const MOST_TOKENS: i32 = 1_000_000;

/// Source: `stopSequences` in the service's model; a model's own limit is smaller.
const MOST_STOP_SEQUENCES: usize = 2_500;

/// Source: `guardrailIdentifier` in the service's model.
const LONGEST_GUARDRAIL: usize = 2_048;

/// Checked options.
#[derive(Debug, Default, PartialEq)]
pub struct ModelOptions {
    /// How the model is asked.
    pub inference: Arc<Inference>,
    /// Those that make it another question, in canonical form; empty if none does.
    pub text: String,
    /// Whether equal rows share an answer.
    pub dedupe: bool,
    /// Whether a row's fault fails the statement.
    pub must_be_answered: bool,
}

/// Reads options, and keeps the last that it has read: a schema is costly to read, and the rows of a statement mostly have the same.
#[derive(Debug, Default)]
pub struct OptionsReader {
    last: Mutex<Option<(Box<str>, Arc<ModelOptions>)>>,
}

impl OptionsReader {
    /// The options of one row. A function whose answers have a `form` of their own has no `response_format`.
    ///
    /// # Errors
    ///
    /// An unknown option, or a value that cannot be, told with what is allowed.
    pub fn read(&self, json: Option<&str>, form: Option<&str>) -> Result<Arc<ModelOptions>, Refusal> {
        let key = format!("{}\0{}", json.unwrap_or_default(), form.unwrap_or_default());
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, options)) = last.filter(|(text, _)| **text == *key) {
            return Ok(options);
        }
        let options = Arc::new(parse(json, form)?);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((key.into(), Arc::clone(&options)));
        Ok(options)
    }
}

fn parse(json: Option<&str>, form: Option<&str>) -> Result<ModelOptions, Refusal> {
    let known: Vec<&str> =
        OPTIONS.iter().copied().filter(|name| form.is_none() || *name != "response_format").collect();
    let options = Options::read(json, &known)?;
    let from_0_to_1 = |name| options.get(name, "a number from 0 to 1", |share: &f32| (0.0..=1.0).contains(share));
    let format = match form {
        Some(form) => Some(Format::of(form).map_err(no_schema)?),
        None => format(&options)?,
    };
    let additional_fields = options.get("additional_fields", "an object", Value::is_object)?;
    let inference = Inference {
        max_tokens: options
            .get("max_tokens", "a whole number from 1 to 1000000", |tokens: &i32| (1..=MOST_TOKENS).contains(tokens))?,
        temperature: from_0_to_1("temperature")?,
        top_p: from_0_to_1("top_p")?,
        stop_sequences: options
            .get("stop_sequences", "an array of 1 to 2500 strings that are not empty", |texts: &Vec<String>| {
                (1..=MOST_STOP_SEQUENCES).contains(&texts.len()) && texts.iter().all(|text| !text.is_empty())
            })?
            .unwrap_or_default(),
        format,
        guardrail: guardrail(&options)?,
        service_tier: word(&options, "service_tier", &["priority", "default", "flex", "reserved"])?,
        performance: word(&options, "performance", &["standard", "optimized"])?,
        effort: word(&options, "effort", &["low", "medium", "high", "xhigh", "max"])?,
        additional_fields,
    };
    let on_error = word(&options, "on_error", &["null", "fail"])?;
    let dedupe = options.get("dedupe", "true or false", |_: &bool| true)?.unwrap_or(true);
    Ok(ModelOptions {
        inference: Arc::new(inference),
        text: options.text_without(&["dedupe", "on_error"]),
        dedupe,
        must_be_answered: on_error == Some("fail"),
    })
}

/// One of several words, in any case.
fn word(options: &Options<'_>, name: &str, words: &[&'static str]) -> Result<Option<&'static str>, Refusal> {
    let allowed = format!("one of {}", words.join(", "));
    let meant: Vec<(&str, &'static str)> = words.iter().map(|word| (*word, *word)).collect();
    options.word(name, &allowed, &meant)
}

/// A JSON Schema, or as other systems have it: `{"type": "json", "schema": {…}}`.
fn format(options: &Options<'_>) -> Result<Option<Format>, Refusal> {
    let Some(given) = options.get("response_format", "an object, which is a JSON Schema", Value::is_object)? else {
        return Ok(None);
    };
    // No schema is of the type json.
    let is_around = given["type"] == "json" && given["schema"].is_object();
    let schema = if is_around { &given["schema"] } else { &given };
    Format::of(&schema.to_string()).map(Some).map_err(no_schema)
}

fn no_schema(what: String) -> Refusal {
    refused_option("response_format", &format!("is no JSON Schema that can be used: {what}"))
}

fn guardrail(options: &Options<'_>) -> Result<Option<Guardrail>, Refusal> {
    let allowed = "an object {\"id\": the id or the ARN of a guardrail, \"version\": a number or \"DRAFT\"}";
    let Some(given) = options.get("guardrail", allowed, Value::is_object)? else {
        return Ok(None);
    };
    let text = |name: &str| match &given[name] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    let (id, version) = (text("id"), text("version"));
    let is_id = (1..=LONGEST_GUARDRAIL).contains(&id.len()) && !id.contains(char::is_whitespace);
    let is_version =
        version == "DRAFT" || (1..=8).contains(&version.len()) && version.bytes().all(|byte| byte.is_ascii_digit());
    let has_others =
        given.as_object().is_some_and(|members| members.keys().any(|name| name != "id" && name != "version"));
    if !is_id || !is_version || has_others {
        return Err(refused_option("guardrail", &format!("must be {allowed}")));
    }
    Ok(Some(Guardrail { id, version }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::{Code, Whose};

    fn read(json: &str) -> Result<Arc<ModelOptions>, Refusal> {
        OptionsReader::default().read(Some(json), None)
    }

    #[test]
    fn nothing_given_is_nothing_said() {
        let reader = OptionsReader::default();
        for json in [None, Some("{}"), Some(r#"{"temperature":null}"#)] {
            let options = reader.read(json, None).unwrap();
            assert_eq!((&*options.inference, &*options.text), (&Inference::default(), ""), "{json:?}");
            assert!(options.dedupe && !options.must_be_answered);
        }
    }

    #[test]
    fn every_option_is_read() {
        let options = read(
            r#"{"additional_fields":{"top_k":5},"dedupe":false,"effort":"HIGH","guardrail":{"id":"abc","version":1},"max_tokens":9,
                "on_error":"fail","performance":"optimized","response_format":{"type":"object"},"service_tier":"flex",
                "stop_sequences":["x"],"temperature":0.5,"top_p":1}"#,
        )
        .unwrap();
        let expected = Inference {
            max_tokens: Some(9),
            temperature: Some(0.5),
            top_p: Some(1.0),
            stop_sequences: vec!["x".to_owned()],
            format: Some(Format::of(r#"{"type":"object"}"#).unwrap()),
            guardrail: Some(Guardrail { id: "abc".to_owned(), version: "1".to_owned() }),
            service_tier: Some("flex"),
            performance: Some("optimized"),
            effort: Some("high"),
            additional_fields: Some(serde_json::json!({"top_k": 5})),
        };
        assert_eq!(*options.inference, expected);
        assert!(!options.dedupe && options.must_be_answered);
        assert!(!options.text.contains("dedupe") && !options.text.contains("on_error"), "{}", options.text);
    }

    #[test]
    fn a_format_may_be_given_as_other_systems_have_it() {
        let around = read(r#"{"response_format":{"schema":{"type":"object"},"type":"json"}}"#).unwrap();
        assert_eq!(around.inference.format, Some(Format::of(r#"{"type":"object"}"#).unwrap()));
        assert_ne!(around.inference.format, Some(Format::of(r#"{"type":"array"}"#).unwrap()));
    }

    #[test]
    fn what_cannot_be_is_told_by_name_with_what_is_allowed() {
        for (json, expected) in [
            (
                r#"{"max_token":1}"#,
                "there is no option \"max_token\" here; the options are additional_fields, dedupe, effort",
            ),
            (r#"{"max_tokens":0}"#, "\"max_tokens\" must be a whole number from 1 to 1000000"),
            (r#"{"max_tokens":1.5}"#, "\"max_tokens\" must be"),
            (r#"{"temperature":2}"#, "\"temperature\" must be a number from 0 to 1"),
            (r#"{"top_p":"1"}"#, "\"top_p\" must be a number from 0 to 1"),
            (r#"{"stop_sequences":[""]}"#, "\"stop_sequences\" must be an array of 1 to 2500 strings"),
            (r#"{"stop_sequences":"x"}"#, "\"stop_sequences\" must be an array"),
            (r#"{"response_format":"json"}"#, "\"response_format\" must be an object, which is a JSON Schema"),
            (r#"{"response_format":{"type":"objekt"}}"#, "\"response_format\" is no JSON Schema that can be used"),
            (r#"{"guardrail":{"id":"a"}}"#, "\"guardrail\" must be an object {\"id\""),
            (r#"{"guardrail":{"id":"a","version":"x"}}"#, "\"guardrail\" must be"),
            (r#"{"guardrail":{"id":"a","version":"1","trace":true}}"#, "\"guardrail\" must be"),
            (r#"{"service_tier":"cheap"}"#, "\"service_tier\" must be one of priority, default, flex, reserved"),
            (r#"{"performance":"fast"}"#, "\"performance\" must be one of standard, optimized"),
            (r#"{"effort":"none"}"#, "\"effort\" must be one of low, medium, high, xhigh, max"),
            (r#"{"additional_fields":[]}"#, "\"additional_fields\" must be an object"),
            (r#"{"dedupe":"no"}"#, "\"dedupe\" must be true or false"),
            (r#"{"on_error":"skip"}"#, "\"on_error\" must be one of null, fail"),
        ] {
            let refusal = read(json).unwrap_err();
            assert_eq!((refusal.whose, refusal.code), (Whose::Options, Code::InvalidArgument));
            assert!(refusal.message.contains(expected), "{json}: {}", refusal.message);
        }
    }

    #[test]
    fn a_function_with_a_form_of_its_own_takes_no_other() {
        let reader = OptionsReader::default();
        let refusal = reader.read(Some(r#"{"response_format":{}}"#), Some("{}")).unwrap_err();
        assert!(refusal.message.contains("no option \"response_format\""), "{}", refusal.message);
        let form = r#"{"type":"object"}"#;
        assert_eq!(reader.read(None, Some(form)).unwrap().inference.format, Some(Format::of(form).unwrap()));
    }

    #[test]
    fn the_last_options_are_not_read_again() {
        let reader = OptionsReader::default();
        let (one, same) = (reader.read(Some("{}"), None).unwrap(), reader.read(Some("{}"), None).unwrap());
        assert!(Arc::ptr_eq(&one, &same));
        assert!(!Arc::ptr_eq(&one, &reader.read(Some("{}"), Some("{}")).unwrap()));
    }
}
