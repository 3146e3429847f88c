//! Calls of functions: known names, numbers and types of arguments.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser knows many dialects; what GoogleSQL lacks is refused when it is rewritten"
)]

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments,
    HavingBound, Ident, ObjectName, WindowFrameBound, WindowSpec, WindowType,
};

use super::kinds::{Kind, Typed};
use super::records::is_struct;
use super::signatures::{self, Signature};
use super::{Analyzer, place};
use crate::error::BqError;
use crate::sql::functions::COERCE;
use crate::sql::types::word;

/// Functions of many rows that need no OVER.
const AGGREGATES: &[&str] = &[
    "ANY_VALUE",
    "APPROX_COUNT_DISTINCT",
    "APPROX_QUANTILES",
    "ARRAY_AGG",
    "ARRAY_CONCAT_AGG",
    "AVG",
    "BIT_AND",
    "BIT_OR",
    "BIT_XOR",
    "CORR",
    "COUNT",
    "COUNTIF",
    "COVAR_POP",
    "COVAR_SAMP",
    "LOGICAL_AND",
    "LOGICAL_OR",
    "MAX",
    "MAX_BY",
    "MIN",
    "MIN_BY",
    "STDDEV",
    "STDDEV_POP",
    "STDDEV_SAMP",
    "STRING_AGG",
    "SUM",
    "VARIANCE",
    "VAR_POP",
    "VAR_SAMP",
];

impl Analyzer<'_> {
    pub(super) fn call(&mut self, whole: &mut Expr) -> Result<Typed, BqError> {
        let Expr::Function(function) = whole else {
            return Ok(Kind::Unknown.into());
        };
        let at = place(&function.name);
        let mut names: Vec<String> =
            function.name.0.iter().map(|part| word(&part.to_string())).collect();
        let is_safe = names.len() > 1 && names.first().is_some_and(|name| name == "SAFE");
        if is_safe {
            names.remove(0);
        }
        let name = names.join(".");
        if name == COERCE {
            return self.coerced(whole);
        }
        if let FunctionArguments::Subquery(query) = &mut function.args
            && name == "ARRAY"
        {
            let element = match is_struct(query) {
                true => self.as_struct(query)?.unwrap_or(Kind::Unknown),
                false => self.one_column(query, &at)?.kind,
            };
            return Ok(Kind::array(element).into());
        }
        let Some(signatures) = signatures::of(&name) else {
            return Err(not_found(&name, &at));
        };
        if let Some(clause) = self.without_aggregates {
            let what = if function.over.is_some() { "Analytic" } else { "Aggregate" };
            if function.over.is_some() || AGGREGATES.contains(&name.as_str()) {
                return Err(BqError::query(format!(
                    "{what} function {name} not allowed in {clause}{at}"
                )));
            }
        }
        let arguments = self.arguments(function, signatures)?;
        if let Some(window) = &mut function.over
            && let WindowType::WindowSpec(spec) = window
        {
            self.window(spec)?;
        }
        let Some(arguments) = arguments else {
            // COUNT(*).
            return Ok(Kind::Int64.into());
        };
        let Some((signature, kind)) = signatures::choose(signatures, &arguments) else {
            return Err(no_signature(&name, signatures, &arguments, &at));
        };
        if let Some(renamed) = signature.renamed {
            let mut parts = vec![Ident::new(renamed)];
            if is_safe {
                parts.insert(0, Ident::new("SAFE"));
            }
            function.name = ObjectName::from(parts);
        }
        Ok(kind.into())
    }

    /// The argument or the result of a temporary function: only what needs no CAST gets one.
    fn coerced(&mut self, whole: &mut Expr) -> Result<Typed, BqError> {
        let Expr::Function(Function { args: FunctionArguments::List(list), .. }) = whole else {
            return Ok(Kind::Unknown.into());
        };
        let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(cast))) = list.args.first_mut() else {
            return Ok(Kind::Unknown.into());
        };
        let mut cast = cast.clone();
        if let Expr::Cast { expr: inner, data_type, .. } = &mut cast {
            let (at, to) = (place(inner.as_ref()), Kind::of_data_type(data_type));
            let typed = self.expr(inner)?;
            if !typed.fits(&to) {
                return Err(BqError::query(format!(
                    "No matching signature: a value of type {} stands where the function needs {to}{at}",
                    typed.kind
                )));
            }
        }
        let typed = self.expr(&mut cast);
        *whole = cast;
        typed
    }

    /// The types of the arguments; none for `*`.
    fn arguments(
        &mut self,
        function: &mut Function,
        signatures: &[Signature],
    ) -> Result<Option<Vec<Typed>>, BqError> {
        let FunctionArguments::List(list) = &mut function.args else {
            return Ok(Some(Vec::new()));
        };
        let mut types = Vec::new();
        for (index, argument) in list.args.iter_mut().enumerate() {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => {
                    if signatures::is_part(signatures, index) && is_word(expr) {
                        types.push(Kind::Unknown.into());
                        continue;
                    }
                    match self.expr(expr) {
                        Ok(typed) => types.push(typed),
                        // A part in a wrong position is no unknown column.
                        Err(_) if is_word(expr) && signatures::has_part(signatures) => {
                            types.push(Kind::Unknown.into());
                        }
                        Err(error) => return Err(error),
                    }
                }
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => return Ok(None),
                _ => types.push(Kind::Unknown.into()),
            }
        }
        for clause in &mut list.clauses {
            match clause {
                FunctionArgumentClause::OrderBy(keys) => {
                    for key in keys {
                        self.expr(&mut key.expr)?;
                    }
                }
                FunctionArgumentClause::Having(HavingBound(_, by)) => {
                    self.expr(by)?;
                }
                _ => {}
            }
        }
        Ok(Some(types))
    }

    pub(super) fn window(&mut self, spec: &mut WindowSpec) -> Result<(), BqError> {
        for key in &mut spec.partition_by {
            self.expr(key)?;
        }
        for key in &mut spec.order_by {
            self.expr(&mut key.expr)?;
        }
        if let Some(frame) = &mut spec.window_frame {
            for bound in
                [Some(&mut frame.start_bound), frame.end_bound.as_mut()].into_iter().flatten()
            {
                if let WindowFrameBound::Preceding(Some(value))
                | WindowFrameBound::Following(Some(value)) = bound
                {
                    self.expr(value)?;
                }
            }
        }
        Ok(())
    }

    /// The result of a call that the parser reads as syntax.
    pub(super) fn matched(
        &self,
        name: &str,
        arguments: &[Typed],
        at: &str,
    ) -> Result<Typed, BqError> {
        let signatures = signatures::of(name).unwrap_or_default();
        match signatures::choose(signatures, arguments) {
            Some((_, kind)) => Ok(kind.into()),
            None => Err(no_signature(name, signatures, arguments, at)),
        }
    }
}

/// MONTH, WEEK(MONDAY).
fn is_word(expr: &Expr) -> bool {
    match expr {
        Expr::Identifier(_) => true,
        Expr::Function(function) => function.name.to_string().eq_ignore_ascii_case("WEEK"),
        _ => false,
    }
}

/// Families of functions that BigQuery has and this warehouse has not.
const FOREIGN: &[&str] = &[
    "NET.",
    "ST_",
    "ML.",
    "AI.",
    "HLL_COUNT.",
    "KLL_QUANTILES.",
    "KEYS.",
    "AEAD.",
    "OBJ.",
    "APPROX_TOP_",
];

/// The error of an unknown function.
pub(in crate::sql) fn not_found(name: &str, at: &str) -> BqError {
    if FOREIGN.iter().any(|family| name.starts_with(family)) {
        return BqError::not_implemented(format_args!("The function {name}{at}"));
    }
    let hint = signatures::similar(name).map(|name| format!("; Did you mean {name}?"));
    BqError::query(format!("Function not found: {name}{}{at}", hint.unwrap_or_default()))
}

fn no_signature(name: &str, signatures: &[Signature], arguments: &[Typed], at: &str) -> BqError {
    let types: Vec<String> = arguments.iter().map(|typed| typed.kind.to_string()).collect();
    BqError::query(format!(
        "No matching signature for function {name} for argument types: {}. Supported: {}{at}",
        if types.is_empty() { "none".into() } else { types.join(", ") },
        signatures::supported(signatures)
    ))
}
