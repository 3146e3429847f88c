//! Everything that can stand in FROM.

use sqlparser::ast::{Expr, Ident, ObjectName, TableAlias, TableFactor};

use super::names::{self, Source};
use super::rewrite::Rewriter;
use super::session::Session;
use super::{Scope, create, information, place};
use crate::catalog::PARTITION_TIME;
use crate::error::BqError;
use crate::ids::{TableId, literal, quote};

/// Replaces a table, array or pivot by DuckDB's text for it.
///
/// # Errors
/// `notFound` for a table, `invalidQuery` for what GoogleSQL does not have.
#[expect(clippy::wildcard_enum_match_arm, reason = "sources of other dialects are refused")]
pub(super) fn rewrite(
    rewriter: &mut Rewriter<'_>,
    factor: &mut TableFactor,
) -> Result<(), BqError> {
    let text = match factor {
        TableFactor::Table {
            name, alias, args, version, sample, with_hints, partitions, ..
        } => {
            if is_done(name) {
                return Ok(());
            }
            let foreign = args.is_some() || version.is_some() || sample.is_some();
            if foreign || !with_hints.is_empty() || !partitions.is_empty() {
                return Err(BqError::not_implemented(format_args!(
                    "A table function, FOR SYSTEM_TIME or TABLESAMPLE{}",
                    place(name)
                )));
            }
            table(rewriter, name, alias.as_ref())?
        }
        TableFactor::UNNEST {
            alias,
            array_exprs,
            with_offset,
            with_offset_alias,
            with_ordinality: flat,
        } => {
            let [array] = array_exprs.as_slice() else {
                return Err(BqError::not_implemented("UNNEST of several arrays"));
            };
            let offset = with_offset.then(|| match with_offset_alias {
                Some(name) => quote(&name.value),
                None => quote("offset"),
            });
            Some(unnest(rewriter.next_unnest(), array, alias.as_ref(), offset, *flat))
        }
        TableFactor::Derived { lateral: false, sample: None, .. }
        | TableFactor::NestedJoin { .. }
        | TableFactor::Unpivot { .. } => None,
        other => {
            return Err(BqError::query(format!("Unsupported source in FROM{}", place(other))));
        }
    };
    if let Some(text) = text {
        *factor = raw_table(text);
    }
    Ok(())
}

fn table(
    rewriter: &mut Rewriter<'_>,
    name: &ObjectName,
    alias: Option<&TableAlias>,
) -> Result<Option<String>, BqError> {
    let parts = names::parts(name);
    let scope = rewriter.scope;
    match names::resolve(scope, &|name| rewriter.ctes.contains(name), &parts)? {
        Source::Cte => Ok(None),
        Source::Information(dataset, view) => {
            let alias = alias.map_or_else(|| quote(&view), |alias| alias.name.to_string());
            let rows = information::rows(scope, &dataset, &view)?;
            Ok(Some(format!("({rows}) AS {alias}")))
        }
        Source::Table(id) => {
            let found = scope.table(&id)?;
            if let Some(text) = found.view() {
                let alias = alias.map_or_else(|| quote(&id.table), |alias| alias.name.to_string());
                return Ok(Some(format!("({}) AS {alias}", view(rewriter, &id, text)?)));
            }
            if found.fields.is_empty() {
                return Err(BqError::invalid(format!("Table {id} does not have a schema.")));
            }
            let alias = alias.map_or_else(|| quote(&id.table), |alias| alias.name.to_string());
            let text = format!("{} AS {alias}", id.duck());
            if !id.is_of_session() {
                rewriter.reads.insert(id);
            }
            Ok(Some(text))
        }
        Source::Wildcard(prefix) => wildcard(rewriter, &prefix, alias).map(Some),
    }
}

/// The query of a view, in which names belong to the view's project.
fn view(rewriter: &mut Rewriter<'_>, id: &TableId, text: &str) -> Result<String, BqError> {
    const DEPTH_MAX: usize = 16;
    if rewriter.depth == DEPTH_MAX {
        return Err(BqError::query(format!("The view {id} is nested too deeply, or in itself")));
    }
    let query = create::view_query(text)?;
    let scope = Scope {
        catalog: rewriter.scope.catalog,
        project: &id.project,
        default_dataset: None,
        parameters: &[],
        session: &Session::default(),
    };
    let mut inner = Rewriter::new(&scope);
    inner.depth = rewriter.depth + 1;
    let mut query = query;
    inner.walk(&mut query)?;
    rewriter.reads.extend(inner.into_reads());
    Ok(query.to_string())
}

fn wildcard(
    rewriter: &mut Rewriter<'_>,
    prefix: &TableId,
    alias: Option<&TableAlias>,
) -> Result<String, BqError> {
    let dataset = rewriter.scope.catalog.dataset(&prefix.dataset_id())?;
    let mut selects = Vec::new();
    for (name, table) in dataset.tables.range(prefix.table.clone()..) {
        let Some(suffix) = name.strip_prefix(&prefix.table) else {
            break;
        };
        if table.fields.is_empty() || table.view().is_some() {
            continue;
        }
        let id = TableId { table: name.clone(), ..prefix.clone() };
        let hidden = match table.is_ingestion_time() {
            true => format!("* EXCLUDE ({PARTITION_TIME})"),
            false => "*".into(),
        };
        selects.push(format!(
            "SELECT {hidden}, {} AS _TABLE_SUFFIX FROM {}",
            literal(suffix),
            id.duck()
        ));
        rewriter.reads.insert(id);
    }
    if selects.is_empty() {
        return Err(BqError::query(format!(
            "{}.{}.{}* does not match any table.",
            prefix.project, prefix.dataset, prefix.table
        )));
    }
    let alias = alias.map_or_else(|| quote(&prefix.table), |alias| alias.name.to_string());
    Ok(format!("({}) AS {alias}", selects.join(" UNION ALL BY NAME ")))
}

fn unnest(
    number: usize,
    array: &Expr,
    alias: Option<&TableAlias>,
    offset: Option<String>,
    flat: bool,
) -> String {
    let text = array.to_string();
    let offset = offset
        .map(|name| format!(", generate_subscripts({text}, 1) - 1 AS {name}"))
        .unwrap_or_default();
    // An array of STRUCT is a table of its fields.
    if flat || text.starts_with("[struct_pack(") {
        let table =
            alias.map_or_else(|| format!("_array{number}"), |alias| quote(&alias.name.value));
        return format!("LATERAL (SELECT unnest({text}, max_depth := 2){offset}) AS {table}");
    }
    let column = alias.map_or_else(|| format!("_unnest{number}"), |alias| quote(&alias.name.value));
    format!("LATERAL (SELECT unnest({text}) AS {column}{offset}) AS _array{number}")
}

/// A rewritten name: no name of BigQuery contains a space outside backticks.
fn is_done(name: &ObjectName) -> bool {
    name.0
        .iter()
        .filter_map(|part| part.as_ident())
        .any(|ident| ident.quote_style.is_none() && ident.value.contains(' '))
}

fn raw_table(text: String) -> TableFactor {
    TableFactor::Table {
        name: ObjectName::from(Ident::new(text)),
        alias: None,
        args: None,
        with_hints: Vec::new(),
        version: None,
        with_ordinality: false,
        partitions: Vec::new(),
        json_path: None,
        sample: None,
        index_hints: Vec::new(),
    }
}
