//! Random identifiers.

/// A random UUID, version 4.
pub(crate) fn uuid() -> String {
    let bits = (fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    // Five groups of fixed length out of 32 digits.
    [0..8, 8..12, 12..16, 16..20, 20..32].map(|group| hex.get(group).unwrap_or_default()).join("-")
}

/// A trace header of X-Ray, not sampled.
pub(crate) fn trace_id() -> String {
    format!("Root=1-{:08x}-{:024x};Sampled=0", fastrand::u32(..), fastrand::u128(..) >> 32)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_uuid_says_its_version_and_variant() {
        let id = super::uuid();
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert!("89ab".contains(&id[19..20]), "{id}");
        assert_eq!(super::trace_id().len(), "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0".len());
    }
}
