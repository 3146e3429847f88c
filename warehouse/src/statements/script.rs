//! Scripts: statements one after the other, each with a commit of its own, as BigQuery has it.

use super::{Effect, Finish, Runner};
use crate::error::{BqError, Reason};
use crate::query;
use crate::schema::Field;
use crate::sql::{self, Step, duck_variable};

/// Rounds of all loops of a script. BigQuery's limit is a time; a program that forgot to end its
/// loop should not need one to be told.
const ROUNDS_MAX: usize = 100_000;

/// How the steps of a block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
    Return,
}

struct Progress {
    children: i64,
    rounds: usize,
}

impl Runner<'_> {
    pub(super) fn script(&mut self, steps: &[Step], finish: Finish<'_>) -> Result<Effect, BqError> {
        let mut progress = Progress { children: 0, rounds: 0 };
        self.steps(steps, &mut progress)?;
        let effect = Effect { children: progress.children, ..Effect::of("SCRIPT") };
        // Without a SELECT there are no rows, as after a statement that changes some.
        let effect = match self.last {
            Some(_) => effect,
            None => Effect { definition: Some(("SCRIPT".into(), None)), ..effect },
        };
        if self.last.is_none() {
            finish(self.connection, &effect)?;
        }
        Ok(effect)
    }

    fn steps(&mut self, steps: &[Step], progress: &mut Progress) -> Result<Flow, BqError> {
        for step in steps {
            self.job.stopped().map_or(Ok(()), Err)?;
            match self.step(step, progress)? {
                Flow::Next => {}
                flow @ (Flow::Break | Flow::Continue | Flow::Return) => return Ok(flow),
            }
        }
        Ok(Flow::Next)
    }

    fn step(&mut self, step: &Step, progress: &mut Progress) -> Result<Flow, BqError> {
        match step {
            Step::Plain { statement, text } => {
                self.statement(statement, text, &|_, _| Ok(()))?;
                progress.children += 1;
            }
            Step::Declare { names, data_type, default } => {
                for name in names {
                    self.declare(name, data_type.as_ref(), default.as_ref())?;
                }
            }
            Step::Set { names, value, place } => self.set(names, value, place)?,
            Step::If { branches, otherwise } => {
                for (condition, body) in branches {
                    if self.holds(condition)? {
                        return self.steps(body, progress);
                    }
                }
                return self.steps(otherwise, progress);
            }
            Step::While { condition, body } => {
                return self.repeat(condition.as_ref(), body, progress);
            }
            Step::Block { body, handler } => return self.block(body, handler.as_deref(), progress),
            Step::Break => return Ok(Flow::Break),
            Step::Continue => return Ok(Flow::Continue),
            Step::Return => return Ok(Flow::Return),
            Step::Raise { message } => {
                let message = match message {
                    Some(message) => self.text(message)?,
                    None => self.session.error.clone().unwrap_or_default(),
                };
                return Err(BqError::query(message));
            }
            Step::Assert { condition, message } => {
                if !self.holds(condition)? {
                    let message = message.as_ref().map(|message| self.text(message)).transpose()?;
                    return Err(BqError::query(
                        message.unwrap_or_else(|| "Assertion failed".into()),
                    ));
                }
            }
        }
        Ok(Flow::Next)
    }

    fn repeat(
        &mut self,
        condition: Option<&sqlparser::ast::Expr>,
        body: &[Step],
        progress: &mut Progress,
    ) -> Result<Flow, BqError> {
        loop {
            if let Some(condition) = condition
                && !self.holds(condition)?
            {
                return Ok(Flow::Next);
            }
            progress.rounds += 1;
            if progress.rounds > ROUNDS_MAX {
                return Err(BqError::query(format!(
                    "The loops of the script went round {ROUNDS_MAX} times; does one of them never end?"
                )));
            }
            match self.steps(body, progress)? {
                Flow::Next | Flow::Continue => {}
                Flow::Break => return Ok(Flow::Next),
                Flow::Return => return Ok(Flow::Return),
            }
        }
    }

    fn block(
        &mut self,
        body: &[Step],
        handler: Option<&[Step]>,
        progress: &mut Progress,
    ) -> Result<Flow, BqError> {
        let outer = self.session.variables.clone();
        let mut result = self.steps(body, progress);
        if let (Err(error), Some(handler)) = (&result, handler)
            && error.reason != Reason::Stopped
        {
            self.session.error = Some(error.message.clone());
            result = self.steps(handler, progress);
        }
        // Variables of a block end with it.
        self.session.variables = outer;
        result
    }

    fn declare(
        &mut self,
        name: &str,
        data_type: Option<&sqlparser::ast::DataType>,
        default: Option<&sqlparser::ast::Expr>,
    ) -> Result<(), BqError> {
        let key = name.to_lowercase();
        if self.session.variables.contains_key(&key) {
            return Err(BqError::query(format!("Variable '{name}' redeclaration is not allowed")));
        }
        let value = default.map(|default| self.value(default)).transpose()?;
        let value = value.unwrap_or_else(|| "NULL".into());
        let field = match data_type {
            Some(data_type) => sql::variable(name, data_type)?,
            None => Field { name: key.clone(), ..self.type_of(&value)? },
        };
        self.assign(&key, &field, &value)?;
        self.session.variables.insert(key, field);
        Ok(())
    }

    fn set(
        &mut self,
        names: &[String],
        value: &sqlparser::ast::Expr,
        place: &str,
    ) -> Result<(), BqError> {
        let values = match (names, value) {
            ([_], value) => vec![self.value(value)?],
            (names, sqlparser::ast::Expr::Tuple(values)) if values.len() == names.len() => {
                values.iter().map(|value| self.value(value)).collect::<Result<_, _>>()?
            }
            _ => {
                return Err(BqError::query(format!(
                    "SET of {} variables needs as many values in brackets{place}",
                    names.len()
                )));
            }
        };
        let mut fields = Vec::new();
        for name in names {
            let field = self.session.variables.get(&name.to_lowercase()).cloned();
            fields
                .push(field.ok_or_else(|| {
                    BqError::query(format!("Undeclared variable: {name}{place}"))
                })?);
        }
        for ((name, field), value) in names.iter().zip(&fields).zip(values) {
            self.assign(&name.to_lowercase(), field, &value)?;
        }
        Ok(())
    }

    fn assign(&self, name: &str, field: &Field, value: &str) -> Result<(), BqError> {
        self.connection
            .execute_batch(&format!(
                "SET VARIABLE {} = CAST(({value}) AS {})",
                duck_variable(name),
                field.duck_type()
            ))
            .map_err(|error| sql::from_duckdb(&error))
    }

    fn value(&self, value: &sqlparser::ast::Expr) -> Result<String, BqError> {
        let catalog = self.warehouse.catalog();
        sql::translate_value(value, &self.scope(&catalog))
    }

    fn type_of(&self, value: &str) -> Result<Field, BqError> {
        let fields = query::describe(self.connection, &format!("SELECT ({value}) AS v"))?;
        fields.into_iter().next().ok_or_else(|| BqError::query("A value was expected"))
    }

    fn holds(&self, condition: &sqlparser::ast::Expr) -> Result<bool, BqError> {
        let sql = format!("SELECT coalesce(({}), FALSE)", self.value(condition)?);
        self.connection
            .query_row(&sql, [], |row| row.get(0))
            .map_err(|error| sql::from_duckdb(&error))
    }

    fn text(&self, value: &sqlparser::ast::Expr) -> Result<String, BqError> {
        let sql = format!("SELECT CAST(({}) AS VARCHAR)", self.value(value)?);
        let text: Option<String> = self
            .connection
            .query_row(&sql, [], |row| row.get(0))
            .map_err(|error| sql::from_duckdb(&error))?;
        Ok(text.unwrap_or_default())
    }
}
