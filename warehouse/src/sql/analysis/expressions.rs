//! The type of an expression.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser knows many dialects; what GoogleSQL lacks is refused when it is rewritten"
)]

use sqlparser::ast::{CaseWhen, DateTimeField, Expr, UnaryOperator, Value, ValueWithSpan};

use super::kinds::{Kind, Typed, common};
use super::records::is_struct;
use super::scopes::member;
use super::{Analyzer, no_match, place, structs};
use crate::error::BqError;

impl Analyzer<'_> {
    /// Works out the type of a value.
    pub(super) fn expr(&mut self, expr: &mut Expr) -> Result<Typed, BqError> {
        let at = place(expr);
        match expr {
            Expr::Identifier(name) => match self.parameter(&name.value) {
                Some(typed) => Ok(typed),
                None => {
                    let path = [name.clone()];
                    self.name(&path, expr)
                }
            },
            Expr::CompoundIdentifier(path) => {
                if let Some((first, rest)) = path.split_first()
                    && let Some(mut typed) = self.parameter(&first.value)
                {
                    for name in rest {
                        typed.kind = member(&typed.kind, name)?;
                    }
                    return Ok(typed);
                }
                let path = path.clone();
                self.name(&path, expr)
            }
            Expr::CompoundFieldAccess { .. } => self.access(expr),
            Expr::Value(ValueWithSpan { value, .. }) => Ok(self.constant(value)),
            Expr::TypedString(typed) => Ok(Kind::of_data_type(&typed.data_type).into()),
            Expr::Nested(inner) => self.expr(inner),
            Expr::Named { expr: inner, .. } => self.expr(inner),
            Expr::UnaryOp { op, expr: inner } => {
                let typed = self.expr(inner)?;
                let fits = match op {
                    UnaryOperator::Not => {
                        matches!(typed.kind, Kind::Bool | Kind::Unknown | Kind::Null)
                    }
                    UnaryOperator::BitwiseNot => {
                        matches!(typed.kind, Kind::Int64 | Kind::Bytes | Kind::Unknown | Kind::Null)
                    }
                    _ => typed.kind.is_number() || typed.kind == Kind::Interval,
                };
                match fits {
                    true => Ok(typed),
                    false => Err(no_match(&format!("operator {op}"), &[&typed], &at)),
                }
            }
            Expr::BinaryOp { .. } => self.binary(expr),
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => {
                self.expr(inner)?;
                Ok(Kind::Bool.into())
            }
            Expr::IsTrue(inner)
            | Expr::IsFalse(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsNotFalse(inner) => {
                self.check_condition(inner, "The operand of IS")?;
                Ok(Kind::Bool.into())
            }
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                let (left, right) = (self.expr(left)?, self.expr(right)?);
                self.comparable(&[&left, &right], "IS DISTINCT FROM", &at)
            }
            Expr::Between { expr: inner, low, high, .. } => {
                let values = [self.expr(inner)?, self.expr(low)?, self.expr(high)?];
                self.comparable(&values.each_ref(), "BETWEEN", &at)
            }
            Expr::InList { expr: inner, list, .. } => {
                let mut values = vec![self.expr(inner)?];
                for item in list {
                    values.push(self.expr(item)?);
                }
                self.comparable(&values.iter().collect::<Vec<_>>(), "IN", &at)
            }
            Expr::InUnnest { expr: inner, array_expr, .. } => {
                let value = self.expr(inner)?;
                let array = self.expr(array_expr)?;
                match array.kind {
                    Kind::Array(element) => {
                        let element = Typed { kind: *element, is_literal: array.is_literal };
                        self.comparable(&[&value, &element], "IN UNNEST", &at)
                    }
                    Kind::Unknown | Kind::Null => Ok(Kind::Bool.into()),
                    _ => Err(no_match("operator IN UNNEST", &[&value, &array], &at)),
                }
            }
            Expr::InSubquery { expr: inner, subquery, .. } => {
                let value = self.expr(inner)?;
                let column = self.one_column(subquery, &at)?;
                self.comparable(&[&value, &column], "IN", &at)
            }
            Expr::Like { any: true, .. } => {
                Err(BqError::not_implemented(format_args!("LIKE ANY or LIKE ALL{at}")))
            }
            Expr::Like { expr: inner, pattern, .. } => {
                let (value, pattern) = (self.expr(inner)?, self.expr(pattern)?);
                let both = |kind: &Kind| {
                    [&value.kind, &pattern.kind].into_iter().all(|k| k == kind || k.is_unknown())
                };
                match both(&Kind::String) || both(&Kind::Bytes) {
                    true => Ok(Kind::Bool.into()),
                    false => Err(no_match("operator LIKE", &[&value, &pattern], &at)),
                }
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref_mut(), conditions, else_result.as_deref_mut(), &at)
            }
            Expr::Cast { expr: inner, data_type, .. } => {
                let to = Kind::of_data_type(data_type);
                structs::rename(inner, &to);
                let from = self.expr(inner)?;
                structs::check(&from.kind, &to, &at)?;
                match from.kind.casts_to(&to) {
                    true => Ok(to.into()),
                    false => {
                        Err(BqError::query(format!("Invalid cast from {} to {to}{at}", from.kind)))
                    }
                }
            }
            Expr::Extract { field, expr: inner, .. } => self.extract(field, inner, &at),
            Expr::Interval(interval) => {
                let value = self.expr(&mut interval.value)?;
                let fits = value.fits(&Kind::Int64) || value.kind == Kind::String;
                match fits {
                    true => Ok(Kind::Interval.into()),
                    false => Err(BqError::query(format!(
                        "Interval value must be coercible to INT64 type, not {}{at}",
                        value.kind
                    ))),
                }
            }
            Expr::Struct { values, fields } => self.structure(values, fields),
            Expr::Tuple(values) => self.structure(values, &[]),
            Expr::Array(array) => {
                let mut elements = Vec::new();
                for element in &mut array.elem {
                    elements.push(self.expr(element)?);
                }
                if elements.iter().any(|element| matches!(element.kind, Kind::Array(_))) {
                    return Err(BqError::query(format!(
                        "Cannot construct array with element type ARRAY because nested arrays are not \
                         supported{at}"
                    )));
                }
                let is_literal = elements.iter().all(|element| element.is_literal);
                let kind = match elements.is_empty() {
                    true => Kind::Unknown,
                    false => common(elements.iter())
                        .ok_or_else(|| {
                            BqError::query(format!(
                                "Array elements of types {{{}}} do not have a common supertype{at}",
                                elements
                                    .iter()
                                    .map(|e| e.kind.to_string())
                                    .collect::<Vec<_>>()
                                    .join(", ")
                            ))
                        })?
                        .kind,
                };
                Ok(Typed { kind: Kind::array(kind), is_literal })
            }
            Expr::Subquery(query) => {
                if is_struct(query)
                    && let Some(kind) = self.as_struct(query)?
                {
                    return Ok(kind.into());
                }
                self.one_column(query, &at)
            }
            Expr::Exists { subquery, .. } => {
                self.query(subquery)?;
                Ok(Kind::Bool.into())
            }
            Expr::Function(_) => self.call(expr),
            Expr::Ceil { expr: inner, .. } | Expr::Floor { expr: inner, .. } => {
                let typed = self.expr(inner)?;
                match typed.kind {
                    Kind::Numeric => Ok(Kind::Numeric.into()),
                    _ if typed.kind.is_number() => Ok(Kind::Float64.into()),
                    _ => Err(no_match("function CEIL or FLOOR", &[&typed], &at)),
                }
            }
            Expr::Substring { expr: inner, substring_from, substring_for, .. } => {
                let mut arguments = vec![self.expr(inner)?];
                for position in [substring_from, substring_for].into_iter().flatten() {
                    arguments.push(self.expr(position)?);
                }
                self.matched("SUBSTR", &arguments, &at)
            }
            Expr::Trim { expr: inner, trim_what, trim_characters, .. } => {
                let mut arguments = vec![self.expr(inner)?];
                for what in trim_what
                    .iter_mut()
                    .map(AsMut::as_mut)
                    .chain(trim_characters.iter_mut().flatten())
                {
                    arguments.push(self.expr(what)?);
                }
                self.matched("TRIM", &arguments, &at)
            }
            _ => Ok(Kind::Unknown.into()),
        }
    }

    pub(super) fn parameter(&self, name: &str) -> Option<Typed> {
        let name = name.strip_prefix('@').filter(|name| !name.starts_with('@'))?;
        let parameters = self.scope.parameters;
        let found = parameters
            .iter()
            .find(|p| p["name"].as_str().is_some_and(|other| other.eq_ignore_ascii_case(name)));
        // A missing one is told when it is put in place.
        let kind = found.map_or(Kind::Unknown, |p| Kind::of_parameter(&p["parameterType"]));
        Some(Typed::literal(kind))
    }

    fn constant(&self, value: &Value) -> Typed {
        Typed::literal(match value {
            Value::Number(digits, _) if digits.contains(['.', 'e', 'E']) => Kind::Float64,
            Value::Number(_, _) | Value::HexStringLiteral(_) => Kind::Int64,
            Value::Boolean(_) => Kind::Bool,
            Value::Null => Kind::Null,
            Value::SingleQuotedByteStringLiteral(_)
            | Value::DoubleQuotedByteStringLiteral(_)
            | Value::TripleSingleQuotedByteStringLiteral(_)
            | Value::TripleDoubleQuotedByteStringLiteral(_) => Kind::Bytes,
            Value::Placeholder(name) => {
                let number = name.strip_prefix('?').and_then(|digits| digits.parse::<usize>().ok());
                let parameter = number.and_then(|number| self.scope.parameters.get(number));
                parameter.map_or(Kind::Unknown, |p| Kind::of_parameter(&p["parameterType"]))
            }
            _ => Kind::String,
        })
    }

    fn case(
        &mut self,
        operand: Option<&mut Expr>,
        conditions: &mut [CaseWhen],
        otherwise: Option<&mut Expr>,
        at: &str,
    ) -> Result<Typed, BqError> {
        let operand = operand.map(|operand| self.expr(operand)).transpose()?;
        let mut results = Vec::new();
        for CaseWhen { condition, result } in conditions {
            match &operand {
                Some(operand) => {
                    let value = self.expr(condition)?;
                    self.comparable(&[operand, &value], "CASE", at)?;
                }
                None => self.check_condition(condition, "CASE condition")?,
            }
            results.push(self.expr(result)?);
        }
        if let Some(otherwise) = otherwise {
            results.push(self.expr(otherwise)?);
        }
        common(results.iter())
            .map(|typed| Typed { is_literal: false, ..typed })
            .ok_or_else(|| no_match("operator CASE", &results.iter().collect::<Vec<_>>(), at))
    }

    fn extract(
        &mut self,
        field: &DateTimeField,
        inner: &mut Expr,
        at: &str,
    ) -> Result<Typed, BqError> {
        let from = match &mut *inner {
            Expr::AtTimeZone { timestamp, time_zone } => {
                let zone = self.expr(time_zone)?;
                let value = self.expr(timestamp)?;
                if !zone.fits(&Kind::String) || !value.fits(&Kind::Timestamp) {
                    return Err(no_match("AT TIME ZONE", &[&value, &zone], at));
                }
                value.kind
            }
            other => self.expr(other)?.kind,
        };
        let part = field.to_string().to_uppercase();
        let of_day = ["HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND", "TIME"];
        let is_of_day = of_day.contains(&part.as_str());
        let fits = match from {
            Kind::Date => !is_of_day && part != "DATETIME",
            Kind::Time => is_of_day && part != "TIME",
            Kind::Datetime | Kind::Timestamp | Kind::Interval | Kind::Unknown | Kind::Null => true,
            _ => {
                return Err(no_match("function EXTRACT", &[&from.into()], at));
            }
        };
        if from == Kind::Timestamp && !matches!(inner, Expr::AtTimeZone { .. }) {
            let zone = Expr::value(Value::SingleQuotedString("UTC".into()));
            let instant = std::mem::replace(inner, Expr::value(Value::Null));
            *inner = Expr::AtTimeZone { timestamp: Box::new(instant), time_zone: Box::new(zone) };
        }
        if !fits {
            return Err(BqError::query(format!(
                "EXTRACT from {from} does not support the {part} date part{at}"
            )));
        }
        Ok(match part.as_str() {
            "DATE" => Kind::Date,
            "TIME" => Kind::Time,
            "DATETIME" => Kind::Datetime,
            _ => Kind::Int64,
        }
        .into())
    }
}
