//! "Did you mean": the nearest known word to a misspelt one.

/// Longest word compared, characters: the cost is quadratic, and nobody mistypes a longer name by
/// accident.
const MAX_CHARS: usize = 200;

/// The candidate nearest to `word` by edits (insert, delete, replace, swap neighbours), if it is
/// near enough to be meant: at most a third of the word's characters. Upper and lower case of ASCII
/// count as the same; the word itself is never the answer.
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let letters = lower(word);
    let limit = (letters.len() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
        .filter_map(|candidate| {
            Some((edits_within(limit, &letters, &lower(candidate))?, candidate))
        })
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

fn lower(word: &str) -> Vec<char> {
    word.chars().take(MAX_CHARS).map(|c| c.to_ascii_lowercase()).collect()
}

/// Edits from one word to the other, if they are at most `limit`.
fn edits_within(limit: usize, from: &[char], to: &[char]) -> Option<usize> {
    if from.len().abs_diff(to.len()) > limit {
        return None;
    }
    let mut before_last = vec![0; to.len() + 1];
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, &left) in from.iter().enumerate() {
        let mut current = vec![row + 1; to.len() + 1];
        for (column, &right) in to.iter().enumerate() {
            let replaced = last[column] + usize::from(left != right);
            let mut best = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            let swapped = row > 0 && column > 0 && left == to[column - 1] && from[row - 1] == right;
            if swapped {
                best = best.min(before_last[column - 1] + 1);
            }
            current[column + 1] = best;
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last.last().copied().filter(|edits| *edits <= limit)
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn a_swapped_pair_is_one_edit() {
        assert_eq!(did_you_mean("_exprot", ["_retry", "_export"]), Some("_export"));
    }

    #[test]
    fn a_far_word_is_not_suggested() {
        assert_eq!(did_you_mean("mail", ["bq", "call", "loop"]), None);
    }

    #[test]
    fn other_case_is_near() {
        assert_eq!(did_you_mean("BQ", ["bq_load", "bq"]), Some("bq"));
    }

    #[test]
    fn the_nearest_of_several_wins() {
        assert_eq!(did_you_mean("for_eech", ["for_range", "for_each"]), Some("for_each"));
    }
}
