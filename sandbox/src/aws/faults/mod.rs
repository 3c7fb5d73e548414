//! Faults that a service can be told to have.

use std::collections::HashMap;
use std::time::Duration;

use super::reply::Reply;

/// A fault for the requests that match. The first matching rule that still has times left applies, and only that one.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Which requests.
    pub matching: Matching,
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
        Self { matching, times: None, per_text_times: None, fault }
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
        /// The message in the body.
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
    /// Bedrock: an answer without text. Location: no results.
    NoText,
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

/// The rules, and how often each has applied.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Active>);

#[derive(Debug)]
struct Active {
    rule: Rule,
    applied: u64,
    applied_to: HashMap<u64, u64>,
    seen: HashMap<u64, u64>,
}

impl Faults {
    pub(super) fn new(rules: Vec<Rule>) -> Self {
        let active = |rule| Active { rule, applied: 0, applied_to: HashMap::new(), seen: HashMap::new() };
        Self(rules.into_iter().map(active).collect())
    }

    /// The fault for this request, if any; it is used up by asking.
    pub(super) fn choose(&mut self, target: &str, text: &str) -> Option<Fault> {
        self.0.iter_mut().find_map(|active| active.choose(target, text))
    }
}

impl Active {
    fn choose(&mut self, target: &str, text: &str) -> Option<Fault> {
        if self.rule.times.is_some_and(|times| self.applied >= times) || !self.matches(target, text) {
            return None;
        }
        if let Some(times) = self.rule.per_text_times {
            let applied = self.applied_to.entry(hash(0, text)).or_default();
            if *applied >= times {
                return None;
            }
            *applied += 1;
        }
        self.applied += 1;
        Some(self.rule.fault.clone())
    }

    fn matches(&mut self, target: &str, text: &str) -> bool {
        match &self.rule.matching {
            Matching::All => true,
            Matching::Model(pattern) => glob(pattern, target),
            Matching::TextContains(part) => text.contains(part.as_str()),
            Matching::Share { per_mille, seed } => {
                let attempt = self.seen.entry(hash(0, text)).or_default();
                *attempt += 1;
                hash(seed.wrapping_add(*attempt << 32), text) % 1000 < u64::from(*per_mille)
            }
        }
    }
}

/// FNV-1a, then the finaliser of SplitMix64. The standard hasher may change between releases of Rust, and a
/// seed must mean the same then.
fn hash(seed: u64, text: &str) -> u64 {
    let fnv = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut mixed = fnv;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Whether `text` fits `pattern`, in which `*` stands for any run of characters.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| glob(tail, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        assert!(glob("us.amazon.*", "us.amazon.nova-lite-v1:0"));
        assert!(glob("*nova*:0", "us.amazon.nova-lite-v1:0"));
        assert!(glob("a", "a") && !glob("a", "ab") && !glob("a*c", "ab"));
        assert!(glob("*", "") && glob("**", "x"));
    }

    #[test]
    fn the_first_rule_with_times_left_applies() {
        let mut faults = Faults::new(vec![
            Rule::new(Matching::Model("m*".into()), Fault::Drop).times(1),
            Rule::new(Matching::TextContains("x".into()), Fault::Hang),
        ]);
        assert_eq!(faults.choose("m1", "x"), Some(Fault::Drop));
        assert_eq!(faults.choose("m1", "x"), Some(Fault::Hang));
        assert_eq!(faults.choose("m1", "y"), None);
    }

    #[test]
    fn the_first_attempts_of_each_text() {
        let mut faults = Faults::new(vec![Rule::new(Matching::All, Fault::Throttle).per_text(2)]);
        for text in ["a", "b", "a", "b"] {
            assert_eq!(faults.choose("m", text), Some(Fault::Throttle));
        }
        assert_eq!(faults.choose("m", "a"), None);
        assert_eq!(faults.choose("m", "c"), Some(Fault::Throttle));
    }

    #[test]
    fn a_share_is_about_its_size_and_free_of_order() {
        let choice = |order: &mut dyn Iterator<Item = u32>, seed| {
            let rule = Rule::new(Matching::Share { per_mille: 300, seed }, Fault::Throttle);
            let mut faults = Faults::new(vec![rule]);
            let mut hit: Vec<u32> = order.filter(|n| faults.choose("m", &format!("row {n}")).is_some()).collect();
            hit.sort_unstable();
            hit
        };
        let forward = choice(&mut (0..2000), 7);
        assert!((500..700).contains(&forward.len()), "{}", forward.len());
        assert_eq!(forward, choice(&mut (0..2000).rev(), 7));
        assert_ne!(forward, choice(&mut (0..2000), 8));
    }

    #[test]
    fn a_share_chooses_again_for_each_attempt() {
        let rule = Rule::new(Matching::Share { per_mille: 500, seed: 1 }, Fault::Throttle);
        let mut faults = Faults::new(vec![rule]);
        let hit = (0..1000).filter(|_| faults.choose("m", "one row").is_some()).count();
        assert!((400..600).contains(&hit), "{hit}");
    }
}
