//! The functions that exist, with their arguments: the allow-list.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::kinds::{Kind, Typed, common};

/// One way to call a function.
#[derive(Debug)]
pub(super) struct Signature {
    arguments: Vec<Argument>,
    result: Pattern,
    /// The name of the function that does it.
    pub(super) renamed: Option<&'static str>,
    text: &'static str,
}

#[derive(Debug)]
struct Argument {
    pattern: Pattern,
    optional: bool,
    repeated: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Pattern {
    Exactly(Kind),
    /// `T`, `U`: any type. `N`, `S` and `O`: some.
    Letter(char),
    ArrayOf(Box<Pattern>),
    Anything,
    Part,
}

static TABLE: LazyLock<BTreeMap<&'static str, Vec<Signature>>> = LazyLock::new(|| {
    let mut table: BTreeMap<&str, Vec<Signature>> = BTreeMap::new();
    for line in include_str!("signatures.txt").lines() {
        if let Some((name, signature)) = read(line) {
            table.entry(name).or_default().push(signature);
        }
    }
    table
});

fn read(line: &'static str) -> Option<(&'static str, Signature)> {
    let (text, result) = line.split_once(" -> ")?;
    let (name, arguments) = text.strip_suffix(')')?.split_once('(')?;
    let (result, renamed) = match result.split_once(" = ") {
        Some((result, renamed)) => (result, Some(renamed)),
        None => (result, None),
    };
    let arguments = arguments.split(", ").filter(|argument| !argument.is_empty()).map(|argument| {
        let plain = argument.trim_end_matches(['?', '*']);
        Some(Argument {
            pattern: pattern(plain)?,
            optional: argument.ends_with('?'),
            repeated: argument.ends_with('*'),
        })
    });
    let arguments = arguments.collect::<Option<_>>()?;
    Some((name, Signature { arguments, result: pattern(result)?, renamed, text }))
}

fn pattern(text: &str) -> Option<Pattern> {
    if let Some(element) = text.strip_prefix('[') {
        return Some(Pattern::ArrayOf(Box::new(pattern(element.strip_suffix(']')?)?)));
    }
    Some(Pattern::Exactly(match text {
        "T" | "U" | "N" | "S" | "O" => return Some(Pattern::Letter(text.chars().next()?)),
        "ANY" => return Some(Pattern::Anything),
        "PART" => return Some(Pattern::Part),
        "INT64" => Kind::Int64,
        "FLOAT64" => Kind::Float64,
        "NUMERIC" => Kind::Numeric,
        "BOOL" => Kind::Bool,
        "STRING" => Kind::String,
        "BYTES" => Kind::Bytes,
        "DATE" => Kind::Date,
        "DATETIME" => Kind::Datetime,
        "TIME" => Kind::Time,
        "TIMESTAMP" => Kind::Timestamp,
        "INTERVAL" => Kind::Interval,
        "JSON" => Kind::Json,
        _ => return None,
    }))
}

/// All signatures of a function.
pub(super) fn of(name: &str) -> Option<&'static [Signature]> {
    TABLE.get(name).map(Vec::as_slice)
}

/// Whether there is a function of this name.
pub(crate) fn is_function(name: &str) -> bool {
    TABLE.contains_key(name)
}

/// Whether an argument is a word such as MONTH and no value.
pub(super) fn is_part(signatures: &[Signature], index: usize) -> bool {
    signatures.iter().any(
        |signature| matches!(signature.arguments.get(index), Some(a) if a.pattern == Pattern::Part),
    )
}

/// Whether a function takes such a word at all.
pub(super) fn has_part(signatures: &[Signature]) -> bool {
    signatures.iter().any(|s| s.arguments.iter().any(|a| a.pattern == Pattern::Part))
}

/// The known function with a name like this one.
pub(super) fn similar(name: &str) -> Option<&'static str> {
    nearest(name, TABLE.keys().copied())
}

/// Of some names the one that differs by a letter or two.
pub(super) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = if name.chars().count() < 5 { 1 } else { 2 };
    let distance = |other: &str| distance(&name.to_lowercase(), &other.to_lowercase());
    let near = names.map(|other| (distance(other), other)).filter(|(d, _)| (1..=most).contains(d));
    near.min().map(|(_, other)| other)
}

/// Letters to change, add or leave out (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
        for (j, y) in b.iter().enumerate() {
            let (above, left) = (row[j + 1], row[j]);
            let replaced = diagonal + usize::from(x != *y);
            diagonal = above;
            row[j + 1] = replaced.min(above + 1).min(left + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

/// The signature that fits with the fewest coercions, with the type of its result.
pub(super) fn choose<'a>(
    signatures: &'a [Signature],
    arguments: &[Typed],
) -> Option<(&'a Signature, Kind)> {
    let fitting = signatures.iter().filter_map(|signature| {
        let (cost, result) = signature.fit(arguments)?;
        Some((cost, signature, result))
    });
    fitting.min_by_key(|(cost, _, _)| *cost).map(|(_, signature, result)| (signature, result))
}

/// All ways to call, for the message that none fits.
pub(super) fn supported(signatures: &[Signature]) -> String {
    let texts: Vec<String> =
        signatures.iter().map(|s| format!("{})", s.text.trim_end_matches(')'))).collect();
    texts.join("; ")
}

impl Signature {
    fn fit(&self, arguments: &[Typed]) -> Option<(usize, Kind)> {
        let mut bound: BTreeMap<char, Vec<Typed>> = BTreeMap::new();
        let mut cost = 0;
        let mut patterns = self.arguments.iter();
        let mut pattern = patterns.next();
        let mut seen = 0;
        for argument in arguments {
            let expected = pattern?;
            cost += bind(&expected.pattern, argument, &mut bound)?;
            seen += 1;
            if !expected.repeated {
                (pattern, seen) = (patterns.next(), 0);
            }
        }
        let left = pattern.into_iter().chain(patterns);
        if left.into_iter().any(|left| !(left.optional || left.repeated && seen > 0)) {
            return None;
        }
        let mut letters = BTreeMap::new();
        for (letter, values) in bound {
            let kind = common(values.iter())?.kind;
            let allowed = match letter {
                'N' => kind.is_number(),
                'S' => matches!(kind, Kind::String | Kind::Bytes) || kind.is_unknown(),
                'O' => !matches!(kind, Kind::Array(_) | Kind::Struct(_) | Kind::Json),
                _ => true,
            };
            if !allowed {
                return None;
            }
            letters.insert(letter, kind);
        }
        Some((cost, result(&self.result, &letters)))
    }
}

/// How far a value is from a pattern; none when it does not fit.
fn bind(pattern: &Pattern, value: &Typed, bound: &mut BTreeMap<char, Vec<Typed>>) -> Option<usize> {
    match pattern {
        Pattern::Anything | Pattern::Part => Some(0),
        Pattern::Exactly(kind) if value.kind == *kind || value.kind.is_unknown() => Some(0),
        Pattern::Exactly(kind) => value.fits(kind).then_some(1),
        Pattern::Letter(letter) => {
            bound.entry(*letter).or_default().push(value.clone());
            Some(0)
        }
        Pattern::ArrayOf(element) => {
            #[expect(clippy::wildcard_enum_match_arm, reason = "only arrays have elements")]
            let inner = match &value.kind {
                Kind::Array(inner) => Kind::clone(inner),
                Kind::Unknown | Kind::Null => Kind::Unknown,
                _ => return None,
            };
            bind(element, &Typed { kind: inner, is_literal: value.is_literal }, bound)
        }
    }
}

fn result(pattern: &Pattern, letters: &BTreeMap<char, Kind>) -> Kind {
    match pattern {
        Pattern::Exactly(kind) => kind.clone(),
        Pattern::Letter(letter) => letters.get(letter).cloned().unwrap_or(Kind::Unknown),
        Pattern::ArrayOf(element) => Kind::array(result(element, letters)),
        Pattern::Anything | Pattern::Part => Kind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read() {
        let lines = include_str!("signatures.txt").lines().filter(|line| !line.starts_with('#'));
        for line in lines {
            assert!(read(line).is_some(), "{line}");
        }
    }

    #[test]
    fn the_nearest_signature_wins() {
        let round = |kind: Kind| choose(of("ROUND").unwrap(), &[kind.into()]).unwrap().1;

        assert_eq!(round(Kind::Int64), Kind::Float64);
        assert_eq!(round(Kind::Numeric), Kind::Numeric);
        assert!(choose(of("ROUND").unwrap(), &[Kind::String.into()]).is_none());
    }

    #[test]
    fn names_differ_by_a_letter_or_two() {
        assert_eq!(similar("DATE_TRUNK"), Some("DATE_TRUNC"));
        assert_eq!(similar("NO_SUCH"), None);
    }
}
