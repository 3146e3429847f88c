//! BigQuery jobs by fixed id: submit, adopt, wait, cancel.
