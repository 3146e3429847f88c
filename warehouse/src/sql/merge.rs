//! MERGE: rows of a source inserted into, updated in or deleted from one table.

use sqlparser::ast::{
    Merge, MergeAction, MergeClause, MergeClauseKind, MergeInsertExpr, MergeInsertKind,
    MergeUpdateExpr, MergeUpdateKind, TableFactor,
};

use super::analysis::Analyzer;
use super::changes::{Change, ChangeKind, Target, assignments, matched_twice, stored};
use super::rewrite::Rewriter;
use super::{Scope, place};
use crate::error::BqError;
use crate::ids::quote;
use crate::schema::Field;

/// Rewrites a MERGE.
///
/// # Errors
/// `invalidQuery` with BigQuery's words; `notFound` for a table.
pub(super) fn merge(merge: &mut Merge, scope: &Scope<'_>) -> Result<Change, BqError> {
    let target = Target::of(scope, &merge.table)?;
    if merge.output.is_some() {
        return Err(BqError::query("Syntax error: Unexpected OUTPUT in MERGE"));
    }
    let mut rewriter = Rewriter::new(scope);
    let source_name = source_name(&merge.source);
    let mut analyzer = Analyzer::new(scope);
    analyzer.enter(&target.id, &target.alias, &target.table.fields);
    let source_columns = analyzer.join_source(&mut merge.source)?;
    analyzer.check_condition(&mut merge.on, "MERGE ON condition")?;
    let source = Source { name: source_name, columns: source_columns };
    for clause in &mut merge.clauses {
        check(&mut analyzer, &target, clause)?;
    }
    rewriter.walk(&mut merge.source)?;
    rewriter.walk(merge.on.as_mut())?;
    let (from, on) = (merge.source.to_string(), merge.on.to_string());
    let (mut clauses, mut changing) = (Vec::new(), Vec::new());
    for clause in &mut merge.clauses {
        let condition = match &mut clause.predicate {
            Some(condition) => {
                rewriter.walk(condition)?;
                Some(condition.to_string())
            }
            None => None,
        };
        if clause.clause_kind == MergeClauseKind::Matched {
            changing.push(condition.clone().map_or("TRUE".into(), |text| format!("({text})")));
        }
        let and = condition.map(|text| format!(" AND ({text})")).unwrap_or_default();
        let action = action(&mut rewriter, &target, clause, &source)?;
        clauses.push(format!("{}{and} THEN {action}", kind(clause.clause_kind)));
    }
    let twice = (!changing.is_empty())
        .then(|| matched_twice(&target, &from, &format!("({on}) AND ({})", changing.join(" OR "))));
    Ok(Change {
        kind: ChangeKind::Merge,
        sql: format!(
            "MERGE INTO {} USING {from} ON ({on}) {} RETURNING merge_action",
            target.from,
            clauses.join(" ")
        ),
        target: target.id,
        twice,
        reads: rewriter.into_reads(),
    })
}

/// What is merged into the target.
struct Source {
    name: Option<String>,
    /// In order, when they are known.
    columns: Option<Vec<String>>,
}

fn check(
    analyzer: &mut Analyzer<'_>,
    target: &Target<'_>,
    clause: &mut MergeClause,
) -> Result<(), BqError> {
    if let Some(condition) = &mut clause.predicate {
        analyzer.check_condition(condition, "WHEN condition")?;
    }
    match &mut clause.action {
        MergeAction::Update(MergeUpdateExpr { kind: MergeUpdateKind::Set(items), .. }) => {
            analyzer.check_assignments(items, target.table)
        }
        MergeAction::Insert(MergeInsertExpr {
            kind: MergeInsertKind::Values(values),
            columns,
            ..
        }) => {
            let columns: Vec<&Field> = match columns.is_empty() {
                true => target.table.fields.iter().collect(),
                false => {
                    columns.iter().map(|name| target.column(name)).collect::<Result<_, _>>()?
                }
            };
            let row = values.rows.iter_mut().flat_map(|row| &mut row.content);
            for (value, column) in row.zip(columns) {
                analyzer.check_stored(value, column)?;
            }
            Ok(())
        }
        MergeAction::Insert(_)
        | MergeAction::Update(_)
        | MergeAction::Delete { .. }
        | MergeAction::DoNothing { .. } => Ok(()),
    }
}

fn kind(kind: MergeClauseKind) -> &'static str {
    match kind {
        MergeClauseKind::Matched => "WHEN MATCHED",
        MergeClauseKind::NotMatched | MergeClauseKind::NotMatchedByTarget => "WHEN NOT MATCHED",
        MergeClauseKind::NotMatchedBySource => "WHEN NOT MATCHED BY SOURCE",
    }
}

fn source_name(source: &TableFactor) -> Option<String> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "other sources have no name")]
    match source {
        TableFactor::Table { alias: Some(alias), .. }
        | TableFactor::Derived { alias: Some(alias), .. } => Some(alias.name.value.clone()),
        TableFactor::Table { name, alias: None, .. } => super::names::parts(name).pop(),
        _ => None,
    }
}

fn action(
    rewriter: &mut Rewriter<'_>,
    target: &Target<'_>,
    clause: &mut MergeClause,
    source: &Source,
) -> Result<String, BqError> {
    let place = place(&clause.when_token.0);
    let wrong = |what: &str| BqError::query(format!("Syntax error: {what}{place}"));
    let inserts = match clause.clause_kind {
        MergeClauseKind::NotMatched | MergeClauseKind::NotMatchedByTarget => true,
        MergeClauseKind::Matched | MergeClauseKind::NotMatchedBySource => false,
    };
    match &mut clause.action {
        MergeAction::Insert(insert) if inserts => new_row(rewriter, target, insert, source, &place),
        MergeAction::Update(update) if !inserts => {
            if update.update_predicate.is_some() || update.delete_predicate.is_some() {
                return Err(wrong("Unexpected WHERE in MERGE"));
            }
            let MergeUpdateKind::Set(items) = &mut update.kind else {
                return Err(wrong("Unexpected \"*\""));
            };
            let sets = assignments(rewriter, target, items)?;
            Ok(format!("UPDATE SET {sets}"))
        }
        MergeAction::Delete { .. } if !inserts => Ok("DELETE".into()),
        MergeAction::Insert(_)
        | MergeAction::Update(_)
        | MergeAction::Delete { .. }
        | MergeAction::DoNothing { .. } => Err(wrong(match inserts {
            true => "Expected INSERT after WHEN NOT MATCHED",
            false => "Expected UPDATE or DELETE after WHEN MATCHED or WHEN NOT MATCHED BY SOURCE",
        })),
    }
}

fn new_row(
    rewriter: &mut Rewriter<'_>,
    target: &Target<'_>,
    insert: &mut MergeInsertExpr,
    source: &Source,
    place: &str,
) -> Result<String, BqError> {
    let columns: Vec<&Field> = match insert.columns.is_empty() {
        true => target.table.fields.iter().collect(),
        false => insert.columns.iter().map(|name| target.column(name)).collect::<Result<_, _>>()?,
    };
    let values: Vec<String> = match &mut insert.kind {
        MergeInsertKind::Row => {
            // The columns of the source in their order.
            let (Some(name), Some(given)) = (&source.name, &source.columns) else {
                return Err(BqError::not_implemented(format_args!(
                    "INSERT ROW from a source whose columns are not known{place}"
                )));
            };
            if given.len() != columns.len() {
                return Err(BqError::query(format!(
                    "Inserted row has wrong column count; Has {}, expected {}{place}",
                    given.len(),
                    columns.len()
                )));
            }
            let value = |(given, column): (&String, &&Field)| {
                let value = format!("{}.{}", quote(name), quote(given));
                format!("CAST({value} AS {})", column.duck_type())
            };
            given.iter().zip(&columns).map(value).collect()
        }
        MergeInsertKind::Values(values) => {
            let [row] = values.rows.as_mut_slice() else {
                return Err(BqError::query(format!(
                    "Syntax error: Expected one row of VALUES{place}"
                )));
            };
            let row = &mut row.content;
            if row.len() != columns.len() {
                return Err(BqError::query(format!(
                    "Inserted row has wrong column count; Has {}, expected {}{place}",
                    row.len(),
                    columns.len(),
                )));
            }
            let mut values = Vec::new();
            for (value, column) in row.iter_mut().zip(&columns) {
                values.push(stored(rewriter, value, column)?);
            }
            values
        }
        MergeInsertKind::Wildcard => {
            return Err(BqError::query(format!("Syntax error: Unexpected \"*\"{place}")));
        }
    };
    let (names, values) = target.row(&columns, &values)?;
    Ok(format!("INSERT ({names}) VALUES ({values})"))
}
