//! A function call with its parts as DuckDB text, and the search through the families.

use sqlparser::ast::{
    DuplicateTreatment, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, HavingBound, HavingBoundKind, NullTreatment, WindowType,
};

use super::types::word;
use super::{aggregates, analysis, arrays, dates, jsons, numbers, place, strings};
use crate::error::BqError;

/// Arguments and clauses, already rewritten.
pub(super) struct Call {
    /// Upper case, without `SAFE.`.
    pub(super) name: String,
    pub(super) args: Vec<String>,
    pub(super) distinct: bool,
    /// ` ORDER BY …` or empty.
    pub(super) order_by: String,
    pub(super) limit: Option<String>,
    pub(super) ignore_nulls: bool,
    pub(super) having: Option<Having>,
    /// ` OVER (…)` or empty.
    pub(super) over: String,
}

/// `ANY_VALUE(x HAVING MAX y)`.
pub(super) struct Having {
    pub(super) function: &'static str,
    pub(super) by: String,
}

impl Call {
    /// The arguments as a slice to match on.
    pub(super) fn strs(&self) -> Vec<&str> {
        self.args.iter().map(String::as_str).collect()
    }

    /// `DISTINCT ` or nothing.
    pub(super) fn distinct_word(&self) -> &'static str {
        if self.distinct { "DISTINCT " } else { "" }
    }

    fn is_plain(&self) -> bool {
        !self.distinct
            && self.order_by.is_empty()
            && self.limit.is_none()
            && !self.ignore_nulls
            && self.having.is_none()
            && self.over.is_empty()
    }
}

/// The DuckDB text of a call.
///
/// # Errors
/// `invalidQuery`: `Function not found` or `No matching signature`, with its place.
pub(super) fn translate(function: &Function) -> Result<String, BqError> {
    let place = place(&function.name);
    let mut names: Vec<String> =
        function.name.0.iter().map(|part| word(&part.to_string())).collect();
    let safe = names.len() > 1 && names.first().is_some_and(|name| name == "SAFE");
    if safe {
        names.remove(0);
    }
    let name = names.join(".");
    if let FunctionArguments::Subquery(query) = &function.args {
        return match name.as_str() {
            "ARRAY" => Ok(format!("ARRAY({query})")),
            _ => Err(analysis::not_found(&name, &place)),
        };
    }
    let call = read(function, name, &place)?;
    let text = find(&call, &place)?;
    Ok(if safe { format!("TRY({text})") } else { text })
}

fn find(call: &Call, place: &str) -> Result<String, BqError> {
    if let Some(text) = aggregates::translate(call) {
        return Ok(text);
    }
    // The other families take no clauses of aggregates: to drop one silently would change the result.
    let families = [
        numbers::translate,
        strings::translate,
        dates::translate,
        arrays::translate,
        jsons::translate,
    ];
    if call.is_plain()
        && let Some(text) = families.into_iter().find_map(|family| family(call))
    {
        return Ok(text);
    }
    Err(match analysis::is_function(&call.name) {
        true => BqError::query(format!(
            "No matching signature for function {} with {} argument(s) of this form{place}",
            call.name,
            call.args.len()
        )),
        false => analysis::not_found(&call.name, place),
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "clauses of other dialects are refused")]
fn read(function: &Function, name: String, place: &str) -> Result<Call, BqError> {
    let refused =
        |what: &str| BqError::query(format!("{what} is not supported in a call of {name}{place}"));
    if function.filter.is_some() || !function.within_group.is_empty() {
        return Err(refused("FILTER or WITHIN GROUP"));
    }
    let mut call = Call {
        args: Vec::new(),
        distinct: false,
        order_by: String::new(),
        limit: None,
        ignore_nulls: matches!(function.null_treatment, Some(NullTreatment::IgnoreNulls)),
        having: None,
        over: match &function.over {
            Some(WindowType::WindowSpec(window)) => format!(" OVER ({window})"),
            Some(WindowType::NamedWindow(window)) => format!(" OVER {window}"),
            None => String::new(),
        },
        name: name.clone(),
    };
    let FunctionArguments::List(list) = &function.args else {
        return Ok(call);
    };
    call.distinct = matches!(list.duplicate_treatment, Some(DuplicateTreatment::Distinct));
    for arg in &list.args {
        match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => call.args.push(expr.to_string()),
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => call.args.push("*".into()),
            _ => return Err(refused("A named argument")),
        }
    }
    for clause in &list.clauses {
        match clause {
            FunctionArgumentClause::IgnoreOrRespectNulls(treatment) => {
                call.ignore_nulls = matches!(treatment, NullTreatment::IgnoreNulls);
            }
            FunctionArgumentClause::OrderBy(keys) => {
                let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
                call.order_by = format!(" ORDER BY {}", keys.join(", "));
            }
            FunctionArgumentClause::Limit(limit) => call.limit = Some(limit.to_string()),
            FunctionArgumentClause::Having(HavingBound(kind, by)) => {
                let function = match kind {
                    HavingBoundKind::Max => "arg_max",
                    HavingBoundKind::Min => "arg_min",
                };
                call.having = Some(Having { function, by: by.to_string() });
            }
            _ => return Err(refused("This clause")),
        }
    }
    Ok(call)
}
