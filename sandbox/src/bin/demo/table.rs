//! Tables, as a SQL client prints them.

/// Prints rows under a heading, each column as wide as its widest cell.
pub fn print_table<const N: usize>(heading: [&str; N], rows: Vec<[String; N]>) {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([heading[column].chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let print = |cells: [&str; N]| {
        let cells: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
        println!("   | {} |", cells.join(" | "));
    };
    print(heading);
    println!("   |{}|", widths.iter().map(|width| "-".repeat(width + 2)).collect::<Vec<_>>().join("+"));
    for row in &rows {
        print(std::array::from_fn(|column| row[column].as_str()));
    }
}
