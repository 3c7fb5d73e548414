//! The environment variables that configure the function, read and checked once, at the start.

use std::time::Duration;

use crate::bedrock::Prices;
use crate::functions::ModelPatterns;
use crate::location::IntendedUse;

/// More calls in flight than this would run out of the 1,024 file descriptors that Lambda gives an environment.
const MOST_CONCURRENCY: usize = 800;

/// Every setting, with the documented default where the environment says nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `PLACE_INDEX_NAME`: the Amazon Location place index that geocoding uses; without one, the Places API.
    pub place_index_name: Option<String>,
    /// `LOCATION_INTENDED_USE`: whether answers of Amazon Location may be kept.
    pub location_intended_use: IntendedUse,
    /// `LOCATION_CALLS_PER_SECOND`: the account's quota of each operation of Amazon Location.
    pub location_calls_per_second: u32,
    /// `ALLOWED_MODEL_IDS`: the models that SQL may name.
    pub allowed_model_ids: ModelPatterns,
    /// `MODEL_PRICES`: what models cost, where it is another price than that of the table that ships with the function.
    pub model_prices: Prices,
    /// `MAX_CONCURRENCY`: most service calls in flight in one execution environment.
    pub max_concurrency: usize,
    /// `JOURNAL_TABLE_NAME`: the DynamoDB table of the journal. Without it no request is answered 202.
    pub journal_table_name: Option<String>,
    /// `JOURNAL_RETENTION_HOURS`: after which a batch in the journal expires.
    pub journal_retention: Duration,
    /// `SHARED_ANSWERS_HOURS`: for how long an answer serves other statements; zero, its own statement only.
    pub shared_answers: Duration,
}

/// A variable whose value cannot be used. It stops the start.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{name}={value:?} cannot be used: {allowed}")]
pub struct SettingError {
    name: &'static str,
    value: String,
    allowed: String,
}

impl Settings {
    /// Reads the settings through `variable`, which gives the value of an environment variable.
    ///
    /// An empty value counts as not set, because a template cannot leave a variable out.
    ///
    /// # Errors
    ///
    /// The first variable whose value cannot be used.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let read = |name: &'static str| variable(name).filter(|value| !value.is_empty());
        Ok(Self {
            place_index_name: parse(read, "PLACE_INDEX_NAME", place_index_name)?,
            location_intended_use: parse(read, "LOCATION_INTENDED_USE", intended_use)?
                .unwrap_or(IntendedUse::SingleUse),
            location_calls_per_second: parse(read, "LOCATION_CALLS_PER_SECOND", calls_per_second)?.unwrap_or(100),
            allowed_model_ids: parse(read, "ALLOWED_MODEL_IDS", ModelPatterns::parse)?.unwrap_or_default(),
            model_prices: parse(read, "MODEL_PRICES", Prices::with)?.unwrap_or_default(),
            max_concurrency: parse(read, "MAX_CONCURRENCY", |value| whole_number(value, 1, MOST_CONCURRENCY))?
                .unwrap_or(128),
            journal_table_name: parse(read, "JOURNAL_TABLE_NAME", table_name)?,
            // Less than an hour would lose batches that Snowflake still asks for.
            journal_retention: parse(read, "JOURNAL_RETENTION_HOURS", |value| hours(value, 1))?
                .unwrap_or(Duration::from_hours(12)),
            shared_answers: parse(read, "SHARED_ANSWERS_HOURS", |value| hours(value, 0))?.unwrap_or_default(),
        })
    }
}

fn parse<T>(
    read: impl Fn(&'static str) -> Option<String>,
    name: &'static str,
    value_of: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, SettingError> {
    let Some(value) = read(name) else {
        return Ok(None);
    };
    match value_of(&value) {
        Ok(parsed) => Ok(Some(parsed)),
        Err(allowed) => Err(SettingError { name, value, allowed }),
    }
}

fn place_index_name(value: &str) -> Result<String, String> {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if value.len() <= 100 && value.chars().all(known) {
        Ok(value.to_owned())
    } else {
        Err("give the name of a place index: 1 to 100 letters, digits, '-', '.' or '_'".to_owned())
    }
}

fn table_name(value: &str) -> Result<String, String> {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if (3..=255).contains(&value.len()) && value.chars().all(known) {
        Ok(value.to_owned())
    } else {
        Err("give the name of a DynamoDB table: 3 to 255 letters, digits, '-', '.' or '_'".to_owned())
    }
}

fn hours(value: &str, least: usize) -> Result<Duration, String> {
    whole_number(value, least, 168).map(|hours| Duration::from_hours(hours as u64))
}

/// Amazon Location raises the quota on request; more than this has not been heard of.
fn calls_per_second(value: &str) -> Result<u32, String> {
    whole_number(value, 1, 10_000).map(|calls| u32::try_from(calls).unwrap_or(u32::MAX))
}

fn intended_use(value: &str) -> Result<IntendedUse, String> {
    match value {
        "SingleUse" => Ok(IntendedUse::SingleUse),
        "Storage" => Ok(IntendedUse::Storage),
        _ => Err("give SingleUse or Storage, as the place index was created".to_owned()),
    }
}

fn whole_number(value: &str, least: usize, most: usize) -> Result<usize, String> {
    match value.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("give a whole number from {least} to {most}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, SettingError> {
        Settings::read(|name| {
            let (_, value) = pairs.iter().find(|(key, _)| *key == name)?;
            Some((*value).to_owned())
        })
    }

    #[test]
    fn an_empty_environment_gives_the_documented_defaults() {
        let settings = read(&[("PLACE_INDEX_NAME", "")]).unwrap();
        assert_eq!(settings.place_index_name, None);
        assert_eq!(settings.location_intended_use, IntendedUse::SingleUse);
        assert_eq!(settings.location_calls_per_second, 100);
        assert!(settings.allowed_model_ids.allow("any.model"));
        assert_eq!(settings.max_concurrency, 128);
        assert_eq!(settings.journal_table_name, None);
        assert_eq!(settings.journal_retention, Duration::from_hours(12));
        assert_eq!(settings.shared_answers, Duration::ZERO);
        assert_eq!(read(&[("SHARED_ANSWERS_HOURS", "24")]).unwrap().shared_answers, Duration::from_hours(24));
    }

    #[test]
    fn a_wrong_value_names_the_variable_the_value_and_what_is_allowed() {
        for (name, value, allowed) in [
            ("MAX_CONCURRENCY", "0", "1 to 800"),
            ("MAX_CONCURRENCY", "many", "1 to 800"),
            ("MAX_CONCURRENCY", "801", "1 to 800"),
            ("LOCATION_INTENDED_USE", "storage", "SingleUse or Storage"),
            ("LOCATION_CALLS_PER_SECOND", "0", "1 to 10000"),
            ("PLACE_INDEX_NAME", "my index", "letters, digits"),
            ("ALLOWED_MODEL_IDS", " , ", "model ids"),
            ("MODEL_PRICES", "{", "US dollars for a million tokens"),
            ("JOURNAL_TABLE_NAME", "a b", "DynamoDB table"),
            ("JOURNAL_RETENTION_HOURS", "0", "1 to 168"),
            ("SHARED_ANSWERS_HOURS", "169", "0 to 168"),
        ] {
            let message = read(&[(name, value)]).unwrap_err().to_string();
            assert!(message.starts_with(&format!("{name}={value:?}")), "{message}");
            assert!(message.contains(allowed), "{message}");
        }
    }
}
