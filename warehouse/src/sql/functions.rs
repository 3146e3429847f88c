//! `CREATE TEMP FUNCTION … AS (expression)`: the expression takes the place of each call.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser knows many dialects; what GoogleSQL lacks is refused"
)]

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sqlparser::ast::{
    AccessExpr, CastKind, CreateFunction, CreateFunctionBody, DataType, Expr, Function,
    FunctionArg, FunctionArgExpr, FunctionArguments, FunctionReturnType, Ident, VisitMut,
    VisitorMut,
};

use super::analysis::call;
use super::place;
use super::session::{Session, TempFunction};
use crate::error::BqError;

/// Around a CAST to the type of a parameter: the analysis allows it only where no CAST is needed.
pub(super) const COERCE: &str = "$COERCE";

/// Adds a function to the session.
///
/// # Errors
/// `notImplemented` for functions in other languages and for lasting ones.
pub(crate) fn define(create: &CreateFunction, session: &mut Session) -> Result<(), BqError> {
    let name = create.name.to_string().to_lowercase();
    if !create.temporary {
        return Err(BqError::not_implemented(format_args!(
            "A function that outlives its query (CREATE FUNCTION {name}; CREATE TEMP FUNCTION works)"
        )));
    }
    if create.language.is_some() || create.remote_connection.is_some() || create.using.is_some() {
        return Err(BqError::not_implemented(format_args!(
            "A function in another language than SQL ({name})"
        )));
    }
    let body = match &create.function_body {
        Some(CreateFunctionBody::AsBeforeOptions { body, link_symbol: None }) => body,
        Some(CreateFunctionBody::AsAfterOptions(body)) => body,
        _ => {
            return Err(BqError::query(format!(
                "Syntax error: Expected AS (expression) for {name}"
            )));
        }
    };
    let mut body = Expr::Nested(Box::new(body.clone()));
    // Functions it calls are put in place now, so none can call itself.
    expand(&mut body, session)?;
    let parameters = create.args.iter().flatten().map(|argument| {
        let name = argument.name.as_ref().map(|name| name.value.to_lowercase());
        (name.unwrap_or_default(), typed(&argument.data_type))
    });
    let returns = match &create.return_type {
        Some(FunctionReturnType::DataType(data_type)) => typed(data_type),
        Some(FunctionReturnType::SetOf(_)) | None => None,
    };
    let function = TempFunction { parameters: parameters.collect(), returns, body };
    session.functions.insert(name, function);
    Ok(())
}

fn typed(data_type: &DataType) -> Option<DataType> {
    if *data_type == DataType::AnyType { None } else { Some(data_type.clone()) }
}

/// Puts the session's functions in place of their calls.
///
/// # Errors
/// `invalidQuery`: a wrong number of arguments, with its place.
pub(super) fn expand<T: VisitMut>(node: &mut T, session: &Session) -> Result<(), BqError> {
    if session.functions.is_empty() {
        return Ok(());
    }
    match VisitMut::visit(node, &mut Calls { session }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Calls<'a> {
    session: &'a Session,
}

impl VisitorMut for Calls<'_> {
    type Break = BqError;

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<BqError> {
        let Expr::Function(call) = expr else {
            return ControlFlow::Continue(());
        };
        let Some(function) = self.session.functions.get(&call.name.to_string().to_lowercase())
        else {
            return ControlFlow::Continue(());
        };
        match in_place(call, function) {
            Ok(inlined) => {
                *expr = inlined;
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    }
}

fn in_place(call: &Function, function: &TempFunction) -> Result<Expr, BqError> {
    let arguments = arguments(call);
    let name = &call.name;
    let fits = arguments.as_ref().is_some_and(|all| all.len() == function.parameters.len());
    let (Some(arguments), true) = (arguments, fits) else {
        return Err(BqError::query(format!(
            "No matching signature for function {name}: it takes {} argument(s){}",
            function.parameters.len(),
            place(name)
        )));
    };
    let values = function.parameters.iter().zip(arguments).map(|((name, data_type), argument)| {
        (name.clone(), converted(argument, data_type.as_ref()))
    });
    let mut body = function.body.clone();
    let mut parameters = Parameters { values: values.collect() };
    let _ = VisitMut::visit(&mut body, &mut parameters);
    Ok(converted(body, function.returns.as_ref()))
}

fn arguments(call: &Function) -> Option<Vec<Expr>> {
    let FunctionArguments::List(list) = &call.args else {
        return Some(Vec::new());
    };
    let plain =
        list.duplicate_treatment.is_none() && list.clauses.is_empty() && call.over.is_none();
    let argument = |argument: &FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    };
    plain.then(|| list.args.iter().map(argument).collect()).flatten()
}

fn converted(expr: Expr, data_type: Option<&DataType>) -> Expr {
    let expr = Box::new(Expr::Nested(Box::new(expr)));
    let Some(data_type) = data_type else {
        return *expr;
    };
    let data_type = data_type.clone();
    call(COERCE, vec![Expr::Cast { kind: CastKind::Cast, expr, data_type, format: None }])
}

struct Parameters {
    values: BTreeMap<String, Expr>,
}

impl VisitorMut for Parameters {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let value = |name: &Ident| self.values.get(&name.value.to_lowercase()).cloned();
        let replaced = match expr {
            Expr::Identifier(name) => value(name),
            Expr::CompoundIdentifier(names) => names.split_first().and_then(|(name, fields)| {
                let access = |field: &Ident| AccessExpr::Dot(Expr::Identifier(field.clone()));
                Some(Expr::CompoundFieldAccess {
                    root: Box::new(value(name)?),
                    access_chain: fields.iter().map(access).collect(),
                })
            }),
            _ => None,
        };
        if let Some(replaced) = replaced {
            *expr = replaced;
        }
        ControlFlow::Continue(())
    }
}
