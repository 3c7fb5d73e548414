//! The models that take no system text.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::model_id::is_of;

/// The models that get the instructions as the beginning of the user's text, because they take no system text.
#[derive(Debug, Default)]
pub struct FoldingModels {
    learnt: Mutex<HashSet<String>>,
}

impl FoldingModels {
    /// The families that are known for it.
    ///
    /// Source: supported models and features of the Converse API; the Mistral models are not confirmed there.
    const FAMILIES: [&'static str; 6] = [
        "amazon.titan-text*",
        "ai21.j2-*",
        "cohere.command-text*",
        "cohere.command-light*",
        "mistral.mistral-7b*",
        "mistral.mixtral-8x7b*",
    ];

    /// Whether the model is one of them.
    pub fn contains(&self, model_id: &str) -> bool {
        Self::FAMILIES.iter().any(|family| is_of(model_id, family)) || self.models().contains(model_id)
    }

    /// Remembers a model from the message of a refusal; whether it was about system text.
    ///
    /// The message is known from other clients' code, not from Bedrock's documentation.
    pub fn learn(&self, model_id: &str, message: &str) -> bool {
        let message = message.to_lowercase();
        let words = ["support system", "system messages", "system prompts"];
        let is_about_it = words.iter().any(|words| message.contains(words));
        if is_about_it {
            self.models().insert(model_id.to_owned());
        }
        is_about_it
    }

    fn models(&self) -> MutexGuard<'_, HashSet<String>> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_without_a_system_prompt_are_known_behind_prefix_and_arn() {
        let folding = FoldingModels::default();
        for model_id in [
            "amazon.titan-text-lite-v1",
            "us.amazon.titan-text-lite-v1",
            "arn:aws:bedrock:us-west-2::foundation-model/mistral.mistral-7b-instruct-v0:2",
        ] {
            assert!(folding.contains(model_id), "{model_id}");
        }
        assert!(!folding.contains("us.amazon.nova-lite-v1:0"));
        assert!(!folding.learn("us.amazon.nova-lite-v1:0", "Input is too long for requested model."));
        assert!(!folding.contains("us.amazon.nova-lite-v1:0"));
        assert!(folding.learn("us.amazon.nova-lite-v1:0", "This model doesn't support system messages."));
        assert!(folding.contains("us.amazon.nova-lite-v1:0"));
    }

    #[test]
    fn each_way_to_say_that_a_model_takes_no_system_text_is_understood() {
        for message in [
            "This model doesn't support system.",
            "System messages are not taken by this model.",
            "The model takes no system prompts.",
        ] {
            assert!(FoldingModels::default().learn("m", message), "{message}");
        }
        assert!(!FoldingModels::default().learn("m", "The provided model identifier is invalid."));
    }
}
