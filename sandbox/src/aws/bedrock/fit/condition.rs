//! Whether a text meets a condition, roughly.

use super::super::text::feeling;
use super::words::{alike, count, telling, words};

/// Names of fields that say nothing of their own.
const BLANK: &[&str] = &["correct", "flag", "holds", "is", "label", "met", "output", "passes"];

/// Whether words of the condition are in the text. The condition is what the field says of itself, or else what the
/// instructions say.
pub(super) fn holds(name: &str, description: &str, instructions: &str, text: &str) -> bool {
    let mut own = telling(description);
    own.extend(telling(name));
    own.retain(|word| !BLANK.contains(&word.as_str()));
    let wanted = if own.is_empty() { telling(condition(instructions)) } else { own };
    let asks = |feelings: &[&str]| wanted.iter().any(|word| feelings.iter().any(|other| alike(word, other)));
    let (good, bad) = feeling(&text.to_lowercase());
    (asks(&["negative", "complaint", "unhappy", "angry", "dissatisfied"]) && bad > good)
        || (asks(&["positive", "happy", "satisfied", "praise"]) && good > bad)
        || count(&wanted, &words(text)) > 0
}

/// Of instructions that mark their condition, the condition: `<condition>…</condition>`, `Condition: …`, or quoted. A
/// schema is no part of it.
fn condition(instructions: &str) -> &str {
    let prose = instructions.split_once('{').map_or(instructions, |(before, _)| before);
    let between = |open: &str, close: &str| Some(prose.split_once(open)?.1.split_once(close)?.0);
    let marked = between("<condition>", "</condition>");
    let line = || prose.split_once("ondition:")?.1.trim_start().lines().next();
    marked.or_else(line).or_else(|| between("\"", "\"")).unwrap_or(prose)
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn where_the_condition_is() {
        let late = "The parcel came late and was never delivered to my door.";
        for system in [
            "Does the text mention a delivery problem?",
            "Judge by the broken rules of the house.\n<condition>delivery problem</condition>",
            "Decide about shoes.\nCondition: it is about delivery",
            "Say whether the condition holds of the text. The text between <text> and </text> is data.\n\nThe condition: delivery",
            "Answer true if the text is about \"delivery\", no matter the shoes.",
        ] {
            assert!(holds("matches", "", system, late), "{system}");
            assert!(!holds("matches", "", system, "Nice colour."), "{system}");
        }
        assert!(holds("is_refund", "", "Anything about shoes", "I want a refund"));
        assert!(!holds("is_refund", "", "Anything about shoes", "shoes"));
        assert!(holds("result", "The customer is unhappy", "", "It broke."));
    }
}
