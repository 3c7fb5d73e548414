//! How bad a text is.

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::error::BuildError;
use aws_sdk_bedrockruntime::types::{
    GuardrailChecksConfig, GuardrailChecksContentFilterCategoryConfig, GuardrailChecksContentFilterConfig,
    GuardrailChecksPromptAttackCategoryConfig, GuardrailChecksPromptAttackConfig, GuardrailChecksResults,
};

use super::{ask, unreadable};
use crate::function::Fault;

/// A check of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// Its name in SQL.
    pub name: &'static str,
    /// Whether it is one of the attacks on a prompt, which are charged apart from the filters of content.
    pub is_attack: bool,
    category: &'static str,
}

/// All checks.
pub const CHECKS: [Check; 8] = [
    Check { name: "violence", is_attack: false, category: "VIOLENCE" },
    Check { name: "hate", is_attack: false, category: "HATE" },
    Check { name: "sexual", is_attack: false, category: "SEXUAL" },
    Check { name: "misconduct", is_attack: false, category: "MISCONDUCT" },
    Check { name: "insults", is_attack: false, category: "INSULTS" },
    Check { name: "jailbreak", is_attack: true, category: "JAILBREAK" },
    Check { name: "prompt_injection", is_attack: true, category: "PROMPT_INJECTION" },
    Check { name: "prompt_leakage", is_attack: true, category: "PROMPT_LEAKAGE" },
];

/// Asks once for the scores of a text, from 0 to 1, in the order of the checks.
///
/// # Errors
///
/// Every kind of [`Fault`]; an answer that lacks a score is unreadable.
pub async fn score(client: &Client, text: &str, checks: &[Check]) -> Result<Vec<f64>, Fault> {
    read(&ask(client, text.to_owned(), config(checks)).await?, checks)
}

fn config(checks: &[Check]) -> Result<GuardrailChecksConfig, BuildError> {
    let of = |is_attack| checks.iter().filter(move |check| check.is_attack == is_attack).map(|check| check.category);
    let filter = |name: &str| GuardrailChecksContentFilterCategoryConfig::builder().category(name.into()).build();
    let attack = |name: &str| GuardrailChecksPromptAttackCategoryConfig::builder().category(name.into()).build();
    let filters = of(false).map(filter).collect::<Result<Vec<_>, _>>()?;
    let attacks = of(true).map(attack).collect::<Result<Vec<_>, _>>()?;
    let mut config = GuardrailChecksConfig::builder();
    if !filters.is_empty() {
        config =
            config.content_filter(GuardrailChecksContentFilterConfig::builder().set_categories(Some(filters)).build()?);
    }
    if !attacks.is_empty() {
        config =
            config.prompt_attack(GuardrailChecksPromptAttackConfig::builder().set_categories(Some(attacks)).build()?);
    }
    Ok(config.build())
}

fn read(results: &GuardrailChecksResults, checks: &[Check]) -> Result<Vec<f64>, Fault> {
    let filters = results.content_filter().map_or(&[][..], |of| of.results());
    let attacks = results.prompt_attack().map_or(&[][..], |of| of.results());
    let filters = filters.iter().map(|of| (of.category().as_str(), of.severity_score()));
    let scores: Vec<_> =
        filters.chain(attacks.iter().map(|of| (of.category().as_str(), of.severity_score()))).collect();
    let score = |check: &Check| scores.iter().find(|(name, _)| *name == check.category).map(|(_, score)| *score);
    checks.iter().map(score).collect::<Option<_>>().ok_or_else(|| unreadable().into())
}

#[cfg(test)]
mod tests {
    use aws_sdk_bedrockruntime::types::{
        GuardrailChecksContentFilterResult, GuardrailChecksContentFilterResultEntry, GuardrailChecksPromptAttackResult,
        GuardrailChecksPromptAttackResultEntry,
    };

    use super::*;

    fn results() -> GuardrailChecksResults {
        let filter = |name: &str, score| {
            GuardrailChecksContentFilterResultEntry::builder().category(name.into()).severity_score(score).build()
        };
        let filters = GuardrailChecksContentFilterResult::builder()
            .results(filter("INSULTS", 0.2).unwrap())
            .results(filter("VIOLENCE", 0.8).unwrap());
        let attack = GuardrailChecksPromptAttackResultEntry::builder().category("JAILBREAK".into()).severity_score(0.4);
        let attacks = GuardrailChecksPromptAttackResult::builder().results(attack.build().unwrap());
        GuardrailChecksResults::builder()
            .content_filter(filters.build().unwrap())
            .prompt_attack(attacks.build().unwrap())
            .build()
    }

    #[test]
    fn scores_come_in_the_order_of_the_checks_and_one_that_is_missing_is_no_answer() {
        let [violence, hate, .., insults, jailbreak, _, _] = CHECKS;
        assert_eq!(read(&results(), &[violence, insults, jailbreak]), Ok(vec![0.8, 0.2, 0.4]));
        assert_eq!(read(&results(), &[violence, hate]), Err(unreadable().into()));
        assert_eq!(read(&GuardrailChecksResults::builder().build(), &[violence]), Err(unreadable().into()));
    }

    #[test]
    fn a_family_of_which_nothing_is_asked_is_left_out() {
        let families = |checks: &[Check]| {
            let config = config(checks).unwrap();
            let filters = config.content_filter().map_or(0, |of| of.categories().len());
            (filters, config.prompt_attack().map_or(0, |of| of.categories().len()))
        };
        assert_eq!([families(&CHECKS), families(&CHECKS[..5]), families(&CHECKS[5..6])], [(5, 3), (5, 0), (0, 1)]);
    }
}
