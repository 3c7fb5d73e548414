//! What a model says to one request, before it takes the form of an API.

use super::super::faults::Fault;
use super::text::reply;

/// As many characters as a request may hold.
const INPUT_LIMIT: usize = 200_000;

/// What is asked, whatever API it came by.
#[derive(Debug, Default)]
pub(super) struct Question {
    pub(super) system: String,
    pub(super) text: String,
    pub(super) max_tokens: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Completion {
    pub(super) reasoning: Option<String>,
    pub(super) blocks: Vec<String>,
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
            stop_reason: "end_turn".to_owned(),
            input_tokens: tokens(&self.system) + tokens(&self.text),
            output_tokens: 0,
        };
        match fault {
            Some(Fault::Answer(text)) => completion.blocks.push(text.clone()),
            Some(Fault::Blocks(blocks)) => completion.blocks.clone_from(blocks),
            Some(Fault::Guardrail(guardrail)) => completion.blocks.push(guardrail.says.clone()),
            Some(Fault::NoText) => {}
            other => {
                completion.blocks.push(reply(model, &self.system, &self.text));
                if let Some(Fault::Reasoning(thought)) = other {
                    completion.reasoning = Some(thought.clone());
                }
            }
        }
        self.cut(&mut completion.blocks, &mut completion.stop_reason);
        match fault {
            Some(Fault::StopReason(reason)) => completion.stop_reason.clone_from(reason),
            Some(Fault::Guardrail(_)) => "guardrail_intervened".clone_into(&mut completion.stop_reason),
            _ => {}
        }
        completion.output_tokens = completion.blocks.iter().map(|block| tokens(block)).sum();
        completion
    }

    fn cut(&self, blocks: &mut Vec<String>, stop_reason: &mut String) {
        let Some(limit) = self.max_tokens else { return };
        let mut left = usize::try_from(limit).unwrap_or(usize::MAX).saturating_mul(4);
        for block in blocks.iter_mut() {
            if let Some((end, _)) = block.char_indices().nth(left) {
                block.truncate(end);
                "max_tokens".clone_into(stop_reason);
            }
            left = left.saturating_sub(block.chars().count());
        }
        if stop_reason == "max_tokens" {
            blocks.retain(|block| !block.is_empty());
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

fn tokens(text: &str) -> usize {
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
