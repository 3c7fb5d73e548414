//! Which rule applies to a request.

use std::collections::HashMap;
use std::time::Instant;

use super::{Fault, Matching, Rule};

/// The rules, and how often each has applied.
#[derive(Debug, Default)]
pub(in crate::aws) struct Faults(Vec<Active>);

#[derive(Debug)]
struct Active {
    rule: Rule,
    /// Requests that matched.
    matched: u64,
    /// When the first of them came that the rule is for.
    began: Option<Instant>,
    applied: u64,
    applied_to: HashMap<u64, u64>,
    seen: HashMap<u64, u64>,
}

impl Faults {
    pub(in crate::aws) fn new(rules: Vec<Rule>) -> Self {
        let active = |rule| Active {
            rule,
            matched: 0,
            began: None,
            applied: 0,
            applied_to: HashMap::new(),
            seen: HashMap::new(),
        };
        Self(rules.into_iter().map(active).collect())
    }

    /// The fault for this request, if any; it is used up by asking.
    pub(in crate::aws) fn choose(&mut self, target: &str, text: &str, now: Instant) -> Option<Fault> {
        self.0.iter_mut().find_map(|active| active.choose(target, text, now))
    }
}

impl Active {
    fn choose(&mut self, target: &str, text: &str, now: Instant) -> Option<Fault> {
        if self.rule.times.is_some_and(|times| self.applied >= times)
            || !matches(&self.rule.matching, &mut self.seen, target, text)
        {
            return None;
        }
        self.matched += 1;
        if self.matched < self.rule.from {
            return None;
        }
        let began = *self.began.get_or_insert(now);
        if self.rule.lasts.is_some_and(|lasts| now.saturating_duration_since(began) >= lasts) {
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
        Some(self.rule.fault.at(place(&self.rule.matching, text)))
    }
}

/// Which line of a text has what the rule looks for: a call for many texts has one on each line.
fn place(matching: &Matching, text: &str) -> Option<usize> {
    match matching {
        Matching::TextContains(part) => text.lines().position(|line| line.contains(part.as_str())),
        Matching::Every(all) => all.iter().find_map(|one| place(one, text)),
        _ => None,
    }
}

/// `seen` counts the attempts of each text.
fn matches(matching: &Matching, seen: &mut HashMap<u64, u64>, target: &str, text: &str) -> bool {
    match matching {
        Matching::All => true,
        Matching::Model(pattern) => glob(pattern, target),
        Matching::TextContains(part) => text.contains(part.as_str()),
        Matching::Share { per_mille, seed } => {
            let attempt = seen.entry(hash(0, text)).or_default();
            *attempt += 1;
            in_share(*per_mille, seed.wrapping_add(*attempt << 32), text)
        }
        Matching::ShareOfTexts { per_mille, seed } => in_share(*per_mille, *seed, text),
        Matching::Every(all) => all.iter().all(|one| matches(one, seen, target, text)),
    }
}

fn in_share(per_mille: u16, seed: u64, text: &str) -> bool {
    hash(seed, text) % 1000 < u64::from(per_mille)
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
    use std::time::Duration;

    use super::*;

    impl Faults {
        fn at_once(&mut self, target: &str, text: &str) -> Option<Fault> {
            self.choose(target, text, Instant::now())
        }
    }

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
        assert_eq!(faults.at_once("m1", "x"), Some(Fault::Drop));
        assert_eq!(faults.at_once("m1", "x"), Some(Fault::Hang));
        assert_eq!(faults.at_once("m1", "y"), None);
    }

    #[test]
    fn the_first_attempts_of_each_text() {
        let mut faults = Faults::new(vec![Rule::new(Matching::All, Fault::Throttle).per_text(2)]);
        for text in ["a", "b", "a", "b"] {
            assert_eq!(faults.at_once("m", text), Some(Fault::Throttle));
        }
        assert_eq!(faults.at_once("m", "a"), None);
        assert_eq!(faults.at_once("m", "c"), Some(Fault::Throttle));
    }

    #[test]
    fn a_share_is_about_its_size_and_free_of_order() {
        let choice = |order: &mut dyn Iterator<Item = u32>, seed| {
            let rule = Rule::new(Matching::Share { per_mille: 300, seed }, Fault::Throttle);
            let mut faults = Faults::new(vec![rule]);
            let mut hit: Vec<u32> = order.filter(|n| faults.at_once("m", &format!("row {n}")).is_some()).collect();
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
        let hit = (0..1000).filter(|_| faults.at_once("m", "one row").is_some()).count();
        assert!((400..600).contains(&hit), "{hit}");
    }

    #[test]
    fn a_share_of_texts_chooses_once_for_each() {
        let rule = Rule::new(Matching::ShareOfTexts { per_mille: 300, seed: 7 }, Fault::Throttle);
        let mut faults = Faults::new(vec![rule]);
        let hit: Vec<bool> = (0..500).map(|n| faults.at_once("m", &format!("row {n}")).is_some()).collect();
        let again: Vec<bool> = (0..500).map(|n| faults.at_once("m", &format!("row {n}")).is_some()).collect();
        assert_eq!(hit, again);
        assert!((100..200).contains(&hit.iter().filter(|hit| **hit).count()));
    }

    #[test]
    fn a_rule_of_a_model_and_a_text_from_its_third_request_on() {
        let matching =
            Matching::Every(vec![Matching::Model("m".into()), Matching::TextContains("x".into()), Matching::All]);
        let mut faults = Faults::new(vec![Rule::new(matching, Fault::Drop).from(3).times(1)]);
        for (target, text, fault) in [
            ("m", "x", false),
            ("n", "x", false),
            ("m", "y", false),
            ("m", "x", false),
            ("m", "x", true),
            ("m", "x", false),
        ] {
            assert_eq!(faults.at_once(target, text).is_some(), fault);
        }
    }

    #[test]
    fn a_rule_lasts_from_the_first_request_on_that_it_is_for() {
        let mut faults = Faults::new(vec![
            Rule::new(Matching::TextContains("x".into()), Fault::Hang).from(2).lasts(Duration::from_secs(2)),
        ]);
        let start = Instant::now();
        let mut at = |seconds, text| faults.choose("m", text, start + Duration::from_secs(seconds)).is_some();
        assert_eq!([at(0, "y"), at(1, "x"), at(5, "x"), at(6, "x"), at(7, "x")], [false, false, true, true, false]);
    }
}
