//! What the sandbox's guardrail does: it blocks a text about a bomb, and masks e-mail addresses in the answer.

use serde_json::{Value, json};

use super::super::completion::{Completion, tokens};
use super::super::fit::find::emails;
use super::Guard;

const BLOCKED: &str = "Sorry, the model cannot answer this question.";

impl Guard {
    /// Changes the answer where it steps in. What it found, if the answer is to tell.
    pub(in super::super) fn step_in(&self, completion: &mut Completion) -> Option<Value> {
        let mut words = self.guarded.split(|letter: char| !letter.is_alphanumeric());
        let trace = if words.any(|word| word.eq_ignore_ascii_case("bomb")) {
            self.block(completion)
        } else {
            self.mask(completion)
        };
        self.traced.then(|| json!({ "guardrail": trace }))
    }

    /// The model is not asked, and reads nothing.
    fn block(&self, completion: &mut Completion) -> Value {
        completion.reasoning = None;
        completion.tool = None;
        completion.blocks = vec![BLOCKED.to_owned()];
        (completion.input_tokens, completion.output_tokens) = (0, 0);
        "guardrail_intervened".clone_into(&mut completion.stop_reason);
        let found = json!({"type": "VIOLENCE", "confidence": "HIGH", "action": "BLOCKED", "detected": true});
        let mut assessment = self.assessment(&self.guarded, self.total);
        assessment["contentPolicy"] = json!({ "filters": [found] });
        json!({"inputAssessment": {&self.id: assessment}, "actionReason": "Guardrail blocked."})
    }

    /// Masks the answer's text; the input of a tool is not assessed.
    fn mask(&self, completion: &mut Completion) -> Value {
        let said = completion.blocks.clone();
        let whole = said.join("\n");
        let mut output = self.assessment(&whole, whole.chars().count());
        let mut trace = json!({"inputAssessment": {&self.id: self.assessment(&self.guarded, self.total)}});
        let found = emails(&whole);
        if !found.is_empty() {
            for block in &mut completion.blocks {
                *block = found.iter().fold(block.clone(), |text, email| text.replace(email, "{EMAIL}"));
            }
            completion.output_tokens = completion.blocks.iter().map(|block| tokens(block)).sum();
            "guardrail_intervened".clone_into(&mut completion.stop_reason);
            let found = |email| json!({"match": email, "type": "EMAIL", "action": "ANONYMIZED", "detected": true});
            let entities: Vec<Value> = emails(&whole).into_iter().map(found).collect();
            output["sensitiveInformationPolicy"] = json!({"piiEntities": entities, "regexes": []});
            trace["modelOutput"] = json!(said);
            trace["actionReason"] = json!("Guardrail masked.");
        }
        trace["outputAssessments"] = json!({ &self.id: [output] });
        trace
    }

    /// What an assessment of a text is charged by: a unit for a thousand characters.
    fn assessment(&self, text: &str, total: usize) -> Value {
        let guarded = text.chars().count();
        let units = guarded.div_ceil(1000);
        json!({"invocationMetrics": {
            "guardrailProcessingLatency": 1,
            "usage": {
                "topicPolicyUnits": 0,
                "contentPolicyUnits": units,
                "wordPolicyUnits": 0,
                "sensitiveInformationPolicyUnits": units,
                "sensitiveInformationPolicyFreeUnits": 0,
                "contextualGroundingPolicyUnits": 0,
            },
            "guardrailCoverage": {"textCharacters": {"guarded": guarded, "total": total}},
        }})
    }
}
