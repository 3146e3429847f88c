//! Sibling order against a model with the lists of edges that digdag stores (`WorkflowCompiler`, `TaskTree`), over
//! many small groups: who is ready after each end, and which store each ready task sees.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::json;

use crate::world::{Project, World};

/// Numbers that look random and are the same in each run (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }
}

/// A group as digdag stores it.
struct Model {
    dig: String,
    /// For each task, those it depends on.
    upstream: Vec<Vec<usize>>,
}

fn sequence(dice: &mut Dice) -> Model {
    let mut model = Model { dig: String::new(), upstream: Vec::new() };
    let mut before = Vec::new();
    for n in 0..2 + dice.below(7) {
        let background = dice.one_in(3);
        let directive = if background { ", _background: true" } else { "" };
        writeln!(model.dig, "+t{n}: {{echo>: '${{x}}'{directive}}}").unwrap();
        if background {
            model.upstream.push(Vec::new());
            before.push(n);
        } else {
            model.upstream.push(std::mem::replace(&mut before, vec![n]));
        }
    }
    model
}

fn parallel(dice: &mut Dice) -> Model {
    let mut model = Model { dig: "_parallel: true\n".to_owned(), upstream: Vec::new() };
    for n in 0..2 + dice.below(7) {
        let after: Vec<usize> = (0..n).filter(|_| dice.one_in(3)).collect();
        let names: Vec<String> = after.iter().map(|n| format!("+t{n}")).collect();
        writeln!(model.dig, "+t{n}: {{echo>: '${{x}}', _after: [{}]}}", names.join(", ")).unwrap();
        model.upstream.push(after);
    }
    model
}

impl Model {
    /// digdag's walk: those a task depends on in order, each behind what it depends on itself.
    fn walk(&self, task: usize, seen: &mut BTreeSet<usize>, order: &mut Vec<usize>) {
        for upstream in &self.upstream[task] {
            if seen.insert(*upstream) {
                self.walk(*upstream, seen, order);
                order.push(*upstream);
            }
        }
    }

    /// The last store that a task sees.
    fn seen_by(&self, task: usize) -> String {
        let mut order = Vec::new();
        self.walk(task, &mut BTreeSet::new(), &mut order);
        order.last().map_or_else(|| "none".to_owned(), |last| format!("from {last}"))
    }
}

fn check(seed: u64, model: &Model, dice: &mut Dice) {
    let mut world: World = Project::new(&model.dig).param("x", "none").start();
    let mut succeeded = BTreeSet::new();
    let mut ended = BTreeSet::new();
    loop {
        let ready: Vec<usize> = (0..model.upstream.len())
            .filter(|task| !ended.contains(task))
            .filter(|task| model.upstream[*task].iter().all(|before| succeeded.contains(before)))
            .collect();
        let names: BTreeSet<String> = ready.iter().map(|task| format!("+t{task}")).collect();
        let lived: BTreeSet<String> = world.ready().into_iter().collect();
        assert_eq!(lived, names, "seed {seed}\n{}\n{}", model.dig, world.tree());
        for task in &ready {
            let seen = world.echo(&format!("+t{task}"));
            assert_eq!(seen, model.seen_by(*task), "seed {seed}, +t{task}\n{}", model.dig);
        }
        if ready.is_empty() {
            break;
        }
        let task = ready[dice.below(ready.len())];
        let name = format!("+t{task}");
        ended.insert(task);
        if dice.one_in(6) {
            world.fail(&name, "broken");
        } else {
            world.store(&name, json!({"x": format!("from {task}")}));
            succeeded.insert(task);
        }
    }
    let expected = if succeeded.len() == model.upstream.len() { "success" } else { "group_error" };
    assert_eq!(world.state(""), expected, "seed {seed}\n{}", model.dig);
}

#[test]
fn sequences_with_background_tasks_follow_digdags_edges() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let model = sequence(&mut dice);

        check(seed, &model, &mut dice);
    }
}

#[test]
fn parallel_groups_with_after_follow_digdags_edges() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let model = parallel(&mut dice);

        check(seed, &model, &mut dice);
    }
}
