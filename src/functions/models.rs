//! Which models SQL may name.

use crate::function::{Code, Refusal};

/// Bedrock's own limit of a model id, in characters.
///
/// Source: `ConversationalModelId` in the service model.
const LONGEST_MODEL_ID: usize = 2048;

/// Most characters of a model id that are told.
pub(super) const LONGEST_TOLD: usize = 64;

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

    /// Checks a model id without asking Bedrock: whether it can be one, and whether it is allowed.
    ///
    /// # Errors
    ///
    /// The statement's refusal. What cannot be a model id is not told: where arguments are swapped, it is a prompt.
    pub fn check(&self, model_id: &str) -> Result<(), Refusal> {
        // The characters of the pattern of `ConversationalModelId`; its alternatives grow with every release of Bedrock.
        let is_known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '/');
        if model_id.trim().is_empty() {
            let message = "model_id is empty: name a Bedrock model, an inference profile or an ARN";
            return Err(Refusal::statement(Code::InvalidArgument, message));
        }
        if model_id.len() > LONGEST_MODEL_ID || !model_id.chars().all(is_known) {
            let message = "model_id is no id of a model, an inference profile or an ARN, which are of letters, digits and . - _ : /, \
                 as in provider.model-v1:0: check the order of the arguments";
            return Err(Refusal::statement(Code::InvalidArgument, message));
        }
        if !self.allow(model_id) {
            let told: String = model_id.chars().take(LONGEST_TOLD).collect();
            let message = format!("the model {told:?} is not among the ALLOWED_MODEL_IDS of this function");
            return Err(Refusal::statement(Code::ModelNotAllowed, message));
        }
        Ok(())
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
    use crate::function::Whose;

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
    fn a_model_that_cannot_be_called_is_the_statements_fault() {
        let allowed = ModelPatterns::parse("amazon.*").unwrap();
        for (model_id, expected) in [
            ("", Code::InvalidArgument),
            (" ", Code::InvalidArgument),
            ("Claude Sonnet 4.6", Code::InvalidArgument),
            ("amazon.nova\u{e9}", Code::InvalidArgument),
            ("meta.llama", Code::ModelNotAllowed),
            (&format!("amazon.{}", "m".repeat(2042)), Code::InvalidArgument),
        ] {
            let refusal = allowed.check(model_id).unwrap_err();
            assert_eq!((refusal.whose, refusal.code), (Whose::Statement, expected), "{model_id}");
        }
        let told = allowed.check(&"m".repeat(1000)).unwrap_err().message;
        assert!(told.contains(&"m".repeat(64)) && !told.contains(&"m".repeat(65)), "{told}");
        let longest = format!("amazon.{}", "m".repeat(2041));
        for model_id in ["amazon.nova-lite-v1:0", "amazon.a/b_c", &longest] {
            assert_eq!(allowed.check(model_id), Ok(()), "{model_id}");
        }
    }

    #[test]
    fn a_list_is_trimmed_and_an_empty_one_refused() {
        let patterns = ModelPatterns::parse(" a , b*,").unwrap();
        assert!(patterns.allow("a") && patterns.allow("bc") && !patterns.allow("c"));
        assert!(ModelPatterns::parse(",").is_err());
    }
}
