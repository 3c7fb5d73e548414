//! What a table is asked for, in operations and in the units of a table on demand.

use serde_json::Value;

/// Bytes of a unit to write, and of one to read.
const WRITTEN: usize = 1024;
const READ: usize = 4096;

/// Operations and units since the table was started, or since they were taken.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Operations that write.
    pub writes: usize,
    /// What they cost.
    pub write_units: usize,
    /// Operations that read.
    pub reads: usize,
    /// What they cost, each item for itself and one that is not there as well.
    pub read_units: usize,
}

impl Counts {
    /// A write of items, each with so many bytes.
    pub(super) fn written(&mut self, bytes: impl IntoIterator<Item = usize>) {
        self.writes += 1;
        self.write_units += bytes.into_iter().map(|bytes| bytes.div_ceil(WRITTEN).max(1)).sum::<usize>();
    }

    /// A consistent read of items, each with so many bytes.
    pub(super) fn read(&mut self, bytes: impl IntoIterator<Item = usize>) {
        self.reads += 1;
        self.read_units += bytes.into_iter().map(|bytes| bytes.div_ceil(READ).max(1)).sum::<usize>();
    }
}

/// The size by which an item is charged: its names, its texts and digits, and its bytes, not their base64.
pub(super) fn size(item: &Value) -> usize {
    match item {
        Value::Object(of) => of
            .iter()
            .map(|(name, value)| match (name.as_str(), value) {
                ("B", Value::String(base64)) => base64.len() / 4 * 3,
                ("S" | "N", Value::String(text)) => text.len(),
                ("L" | "BOOL", value) => size(value),
                (_, value) => name.len() + size(value),
            })
            .sum(),
        Value::Array(all) => all.iter().map(|one| 1 + size(one)).sum(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_item_is_as_large_as_its_names_and_values() {
        assert_eq!(size(&json!({"pk": {"S": "abc"}, "n": {"N": "12"}, "b": {"B": "AAAA"}})), 2 + 3 + 1 + 2 + 1 + 3);
        let mut counts = Counts::default();
        counts.written([1, 1024, 1025]);
        counts.read([0, 4097]);
        assert_eq!(counts, Counts { writes: 1, write_units: 4, reads: 1, read_units: 3 });
    }
}
