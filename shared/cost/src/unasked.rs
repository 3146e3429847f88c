//! Which queries of one shape BigQuery is asked about, and when its answers hold for the others.

/// Queries of a shape that are asked about before the others are judged by them. Partitions that differ show it in a few;
/// more of them find a table that has rows for some weeks of some years only.
pub const SAMPLES: usize = 24;

/// What a dry run said of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sampled<T> {
    /// Bytes it reads.
    pub bytes: u64,
    /// Tables it reads, sorted; `None` if the endpoint does not say.
    pub tables: Option<Vec<T>>,
}

/// Places of the samples among `count` queries in the plan's order: the first, the last, and some between.
#[must_use]
pub fn samples(count: usize) -> Vec<usize> {
    if count <= SAMPLES {
        return (0..count).collect();
    }
    (0..SAMPLES).map(|sample| sample * (count - 1) / (SAMPLES - 1)).collect()
}

/// Whether all samples read as much of the same tables, and not nothing: that could be partitions which happen to be empty.
pub fn all_agree<T: PartialEq>(sampled: &[Sampled<T>]) -> bool {
    let mut pairs = sampled.iter().zip(sampled.iter().skip(1));
    sampled.iter().all(|sample| sample.bytes > 0) && pairs.all(|(one, next)| one == next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_and_last_are_among_the_samples() {
        assert_eq!(samples(3), [0, 1, 2]);
        let many = samples(1_095);
        assert_eq!((many.len(), many[0], many[SAMPLES - 1]), (SAMPLES, 0, 1_094));
        assert_eq!(samples(25).len(), SAMPLES);
    }

    #[test]
    fn one_that_differs_makes_all_of_them_count_alone() {
        let sample = |bytes, table| Sampled { bytes, tables: Some(vec![table]) };

        assert!(all_agree(&[sample(1, "a"), sample(1, "a")]));
        assert!(!all_agree(&[sample(1, "a"), sample(2, "a")]));
        assert!(!all_agree(&[sample(1, "a"), sample(1, "b")]));
        assert!(!all_agree(&[sample(0, "a"), sample(0, "a")]));
    }
}
