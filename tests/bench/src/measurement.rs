//! One figure with its floor: rounds, medians, the table and the file.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use comfy_table::Table;
use serde::Serialize;

/// Each figure is measured so often, floor and value in turns; the medians are compared.
pub(crate) const ROUNDS: usize = 3;

/// One figure with its floor.
#[derive(Debug, Serialize)]
pub(crate) struct Measurement {
    name: &'static str,
    unit: &'static str,
    value: f64,
    floor: f64,
    ratio: f64,
    reach: &'static str,
}

/// What a figure is called, and what it should reach.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) reach: &'static str,
}

/// The rates of one figure and its floor, round by round.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    pub(crate) value: Vec<f64>,
    pub(crate) floor: Vec<f64>,
}

impl Rounds {
    pub(crate) fn measurement(self, figure: Figure) -> Measurement {
        let (value, floor) = (median(self.value), median(self.floor));
        let Figure { name, unit, reach } = figure;
        Measurement { name, unit, value, floor, ratio: value / floor, reach }
    }

    /// The same, with the median of the ratios of all rounds: a machine that is slow for a minute is so for both sides of a round. For
    /// differences that are smaller than those between rounds.
    pub(crate) fn paired(self, figure: Figure) -> Measurement {
        let ratios = self.value.iter().zip(&self.floor).map(|(value, floor)| value / floor);
        let ratio = median(ratios.collect());
        Measurement { ratio, ..self.measurement(figure) }
    }
}

/// Compares two pieces of work by how often a second they can be done; each is done `times` times a round.
pub(crate) fn compare(
    figure: Figure,
    times: u32,
    mut value: impl FnMut() -> anyhow::Result<()>,
    mut floor: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Measurement> {
    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        rounds.floor.push(rate(times, &mut floor)?);
        rounds.value.push(rate(times, &mut value)?);
    }
    Ok(rounds.measurement(figure))
}

/// Calls a second, after a short warm-up.
fn rate(times: u32, work: &mut impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    for _ in 0..times.min(100) {
        work()?;
    }
    let began = Instant::now();
    for _ in 0..times {
        work()?;
    }
    Ok(f64::from(times) / began.elapsed().as_secs_f64())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

pub(crate) fn print(results: &[Measurement]) {
    let mut table = Table::new();
    table.set_header(["NAME", "UNIT", "VALUE", "FLOOR", "RATIO", "REACH"]);
    for result in results {
        table.add_row([
            result.name.to_owned(),
            result.unit.to_owned(),
            format!("{:.0}", result.value),
            format!("{:.0}", result.floor),
            format!("{:.2}", result.ratio),
            result.reach.to_owned(),
        ]);
    }
    println!("{table}");
}

#[derive(Serialize)]
struct Report<'a> {
    results: &'a [Measurement],
}

pub(crate) fn write(results: &[Measurement]) -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("bench.json");
    std::fs::write(&path, serde_json::to_string_pretty(&Report { results })?)
        .with_context(|| format!("could not write `{}`", path.display()))
}
