//! Options: the members of one object, each of a kind and a range. What cannot be is refused before anything is asked.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Code, Refusal, Whose};

/// Most characters of an unknown option's name that are told.
const LONGEST_TOLD: usize = 64;

/// The option of every function that takes options: for how many hours an answer serves other statements too. It makes no other question.
const SHARED: &str = "shared_answers_hours";
const MOST_HOURS: u64 = 168;

/// The options of one row. One that is null is not given.
#[derive(Debug, Default)]
pub struct Options<'a>(BTreeMap<Cow<'a, str>, &'a RawValue>);

impl<'a> Options<'a> {
    /// Reads an object of options, of which `known` are the names there are; nothing for NULL.
    ///
    /// # Errors
    ///
    /// A name that is not among them, told with those that are.
    pub fn read(json: Option<&'a str>, known: &[&str]) -> Result<Self, Refusal> {
        let Some(json) = json else {
            return Ok(Self::default());
        };
        let mut members: BTreeMap<Cow<'a, str>, &'a RawValue> = serde_json::from_str(json)
            .map_err(|_| refusal("the options cannot be read: give one object".to_owned()))?;
        members.retain(|_, value| value.get() != "null");
        let hours = members.remove(SHARED);
        match members.keys().find(|name| !known.contains(&name.as_ref())) {
            None if hours.is_none_or(|hours| hours_of(hours).is_some()) => Ok(Self(members)),
            None => Err(refused(SHARED, &format!("must be a whole number from 0 to {MOST_HOURS}"))),
            Some(unknown) => {
                let unknown: String = unknown.chars().take(LONGEST_TOLD).collect();
                let known = known.join(", ");
                Err(refusal(format!("there is no option {unknown:?} here; the options are {known}, {SHARED}")))
            }
        }
    }

    /// For how many hours an answer serves other statements too, where checked options say it.
    pub fn shared_answers_hours(json: &str) -> Option<u64> {
        if !json.contains(SHARED) {
            return None;
        }
        let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(json).ok()?;
        hours_of(members.get(SHARED)?)
    }

    /// The options but for some, in canonical form where they came so; empty if there are none.
    pub fn text_without(&self, names: &[&str]) -> String {
        let others = self.0.iter().filter(|(name, _)| !names.contains(&name.as_ref()));
        let members: Vec<String> =
            others.map(|(name, value)| format!("{}:{}", serde_json::Value::from(&**name), value.get())).collect();
        if members.is_empty() { String::new() } else { format!("{{{}}}", members.join(",")) }
    }

    /// Whether the option is given.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The value of an option, if it is given; `can_be` says whether it is in range, and `allowed` what is, after the word `must be`.
    ///
    /// # Errors
    ///
    /// A value of another kind, or one that cannot be.
    pub fn get<T: Deserialize<'a>>(
        &self,
        name: &str,
        allowed: &str,
        can_be: impl Fn(&T) -> bool,
    ) -> Result<Option<T>, Refusal> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        let value: Option<T> = serde_json::from_str(value.get()).ok();
        value.filter(can_be).map(Some).ok_or_else(|| refused(name, &format!("must be {allowed}")))
    }

    /// The same for one of several words, in any case; each comes with what it stands for.
    ///
    /// # Errors
    ///
    /// As [`Options::get`].
    pub fn word<T: Copy>(&self, name: &str, allowed: &str, words: &[(&str, T)]) -> Result<Option<T>, Refusal> {
        let meant = |given: &Cow<'a, str>| words.iter().find(|(word, _)| word.eq_ignore_ascii_case(given));
        let given: Option<Cow<'a, str>> = self.get(name, allowed, |given| meant(given).is_some())?;
        Ok(given.as_ref().and_then(meant).map(|(_, meant)| *meant))
    }
}

fn hours_of(value: &RawValue) -> Option<u64> {
    serde_json::from_str(value.get()).ok().filter(|hours| *hours <= MOST_HOURS)
}

/// The refusal of an option, and what is wrong with it: nothing of its value is told.
pub fn refused(name: &str, what: &str) -> Refusal {
    refusal(format!("the option {name:?} {what}"))
}

fn refusal(message: String) -> Refusal {
    Refusal { whose: Whose::Options, ..Refusal::row(Code::InvalidArgument, message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &'static str) -> Result<Options<'static>, Refusal> {
        Options::read(Some(json), &["size", "word"])
    }

    #[test]
    fn null_is_none_and_an_unknown_name_is_told_with_the_known_ones() {
        assert!(!Options::read(None, &[]).unwrap().has("size"));
        assert!(!read(r#"{"size":null}"#).unwrap().has("size"));
        let refusal = read(r#"{"size":1,"sice":2}"#).unwrap_err();
        assert_eq!((refusal.whose, refusal.code), (Whose::Options, Code::InvalidArgument));
        assert_eq!(
            refusal.message,
            "there is no option \"sice\" here; the options are size, word, shared_answers_hours"
        );
    }

    #[test]
    fn a_value_of_another_kind_or_out_of_range_is_told_without_the_value() {
        let size =
            |json| read(json).unwrap().get("size", "a whole number from 1 to 9", |size: &u8| (1..=9).contains(size));
        assert_eq!(size(r#"{"size":9}"#), Ok(Some(9)));
        assert_eq!(size("{}"), Ok(None));
        for json in [r#"{"size":10}"#, r#"{"size":"9"}"#, r#"{"size":1.5}"#, r#"{"size":[1]}"#] {
            let message = "the option \"size\" must be a whole number from 1 to 9";
            assert_eq!(size(json).unwrap_err().message, message, "{json}");
        }
    }

    #[test]
    fn some_options_make_no_other_question() {
        let text = |json| read(json).unwrap().text_without(&["word"]);
        assert_eq!(text(r#"{"size":1.50,"word":"END"}"#), r#"{"size":1.50}"#);
        assert_eq!((text(r#"{"word":"END"}"#), text(r#"{"size":null}"#)), (String::new(), String::new()));
    }

    #[test]
    fn hours_are_an_option_of_every_function_and_make_no_other_question() {
        let options = read(r#"{"shared_answers_hours":168,"size":1}"#).unwrap();
        assert_eq!(options.text_without(&[]), r#"{"size":1}"#);
        for (json, expected) in [
            (r#"{"shared_answers_hours":168}"#, Some(168)),
            (r#"{"shared_answers_hours":0}"#, Some(0)),
            (r#"{"shared_answers_hours":null}"#, None),
            (r#"{"size":1}"#, None),
            ("{}", None),
        ] {
            assert!(read(json).is_ok());
            assert_eq!(Options::shared_answers_hours(json), expected, "{json}");
        }
        let message = "the option \"shared_answers_hours\" must be a whole number from 0 to 168";
        for json in ["169", "-1", "1.5", "\"1\"", "true"].map(|value| format!(r#"{{"shared_answers_hours":{value}}}"#))
        {
            assert_eq!(Options::read(Some(&json), &[]).unwrap_err().message, message, "{json}");
        }
    }

    #[test]
    fn words_are_known_in_any_case() {
        let word = |json| read(json).unwrap().word("word", "START or END", &[("START", 1), ("END", 2)]);
        assert_eq!(word(r#"{"word":"end"}"#), Ok(Some(2)));
        assert_eq!(word("{}"), Ok(None));
        assert!(word(r#"{"word":"middle"}"#).is_err() && word(r#"{"word":2}"#).is_err());
    }
}
