//! Who asked, for Bedrock's log of model invocations.

use std::collections::BTreeMap;

use super::Question;
use crate::function::Caller;

/// Most characters of a value.
///
/// Source: `requestMetadata` of Converse in the service's model: 1 to 16 pairs, values of 0 to 256 characters of
/// `[a-zA-Z0-9\s:_@$#=/+,-.]`.
const LONGEST: usize = 256;

/// What is told of a question: the query, the function, and the user and the role, as far as the caller says them; nothing of one that
/// says nothing.
pub fn of(question: &Question<'_>) -> Option<BTreeMap<String, String>> {
    let caller = question.caller;
    if caller == Caller::default() {
        return None;
    }
    let told = [
        ("function", Some(question.function)),
        ("query_id", caller.query_id),
        ("user", caller.user),
        ("role", caller.role),
    ];
    Some(told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), clean(value?)))).collect())
}

/// A value of which no character costs the call: what the service does not take is an underscore.
fn clean(value: &str) -> String {
    let is_taken = |c: char| c.is_ascii_alphanumeric() || " :_@$#=/+,-.".contains(c);
    value.chars().take(LONGEST).map(|c| if is_taken(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_costs_the_call() {
        assert_eq!(clean("JANE.DOE@EXAMPLE.COM"), "JANE.DOE@EXAMPLE.COM");
        assert_eq!(clean("M\u{dc}LLER \"x\"\t{}\u{1f600}"), "M_LLER _x_____");
        assert_eq!(clean(&"a".repeat(300)).len(), 256);
        assert_eq!(clean(""), "");
    }
}
