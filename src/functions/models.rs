//! Which models SQL may name.

/// The patterns of `ALLOWED_MODEL_IDS`: exact model ids, in which `*` stands for any run of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelPatterns(Vec<String>);

impl Default for ModelPatterns {
    /// Every model; the execution role's policy still has its say.
    fn default() -> Self {
        Self(vec!["*".to_owned()])
    }
}

impl ModelPatterns {
    /// Reads a comma-separated list.
    ///
    /// # Errors
    ///
    /// What to give instead, when the list names nothing.
    pub fn parse(list: &str) -> Result<Self, String> {
        let patterns: Vec<String> =
            list.split(',').map(str::trim).filter(|pattern| !pattern.is_empty()).map(str::to_owned).collect();
        if patterns.is_empty() {
            return Err("give model ids, separated by commas; * matches any run of characters".to_owned());
        }
        Ok(Self(patterns))
    }

    /// Whether some pattern matches the whole of `model_id`.
    pub fn allow(&self, model_id: &str) -> bool {
        self.0.iter().any(|pattern| matches(pattern, model_id))
    }
}

/// Each piece between stars is looked for as early as possible: with `*` as the only wildcard that finds a match if
/// there is one, in linear steps, where recursion would take exponential time for `*a*a*a*b`.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return text.ends_with(piece);
        }
        match text.find(piece) {
            Some(at) => text = &text[at + piece.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_matches_any_run_of_characters() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a.b", "a.b", true),
            ("a.b", "a.bc", false),
            ("amazon.*", "amazon.nova-lite-v1:0", true),
            ("amazon.*", "us.amazon.nova-lite-v1:0", false),
            ("*nova*", "us.amazon.nova-lite-v1:0", true),
            ("*.nova-*-v1:0", "us.amazon.nova-lite-v1:0", true),
            ("*-v1:0", "us.amazon.nova-lite-v1:1", false),
            ("a*a", "a", false),
            ("*ab*ab", "abab", true),
            ("*ab*ab", "xab", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn a_list_is_trimmed_and_an_empty_one_refused() {
        let patterns = ModelPatterns::parse(" a , b*,").unwrap();
        assert!(patterns.allow("a") && patterns.allow("bc") && !patterns.allow("c"));
        assert!(ModelPatterns::parse(",").is_err());
    }
}
