//! The name of a revision: a hash of what it holds.

use std::fmt::Write;

use himekuri_workflow::ProjectFiles;
use sha2::{Digest, Sha256};

/// SHA-256 over all files in the order of their paths, in hexadecimal. Path and content go in
/// behind their lengths (64 bits, little endian), so that no two projects give the same bytes to
/// hash.
#[must_use]
pub fn revision_id(files: &ProjectFiles) -> String {
    let mut hash = Sha256::new();
    for (path, content) in files.iter() {
        for part in [path.as_bytes(), content] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(part);
        }
    }
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(files: &[(&str, &str)]) -> String {
        revision_id(&files.iter().copied().collect())
    }

    #[test]
    fn the_order_of_the_files_does_not_matter() {
        assert_eq!(id(&[("a", "1"), ("b", "2")]), id(&[("b", "2"), ("a", "1")]));
    }

    #[test]
    fn moving_a_byte_from_path_to_content_changes_the_id() {
        assert_ne!(id(&[("ab", "c")]), id(&[("a", "bc")]));
        assert_ne!(id(&[("a", "b"), ("c", "d")]), id(&[("a", "bcd")]));
    }

    #[test]
    fn the_id_of_a_given_project_never_changes() {
        // printf '\x05\0\0\0\0\0\0\0a.dig\x06\0\0\0\0\0\0\0+a: {}' | sha256sum
        assert_eq!(
            id(&[("a.dig", "+a: {}")]),
            "c5652f9f56fffc140464a46ae175853c54b55ff487aded3ca5c2ab72a3744340"
        );
    }
}
