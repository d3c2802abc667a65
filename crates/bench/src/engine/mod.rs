//! `provost-bench engine`: Provost with a large directory, each row in a process of its own, over one SQLite file, beside what
//! bounds it in the same run. The app is a server in this process that takes everything and keeps nothing.

mod bare;
mod console;
mod listing;
pub(crate) mod organization;
mod people;
mod report;
mod rows;
mod sending;
mod serving;
mod target;

pub(crate) use rows::{Row, Task, measure};

use crate::machine;
use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use report::Line;
use rows::Figures;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use target::Target;
use tokio::process::Command;

/// What is read before the first create: the app's accounts, of which there are none, and what it says of itself.
const LISTING_PAGES_MAX: u64 = 4;

/// Within so many milliseconds 99 of 100 pages of the console are to be there.
const PAGE_MAX: f64 = 100.0;

#[derive(Debug, Args)]
pub(crate) struct EngineArguments {
    /// How many users the directory has
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_000..=5_000_000))]
    users: u32,
    /// How many users the first sync is measured with; at most as many as there are
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(500..=1_000_000))]
    sync_users: u32,
    /// How long single changes are made, 100 a second
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = crate::seconds)]
    seconds: f64,
    /// Measure the start of this program too: the path of `provost`
    #[arg(long, value_name = "FILE")]
    provost: Option<PathBuf>,
    /// Keep the data here instead of in a temporary directory; it must be empty
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Fail when any goal is missed, and not only when the number of requests is wrong
    #[arg(long)]
    check: bool,
    /// Write all figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What the hidden command of a row is told.
#[derive(Debug, Args)]
pub(crate) struct RowArguments {
    #[arg(value_enum)]
    row: Row,
    data: PathBuf,
    #[arg(long)]
    endpoint: String,
    #[arg(long)]
    users: u32,
    #[arg(long)]
    seconds: f64,
}

/// The child's half.
pub(crate) async fn row(arguments: RowArguments) -> anyhow::Result<()> {
    let RowArguments { row, data, endpoint, users, seconds } = arguments;
    // It ends with its parent, however that ends.
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(1);
    });
    measure(row, Task { data: &data, endpoint: &endpoint, users, seconds }).await
}

/// Measures, prints, and with `--check` fails when a goal was missed.
pub(crate) async fn engine(arguments: EngineArguments) -> anyhow::Result<()> {
    let facts = machine::facts();
    println!("{}", machine::line(&facts));
    let kept;
    let data = if let Some(data) = &arguments.data {
        data.as_path()
    } else {
        kept = tempfile::Builder::new().prefix("provost-bench-").tempdir().context("cannot make a temporary directory")?;
        kept.path()
    };
    let run = Run { target: Target::start().await?, users: arguments.users, seconds: arguments.seconds };
    let mut lines = run.scale(&data.join("scale")).await?;
    let few = Run { users: arguments.sync_users.min(arguments.users), ..run };
    lines.extend(few.first_sync(&data.join("sync")).await?);
    if let Some(program) = &arguments.provost {
        lines.push(serving::start(program, &data.join("scale")).await?);
    }
    report::print(&lines);
    if let Some(file) = &arguments.json {
        let text = format!("{:#}\n", report::json(&facts, arguments.users, &lines));
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let missed = |line: &&Line| line.missed(!arguments.check);
    let missed: Vec<String> = lines.iter().filter(missed).map(|line| line.what.clone()).collect();
    ensure!(missed.is_empty(), "not as it must be: {}", missed.join(", "));
    Ok(())
}

struct Run {
    target: Target,
    users: u32,
    seconds: f64,
}

/// A row's figures, and the requests that came meanwhile.
struct Measured {
    figures: Figures,
    writes: u64,
    reads: u64,
}

impl Run {
    /// The rows over the large directory.
    async fn scale(&self, data: &Path) -> anyhow::Result<Vec<Line>> {
        std::fs::create_dir_all(data).context("cannot make the data's directory")?;
        let import = self.row(Row::Import, data).await?;
        let make_due = self.row(Row::MakeDue, data).await?;
        let provision = self.row(Row::Provision, data).await?;
        let stream = self.row(Row::Stream, data).await?;
        let unchanged = self.row(Row::Unchanged, data).await?;
        let bare = self.row(Row::Loop, data).await?;
        let preview = self.row(Row::Preview, data).await?;
        let attributes = self.row(Row::Attributes, data).await?;
        let (list, drift) = self.listings(data).await?;
        let console = self.row(Row::Console, data).await?;
        let edited = self.row(Row::Edited, data).await?;
        let latency = self.row(Row::Latency, data).await?;
        self.row(Row::Divide, data).await?;
        let nested = self.row(Row::Nested, data).await?;
        ensure!(bare.figures.found == 0, "{} accounts are not as their users are to have them", bare.figures.found);
        let pass = |measured: &Measured, bound: &Measured| measured.figures.seconds / bound.figures.seconds;
        let concerned = u64::from(self.users.div_ceil(people::RARE));
        let pages = list.reads;
        let (p50, p99) = self.delays(&latency.figures)?;
        let mut lines = vec![
            Line::of("CSV import", &import),
            Line::of("everybody marked", &make_due),
            Line::of("everybody settled, in groups", &provision),
            Line::of("bare stream of users and accounts", &stream),
            Line::of("full pass, nothing changed", &unchanged)
                .ratio(pass(&unchanged, &stream), 3.0, "× bare stream")
                .memory_max(256)
                .requests(0, 0),
            Line::of("full pass over members of nested groups, nothing changed", &nested)
                .ratio(pass(&nested, &stream), 3.0, "× bare stream")
                .memory_max(256)
                .requests(0, 0),
            Line::of("bare loop: stream, build, hash, compare", &bare),
            Line::of("preview of a mapping edit", &preview)
                .ratio(pass(&preview, &bare), 2.0, "× bare loop")
                .memory_max(256)
                .first_max(1.0),
            Line::of("full pass after the mapping edit", &edited)
                .ratio(pass(&edited, &bare), 2.0, "× bare loop")
                .memory_max(256)
                .requests(concerned, 0)
                .first_max(1.0),
            Line::of("one more attribute of a body", &attributes).per_item_max(5.0, "user and attribute"),
            Line::of("bare loop through the app's list", &list),
            Line::of("drift check, nothing differs", &drift)
                .ratio(pass(&drift, &list), 3.0, "× bare loop")
                .memory_max(256)
                .requests(0, pages),
            Line::of("one change → request, 100 changes/s", &latency)
                .requests(latency.figures.count, 0)
                .milliseconds(p50, 100.0, p99, 1_000.0),
        ];
        lines.extend(console::judged(&console.figures.pages).into_iter().map(|(name, p50, p99)| {
            let taken = console.figures.pages.get(&name).map_or(&[][..], Vec::as_slice);
            Line::page(&name, taken).milliseconds(p50, PAGE_MAX, p99, PAGE_MAX)
        }));
        Ok(lines)
    }

    /// The app lists everybody meanwhile.
    async fn listings(&self, data: &Path) -> anyhow::Result<(Measured, Measured)> {
        let store = organization::open(data).await?;
        let held = self.target.hold(&store, organization::connection(&store).await?.id).await?;
        drop(store);
        let list = self.row(Row::List, data).await?;
        ensure!(list.figures.count == held, "{} of {held} accounts were listed", list.figures.count);
        let drift = self.row(Row::Drift, data).await?;
        ensure!(drift.figures.count == held, "{} of {held} accounts were checked", drift.figures.count);
        self.target.let_go();
        Ok((list, drift))
    }

    /// The first sync beside the bare loop, over a directory of its own.
    async fn first_sync(&self, data: &Path) -> anyhow::Result<Vec<Line>> {
        std::fs::create_dir_all(data).context("cannot make the data's directory")?;
        self.row(Row::Import, data).await?;
        self.row(Row::Connect, data).await?;
        let bare = self.row(Row::BareSync, data).await?;
        let sync = self.row(Row::FirstSync, data).await?;
        let share = sync.figures.per_second() / bare.figures.per_second();
        Ok(vec![
            Line::of("bare loop of creates", &bare).requests(bare.figures.count, 0),
            Line::of("first sync", &sync).requests(sync.figures.count, LISTING_PAGES_MAX).share(
                share,
                0.6,
                "of the bare loop's requests/s",
            ),
        ])
    }

    /// Measures one row in a process of its own.
    async fn row(&self, row: Row, data: &Path) -> anyhow::Result<Measured> {
        let name = row.to_possible_value().context("every row has a name")?.get_name().to_owned();
        let (writes, reads) = (self.target.writes(), self.target.reads());
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut command = Command::new(program);
        command.arg("engine-row").arg(&name).arg(data).args(["--endpoint", &self.target.endpoint]);
        command.args(["--users", &self.users.to_string(), "--seconds", &self.seconds.to_string()]);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn();
        let mut child = child.context("cannot start a row")?;
        let _alive = child.stdin.take();
        let ended = child.wait_with_output().await.context("a row cannot be waited for")?;
        ensure!(ended.status.success(), "the row {name} failed");
        let text = String::from_utf8_lossy(&ended.stdout);
        let figures: Figures = serde_json::from_str(text.trim()).with_context(|| format!("the row {name} printed {text:?}"))?;
        eprintln!("{name}: {:.2} s, {:?} MiB", figures.seconds, figures.memory_mib.unwrap_or_default());
        Ok(Measured { figures, writes: self.target.writes() - writes, reads: self.target.reads() - reads })
    }

    /// Half, and 99 of 100, of the changes came within these milliseconds.
    fn delays(&self, figures: &Figures) -> anyhow::Result<(f64, f64)> {
        let mut micros = Vec::new();
        for (number, at) in figures.changed_at.iter().enumerate() {
            let came = self.target.came(number as u64).with_context(|| format!("change {number} never came"))?;
            micros.push(u32::try_from((came - at).max(0)).unwrap_or(u32::MAX));
        }
        micros.sort_unstable();
        Ok((crate::load::percentile(&micros, 50), crate::load::percentile(&micros, 99)))
    }
}
