//! How bad a text is, by plain words.

/// Words that speak for a category, in lower case.
const WORDS: [(&str, &[&str]); 8] = [
    ("VIOLENCE", &["kill", "bomb", "stab"]),
    ("HATE", &["vermin", "subhuman"]),
    ("SEXUAL", &["naked", "explicit"]),
    ("MISCONDUCT", &["steal", "counterfeit"]),
    ("INSULTS", &["idiot", "moron"]),
    ("JAILBREAK", &["no restrictions", "without any rules"]),
    ("PROMPT_INJECTION", &["ignore all", "ignore previous"]),
    ("PROMPT_LEAKAGE", &["system prompt", "your instructions"]),
];

/// The severity of a text in a category. The service scores in steps of 0.2, as others report.
#[must_use]
pub fn severity(category: &str, text: &str) -> f64 {
    let text = text.to_lowercase();
    let words = WORDS.iter().find(|(name, _)| *name == category).map_or(&[][..], |(_, words)| words);
    match words.iter().map(|word| text.matches(word).count()).sum() {
        0 => 0.0,
        1 => 0.8,
        _ => 1.0,
    }
}
