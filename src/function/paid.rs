//! What service calls have cost.

use serde::{Deserialize, Serialize};

/// Tokens and money. What the service did not count, or what has no known price, is unknown, and not zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paid {
    /// What the service counted.
    #[serde(default)]
    pub usage: Usage,
    /// What that costs.
    #[serde(default)]
    pub cost: Option<Cost>,
}

/// Tokens, as the service counted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the question, those of a cache apart.
    pub input_tokens: Option<u64>,
    /// Tokens of the answer.
    pub output_tokens: Option<u64>,
    /// Tokens that were read from a prompt cache.
    pub cache_read_tokens: Option<u64>,
    /// Tokens that were written to a prompt cache.
    pub cache_write_tokens: Option<u64>,
}

/// An amount of money, in millionths of a millionth of a US dollar: prices are by the million tokens, so that sums are exact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cost(pub u64);

impl Paid {
    /// Whether nothing is known to have been paid.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// The sum with what another call for the same row has cost.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
        let (one, two) = (self.usage, other.usage);
        let cost = if self.is_nothing() || other.is_nothing() {
            self.cost.or(other.cost)
        } else {
            // The price of a part is no price of the whole.
            self.cost.zip(other.cost).map(|(one, other)| Cost(one.0.saturating_add(other.0)))
        };
        Self {
            usage: Usage {
                input_tokens: sum(one.input_tokens, two.input_tokens),
                output_tokens: sum(one.output_tokens, two.output_tokens),
                cache_read_tokens: sum(one.cache_read_tokens, two.cache_read_tokens),
                cache_write_tokens: sum(one.cache_write_tokens, two.cache_write_tokens),
            },
            cost,
        }
    }

    /// What a row has cost for which another has paid: nothing of what is known.
    #[must_use]
    pub fn by_another(self) -> Self {
        let nothing = |count: Option<u64>| count.map(|_| 0);
        let Usage { input_tokens, output_tokens, cache_read_tokens, cache_write_tokens } = self.usage;
        Self {
            usage: Usage {
                input_tokens: nothing(input_tokens),
                output_tokens: nothing(output_tokens),
                cache_read_tokens: nothing(cache_read_tokens),
                cache_write_tokens: nothing(cache_write_tokens),
            },
            cost: self.cost.map(|_| Cost(0)),
        }
    }
}

impl Cost {
    /// The amount in US dollars.
    #[expect(clippy::cast_precision_loss, reason = "beyond nine thousand dollars a row the last digits do not matter")]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e12
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paid(input: Option<u64>, output: Option<u64>, cost: Option<u64>) -> Paid {
        let usage = Usage { input_tokens: input, output_tokens: output, ..Usage::default() };
        Paid { usage, cost: cost.map(Cost) }
    }

    #[test]
    fn two_calls_of_a_row_are_paid_together() {
        let (first, second) = (paid(Some(7), Some(1), Some(30)), paid(Some(9), Some(2), Some(5)));
        assert_eq!(first.and(second), paid(Some(16), Some(3), Some(35)));
        for nothing in [first.and(Paid::default()), Paid::default().and(first)] {
            assert_eq!(nothing, first, "a call that cost nothing adds nothing");
        }
        assert_eq!(first.and(paid(Some(1), None, None)), paid(Some(8), Some(1), None), "a part of unknown price");
    }

    #[test]
    fn what_another_has_paid_for_costs_nothing_and_what_is_unknown_stays_so() {
        assert_eq!(paid(Some(7), None, Some(30)).by_another(), paid(Some(0), None, Some(0)));
        assert_eq!(paid(Some(7), None, None).by_another(), paid(Some(0), None, None));
        assert!(Paid::default().by_another().is_nothing());
    }

    #[test]
    fn money_is_told_in_dollars() {
        assert!((Cost(8_800).dollars() - 0.000_000_008_8).abs() < f64::EPSILON);
        assert_eq!(serde_json::to_string(&Cost(35)).unwrap(), "35");
    }
}
