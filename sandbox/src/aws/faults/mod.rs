//! Faults that a service can be told to have.

mod active;

use std::time::Duration;

pub(super) use active::Faults;

use super::reply::Reply;

/// A fault for the requests that match. The first matching rule that still has times left applies, and only that one.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Which requests.
    pub matching: Matching,
    /// From which matching request on: 1 is the first.
    pub from: u64,
    /// For how long, from the first request on that it is for; `None` is for ever.
    pub lasts: Option<Duration>,
    /// How often in all; `None` is always.
    pub times: Option<u64>,
    /// How often for each distinct text, so that `Some(2)` fails the first two attempts of every row.
    pub per_text_times: Option<u64>,
    /// What happens to them.
    pub fault: Fault,
}

impl Rule {
    /// A rule that always applies.
    #[must_use]
    pub fn new(matching: Matching, fault: Fault) -> Self {
        Self { matching, from: 1, lasts: None, times: None, per_text_times: None, fault }
    }

    /// The rule applies from this matching request on: 1 is the first.
    #[must_use]
    pub fn from(self, from: u64) -> Self {
        Self { from, ..self }
    }

    /// The rule applies for so long, from the first request on that it is for.
    #[must_use]
    pub fn lasts(self, lasts: Duration) -> Self {
        Self { lasts: Some(lasts), ..self }
    }

    /// The rule applies this often in all.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self { times: Some(times), ..self }
    }

    /// The rule applies this often to each distinct text.
    #[must_use]
    pub fn per_text(self, times: u64) -> Self {
        Self { per_text_times: Some(times), ..self }
    }
}

/// Which requests a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matching {
    /// Every request.
    All,
    /// Those for this model id or place index; `*` matches any run of characters.
    Model(String),
    /// Those whose text (the user's, or the address) contains this.
    TextContains(String),
    /// A share, chosen by the seed, the text, and how often this text has come, and by nothing else: it does
    /// not depend on the order of requests.
    Share {
        /// How many of a thousand.
        per_mille: u16,
        /// Another seed is another choice.
        seed: u64,
    },
    /// A share of the texts, chosen by the seed and the text: a text is always in it, or never.
    ShareOfTexts {
        /// How many of a thousand.
        per_mille: u16,
        /// Another seed is another choice.
        seed: u64,
    },
    /// Those that all of these match, which are asked in their order until one does not: a share that comes last counts
    /// only the attempts that the others match.
    Every(Vec<Matching>),
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Answered properly, this much later.
    Latency(Duration),
    /// An error answer.
    Error {
        /// The HTTP status.
        status: u16,
        /// The value of `x-amzn-ErrorType`; without it the header is absent.
        code: Option<String>,
        /// The message in the body; `{place}` stands for the place of the text that the rule looks for, in a call for many texts.
        message: String,
        /// The value of `Retry-After`.
        retry_after: Option<String>,
        /// More headers.
        headers: Vec<(String, String)>,
    },
    /// 429 `ThrottlingException`.
    Throttle,
    /// Accepted and never answered, until the client goes away or the service stops.
    Hang,
    /// The connection is closed without an answer.
    Drop,
    /// The connection is closed in the middle of the proper answer.
    Truncate,
    /// 200 with this body.
    Malformed(String),
    /// Bedrock: the model says this. Location answers as always.
    Answer(String),
    /// Bedrock: the model says this in several text blocks, where the answer has blocks. Location answers as always.
    Blocks(Vec<String>),
    /// Bedrock: this reasoning comes before the text, where the answer has blocks. Location answers as always.
    Reasoning(String),
    /// Bedrock: the proper text with this stop reason, in Converse's words. Location answers as always.
    StopReason(String),
    /// Bedrock: the tool that is used has this input; an answer without one is the proper one. Location answers as always.
    ToolInput(serde_json::Value),
    /// Bedrock: a guardrail steps in, where the answer has blocks. Location answers as always.
    Guardrail(Guardrail),
    /// Bedrock: an answer without text. Location: no results.
    NoText,
}

/// What a guardrail does to an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guardrail {
    /// Whether it keeps the answer back; otherwise it masks some of it.
    pub blocks: bool,
    /// What the answer says then: its masked text, or the guardrail's own message.
    pub says: String,
    /// When the answer has a trace of it.
    pub trace: Trace,
    /// Whether the trace sums it up in `actionReason`; otherwise only its assessments tell.
    pub reason: bool,
}

/// When an answer has the trace of a guardrail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// Also when no guardrail was asked for: one that the account enforces.
    Always,
    /// When the request's `guardrailConfig` asks for it.
    Asked,
    /// Never.
    Never,
}

impl Fault {
    /// An error answer with a code and a message and nothing else.
    #[must_use]
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::Error {
            status,
            code: Some(code.to_owned()),
            message: message.to_owned(),
            retry_after: None,
            headers: Vec::new(),
        }
    }

    /// The fault, with the place of the text that is to blame in its message.
    fn at(&self, place: Option<usize>) -> Self {
        let mut fault = self.clone();
        if let (Self::Error { message, .. }, Some(place)) = (&mut fault, place) {
            *message = message.replace("{place}", &place.to_string());
        }
        fault
    }

    /// The answer of a fault that leaves nothing of the proper one.
    pub(super) fn reply(&self) -> Option<Reply> {
        match self {
            Self::Throttle => {
                Some(Reply::error(429, "ThrottlingException", "Too many requests, please wait before trying again."))
            }
            Self::Malformed(body) => Some(Reply { status: 200, headers: Vec::new(), body: body.clone().into_bytes() }),
            Self::Error { status, code, message, retry_after, headers } => {
                let mut reply = Reply::error(*status, code.as_deref().unwrap_or_default(), message);
                if code.is_none() {
                    reply.headers.clear();
                }
                reply.headers.extend(retry_after.iter().map(|after| ("retry-after".to_owned(), after.clone())));
                reply.headers.extend(headers.iter().cloned());
                Some(reply)
            }
            _ => None,
        }
    }
}
