//! One text of an attempt, for people and for golden tests: its tree with states, tries and durations.
//!
//! ```text
//! +daily: planned for 14m 30s
//!   +access: success in 12m 4s
//!     ^sub: success in 12m 4s
//!       +loop-0 .. +loop-364 (365): success in 2s to 41s
//!         +write: success in 2s to 41s -> p.summary.access$20190901 .. p.summary.access$20200830
//!   +install: running for 2m 26s (try 2) -> p.summary.install$20190901
//! ```

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use himekuri_protocol::{TaskId, TryNo};
use jiff::{SignedDuration, Timestamp};

use crate::attempt::Attempt;
use crate::view::TaskView;

/// Iterations in a row that become one line.
const FOLD_FROM: usize = 3;

/// How a tree is written.
#[derive(Clone, Copy)]
pub struct TreeStyle {
    /// The time up to which open tasks have lasted. Without it there are no durations: two runs of one attempt that
    /// differ in nothing else have the same text.
    pub now: Option<Timestamp>,
    /// Iterations of a loop that stand in a row and look alike are one line.
    pub fold: bool,
    /// Writes a state, in colour perhaps.
    pub paint: fn(state: &str) -> String,
}

impl TreeStyle {
    /// Every task, and no times.
    pub const PLAIN: Self = Self { now: None, fold: false, paint: str::to_owned };
}

/// The tree of an attempt, one line a task: [`TreeStyle::PLAIN`].
#[must_use]
pub fn render_tree(attempt: &Attempt) -> String {
    render_views(&attempt.views().collect::<Vec<_>>(), &TreeStyle::PLAIN)
}

/// The tree of tasks as [`Attempt::views`] lists them.
#[must_use]
pub fn render_views(views: &[TaskView], style: &TreeStyle) -> String {
    let mut children: BTreeMap<TaskId, Vec<usize>> = BTreeMap::new();
    for (place, view) in views.iter().enumerate() {
        if let Some(parent) = view.parent {
            children.entry(parent).or_default().push(place);
        }
    }
    let mut tree = Tree { views, children, looks: Vec::new(), style, text: String::new() };
    if style.fold {
        tree.looks = tree.looks();
    }
    if let Some(root) = views.iter().position(|view| view.parent.is_none()) {
        tree.line(&[root], "", 0);
        tree.below(&[root], 1);
    }
    tree.text
}

struct Tree<'a> {
    views: &'a [TaskView],
    /// Places of the children of each task, in order.
    children: BTreeMap<TaskId, Vec<usize>>,
    /// For each place the same number for whatever looks the same.
    looks: Vec<usize>,
    style: &'a TreeStyle,
    text: String,
}

/// What must be the same of two iterations that become one line: all but names, times and destinations, also below them.
#[derive(PartialEq, Eq, Hash)]
struct Look<'a> {
    name: &'a str,
    state: &'a str,
    resumed: bool,
    tries: Option<TryNo>,
    error: Option<&'a str>,
    below: Vec<usize>,
}

impl<'a> Tree<'a> {
    /// Children come after their parents, so that from the end on each child's look is known.
    fn looks(&self) -> Vec<usize> {
        let mut known: HashMap<Look<'a>, usize> = HashMap::new();
        let mut looks = vec![0; self.views.len()];
        for (place, view) in self.views.iter().enumerate().rev() {
            let own = self.own_name(place);
            let below = self.children_of(place).iter();
            let look = Look {
                name: iteration_of(own).unwrap_or(own),
                state: &view.state,
                resumed: view.resumed,
                tries: view.try_no.filter(|tries| *tries > TryNo::FIRST),
                error: view.error.as_deref(),
                below: below.filter_map(|child| looks.get(*child).copied()).collect(),
            };
            let next = known.len();
            if let Some(own) = looks.get_mut(place) {
                *own = *known.entry(look).or_insert(next);
            }
        }
        looks
    }

    fn children_of(&self, place: usize) -> &[usize] {
        let id = self.views.get(place).map(|view| view.id);
        id.and_then(|id| self.children.get(&id)).map_or(&[], Vec::as_slice)
    }

    fn own_name(&self, place: usize) -> &'a str {
        let Some(view) = self.views.get(place) else { return "" };
        let above = view.parent.and_then(|parent| {
            let place = self.views.binary_search_by_key(&parent, |view| view.id).ok()?;
            self.views.get(place)
        });
        above.and_then(|above| view.name.strip_prefix(&above.name)).unwrap_or(&view.name)
    }

    /// What is below tasks that look alike: their first children together, then the next, with rows of iterations as one.
    fn below(&mut self, parents: &[usize], depth: usize) {
        let first = parents.first().map_or(Vec::new(), |first| self.children_of(*first).to_vec());
        let mut from = 0;
        while let Some(place) = first.get(from) {
            let row = first.iter().skip(from).take_while(|other| self.is_alike(*place, **other));
            let row = match row.count() {
                length if length >= FOLD_FROM => length,
                _ => 1,
            };
            let members: Vec<usize> = parents
                .iter()
                .flat_map(|parent| self.children_of(*parent).iter().skip(from).take(row).copied())
                .collect();
            let names = match (row, first.get(from + row - 1)) {
                (2.., Some(last)) => {
                    format!("{} .. {} ({row})", self.own_name(*place), self.own_name(*last))
                }
                _ => self.own_name(*place).to_owned(),
            };
            self.line(&members, &names, depth);
            self.below(&members, depth + 1);
            from += row;
        }
    }

    fn is_alike(&self, one: usize, other: usize) -> bool {
        let is_same = self.looks.get(one).is_some_and(|look| self.looks.get(other) == Some(look));
        one == other || is_same && iteration_of(self.own_name(one)).is_some()
    }

    fn line(&mut self, members: &[usize], names: &str, depth: usize) {
        let of = |place: &usize| self.views.get(*place);
        let (Some(first), Some(last)) = (members.first().and_then(of), members.last().and_then(of))
        else {
            return;
        };
        let names = if names.is_empty() { &first.name } else { names };
        let mut line = format!("{:indent$}{names}: ", "", indent = depth * 2);
        line.push_str(&(self.style.paint)(&first.state));
        if let Some(now) = self.style.now {
            line.push_str(&lasted(members.iter().filter_map(of), now));
            if let Some(until) = first.retry_at {
                let _ = write!(line, " until {until:.0}");
            }
        }
        if first.resumed {
            line.push_str(" (resumed)");
        }
        if let Some(try_no) = first.try_no.filter(|try_no| *try_no > TryNo::FIRST) {
            let _ = write!(line, " (try {try_no})");
        }
        if let Some(destination) = &first.destination {
            let _ = write!(line, " -> {destination}");
            if let Some(other) = last.destination.as_ref().filter(|other| *other != destination) {
                let _ = write!(line, " .. {other}");
            }
        }
        if let Some(error) = &first.error {
            let _ = write!(line, " !! {error}");
        }
        self.text.push_str(&line);
        self.text.push('\n');
    }
}

/// `+loop-`, `+for-`, `+range-`: what a generated name says beside its number.
fn iteration_of(name: &str) -> Option<&'static str> {
    ["+loop-", "+for-", "+range-"].into_iter().find(|kind| name.starts_with(kind))
}

/// ` in 2s to 41s` of what has ended, ` for 3m` of what has begun.
fn lasted<'a>(tasks: impl Iterator<Item = &'a TaskView>, now: Timestamp) -> String {
    let mut word = "in";
    let mut seconds: Option<(i64, i64)> = None;
    for task in tasks {
        let Some(started_at) = task.started_at else { continue };
        if task.ended_at.is_none() {
            word = "for";
        }
        let lasted = task.ended_at.unwrap_or(now).duration_since(started_at).as_secs().max(0);
        let (shortest, longest) = seconds.unwrap_or((lasted, lasted));
        seconds = Some((shortest.min(lasted), longest.max(lasted)));
    }
    let text = |seconds: i64| format!("{:#}", SignedDuration::from_secs(seconds));
    match seconds {
        Some((shortest, longest)) if shortest < longest => {
            format!(" {word} {} to {}", text(shortest), text(longest))
        }
        Some((lasted, _)) => format!(" {word} {}", text(lasted)),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Option<Timestamp> {
        Some(Timestamp::from_second(second).unwrap())
    }

    fn task(id: u32, parent: u32, name: &str, state: &str) -> TaskView {
        TaskView {
            id: TaskId(id),
            parent: (id > 0).then_some(TaskId(parent)),
            name: name.to_owned(),
            operator: None,
            state: state.to_owned(),
            resumed: false,
            try_no: None,
            retry_count: 0,
            destination: None,
            job: None,
            started_at: None,
            ended_at: None,
            retry_at: None,
            error: None,
            reason: None,
        }
    }

    /// Five dates: three have ended, one runs, one waits.
    fn loop_of_dates() -> Vec<TaskView> {
        let mut views = vec![task(0, 0, "+wf", "planned")];
        for date in 0..5 {
            let state = ["success", "success", "success", "running", "blocked"][date as usize];
            let group = if state == "running" { "planned" } else { state };
            views.push(task(1 + date, 0, &format!("+wf+loop-{date}"), group));
            let mut write = task(10 + date, 1 + date, &format!("+wf+loop-{date}+write"), state);
            if state != "blocked" {
                write.started_at = at(100 * i64::from(date));
                write.destination = Some(format!("p.d.access$2019090{}", date + 1));
            }
            if state == "success" {
                write.ended_at = at(100 * i64::from(date) + i64::from(date) + 2);
            }
            views.push(write);
        }
        views.sort_by_key(|view| view.id);
        views
    }

    #[test]
    fn iterations_that_look_alike_are_one_line_with_what_they_span() {
        let style = TreeStyle { now: at(3_700), fold: true, paint: str::to_uppercase };

        assert_eq!(
            render_views(&loop_of_dates(), &style),
            "\
+wf: PLANNED
  +loop-0 .. +loop-2 (3): SUCCESS
    +write: SUCCESS in 2s to 4s -> p.d.access$20190901 .. p.d.access$20190903
  +loop-3: PLANNED
    +write: RUNNING for 56m 40s -> p.d.access$20190904
  +loop-4: BLOCKED
    +write: BLOCKED
"
        );
    }

    #[test]
    fn an_iteration_that_differs_below_stands_alone() {
        let mut views = loop_of_dates();
        let second = views.iter_mut().find(|view| view.name == "+wf+loop-1+write").unwrap();
        second.try_no = Some(TryNo::FIRST.next());
        let style = TreeStyle { fold: true, ..TreeStyle::PLAIN };

        let tree = render_views(&views, &style);

        assert!(tree.contains("+loop-1: success\n    +write: success (try 2)"), "{tree}");
        assert!(!tree.contains(".."), "{tree}");
    }

    #[test]
    fn marts_keep_their_lines_however_alike_they_are() {
        let mut views = vec![task(0, 0, "+wf", "success")];
        for (id, name) in [(1, "+wf+access"), (2, "+wf+install"), (3, "+wf+session")] {
            views.push(task(id, 0, name, "success"));
        }
        let style = TreeStyle { fold: true, ..TreeStyle::PLAIN };

        let expected =
            "+wf: success\n  +access: success\n  +install: success\n  +session: success\n";
        assert_eq!(render_views(&views, &style), expected);
    }
}
