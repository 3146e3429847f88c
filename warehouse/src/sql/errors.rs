//! DuckDB's complaints about a query, in BigQuery's words.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::error::{BqError, Reason};

type Rewording = fn(&Captures<'_>) -> BqError;

/// The first pattern that matches decides.
static REWORDINGS: LazyLock<Vec<(Regex, Rewording)>> = LazyLock::new(|| {
    let table: [(&str, Rewording); 9] = [
        (r"INTERRUPT", |_| BqError::new(Reason::Stopped, "Job execution was cancelled")),
        (r"unsupported: ([^\n]+)", |found| BqError::not_implemented(sentence(&found[1]))),
        (r#"Referenced (?:column|table) "([^"]+)" not found"#, |found| {
            BqError::query(format!("Unrecognized name: {}", &found[1]))
        }),
        (r#"does not have a column named "([^"]+)""#, |found| {
            BqError::query(format!("Name {} not found", &found[1]))
        }),
        (r#"column "?([^" ]+)"? must appear in the GROUP BY"#, |found| {
            BqError::query(format!(
                "SELECT list expression references column {} which is neither grouped nor aggregated",
                &found[1]
            ))
        }),
        (
            r"No function matches the given name and argument types '([^(]+)\(([^)]*)\)'",
            no_signature,
        ),
        (r"Could not convert string '([^']*)' to (\w+)", |found| {
            BqError::query(format!(
                "Bad {} value: {}",
                type_name(&found[2]).to_lowercase(),
                &found[1]
            ))
        }),
        (r"Cannot compare values of type ([^\n]+?) and type ([^\n]+?) -", |found| {
            BqError::query(format!(
                "No matching signature for comparison of {} and {}",
                type_name(&found[1]),
                type_name(&found[2])
            ))
        }),
        (r"(?i)out of memory", |_| {
            BqError::new(Reason::BackendError, "The local warehouse ran out of memory")
        }),
    ];
    let compiled = table.into_iter().filter_map(|(pattern, rewording)| {
        Regex::new(pattern).ok().map(|regex| (regex, rewording))
    });
    compiled.collect()
});

/// The error of a query that DuckDB refused or broke off.
pub(crate) fn from_duckdb(error: &duckdb::Error) -> BqError {
    let text = error.to_string();
    for (pattern, rewording) in REWORDINGS.iter() {
        if let Some(found) = pattern.captures(&text) {
            return rewording(&found);
        }
    }
    let first = text.lines().next().unwrap_or_default();
    let words = first.split_once("Error: ").map_or(first, |(_, words)| words);
    BqError::query(words)
}

fn no_signature(found: &Captures<'_>) -> BqError {
    let name = found[1].to_uppercase();
    let what = if name.chars().any(char::is_alphabetic) { "function" } else { "operator" };
    let types: Vec<&str> = found[2].split(", ").map(type_name).collect();
    BqError::query(format!(
        "No matching signature for {what} {name} for argument types: {}",
        types.join(", ")
    ))
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn type_name(duck: &str) -> &str {
    match duck.trim() {
        "BIGINT" | "INTEGER" | "HUGEINT" | "INTEGER_LITERAL" | "INT64" | "INT32" => "INT64",
        "VARCHAR" | "STRING_LITERAL" => "STRING",
        "DOUBLE" => "FLOAT64",
        "BOOLEAN" => "BOOL",
        "TIMESTAMP" => "DATETIME",
        "TIMESTAMP WITH TIME ZONE" => "TIMESTAMP",
        decimal if decimal.starts_with("DECIMAL") => "NUMERIC",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(REWORDINGS.len(), 9);
    }
}
