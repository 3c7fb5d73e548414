//! What the functions over guardrail checks share: the text, an option that lists names, and whose quota a call uses.

use std::borrow::Cow;

use crate::function::{Code, Options, Refusal, Target};

/// The account has one quota for the operation, whatever is checked.
pub fn target() -> Target {
    Target { name: "bedrock guardrail checks".into(), per_second: None }
}

/// The text, if there is anything in it. It is not trimmed.
pub fn read(text: &str) -> Result<&str, Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::row(Code::InvalidArgument, "the text is empty or blank"));
    }
    Ok(text)
}

/// Reads an option that is an ARRAY of names, in any case. They come in the order of `all`, each once, so that one choice has one form.
pub fn chosen<T: Copy>(options: &Options<'_>, name: &str, all: &[(&str, T)]) -> Result<Option<Vec<T>>, Refusal> {
    let is = |given: &str, name: &str| given.trim().eq_ignore_ascii_case(name);
    let can_be = |given: &Vec<Cow<'_, str>>| {
        !given.is_empty() && given.iter().all(|given| all.iter().any(|(name, _)| is(given, name)))
    };
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    let given = options.get(name, &format!("an ARRAY of one or more of {}", names.join(", ")), can_be)?;
    let among = |given: Vec<Cow<'_, str>>| {
        let is_given = |name: &str| given.iter().any(|given| is(given, name));
        all.iter().filter(|(name, _)| is_given(name)).map(|(_, stands_for)| *stands_for).collect()
    };
    Ok(given.map(among))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::Whose;

    fn names(json: &'static str) -> Result<Option<Vec<u8>>, Refusal> {
        let options = Options::read(Some(json), &["names"])?;
        chosen(&options, "names", &[("ONE", 1), ("TWO", 2), ("THREE", 3)])
    }

    #[test]
    fn a_choice_has_one_form() {
        assert_eq!(names("{}"), Ok(None));
        assert_eq!(names(r#"{"names":["three","One","THREE"]}"#), Ok(Some(vec![1, 3])));
    }

    #[test]
    fn what_is_no_choice_is_told_with_all_there_are() {
        for json in [
            r#"{"names":[]}"#,
            r#"{"names":["FOUR"]}"#,
            r#"{"names":["ONE",2]}"#,
            r#"{"names":["ONE",null]}"#,
            r#"{"names":"ONE"}"#,
        ] {
            let refusal = names(json).unwrap_err();
            let told = "the option \"names\" must be an ARRAY of one or more of ONE, TWO, THREE";
            assert_eq!((refusal.whose, refusal.message.as_ref()), (Whose::Options, told), "{json}");
        }
    }

    #[test]
    fn a_blank_text_is_none_and_another_is_not_trimmed() {
        assert_eq!(read(" \n\u{3000}").unwrap_err().code, Code::InvalidArgument);
        assert_eq!(read(" a "), Ok(" a "));
    }
}
