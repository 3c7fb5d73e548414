//! What `sql/setup.sql` says, which is where the functions are listed for Snowflake.

/// The statements that create the functions.
pub const SETUP: &str = include_str!("../../sql/setup.sql");

/// The functions, by name: each once, whatever forms it has, which stand together.
pub fn functions() -> Vec<&'static str> {
    let mut names: Vec<_> = statements().filter_map(|statement| statement.split('(').next()).map(str::trim).collect();
    names.dedup();
    names
}

/// How many rows a batch of `ask_bedrock` has.
pub fn max_batch_rows() -> Option<u32> {
    let statement = statements().find(|statement| statement.starts_with("ask_bedrock("))?;
    statement.split_once("MAX_BATCH_ROWS = ")?.1.split_whitespace().next()?.parse().ok()
}

fn statements() -> impl Iterator<Item = &'static str> {
    SETUP.split("\nCREATE OR ALTER SECURE EXTERNAL FUNCTION ").skip(1)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_functions_and_the_rows_of_a_batch_are_found() {
        assert!(super::functions().contains(&"ask_bedrock"), "{:?}", super::functions());
        assert!(super::functions().contains(&"get_coordinate"));
        assert_eq!(super::statements().count(), super::SETUP.matches(" EXTERNAL FUNCTION ").count());
        let names: std::collections::HashSet<_> = super::functions().into_iter().collect();
        assert_eq!(names.len(), super::functions().len(), "the forms of a function do not stand together");
        assert!(super::max_batch_rows().is_some_and(|rows| rows > 0));
    }
}
