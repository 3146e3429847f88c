//! The operators that digdag brings, so that one that does not run here is told from a misspelt one.

/// Names without `>`, sorted (digdag 0.10.5, `OperatorModule` and its sub-modules).
pub(crate) const DIGDAG_OPERATORS: &[&str] = &[
    "bq",
    "bq_ddl",
    "bq_extract",
    "bq_load",
    "call",
    "echo",
    "embulk",
    "emr",
    "fail",
    "for_each",
    "for_range",
    "gcs_wait",
    "http",
    "http_call",
    "if",
    "loop",
    "mail",
    "nop",
    "notify",
    "param_get",
    "param_set",
    "pg",
    "py",
    "rb",
    "redshift",
    "redshift_load",
    "redshift_unload",
    "require",
    "s3_wait",
    "sh",
    "td",
    "td_ddl",
    "td_for_each",
    "td_load",
    "td_partial_delete",
    "td_result_export",
    "td_run",
    "td_table_export",
    "td_wait",
    "td_wait_table",
    "wait",
];

#[cfg(test)]
mod tests {
    use super::DIGDAG_OPERATORS;

    #[test]
    fn the_operators_are_sorted() {
        assert!(DIGDAG_OPERATORS.is_sorted());
    }
}
