//! Which rows are the same, and which need no answer of a service.

use std::collections::HashMap;

use crate::functions::Arguments;

/// The distinct rows of a batch, in the order in which they first come, and which of them each row is.
#[derive(Debug, PartialEq)]
pub struct Plan<'a> {
    distinct: Vec<Box<[&'a str]>>,
    rows: Vec<Option<u32>>,
}

impl<'a> Plan<'a> {
    /// Plans the rows. A row with a NULL among its arguments is no distinct row: its answer is NULL.
    pub fn of(rows: &'a [Arguments<'a>]) -> Self {
        let mut numbers: HashMap<&'a [Option<std::borrow::Cow<'a, str>>], u32> = HashMap::with_capacity(rows.len());
        let mut distinct: Vec<Box<[&'a str]>> = Vec::new();
        let rows = rows
            .iter()
            .map(|arguments| {
                let texts: Box<[&'a str]> = arguments.iter().map(Option::as_deref).collect::<Option<_>>()?;
                Some(*numbers.entry(arguments).or_insert_with(|| {
                    distinct.push(texts);
                    // Lambda's 6 MB hold fewer rows than that by far.
                    u32::try_from(distinct.len() - 1).unwrap_or(u32::MAX)
                }))
            })
            .collect();
        Self { distinct, rows }
    }

    /// The distinct rows' arguments.
    pub fn distinct(&self) -> &[Box<[&'a str]>] {
        &self.distinct
    }

    /// For each row, which distinct row it is; `None` for one that is NULL.
    pub fn rows(&self) -> &[Option<u32>] {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn equal_rows_share_and_null_rows_need_nothing() {
        let row = |a: &'static str, b: Option<&'static str>| vec![Some(Cow::Borrowed(a)), b.map(Cow::Borrowed)];
        let rows = [row("x", Some("y")), row("x", None), row("xy", Some("")), row("x", Some("y"))];
        let plan = Plan::of(&rows);
        assert_eq!(plan.rows(), [Some(0), None, Some(1), Some(0)]);
        assert_eq!(*plan.distinct()[0], ["x", "y"]);
        assert_eq!(*plan.distinct()[1], ["xy", ""]);
    }
}
