//! Tables, as a SQL client prints them.

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

/// Prints rows under a heading, each column as wide as its widest cell.
pub fn print_table<const N: usize>(heading: [&str; N], rows: Vec<[String; N]>) {
    for line in lines(heading, &rows) {
        println!("   {line}");
    }
}

/// The cell of a value.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

fn lines<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].width());
        cells.chain([heading[column].width()]).max().unwrap_or_default()
    });
    let line = |cells: [&str; N]| {
        // The padding of `format!` counts letters, and some letters take two places.
        let padded = |(cell, width): (&&str, &usize)| format!("{cell}{}", " ".repeat(width - cell.width()));
        let cells: Vec<String> = cells.iter().zip(&widths).map(padded).collect();
        format!("| {} |", cells.join(" | "))
    };
    let rule = widths.iter().map(|width| "-".repeat(width + 2)).collect::<Vec<_>>().join("+");
    let mut lines = vec![line(heading), format!("|{rule}|")];
    lines.extend(rows.iter().map(|row| line(std::array::from_fn(|column| row[column].as_str()))));
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_stand_under_each_other_whatever_the_letters() {
        let row = |text: &str, value: Value| [text.to_owned(), cell(&value)];
        let rows = [row("é 🎉", json!(null)), row("plain", json!(1.5)), row("", json!("text"))];
        assert_eq!(
            lines(["A", "B"], &rows),
            ["| A     | B    |", "|-------+------|", "| é 🎉  | NULL |", "| plain | 1.5  |", "|       | text |"]
        );
    }
}
