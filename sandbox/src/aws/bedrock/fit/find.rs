//! Simple patterns in a text.

/// The words between spaces, without the punctuation around them.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().map(bare).filter(|token| !token.is_empty())
}

fn bare(token: &str) -> &str {
    token.trim_matches(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '#' | '+' | '$' | '€' | '£' | '%'))
}

pub(in super::super) fn emails(text: &str) -> Vec<&str> {
    let is = |token: &&str| {
        token.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && host.contains('.') && !host.contains('@') && !host.ends_with('.')
        })
    };
    let parts = text.split(|letter: char| letter.is_whitespace() || "<>()[],;:\"'".contains(letter));
    parts.map(bare).filter(is).collect()
}

pub(super) fn links(text: &str) -> Vec<&str> {
    let is = |token: &&str| token.starts_with("https://") || token.starts_with("http://") || token.starts_with("www.");
    tokens(text).filter(is).collect()
}

/// Runs of digits with what stands between them in a phone number, of 7 to 15 digits.
pub(super) fn phones(text: &str) -> Vec<&str> {
    let part = |letter: char| letter.is_ascii_digit() || "+()-./ ".contains(letter);
    let is = |run: &&str| {
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        let date = run.split(['-', '/', '.']).count() == 3 && digits == 8 && !run.contains(' ');
        (7..=15).contains(&digits) && !date
    };
    let runs = text.split(|letter: char| !part(letter));
    runs.map(|run| run.trim_matches(|letter: char| !letter.is_ascii_digit() && !"+(".contains(letter)))
        .filter(is)
        .collect()
}

/// `#1234`, `A-1234`, `ORD1234`, or a long number: what an order, an invoice or a ticket is called. Those with a `#`
/// come first.
pub(super) fn ids(text: &str) -> Vec<&str> {
    let is = |token: &&str| {
        let id = token.trim_start_matches('#');
        let digits = id.bytes().filter(u8::is_ascii_digit).count();
        let letters = id.bytes().any(|byte| byte.is_ascii_uppercase());
        let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        plain && digits > 0 && (id.len() < token.len() || (letters && digits > 1) || (digits > 4 && digits == id.len()))
    };
    let mut found: Vec<&str> = tokens(text).filter(is).collect();
    found.sort_by_key(|token| !token.starts_with('#'));
    found.into_iter().map(|id| id.trim_start_matches('#')).collect()
}

/// Amounts of money as they are written: `$12.50`, `12,50 EUR`, `20 dollars`.
pub(super) fn amounts(text: &str) -> Vec<String> {
    const UNITS: &[&str] = &["usd", "eur", "gbp", "dollars", "dollar", "euros", "euro", "pounds", "€", "£", "$"];
    let number = |token: &str| token.starts_with(|letter: char| letter.is_ascii_digit());
    let tokens: Vec<&str> = tokens(text).collect();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let unit = tokens.get(at + 1).filter(|next| UNITS.contains(&next.to_lowercase().as_str()));
        if token.strip_prefix(['$', '€', '£']).is_some_and(number) {
            found.push((*token).to_owned());
        } else if number(token)
            && let Some(unit) = unit
        {
            found.push(format!("{token} {unit}"));
        }
    }
    found
}

/// Runs of words with a capital, without those that only begin a sentence.
pub(super) fn names(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut run: Vec<&str> = Vec::new();
    let mut begins = true;
    for word in text.split_whitespace() {
        let token = bare(word);
        let capital = token.chars().next().is_some_and(char::is_uppercase) && token.chars().all(char::is_alphabetic);
        if capital && !(begins && run.is_empty()) && token != "I" {
            run.push(token);
        } else if !run.is_empty() {
            found.push(std::mem::take(&mut run).join(" "));
        }
        begins = word.ends_with(['.', '!', '?', ':']);
        if !run.is_empty() && word.ends_with(['.', ',', '!', '?', ';', ':']) {
            found.push(std::mem::take(&mut run).join(" "));
        }
    }
    found.extend((!run.is_empty()).then(|| run.join(" ")));
    found
}

/// What follows one of these words, with a capital.
pub(super) fn names_after(text: &str, before: &[&str]) -> Vec<String> {
    let lower = text.to_lowercase();
    // The two are cut at the same places only where small letters are as long as capitals.
    if lower.len() != text.len() {
        return Vec::new();
    }
    let after = before.iter().flat_map(|word| lower.match_indices(word).map(|(at, word)| at + word.len()));
    let mut places: Vec<usize> = after.collect();
    places.sort_unstable();
    let run = |at: usize| {
        let rest = text.get(at..)?;
        let capitals: Vec<&str> =
            rest.split_whitespace().take_while(|word| word.starts_with(char::is_uppercase)).collect();
        let ends = capitals.iter().position(|word| word.ends_with(['.', ',', '!', '?', ';', ':']));
        let kept = ends.map_or(&capitals[..], |end| &capitals[..=end]);
        let name = bare(&kept.join(" ")).to_owned();
        (!name.is_empty()).then_some(name)
    };
    places.into_iter().filter_map(run).collect()
}

/// The parts of a text that may each speak of one thing: its lines, or its sentences.
pub(super) fn split(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let sentences = || text.split_inclusive([';', '!', '?']).flat_map(|part| part.split_inclusive(". "));
    let parts: Vec<&str> = if lines.len() > 1 { lines } else { sentences().map(str::trim).collect() };
    parts.into_iter().filter(|part| !part.is_empty()).take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_text_holds() {
        let text = "Hello, I am Jane Doe <jane.doe@example.com>, call +1 (555) 010-9999. Order #A-1234 of 2026-03-04 \
                    cost $12.50, not 20 EUR. See https://example.com/a. Shipped to New York, from Paris";
        assert_eq!(emails(text), ["jane.doe@example.com"]);
        assert_eq!(phones(text), ["+1 (555) 010-9999"]);
        assert_eq!(ids(text), ["A-1234"]);
        assert_eq!(amounts(text), ["$12.50", "20 EUR"]);
        assert_eq!(links(text), ["https://example.com/a"]);
        assert_eq!(names_after(text, &[" am "]), ["Jane Doe"]);
        assert_eq!(names_after(text, &[" to ", " from "]), ["New York", "Paris"]);
        assert!(names(text).contains(&"Jane Doe".to_owned()));
    }
}
