//! An address as it is searched: equal addresses are equal after trimming and folding white space, and nothing else is folded.

use std::borrow::Cow;

use crate::function::{Code, Refusal};

/// Amazon Location's own limit of a text, in characters.
///
/// Source: `Text` of `SearchPlaceIndexForText`, `QueryText` of `Geocode`.
const LONGEST: usize = 200;

/// The address without white space at its ends, and with one space for any run of it within.
///
/// # Errors
///
/// The row's, when it is blank or too long; `name` is that of the parameter.
pub fn read<'a>(name: &str, text: &'a str) -> Result<Cow<'a, str>, Refusal> {
    let text = fold(text);
    if text.is_empty() {
        return Err(Refusal::row(Code::InvalidArgument, format!("the {name} is empty or blank")));
    }
    if text.chars().count() > LONGEST {
        let message = format!("the {name} is longer than the {LONGEST} characters that Amazon Location takes");
        return Err(Refusal::row(Code::TooLarge, message));
    }
    Ok(text)
}

fn fold(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    let is_folded = |pair: (char, char)| !pair.1.is_whitespace() || (pair.1 == ' ' && !pair.0.is_whitespace());
    if trimmed.chars().zip(trimmed.chars().skip(1)).all(is_folded) {
        return Cow::Borrowed(trimmed);
    }
    Cow::Owned(trimmed.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_folded_and_nothing_else() {
        for (text, expected) in [
            ("1 Main St", "1 Main St"),
            (" 1  Main\tSt\n", "1 Main St"),
            ("1\u{a0}Main\u{2003} St", "1 Main St"),
            ("1\tMain St", "1 Main St"),
            ("1 MAIN st.", "1 MAIN st."),
            ("", ""),
        ] {
            assert_eq!(fold(text), expected, "{text:?}");
        }
        assert!(matches!(fold(" 1 Main St "), Cow::Borrowed(_)));
    }

    #[test]
    fn an_address_is_measured_in_characters_and_after_folding() {
        let refused = |text: &str| read("address", text).map(|_| ()).map_err(|refusal| refusal.code);
        assert_eq!(refused(&"ß".repeat(200)), Ok(()));
        assert_eq!(refused(&format!("{}a", "a    ".repeat(99))), Ok(()));
        assert_eq!(refused(&"a".repeat(201)), Err(Code::TooLarge));
        assert_eq!(refused(" \n"), Err(Code::InvalidArgument));
    }
}
