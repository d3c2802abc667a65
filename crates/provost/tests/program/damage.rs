//! Files of the data that are not as they were written: a write-ahead log whose end is torn, and pages that hold something else.

use crate::failing_disk::{Chaos, Layer};
use crate::installation::Installation;
use crate::run::eventually;
use rusqlite::Connection;
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};

/// A page, its number beside it in the log, and what stands before all of them there.
const PAGE: usize = 4_096;
const FRAME: usize = 24 + PAGE;
const LOG_HEADER: usize = 32;

/// What a loss of power can leave of a write that was under way: a name, and what it does to the log, whose last frame ends at `end`.
type Tear = (&'static str, fn(&mut Vec<u8>, usize));

const TEARS: &[Tear] = &[
    ("the last bytes are missing", |log, end| log.truncate(end - 100)),
    ("the last frame is missing", |log, end| log.truncate(end - FRAME)),
    ("half of the last frame is missing", |log, end| log.truncate(end - FRAME / 2)),
    ("the last bytes are others", |log, end| flip(&mut log[end - 64..end])),
    ("the last frame's head is another", |log, end| flip(&mut log[end - FRAME..end - PAGE])),
    ("the last page was never written", |log, end| log[end - PAGE..end].fill(0)),
    ("there is something behind it", |log, end| {
        log.truncate(end);
        log.extend_from_within(end - FRAME / 2..);
    }),
];

fn flip(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = !*byte;
    }
}

/// Where the last frame ends that belongs to the log: what follows is of an earlier round and has another salt.
fn end_of(log: &[u8]) -> usize {
    let salt = &log[16..24];
    let frames = log[LOG_HEADER..].chunks_exact(FRAME).take_while(|frame| &frame[8..16] == salt).count();
    assert!(frames > 0, "the log holds something");
    LOG_HEADER + frames * FRAME
}

/// What SQLite says of the database: `ok` if every page of it is as it should be. Nobody else may have it open.
pub(crate) fn soundness(data: &Path) -> String {
    database(data).query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("it is a database")
}

/// The database, opened by nobody else.
fn database(data: &Path) -> Connection {
    Connection::open(data.join("provost.db")).expect("the database can be opened")
}

#[test]
fn a_log_with_a_torn_end_loses_nothing_that_was_acknowledged() {
    let disk = Layer::build();
    let mut chaos = Chaos::start(&disk.script());
    let data = chaos.installation.file("data");
    for (number, (name, tear)) in TEARS.iter().enumerate() {
        let turn = (number + 1) * 100;
        for earlier in 0..5 {
            chaos.change_well(turn + earlier);
        }
        // The last of the log is a change that was never acknowledged: its sync failed.
        disk.is("unsynced");
        assert!(chaos.change(turn + 5).is_none_or(|(status, _)| status != 200), "{name}");
        eventually("the server ends", Duration::from_secs(20), || chaos.installation.serve.has_ended().then_some(()));
        disk.is_well();
        let file = data.join("provost.db-wal");
        let mut log = std::fs::read(&file).expect("there is a log");
        let end = end_of(&log);
        tear(&mut log, end);
        std::fs::write(&file, log).expect("it can be written");
        assert_eq!(soundness(&data), "ok", "{name}");
        chaos.installation.serve.start_again();
        chaos.nothing_is_lost();
    }
}

/// A page that is damaged, and whether the server can start without it.
struct Page {
    name: &'static str,
    /// Answers its number.
    sql: &'static str,
    starts: bool,
}

const fn root_of(name: &'static str, sql: &'static str) -> Page {
    Page { name, sql, starts: true }
}

const PAGES: &[Page] = &[
    Page { name: "the first", sql: "SELECT 1", starts: false },
    Page {
        name: "the schema's version",
        sql: "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_schema_version_1'",
        starts: false,
    },
    root_of("the users", "SELECT rootpage FROM sqlite_schema WHERE name = 'directory_user'"),
    root_of("the accounts", "SELECT rootpage FROM sqlite_schema WHERE name = 'account'"),
    root_of("the members", "SELECT rootpage FROM sqlite_schema WHERE name = 'group_member'"),
    root_of("the members by user", "SELECT rootpage FROM sqlite_schema WHERE name = 'group_member_user'"),
    root_of("the groups", "SELECT rootpage FROM sqlite_schema WHERE name = 'directory_group'"),
    root_of("the log", "SELECT rootpage FROM sqlite_schema WHERE name = 'log_event'"),
];

/// How long the server works with a damaged file.
const WATCHED: Duration = Duration::from_secs(1);

#[test]
fn a_damaged_page_is_said_with_what_to_do_and_nobody_is_removed_for_it() {
    let mut chaos = Chaos::over(Installation::start(true));
    let proxy = chaos.installation.proxy.clone().expect("it was asked for");
    let data = chaos.installation.file("data");
    for (number, page) in PAGES.iter().enumerate() {
        let turn = (number + 1) * 100;
        chaos.change_well(turn);
        chaos.installation.serve.kill();
        // Everything into the file itself, of which the page is then damaged.
        let connection = database(&data);
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("nobody else has it open");
        let at: u32 =
            connection.query_row(page.sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{}: {error}", page.name));
        drop(connection);
        flip_head_of_page(&data, at);
        proxy.clear();
        let said = if page.starts { worked_with(&mut chaos, page, turn) } else { chaos.does_not_start() };
        println!("{}: {said}", page.name);
        assert!(
            said.contains("is damaged (") && said.contains("put the newest backup of the database back"),
            "{}: {said}",
            page.name
        );
        let removes = |body: &str| body.contains("\"active\"") && body.contains("false");
        let sent = proxy.recorded();
        assert!(!sent.iter().any(|request| request.method == "DELETE" || removes(&request.body)), "{}: {sent:#?}", page.name);
        // The disk gives again what was written on it.
        flip_head_of_page(&data, at);
        chaos.installation.serve.start_again();
        chaos.nothing_is_lost();
    }
}

fn flip_head_of_page(data: &Path, number: u32) {
    let file = data.join("provost.db");
    let mut bytes = std::fs::read(&file).expect("it can be read");
    let from = (number as usize - 1) * PAGE;
    flip(&mut bytes[from..from + 16]);
    std::fs::write(&file, bytes).expect("it can be written");
}

/// Starts the server over a file with this page, asks it for a change and for a pass over everybody, and kills it; what it said.
fn worked_with(chaos: &mut Chaos, page: &Page, turn: usize) -> String {
    chaos.installation.serve.start_again();
    assert!(chaos.serves(), "{}: {}", page.name, chaos.installation.serve.said());
    let answer = chaos.change(turn + 1);
    let swept = chaos.installation.try_call("POST", "/apps/Netskope/autoprovisioning/sync", &json!({}));
    println!("{}: {answer:?}, {swept:?}", page.name);
    let begun = Instant::now();
    let mut said = String::new();
    while begun.elapsed() < WATCHED || (!said.contains("is damaged (") && begun.elapsed() < WATCHED * 10) {
        assert!(!chaos.installation.serve.has_ended(), "{}: it goes on for what is not damaged: {said}", page.name);
        std::thread::sleep(Duration::from_millis(50));
        said = chaos.installation.serve.said();
    }
    for (status, body) in [answer, swept].into_iter().flatten().filter(|(status, _)| *status >= 400) {
        let told = body["detail"].as_str().is_some_and(|detail| detail.contains("put the newest backup of the database back"));
        assert!(status == 500 && told, "{}: {body}", page.name);
    }
    chaos.installation.serve.kill();
    chaos.installation.serve.said()
}
