//! Redaction: a text with each finding replaced by its type. It is pure, and makes all of it or nothing: a finding that cannot be in the text
//! makes the whole answer one that cannot be trusted.

use std::cmp::Ordering;
use std::ops::Range;

use crate::bedrock::Finding;
use crate::function::{Code, Refusal};

/// A part of a text, in bytes, and the finding by which it is named.
struct Part<'a> {
    bytes: Range<usize>,
    named: &'a Finding,
}

/// Replaces every finding that is as sure as `least` by its type in brackets, as in `[EMAIL]`. Findings that overlap become one, with the
/// type of the longest of them; of equally long ones, that of which the service is surest. Those that touch each other stay two.
///
/// # Errors
///
/// The row's refusal, when any finding ends beyond the text, or before it begins, or is empty: then nobody knows what else is wrong.
pub fn redact(text: &str, findings: &[Finding], least: f64) -> Result<String, Refusal> {
    // Where each character begins, and where the last one ends.
    let bounds: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let parts: Option<Vec<Part<'_>>> = findings.iter().map(|finding| part(&bounds, finding)).collect();
    let mut parts = parts.ok_or_else(|| {
        let message = "the service found something at a place that the text does not have: nothing is redacted";
        Refusal::row(Code::ServiceError, message)
    })?;
    parts.retain(|part| part.named.confidence >= least);
    parts.sort_by_key(|part| part.bytes.start);
    let (mut redacted, mut done) = (String::with_capacity(text.len()), 0);
    for Part { bytes, named } in merged(parts) {
        redacted.push_str(&text[done..bytes.start]);
        redacted.push('[');
        redacted.push_str(&named.kind);
        redacted.push(']');
        done = bytes.end;
    }
    redacted.push_str(&text[done..]);
    Ok(redacted)
}

/// Where a finding is; nowhere, when it cannot be in a text whose characters have these bounds.
fn part<'a>(bounds: &[usize], named: &'a Finding) -> Option<Part<'a>> {
    let bound = |offset: i32| bounds.get(usize::try_from(offset).ok()?).copied();
    let (begin, end) = (bound(named.begin)?, bound(named.end)?);
    (begin < end).then_some(Part { bytes: begin..end, named })
}

/// Makes one of those that overlap; they come in the order in which they begin.
fn merged(parts: Vec<Part<'_>>) -> Vec<Part<'_>> {
    let mut merged: Vec<Part<'_>> = Vec::new();
    for part in parts {
        match merged.last_mut() {
            Some(last) if part.bytes.start < last.bytes.end => {
                last.bytes.end = last.bytes.end.max(part.bytes.end);
                if weight(part.named, last.named).is_gt() {
                    last.named = part.named;
                }
            }
            _ => merged.push(part),
        }
    }
    merged
}

/// Which of two findings names a part that both are in.
fn weight(one: &Finding, other: &Finding) -> Ordering {
    let length = |finding: &Finding| finding.end - finding.begin;
    length(one).cmp(&length(other)).then(one.confidence.total_cmp(&other.confidence))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn finding(kind: &str, begin: i32, end: i32) -> Finding {
        Finding { kind: kind.into(), confidence: 0.5, begin, end }
    }

    /// A finding for each part that is named, wherever it is in the text.
    fn findings(text: &str, parts: &[(&str, &str)]) -> Vec<Finding> {
        let of_part = |(kind, part): &(&str, &str)| {
            let begin = text[..text.find(part).unwrap()].chars().count();
            let count = |characters: usize| i32::try_from(characters).unwrap();
            finding(kind, count(begin), count(begin + part.chars().count()))
        };
        parts.iter().map(of_part).collect()
    }

    #[test]
    fn offsets_are_characters_in_every_script() {
        for (text, parts, expected) in [
            ("a@b.cd", vec![("EMAIL", "a@b.cd")], "[EMAIL]"),
            ("Mail a@b.cd!", vec![("EMAIL", "a@b.cd")], "Mail [EMAIL]!"),
            ("😀👍🏽 a@b.cd 🎉", vec![("EMAIL", "a@b.cd")], "😀👍🏽 [EMAIL] 🎉"),
            ("👩‍👩‍👧‍👦 John 👩‍👩‍👧‍👦", vec![("NAME", "John")], "👩‍👩‍👧‍👦 [NAME] 👩‍👩‍👧‍👦"),
            ("🇫🇷🇩🇪 +33", vec![("PHONE", "+33")], "🇫🇷🇩🇪 [PHONE]"),
            ("e\u{301}te\u{301} Noe\u{308}l.", vec![("NAME", "Noe\u{308}l")], "e\u{301}te\u{301} [NAME]."),
            ("私は田中太郎です", vec![("NAME", "田中太郎")], "私は[NAME]です"),
            ("𠮷田 は 葛󠄀城", vec![("NAME", "𠮷田")], "[NAME] は 葛󠄀城"),
            ("שלום דוד", vec![("NAME", "דוד")], "שלום [NAME]"),
            ("nothing here", vec![], "nothing here"),
            ("[EMAIL] a@b.cd", vec![("EMAIL", "a@b.cd")], "[EMAIL] [EMAIL]"),
        ] {
            assert_eq!(redact(text, &findings(text, &parts), 0.0), Ok(expected.to_owned()));
        }
    }

    #[test]
    fn findings_come_in_any_order_and_those_that_overlap_are_one() {
        let text = "John Doe <john.doe@example.com>";
        let named = |parts: &[(&str, &str)]| redact(text, &findings(text, parts), 0.0).unwrap();
        assert_eq!(named(&[("EMAIL", "john.doe@example.com"), ("NAME", "John Doe")]), "[NAME] <[EMAIL]>");
        assert_eq!(named(&[("USERNAME", "john.doe"), ("EMAIL", "john.doe@example.com")]), "John Doe <[EMAIL]>");
        assert_eq!(named(&[("EMAIL", "john.doe@example.com"), ("URL", "example.com")]), "John Doe <[EMAIL]>");
        assert_eq!(named(&[("NAME", "John"), ("NAME", " Doe")]), "[NAME][NAME] <john.doe@example.com>", "they touch");
        assert_eq!(named(&[("A", "John D"), ("B", "hn Doe <j"), ("C", "oe <john.doe")]), "[C]@example.com>");
        let mut sure = findings(text, &[("NAME", "John Doe"), ("USERNAME", "John Doe")]);
        sure[1].confidence = 0.9;
        assert_eq!(redact(text, &sure, 0.0).unwrap(), "[USERNAME] <john.doe@example.com>");
    }

    #[test]
    fn a_finding_that_cannot_be_leaves_nothing() {
        for (begin, end) in [(0, 5), (4, 5), (9, 12), (3, 2), (2, 2), (0, 0), (4, 4), (-1, 2), (0, -1), (0, i32::MAX)] {
            // Even one that is not sure enough to be redacted.
            for least in [0.0, 0.9] {
                let findings = [finding("EMAIL", 0, 1), finding("NAME", begin, end)];
                let refusal = redact("aé😀d", &findings, least).unwrap_err();
                assert_eq!(refusal.code, Code::ServiceError, "{begin} to {end}");
                assert!(!refusal.message.contains('é'));
            }
        }
        assert_eq!(redact("aé😀d", &[finding("NAME", 0, 4)], 0.5), Ok("[NAME]".to_owned()));
    }

    #[test]
    fn what_is_less_sure_stays() {
        let mut found = findings("John <a@b.cd>", &[("NAME", "John"), ("EMAIL", "a@b.cd")]);
        found[1].confidence = 0.8;
        let redacted = |least| redact("John <a@b.cd>", &found, least).unwrap();
        assert_eq!([redacted(0.5), redacted(0.51)], ["[NAME] <[EMAIL]>", "John <[EMAIL]>"]);
        assert_eq!(redacted(0.9), "John <a@b.cd>");
    }

    /// A text in which every character is another, of one to four bytes, and none is that of a type or a bracket.
    fn different_characters(count: usize) -> Vec<char> {
        let blocks = ['\u{61}', '\u{3b1}', '\u{4e00}', '\u{1f600}'];
        (0..count).filter_map(|n| char::from_u32(u32::from(blocks[n % 4]) + u32::try_from(n / 4).ok()?)).collect()
    }

    proptest! {
        #[test]
        fn what_is_outside_of_findings_is_unchanged_and_nothing_of_a_finding_remains(
            count in 1_usize..80,
            ends in prop::collection::vec((0_usize..80, 1_usize..12), 0..12),
        ) {
            let characters = different_characters(count);
            let text: String = characters.iter().collect();
            let within = |(begin, length): &(usize, usize)| {
                let begin = begin % count;
                (begin, (begin + length).min(count))
            };
            let ranges: Vec<(usize, usize)> = ends.iter().map(within).collect();
            let offset = |at: usize| i32::try_from(at).unwrap();
            let findings: Vec<Finding> =
                ranges.iter().map(|(begin, end)| finding("X", offset(*begin), offset(*end))).collect();
            let redacted = redact(&text, &findings, 0.5).unwrap();
            let is_found = |at: usize| ranges.iter().any(|(begin, end)| (*begin..*end).contains(&at));
            let outside: String = (0..count).filter(|at| !is_found(*at)).map(|at| characters[at]).collect();
            prop_assert_eq!(redacted.replace("[X]", ""), outside);
            prop_assert_eq!(redacted.is_empty(), false);
            for (at, character) in characters.iter().enumerate() {
                prop_assert_eq!(redacted.contains(*character), !is_found(at));
            }
        }

        #[test]
        fn no_offsets_whatever_make_it_panic(
            text in any::<String>(),
            ends in prop::collection::vec((any::<i32>(), any::<i32>()), 0..4),
            near in prop::collection::vec((-2_i32..20, -2_i32..20), 0..4),
        ) {
            let findings: Vec<Finding> = ends.iter().chain(&near).map(|(begin, end)| finding("X", *begin, *end)).collect();
            if let Ok(redacted) = redact(&text, &findings, 0.5) {
                prop_assert_eq!(findings.is_empty(), redacted == text);
            }
        }
    }
}
