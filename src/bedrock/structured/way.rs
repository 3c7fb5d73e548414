//! By which way a model is asked for JSON: a dated table, corrected by what the models say.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::model_id::is_of;

/// A way to ask a model for JSON, from the surest to the one that every model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Bedrock's structured output: the model cannot write anything else, mostly.
    Native,
    /// A tool that the model is forced to use, whose input is the answer.
    Tool,
    /// The schema in the instructions.
    Prompt,
}

/// The first line that fits a model holds; a model of no line gets the tool. An id stands for every version, one with a star for all
/// that begin so.
///
/// Source: the model cards of Bedrock as read into apache/flink-agents PR#1097, and the flags of litellm 1.109.1; 2026-11.
const TABLE: &[(&str, Way)] = &[
    ("anthropic.claude-haiku-4-5", Way::Native),
    ("anthropic.claude-haiku-5-5", Way::Native),
    ("anthropic.claude-sonnet-4-5", Way::Native),
    ("anthropic.claude-sonnet-4-6", Way::Native),
    ("anthropic.claude-sonnet-5", Way::Native),
    ("anthropic.claude-sonnet-5-5", Way::Native),
    ("anthropic.claude-opus-4-5", Way::Native),
    ("anthropic.claude-opus-4-6", Way::Native),
    ("anthropic.claude-opus-4-8", Way::Native),
    ("anthropic.claude-mythos-5-1", Way::Native),
    // They take neither.
    ("anthropic.claude-opus-5-5", Way::Prompt),
    ("anthropic.claude-fable-5-1", Way::Prompt),
    ("deepseek.v3*", Way::Native),
    ("google.gemma-3-12b*", Way::Native),
    ("google.gemma-3-27b*", Way::Native),
    ("minimax.minimax-m2*", Way::Native),
    ("mistral.mistral-large-3*", Way::Native),
    ("mistral.devstral-2*", Way::Native),
    ("mistral.magistral-small-2509*", Way::Native),
    ("mistral.ministral-3*", Way::Native),
    ("mistral.voxtral*", Way::Native),
    ("moonshot*", Way::Native),
    ("nvidia.nemotron*", Way::Native),
    ("openai.gpt*", Way::Native),
    ("qwen.qwen3-vl*", Way::Tool),
    ("qwen.qwen3*", Way::Native),
    ("writer.palmyra-vision-7b*", Way::Native),
    ("zai.glm*", Way::Native),
    // They cannot be forced to use a tool, or know none.
    ("meta.llama*", Way::Prompt),
    ("amazon.titan-text*", Way::Prompt),
    ("ai21.j2*", Way::Prompt),
    ("cohere.command-text*", Way::Prompt),
    ("cohere.command-light*", Way::Prompt),
    ("mistral.mistral-7b*", Way::Prompt),
    ("mistral.mixtral-8x7b*", Way::Prompt),
    ("deepseek.r1*", Way::Prompt),
];

/// What a refusal (400) says of a way: words of its message, the way that it refuses, and whether only this schema is refused. Words
/// are looked for in lower case; the first line that fits holds.
///
/// Source: the texts that public clients of Bedrock handle; 2026-11.
const LESSONS: &[(&str, Way, Refused)] = &[
    // "output_config.format.schema: …", "compilation exceeded limits: Schema is too complex"
    ("output_config.format.schema", Way::Native, Refused::Schema),
    ("schema is too complex", Way::Native, Refused::Schema),
    ("compilation exceeded limits", Way::Native, Refused::Schema),
    // "output_config.format: Extra inputs are not permitted"
    ("output_config.format", Way::Native, Refused::Way),
    ("outputconfig", Way::Native, Refused::Way),
    ("structured output", Way::Native, Refused::Way),
    // "#/toolConfig/tools/0/toolSpec/inputSchema/json: extraneous key [definitions] is not permitted"
    ("inputschema", Way::Tool, Refused::Schema),
    ("input_schema", Way::Tool, Refused::Schema),
    // "This model doesn't support the toolConfig.toolChoice.tool field."
    ("toolchoice", Way::Tool, Refused::Way),
    ("tool_choice", Way::Tool, Refused::Way),
    ("toolconfig", Way::Tool, Refused::Way),
    // "This model doesn't support tool use."
    ("tool use", Way::Tool, Refused::Way),
];

/// What of a way was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refused {
    /// This schema.
    Schema,
    /// The way itself.
    Way,
}

/// The ways of models, as they are known and were learnt.
#[derive(Debug, Default)]
pub struct Ways(Mutex<Learnt>);

/// By model, and by schema where only that one was refused.
type Learnt = HashMap<(Box<str>, Option<u64>), Way>;

/// Models and schemas that are remembered; beyond that, all is forgotten and learnt again.
const MOST: usize = 256;

impl Ways {
    /// The way for a model, and a schema by its hash.
    pub fn of(&self, model_id: &str, schema: u64) -> Way {
        let learnt = self.learnt();
        let learnt = [Some(schema), None].into_iter().filter_map(|schema| learnt.get(&(model_id.into(), schema))).max();
        let known = || TABLE.iter().find(|(pattern, _)| is_of(model_id, pattern)).map_or(Way::Tool, |(_, way)| *way);
        learnt.copied().unwrap_or_else(known)
    }

    /// Learns from the message of a refusal; the way to ask by from now on, if it is about the way.
    pub fn learn(&self, model_id: &str, schema: u64, way: Way, message: &str) -> Option<Way> {
        let message = message.to_lowercase();
        let (.., refused) = LESSONS.iter().find(|(words, of, _)| *of == way && message.contains(words))?;
        let next = match way {
            Way::Native => Way::Tool,
            Way::Tool | Way::Prompt => Way::Prompt,
        };
        let mut learnt = self.learnt();
        if learnt.len() >= MOST {
            learnt.clear();
        }
        learnt.insert((model_id.into(), (*refused == Refused::Schema).then_some(schema)), next);
        Some(next)
    }

    fn learnt(&self) -> MutexGuard<'_, Learnt> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_knows_the_way_and_a_stranger_gets_the_tool() {
        let ways = Ways::default();
        for (model_id, expected) in [
            ("us.anthropic.claude-haiku-4-5-20251001-v1:0", Way::Native),
            ("global.anthropic.claude-opus-5-5-v1:0", Way::Prompt),
            ("anthropic.claude-opus-4-7", Way::Tool),
            ("us.amazon.nova-lite-v1:0", Way::Tool),
            ("openai.gpt-oss-20b-1:0", Way::Native),
            ("qwen.qwen3-vl-235b", Way::Tool),
            ("qwen.qwen3-32b-v1:0", Way::Native),
            ("us.meta.llama3-3-70b-instruct-v1:0", Way::Prompt),
            ("arn:aws:bedrock:us-west-2:111122223333:application-inference-profile/abc", Way::Tool),
        ] {
            assert_eq!(ways.of(model_id, 1), expected, "{model_id}");
        }
    }

    #[test]
    fn a_refusal_of_the_way_is_remembered_for_the_model() {
        let ways = Ways::default();
        let message = "The model returned the following errors: output_config.format: Extra inputs are not permitted";
        assert_eq!(ways.learn("m", 1, Way::Native, message), Some(Way::Tool));
        assert_eq!(ways.of("m", 2), Way::Tool);
        let message = "This model doesn't support the toolConfig.toolChoice.tool field.";
        assert_eq!(ways.learn("m", 1, Way::Tool, message), Some(Way::Prompt));
        assert_eq!(ways.of("m", 2), Way::Prompt);
        assert_eq!(ways.of("n", 1), Way::Tool, "another model");
        assert_eq!(ways.learn("n", 1, Way::Tool, message), Some(Way::Prompt));
        assert_eq!(
            (ways.of("m", 2), ways.of("n", 2)),
            (Way::Prompt, Way::Prompt),
            "one lesson does not forget another"
        );
    }

    #[test]
    fn a_refusal_of_a_schema_is_remembered_for_it_alone() {
        let ways = Ways::default();
        let model_id = "anthropic.claude-haiku-4-5";
        for message in
            ["compilation exceeded limits: Schema is too complex", "output_config.format.schema: not allowed"]
        {
            assert_eq!(ways.learn(model_id, 1, Way::Native, message), Some(Way::Tool), "{message}");
        }
        assert_eq!((ways.of(model_id, 1), ways.of(model_id, 2)), (Way::Tool, Way::Native));
        let extraneous =
            "#/toolConfig/tools/0/toolSpec/inputSchema/json: extraneous key [definitions] is not permitted";
        assert_eq!(ways.learn(model_id, 1, Way::Tool, extraneous), Some(Way::Prompt));
        assert_eq!((ways.of(model_id, 1), ways.of(model_id, 2)), (Way::Prompt, Way::Native));
    }

    #[test]
    fn what_is_not_about_the_way_teaches_nothing() {
        let ways = Ways::default();
        assert_eq!(ways.learn("m", 1, Way::Native, "Input is too long for requested model."), None);
        assert_eq!(ways.learn("m", 1, Way::Prompt, "toolConfig"), None);
    }

    #[test]
    fn memory_is_bounded() {
        let ways = Ways::default();
        for number in 0..1000 {
            ways.learn(&format!("m{number}"), 1, Way::Tool, "tool use");
        }
        assert!(ways.learnt().len() <= MOST);
    }
}
