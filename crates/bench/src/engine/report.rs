//! The table: one line a row, its bound, its goal and whether it was reached.

use super::Measured;
use super::rows::Figures;
use crate::report::print_table;
use serde::Serialize;
use serde_json::{Value, json};

/// One line of the table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Line {
    /// What was measured.
    pub(crate) what: String,
    seconds: f64,
    users: u64,
    users_per_second: f64,
    first_seconds: Option<f64>,
    memory_mib: Option<u64>,
    writes: u64,
    reads: u64,
    goals: Vec<Goal>,
}

/// A goal, and what was reached of it.
#[derive(Debug, Clone, Serialize)]
struct Goal {
    reached: String,
    wanted: String,
    met: bool,
    /// A fact and no measurement: missing it is an error on any machine.
    exact: bool,
}

impl Line {
    /// A line without a goal yet.
    pub(super) fn of(what: &str, measured: &Measured) -> Self {
        let Measured { figures, writes, reads } = measured;
        Self {
            what: what.to_owned(),
            seconds: figures.seconds,
            users: figures.count,
            users_per_second: figures.per_second(),
            first_seconds: figures.first_seconds,
            memory_mib: figures.memory_mib,
            writes: *writes,
            reads: *reads,
            goals: Vec::new(),
        }
    }

    /// A page of the console, with how long each took in microseconds.
    pub(super) fn page(name: &str, taken: &[u32]) -> Self {
        let seconds = taken.iter().map(|&micros| f64::from(micros) / 1e6).sum();
        let figures = Figures { seconds, count: taken.len() as u64, ..Figures::default() };
        Self::of(&format!("console: {name}"), &Measured { figures, writes: 0, reads: 0 })
    }

    /// Not more than so many microseconds each.
    #[expect(clippy::cast_precision_loss, reason = "a count far below 2^52")]
    pub(super) fn per_item_max(self, most: f64, item: &str) -> Self {
        let each = self.seconds * 1e6 / self.users.max(1) as f64;
        self.goal(format!("{each:.2} µs a {item}"), format!("≤ {most} µs"), each <= most)
    }

    /// Not more than so many times its bound.
    pub(super) fn ratio(self, reached: f64, most: f64, of: &str) -> Self {
        self.goal(format!("{reached:.2} {of}"), format!("≤ {most}"), reached <= most)
    }

    /// At least this share of its bound.
    pub(super) fn share(self, reached: f64, least: f64, of: &str) -> Self {
        self.goal(format!("{:.0} % {of}", reached * 100.0), format!("≥ {:.0} %", least * 100.0), reached >= least)
    }

    /// Not more than so much memory.
    pub(super) fn memory_max(self, most: u64) -> Self {
        let reached = self.memory_mib.unwrap_or(0);
        self.goal(format!("{reached} MiB"), format!("≤ {most} MiB"), reached <= most)
    }

    /// Exactly so many requests that write, and at most so many that read.
    pub(super) fn requests(self, writes: u64, reads_max: u64) -> Self {
        let met = self.writes == writes && self.reads <= reads_max;
        let reached = format!("{} writes, {} reads", self.writes, self.reads);
        let mut line = self.goal(reached, format!("= {writes}, ≤ {reads_max}"), met);
        if let Some(goal) = line.goals.last_mut() {
            goal.exact = true;
        }
        line
    }

    /// The first result within this time.
    pub(super) fn first_max(self, most: f64) -> Self {
        let reached = self.first_seconds.unwrap_or(f64::INFINITY);
        self.goal(format!("first after {reached:.2} s"), format!("< {most} s"), reached < most)
    }

    /// Two percentiles in milliseconds.
    pub(super) fn milliseconds(self, p50: f64, p50_max: f64, p99: f64, p99_max: f64) -> Self {
        self.goal(format!("p50 {p50:.1} ms"), format!("< {p50_max} ms"), p50 < p50_max).goal(
            format!("p99 {p99:.1} ms"),
            format!("< {p99_max} ms"),
            p99 < p99_max,
        )
    }

    fn goal(mut self, reached: String, wanted: String, met: bool) -> Self {
        self.goals.push(Goal { reached, wanted, met, exact: false });
        self
    }

    /// Whether a goal was missed; of all goals, or of those that hold on any machine.
    pub(super) fn missed(&self, exact_only: bool) -> bool {
        self.goals.iter().any(|goal| !goal.met && (goal.exact || !exact_only))
    }
}

/// For people.
pub(super) fn print(lines: &[Line]) {
    let headers = ["row", "users", "seconds", "users/s", "first s", "peak MiB", "requests", "reached", "goal", "met"];
    let optional = |number: Option<String>| number.unwrap_or_default();
    let mut rows = Vec::new();
    for line in lines {
        let mut cells = vec![
            line.what.clone(),
            line.users.to_string(),
            format!("{:.2}", line.seconds),
            format!("{:.0}", line.users_per_second),
            optional(line.first_seconds.map(|first| format!("{first:.2}"))),
            optional(line.memory_mib.map(|mib| mib.to_string())),
            (line.writes + line.reads).to_string(),
        ];
        let verdict = |goal: &Goal| [goal.reached.clone(), goal.wanted.clone(), if goal.met { "yes" } else { "NO" }.to_owned()];
        cells.extend(line.goals.first().map_or_else(|| [String::new(), String::new(), String::new()], verdict));
        rows.push(cells);
        for goal in line.goals.iter().skip(1) {
            let mut cells = vec![String::new(); 7];
            cells.extend(verdict(goal));
            rows.push(cells);
        }
    }
    print_table(&headers, &rows);
}

/// For programs.
pub(super) fn json(machine: &Value, users: u32, lines: &[Line]) -> Value {
    json!({ "machine": machine, "users": users, "rows": lines })
}
