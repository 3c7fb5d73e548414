//! What the checks find, and how it is told.

use std::fmt;

use crate::aws::AwsError;

/// What a finding means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Worth knowing, and nothing wrong.
    Note,
    /// It cannot be told, so that nothing is said against it.
    Unknown,
    /// Wrong; this mends it.
    Crossed {
        /// The one command.
        mend: String,
    },
}

/// One sentence about the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it means.
    pub verdict: Verdict,
    /// What was seen.
    pub text: String,
}

/// What a step found, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// As it should be.
    pub fn good(&mut self, text: impl Into<String>) {
        self.push(Verdict::Good, text);
    }

    /// Worth knowing.
    pub fn note(&mut self, text: impl Into<String>) {
        self.push(Verdict::Note, text);
    }

    /// Wrong, and mended by this command.
    pub fn crossed(&mut self, text: impl Into<String>, mend: impl Into<String>) {
        self.push(Verdict::Crossed { mend: mend.into() }, text);
    }

    /// It cannot be told, for this reason.
    pub fn unknown(&mut self, what: impl fmt::Display, why: impl fmt::Display) {
        self.push(Verdict::Unknown, format!("cannot tell {what}: {why}"));
    }

    /// The service did not tell. Its words are left out where a code says it all: they name accounts and are long.
    pub fn not_told(&mut self, what: impl fmt::Display, error: &AwsError) {
        match error {
            AwsError::Refused { code, .. } if code.starts_with("status ") => self.unknown(what, code),
            AwsError::Refused { status, code, .. } => self.unknown(what, format_args!("{code} ({status})")),
            error => self.unknown(what, error),
        }
    }

    /// Whether a value is the one that it should be.
    pub fn compare(&mut self, what: &str, is: &str, should_be: &str, mend: &str) {
        if is == should_be {
            self.good(format!("{what} is {is}"));
        } else {
            self.crossed(format!("{what} is \"{is}\", and should be \"{should_be}\""), mend);
        }
    }

    /// Is anything wrong?
    pub fn has_crosses(&self) -> bool {
        self.0.iter().any(|finding| matches!(finding.verdict, Verdict::Crossed { .. }))
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.0.iter()
    }

    fn push(&mut self, verdict: Verdict, text: impl Into<String>) {
        self.0.push(Finding { verdict, text: text.into() });
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.verdict {
            Verdict::Good => '✓',
            Verdict::Note => '-',
            Verdict::Unknown => '?',
            Verdict::Crossed { .. } => '✗',
        };
        write!(f, "  {mark} {}", printable(&self.text))?;
        match &self.verdict {
            Verdict::Crossed { mend } => write!(f, "\n      mend: {}", printable(mend)),
            Verdict::Good | Verdict::Note | Verdict::Unknown => Ok(()),
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|finding| writeln!(f, "{finding}"))
    }
}

/// A service's text stays on its line, and does nothing to the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::Findings;
    use crate::aws::AwsError;

    #[test]
    fn each_verdict_has_its_mark() {
        let mut findings = Findings::default();
        findings.good("a");
        findings.note("b");
        let (code, message) = ("AccessDenied".to_owned(), "of arn:aws:iam::1:user/u".to_owned());
        findings.not_told("c", &AwsError::Refused { status: 403, code, message });
        assert!(!findings.has_crosses());
        findings.compare("d", "1\n", "2", "sam deploy");
        assert!(findings.has_crosses());
        let told = "  ✓ a\n  - b\n  ? cannot tell c: AccessDenied (403)\n  ✗ d is \"1 \", and should be \"2\"\n      mend: sam deploy\n";
        assert_eq!(findings.to_string(), told);
    }
}
