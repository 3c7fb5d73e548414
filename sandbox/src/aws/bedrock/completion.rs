//! What a model says to one request, before it takes the form of an API.

use serde_json::{Value, json};

use super::super::faults::Fault;
use super::fit;
use super::text::{digest, reply};
use super::tools::Tool;

/// As many characters as a request may hold.
const INPUT_LIMIT: usize = 200_000;

/// What is asked, whatever API it came by.
#[derive(Debug, Default)]
pub(super) struct Question {
    pub(super) system: String,
    pub(super) text: String,
    pub(super) max_tokens: Option<u64>,
    pub(super) wanted: Wanted,
    /// What is read beside the two: the schema or the tools, and other messages.
    pub(super) other_tokens: usize,
}

/// What kind of answer is wanted.
#[derive(Debug, Default)]
pub(super) enum Wanted {
    #[default]
    Text,
    /// JSON of a schema, as text.
    Json(Value),
    /// The input of a tool.
    Tool(Tool),
}

/// A tool is used instead of an answer.
#[derive(Debug)]
pub(super) struct ToolUse {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) input: Value,
}

#[derive(Debug)]
pub(super) struct Completion {
    pub(super) reasoning: Option<String>,
    pub(super) blocks: Vec<String>,
    pub(super) tool: Option<ToolUse>,
    /// In Converse's words.
    pub(super) stop_reason: String,
    pub(super) input_tokens: usize,
    pub(super) output_tokens: usize,
}

impl Question {
    pub(super) fn too_long(&self) -> bool {
        self.system.chars().count() + self.text.chars().count() > INPUT_LIMIT
    }

    /// About four characters make a token; an answer longer than `max_tokens` is cut.
    pub(super) fn complete(&self, model: &str, fault: Option<&Fault>) -> Completion {
        let mut completion = Completion {
            reasoning: None,
            blocks: Vec::new(),
            tool: None,
            stop_reason: "end_turn".to_owned(),
            input_tokens: tokens(&self.system) + tokens(&self.text) + self.other_tokens,
            output_tokens: 0,
        };
        match fault {
            Some(Fault::Answer(text)) => completion.blocks.push(text.clone()),
            Some(Fault::Blocks(blocks)) => completion.blocks.clone_from(blocks),
            Some(Fault::Guardrail(guardrail)) => completion.blocks.push(guardrail.says.clone()),
            Some(Fault::NoText) => {}
            other => {
                self.proper(model, &mut completion);
                match other {
                    Some(Fault::Reasoning(thought)) => completion.reasoning = Some(thought.clone()),
                    Some(Fault::ToolInput(input)) => {
                        completion.tool.iter_mut().for_each(|tool| tool.input.clone_from(input));
                    }
                    _ => {}
                }
            }
        }
        self.cut(&mut completion);
        match fault {
            Some(Fault::StopReason(reason)) => completion.stop_reason.clone_from(reason),
            Some(Fault::Guardrail(_)) => "guardrail_intervened".clone_into(&mut completion.stop_reason),
            _ => {}
        }
        let input = completion.tool.iter().map(|tool| tokens(&tool.input.to_string()));
        completion.output_tokens = completion.blocks.iter().map(|block| tokens(block)).chain(input).sum();
        completion
    }

    fn proper(&self, model: &str, completion: &mut Completion) {
        match &self.wanted {
            Wanted::Text => completion.blocks.push(match fit::asked_for(&self.system, &self.text) {
                // Models like to show that it is JSON.
                Some(schema) => format!("```json\n{}\n```", fit::fit(&schema, &self.system, &self.text)),
                None => reply(model, &self.system, &self.text),
            }),
            Wanted::Json(schema) => completion.blocks.push(fit::fit(schema, &self.system, &self.text).to_string()),
            Wanted::Tool(tool) => {
                let id = format!("tooluse_{}", digest(model, &self.system, &self.text));
                let input = fit::fit(&tool.schema, &self.system, &self.text);
                completion.tool = Some(ToolUse { id, name: tool.name.clone(), input });
                "tool_use".clone_into(&mut completion.stop_reason);
            }
        }
    }

    /// Text is cut anywhere; of an input that is not whole nothing comes.
    fn cut(&self, completion: &mut Completion) {
        let Some(limit) = self.max_tokens else { return };
        let mut left = usize::try_from(limit).unwrap_or(usize::MAX).saturating_mul(4);
        let mut is_cut = false;
        for block in &mut completion.blocks {
            if let Some((end, _)) = block.char_indices().nth(left) {
                block.truncate(end);
                is_cut = true;
            }
            left = left.saturating_sub(block.chars().count());
        }
        if let Some(tool) = &mut completion.tool
            && tool.input.to_string().chars().count() > left
        {
            tool.input = json!({});
            is_cut = true;
        }
        if is_cut {
            "max_tokens".clone_into(&mut completion.stop_reason);
            completion.blocks.retain(|block| !block.is_empty());
        }
    }
}

/// Four letters make a token; of scripts without spaces each character does.
pub(super) fn dense_tokens(text: &str) -> usize {
    let (ascii, others) =
        text.chars().fold(
            (0, 0),
            |(ascii, others), letter| {
                if letter.is_ascii() { (ascii + 1, others) } else { (ascii, others + 1) }
            },
        );
    usize::div_ceil(ascii, 4) + others
}

pub(super) fn tokens(text: &str) -> usize {
    text.chars().count().div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_cut_at_max_tokens() {
        let question = Question { text: "Tell me a story.".into(), max_tokens: Some(3), ..Question::default() };
        let completion = question.complete("m", None);
        assert_eq!(completion.blocks, ["You wrote \"T"]);
        assert_eq!((completion.stop_reason.as_str(), completion.output_tokens), ("max_tokens", 3));
        let fault = Fault::Blocks(vec!["äöü".into(), "twelve chars".into(), "gone".into()]);
        assert_eq!(question.complete("m", Some(&fault)).blocks, ["äöü", "twelve ch"]);
    }
}
