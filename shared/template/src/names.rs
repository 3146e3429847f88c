//! What the names in an expression mean.

use serde_json::Value;

use crate::Params;

/// Parameters as an expression sees them: raw outer values, covered by the keys of its own object that are
/// already evaluated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names<'a> {
    pub(crate) outer: &'a Params,
    pub(crate) inner: Option<&'a Params>,
}

impl<'a> Names<'a> {
    /// The value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.inner.and_then(|inner| inner.get(name)).or_else(|| self.outer.get(name))
    }

    /// All names with their values; a covered name keeps its outer place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        let (outer, inner) = (self.outer, self.inner);
        let of_outer = outer.iter().map(move |(name, value)| {
            (name, inner.and_then(|inner| inner.get(name)).unwrap_or(value))
        });
        let of_inner = inner.into_iter().flatten();
        of_outer.chain(of_inner.filter(move |(name, _)| !outer.contains_key(*name)))
    }
}
