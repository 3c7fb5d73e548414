//! What a statement cost, by the envelopes of its `try_` functions.

use serde_json::{Value, json};

/// Sums over columns of envelopes. One that no row knows is none.
#[derive(Debug, PartialEq)]
pub struct Bill {
    cost_usd: Option<f64>,
    /// Tokens that were read.
    pub input_tokens: Option<u64>,
    /// Tokens that were written.
    pub output_tokens: Option<u64>,
    /// Service calls.
    pub calls: u64,
    /// Why a row has no answer.
    pub first_error: Option<String>,
}

impl Bill {
    /// The bill of these columns.
    pub fn of(columns: &[&[Value]]) -> Self {
        let whole = |member: &str| sum(columns, |envelope| envelope.pointer(member)?.as_u64());
        let errors = columns.iter().flat_map(|column| column.iter());
        Self {
            cost_usd: sum(columns, |envelope| envelope["cost_usd"].as_f64()),
            input_tokens: whole("/usage/input_tokens"),
            output_tokens: whole("/usage/output_tokens"),
            calls: whole("/attempts").unwrap_or_default(),
            first_error: errors.filter_map(|envelope| envelope["error"]["message"].as_str()).next().map(str::to_owned),
        }
    }

    /// US dollars, without the digits that only the sum of binary fractions has.
    pub fn cost_usd(&self) -> Value {
        json!(self.cost_usd.map(|dollars| (dollars * 1e12).round() / 1e12))
    }
}

/// As SQL sums: rows that are NULL do not count, and a column of nothing else makes the sum NULL.
fn sum<T: std::iter::Sum>(columns: &[&[Value]], member: impl Fn(&Value) -> Option<T>) -> Option<T> {
    columns
        .iter()
        .map(|column| {
            let mut known = column.iter().filter_map(&member).peekable();
            known.peek().is_some().then_some(())?;
            Some(known.sum::<T>())
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(cost: f64, tokens: u64, attempts: u64) -> Value {
        json!({
            "value": "a", "error": null, "cost_usd": cost, "attempts": attempts,
            "usage": {"input_tokens": tokens, "output_tokens": 2},
        })
    }

    #[test]
    fn it_sums_both_columns_and_skips_what_is_null() {
        let refused = json!({
            "value": null, "error": {"message": "no"}, "cost_usd": null, "usage": null, "attempts": 1,
        });
        let bill = Bill::of(&[&[envelope(0.1, 7, 1), refused], &[envelope(0.2, 8, 2), envelope(0.0, 0, 0)]]);
        assert_eq!(bill.cost_usd(), json!(0.3));
        assert_eq!((bill.input_tokens, bill.output_tokens, bill.calls), (Some(15), Some(6), 4));
        assert_eq!(bill.first_error.as_deref(), Some("no"));
    }

    #[test]
    fn a_column_without_a_price_has_no_sum() {
        let unknown = json!({"value": "a", "error": null, "cost_usd": null, "usage": null, "attempts": 1});
        let bill = Bill::of(&[&[envelope(0.1, 7, 1)], &[unknown]]);
        assert_eq!((bill.cost_usd(), bill.input_tokens, bill.calls), (Value::Null, None, 2));
    }
}
