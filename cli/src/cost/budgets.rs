//! How often a plan changes each table, held against what BigQuery allows in a day.

use std::collections::BTreeMap;

use himekuri_cost::Budget;
use himekuri_protocol::TableReference;

use super::asker::Asker;
use super::collect::Planned;
use crate::failure::OverLimit;
use crate::output::grouped;

/// Changes that a plan makes.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    tables: BTreeMap<String, Changes>,
}

/// Changes of one table.
#[derive(Debug)]
struct Changes {
    table: TableReference,
    /// Whether the writes name a partition.
    decorated: bool,
    count: u64,
}

impl Writes {
    /// Of a whole plan.
    pub(crate) fn of(plan: &[Planned]) -> Self {
        let mut writes = Self::default();
        for table in plan.iter().filter_map(|planned| planned.query()?.destination.as_ref()) {
            writes.count(table);
        }
        writes
    }

    /// One more write.
    pub(crate) fn count(&mut self, table: &TableReference) {
        let decorated = table.partition.is_some();
        let table = TableReference { partition: None, ..table.clone() };
        let changes = self.tables.entry(table.to_string());
        let changes = changes.or_insert(Changes { table, decorated: true, count: 0 });
        changes.decorated &= decorated;
        changes.count += 1;
    }

    /// What is said when nobody can be asked: perhaps the tables are others than their names suggest.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = String> {
        self.tables.iter().filter_map(|(name, changes)| {
            let budget = changes.guess();
            (changes.count > budget.for_a_plan()).then(|| sentence(name, changes.count, budget))
        })
    }
}

impl Changes {
    fn guess(&self) -> Budget {
        Budget::Guessed { decorated: self.decorated }
    }
}

/// # Errors
/// [`OverLimit`]: a table would be changed more often than the plan may.
pub(crate) async fn check(writes: &Writes, asker: &Asker) -> anyhow::Result<()> {
    let smallest = Budget::Guessed { decorated: false }.for_a_plan();
    let mut over = Vec::new();
    for (name, changes) in writes.tables.iter().filter(|(_, changes)| changes.count > smallest) {
        let known = asker.partitioning(&changes.table).await;
        let budget = known.map_or_else(|| changes.guess(), Budget::Known);
        if changes.count > budget.for_a_plan() {
            over.push(sentence(name, changes.count, budget));
        }
    }
    match over.is_empty() {
        true => Ok(()),
        false => Err(OverLimit(format!("{}; nothing was sent", over.join("\n"))).into()),
    }
}

fn sentence(table: &str, count: u64, budget: Budget) -> String {
    format!(
        "the plan changes `{table}` {} times; the table {}, BigQuery allows {} changes of it a day, and a plan may make \
         four fifths of them ({}): split the range (`--from`, `--to`) into {} parts, and run one a day",
        grouped(count),
        budget.kind(),
        grouped(budget.per_day()),
        grouped(budget.for_a_plan()),
        count.div_ceil(budget.for_a_plan())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_that_would_use_up_a_tables_day_is_told_into_how_many_parts_it_falls() {
        let mut writes = Writes::default();
        let partition = TableReference::parse("a.summary.access$20190901", None).unwrap();
        let whole = TableReference::parse("a.summary.users", None).unwrap();
        (0..8_800).for_each(|_| writes.count(&partition));
        (0..1_201).for_each(|_| writes.count(&whole));

        let warnings: Vec<String> = writes.warnings().collect();

        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].starts_with("the plan changes `a.summary.users` 1,201 times"));
        assert!(warnings[0].contains("into 2 parts"), "{}", warnings[0]);
    }
}
