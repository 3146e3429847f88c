//! Operators between two values.
#![expect(clippy::wildcard_enum_match_arm, reason = "pairs of types: most do not go together")]

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, Interval, ObjectName,
};

use super::kinds::{Kind, Typed, common};
use super::{Analyzer, no_match, place};
use crate::error::BqError;

impl Analyzer<'_> {
    pub(super) fn binary(&mut self, whole: &mut Expr) -> Result<Typed, BqError> {
        let at = place(whole);
        let Expr::BinaryOp { left, op, right } = whole else {
            return Ok(Kind::Unknown.into());
        };
        let (a, b) = (self.expr(left)?, self.expr(right)?);
        let op = op.clone();
        let refused = || no_match(&format!("operator {op}"), &[&a, &b], &at);
        match op {
            BinaryOperator::And | BinaryOperator::Or => {
                match [&a, &b].into_iter().all(|typed| typed.fits(&Kind::Bool)) {
                    true => Ok(Kind::Bool.into()),
                    false => Err(refused()),
                }
            }
            BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq => self.comparable(&[&a, &b], &op.to_string(), &at),
            BinaryOperator::Plus | BinaryOperator::Minus => {
                let adds = op == BinaryOperator::Plus;
                if let Some(kind) = sum(&a.kind, &b.kind) {
                    return Ok(Typed { kind, is_literal: a.is_literal && b.is_literal });
                }
                match shifted(&a.kind, &b.kind, adds) {
                    Some(shift) => {
                        *whole = shift.call(left, right);
                        Ok(shift.result.into())
                    }
                    None => Err(refused()),
                }
            }
            BinaryOperator::Multiply => {
                let kind = sum(&a.kind, &b.kind).ok_or_else(refused)?;
                if kind == Kind::Numeric {
                    *whole = call("$MUL_NUMERIC", vec![(**left).clone(), (**right).clone()]);
                }
                Ok(Typed { kind, is_literal: a.is_literal && b.is_literal })
            }
            BinaryOperator::Divide => match sum(&a.kind, &b.kind) {
                Some(Kind::Numeric) => {
                    *whole = call("$DIV_NUMERIC", vec![(**left).clone(), (**right).clone()]);
                    Ok(Kind::Numeric.into())
                }
                Some(Kind::Unknown) => Ok(Kind::Unknown.into()),
                Some(_) => Ok(Kind::Float64.into()),
                None => Err(refused()),
            },
            BinaryOperator::StringConcat => match (&a.kind, &b.kind) {
                (Kind::Array(_), Kind::Array(_)) => {
                    common([&a, &b].into_iter()).ok_or_else(refused)
                }
                (x, y) if x.is_unknown() => Ok(y.clone().into()),
                (x, y) if y.is_unknown() || x == y && matches!(x, Kind::String | Kind::Bytes) => {
                    Ok(x.clone().into())
                }
                _ => Err(refused()),
            },
            BinaryOperator::BitwiseAnd
            | BinaryOperator::BitwiseOr
            | BinaryOperator::BitwiseXor
            | BinaryOperator::PGBitwiseShiftLeft
            | BinaryOperator::PGBitwiseShiftRight => {
                match [&a, &b].into_iter().all(|typed| typed.fits(&Kind::Int64)) {
                    true => Ok(Kind::Int64.into()),
                    false => Err(refused()),
                }
            }
            // Refused when it is rewritten.
            _ => Ok(Kind::Unknown.into()),
        }
    }

    /// BOOL, when all values can be compared with each other.
    pub(super) fn comparable(
        &self,
        values: &[&Typed],
        operator: &str,
        at: &str,
    ) -> Result<Typed, BqError> {
        let refused = || no_match(&format!("operator {operator}"), values, at);
        let found = common(values.iter().copied()).ok_or_else(refused)?;
        match found.kind {
            Kind::Array(_) | Kind::Json => Err(BqError::query(format!(
                "{operator} is not defined for arguments of type {}{at}",
                found.kind
            ))),
            _ => Ok(Kind::Bool.into()),
        }
    }
}

/// The type of a sum, a difference or a product of two numbers.
fn sum(a: &Kind, b: &Kind) -> Option<Kind> {
    Some(match (a, b) {
        (Kind::Unknown, _) | (_, Kind::Unknown) => Kind::Unknown,
        (Kind::Null, Kind::Null) => Kind::Int64,
        (Kind::Null, other) | (other, Kind::Null) if other.is_number() => other.clone(),
        (Kind::Int64, Kind::Int64) => Kind::Int64,
        (Kind::Float64, other) | (other, Kind::Float64) if other.is_number() => Kind::Float64,
        (Kind::Numeric, other) | (other, Kind::Numeric) if other.is_number() => Kind::Numeric,
        (Kind::Interval, Kind::Interval) => Kind::Interval,
        _ => return None,
    })
}

/// A date or time with something added to it.
struct Shift {
    function: &'static str,
    /// Whether the right side is a number of days.
    is_days: bool,
    /// Whether the left side is what is added.
    is_turned: bool,
    result: Kind,
}

fn shifted(a: &Kind, b: &Kind, adds: bool) -> Option<Shift> {
    let (time, step, is_turned) = match (a, b) {
        (Kind::Int64 | Kind::Interval, time) if adds => (time, a, true),
        (time, step) => (time, step, false),
    };
    let (function, result) = match (time, step, adds) {
        (Kind::Date, Kind::Int64, true) => ("DATE_ADD", Kind::Date),
        (Kind::Date, Kind::Int64, false) => ("DATE_SUB", Kind::Date),
        (Kind::Date | Kind::Datetime, Kind::Interval, true) => ("DATETIME_ADD", Kind::Datetime),
        (Kind::Date | Kind::Datetime, Kind::Interval, false) => ("DATETIME_SUB", Kind::Datetime),
        (Kind::Timestamp, Kind::Interval, true) => ("TIMESTAMP_ADD", Kind::Timestamp),
        (Kind::Timestamp, Kind::Interval, false) => ("TIMESTAMP_SUB", Kind::Timestamp),
        _ => return None,
    };
    Some(Shift { function, is_days: *step == Kind::Int64, is_turned, result })
}

impl Shift {
    fn call(&self, left: &Expr, right: &Expr) -> Expr {
        let (time, step) = if self.is_turned { (right, left) } else { (left, right) };
        let step = match self.is_days {
            true => Expr::Interval(Interval {
                value: Box::new(step.clone()),
                leading_field: Some(sqlparser::ast::DateTimeField::Day),
                leading_precision: None,
                last_field: None,
                fractional_seconds_precision: None,
            }),
            false => step.clone(),
        };
        call(self.function, vec![time.clone(), step])
    }
}

/// A call that the rewriting understands.
pub(in crate::sql) fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let argument = |expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr));
    Expr::Function(Function {
        name: ObjectName::from(Ident::new(name)),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments.into_iter().map(argument).collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
