//! The figures of many seeds.

use std::time::Duration;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::ledger::Counters;
use crate::seed::SeedResult;

/// Sums, and the seeds that broke a promise.
#[derive(Debug, Default)]
pub struct Summary {
    /// How many seeds ran.
    pub seeds: u64,
    /// Their ledgers, added up.
    pub counters: Counters,
    /// Seeds that broke a promise.
    pub bad: Vec<SeedResult>,
    hits: Vec<u64>,
    passed: Duration,
}

impl Summary {
    /// Adds a seed.
    pub fn add(&mut self, result: SeedResult) {
        self.seeds += 1;
        self.counters.add(&result.counters);
        self.passed += result.passed;
        self.hits.resize(Fault::ALL.len(), 0);
        for (sum, more) in self.hits.iter_mut().zip(&result.hits) {
            *sum += more;
        }
        if !result.counters.is_good() {
            self.bad.push(result);
        }
    }

    /// Faults that never struck.
    #[must_use]
    pub fn missed(&self) -> Vec<&'static str> {
        self.faults().filter(|(_, hits)| *hits == 0).map(|(name, _)| name).collect()
    }

    fn faults(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let hits = self.hits.iter().copied().chain(std::iter::repeat(0));
        Fault::ALL.iter().map(|fault| fault.text()).zip(hits)
    }

    fn work(&self) -> [(&'static str, u64); 6] {
        let Counters { submitted, billed, attempts, killed, tasks, tries, .. } = self.counters;
        [
            ("attempts", attempts),
            ("attempts killed", killed),
            ("tasks that ended well", tasks),
            ("tries", tries),
            ("jobs submitted", submitted),
            ("jobs billed", billed),
        ]
    }

    /// For people.
    #[must_use]
    pub fn table(&self) -> String {
        let days = self.passed.as_secs() / 86_400;
        let (seeds, bad) = (self.seeds, self.bad.len());
        let mut text = format!("{seeds} seeds, {days} days of virtual time, {bad} bad\n");
        for (head, rows) in [
            ("work", self.work().to_vec()),
            ("must be 0", self.counters.bad().to_vec()),
            ("faults that struck", self.faults().collect()),
        ] {
            let mut table = Table::new();
            table.load_style(UTF8_FULL_CONDENSED).set_header([head, "count"]);
            table
                .add_rows(rows.iter().map(|(name, count)| [(*name).to_owned(), count.to_string()]));
            if let Some(column) = table.column_mut(1) {
                column.set_cell_alignment(CellAlignment::Right);
            }
            text.push_str(&format!("{table}\n"));
        }
        text
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let map = |rows: &[(&'static str, u64)]| -> Value {
            rows.iter().map(|(name, count)| ((*name).to_owned(), Value::from(*count))).collect()
        };
        let faults: Vec<_> = self.faults().collect();
        json!({
            "seeds": self.seeds,
            "virtual_seconds": self.passed.as_secs(),
            "work": map(&self.work()),
            "must_be_0": map(&self.counters.bad()),
            "faults": map(&faults),
            "bad_seeds": self.bad.iter().map(|bad| bad.seed).collect::<Vec<_>>(),
        })
    }
}
