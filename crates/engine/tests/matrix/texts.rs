//! What an administrator reads while each fault lasts: the golden file.

use super::{Cell, Read, WORLDS, run};
use provost_core::provisioning::OperationKind;
use provost_store::log::{LogEntry, names};
use provost_testkit::faulty::{Course, FAULTS, FaultRow, OPERATIONS, TargetFault};
use std::fmt::Write;
use std::sync::Arc;
use tokio::sync::Semaphore;

const HEAD: &str = "What an administrator reads while a fault lasts: the words of the failure list, and behind > those of explain.
Where removals stand still, what the app's page says of it follows. Where nothing fails, the test's table says why in brackets, and
what follows is the log.
";

/// The cell whose texts are shown: the first that takes the fault's course, and one with a removal where those stand still.
fn shown(row: &'static FaultRow) -> Cell {
    let cells = OPERATIONS.iter().flat_map(|operation| Cell::of(row, *operation));
    let mut cells = cells.filter(|cell| cell.meets() && cell.course() == row.course);
    let found = if row.fault == TargetFault::ClockSkew { cells.find(Cell::stands_still) } else { cells.next() };
    found.expect("each fault meets an operation")
}

/// Instants, ports and distances of clocks differ from run to run, and so does whether the create or the look-up after it was
/// read of.
fn steady(text: &str) -> String {
    let text = text.replace("The last attempt (look_up)", "The last attempt (create)");
    let words: Vec<&str> = text.split(' ').collect();
    let word = |(at, word): (usize, &&str)| {
        let bare = word.trim_end_matches([':', ';', '.', ',', ')']);
        let rest = &word[bare.len()..];
        if bare.len() > 18 && bare.starts_with("20") && bare.contains('T') && bare.ends_with('Z') {
            return format!("TIME{rest}");
        }
        if words.get(at + 1) == Some(&"minutes") && bare.parse::<u64>().is_ok() {
            return "SOME".to_owned();
        }
        match word.split_once("127.0.0.1:") {
            Some((before, after)) => {
                format!("{before}127.0.0.1:PORT{}", after.trim_start_matches(|digit: char| digit.is_ascii_digit()))
            }
            None => (*word).to_owned(),
        }
    };
    words.iter().enumerate().map(word).collect::<Vec<_>>().join(" ")
}

/// An entry of the log as its page shows it: what happened, with the requests that it took.
fn logged(entry: &LogEntry) -> String {
    let request =
        |request: &serde_json::Value| format!("{} {}", request["method"].as_str().unwrap_or_default(), request["status"]);
    let requests: Vec<String> = entry.detail["requests"].as_array().into_iter().flatten().map(request).collect();
    format!("{}: {}", names::label(&entry.name), requests.join(", "))
}

/// The fault's part of the golden file.
fn told(cell: Cell, read: &Read) -> String {
    let row = cell.row;
    let mut text = format!("\n# {}, met by a {}\n", row.name, cell.operation.word());
    if cell.course() == Course::Quiet {
        let _ = writeln!(text, "({})", row.words.join(" "));
        for entry in read.log.iter().rev() {
            let _ = writeln!(text, "{}", logged(entry));
        }
        let _ = writeln!(text, "> {}", read.at_last.last().expect("explain says something"));
        return text;
    }
    let said =
        |(message, _): &&(String, String)| row.words.iter().all(|word| message.to_lowercase().contains(&word.to_lowercase()));
    for (message, line) in read.explained.iter().find(said).into_iter().chain(&read.standing) {
        let _ = writeln!(text, "{}\n> {}", steady(message), steady(line));
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_36_texts_say_what_happened_and_what_comes_next() {
    let places = Arc::new(Semaphore::new(WORLDS));
    let mut tasks = Vec::new();
    for row in &FAULTS {
        let (cell, places) = (shown(row), places.clone());
        let running = async move {
            let _place = places.acquire_owned().await.expect("it is never closed");
            run(cell).await.1
        };
        tasks.push((cell, tokio::spawn(running)));
    }
    let mut texts = HEAD.to_owned();
    for (cell, task) in tasks {
        texts.push_str(&told(cell, &task.await.expect("a cell that does not panic")));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/faults.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &texts).expect("golden files can be written");
    }
    let golden = std::fs::read_to_string(path).unwrap_or_default();
    let differs = golden.lines().zip(texts.lines()).find(|(golden, now)| golden != now);
    assert!(golden == texts, "{path}, at {differs:?}: UPDATE_GOLDEN=1 accepts what is said now:\n{texts}");
}

/// No library's name of a failure, no number of the system's, no name of ours for a type: an administrator reads these.
#[test]
fn the_texts_speak_plainly() {
    let golden = include_str!("../golden/faults.txt");
    assert_eq!(golden.matches("\n# ").count(), FAULTS.len());
    for part in ["os error", "OtherError", "CaUsedAsEndEntity", "excessive load", "rustls", "hyper", "Some(", "None"] {
        assert!(!golden.contains(part), "{part:?} is told to an administrator");
    }
    let clock = golden.split("\n# ").find(|text| text.starts_with("clock skew")).expect("it is one of the 36");
    assert!(clock.contains(&format!("met by a {}", OperationKind::Suspend.word())) && clock.contains("The app's clock is "));
}
