//! Everything that a disk, or somebody else on it, does to a running server, one by one: nothing acknowledged is lost, nothing is
//! acknowledged that was not written, it is said what is wrong, and when that is over the work goes on.

use crate::failing_disk::{Chaos, Layer};
use crate::run::eventually;
use rusqlite::Connection;
use std::path::Path;
use std::time::{Duration, Instant};

struct Fault {
    name: &'static str,
    /// Begins it; what ends it.
    begin: fn(&Layer, &Path) -> Box<dyn FnOnce()>,
    /// What becomes of a change that is asked for meanwhile.
    change: Change,
    /// What is said: in the answer to the change, and in the log.
    says: &'static str,
    /// What a server says that is started meanwhile, and ends.
    start_says: Option<&'static str>,
}

enum Change {
    /// It is refused with this status, and the server stays.
    Refused(u16),
    /// It is not answered: nobody knows whether it was done, so the server ends.
    Unknown,
    /// It is acknowledged when it is done, and no earlier than this.
    Late(Duration),
}

const FAULTS: &[Fault] = &[
    Fault {
        name: "no room (ENOSPC)",
        begin: |disk, _| ordered(disk, "full"),
        change: Change::Refused(507),
        says: "the disk of the data is full, and nothing was changed: make room on it",
        start_says: None,
    },
    Fault {
        name: "read-only (EROFS)",
        begin: |disk, _| ordered(disk, "readonly"),
        change: Change::Unknown,
        says: "nobody knows whether it was done: the process ends",
        start_says: Some("Read-only file system"),
    },
    Fault {
        name: "writes fail (EIO)",
        begin: |disk, _| ordered(disk, "broken"),
        change: Change::Unknown,
        says: "nobody knows whether it was done: the process ends",
        start_says: Some("provost.db: disk I/O error"),
    },
    Fault {
        name: "syncs fail (EIO)",
        begin: |disk, _| ordered(disk, "unsynced"),
        change: Change::Unknown,
        says: "nobody knows whether it was done: the process ends",
        start_says: None,
    },
    Fault {
        name: "syncs take two seconds",
        begin: |disk, _| ordered(disk, "slow"),
        change: Change::Late(Duration::from_secs(2)),
        says: "",
        start_says: None,
    },
];

/// It takes as long as the server waits, so that it has a test of its own.
const BUSY: Fault = Fault {
    name: "another process writes and does not end (BUSY)",
    begin: |_, data| {
        let connection = Connection::open(data.join("provost.db")).expect("the database can be opened");
        connection.busy_timeout(Duration::from_secs(10)).expect("a time");
        connection.execute_batch("BEGIN IMMEDIATE").expect("nobody else is writing for so long");
        Box::new(move || connection.execute_batch("ROLLBACK").expect("it was begun"))
    },
    change: Change::Refused(503),
    says: "another process has been writing to the database for more than 10 s, and nothing was changed: wait for it to end",
    start_says: None,
};

/// The disk is so until the returned is called.
fn ordered(disk: &Layer, what: &str) -> Box<dyn FnOnce()> {
    disk.is(what);
    let disk = disk.clone();
    Box::new(move || disk.is_well())
}

#[test]
fn what_a_disk_does_is_said_and_loses_nothing() {
    let disk = Layer::build();
    let mut chaos = Chaos::start(&disk.script());
    for (number, fault) in FAULTS.iter().enumerate() {
        survives(&mut chaos, &disk, fault, (number + 1) * 100);
    }
}

#[test]
fn a_database_that_is_held_by_somebody_else_is_said_and_loses_nothing() {
    let disk = Layer::build();
    let mut chaos = Chaos::start(&disk.script());
    survives(&mut chaos, &disk, &BUSY, 100);
}

fn survives(chaos: &mut Chaos, disk: &Layer, fault: &Fault, turn: usize) {
    for earlier in 0..5 {
        chaos.change_well(turn + earlier);
    }
    let (data, pid) = (chaos.installation.file("data"), chaos.installation.serve.pid());
    let end = (fault.begin)(disk, &data);
    let begun = Instant::now();
    // What only reads goes on while a change waits for the disk.
    let (answer, read) = chaos.change_beside(turn + 5, |installation| {
        std::thread::sleep(Duration::from_millis(300));
        let answer = installation.try_call("GET", "/apps/Netskope", &serde_json::Value::Null);
        (answer.map(|(status, _)| status), begun.elapsed())
    });
    let took = begun.elapsed();
    println!("{}: {answer:?} after {took:?}; a read {read:?}", fault.name);
    match fault.change {
        Change::Refused(status) => {
            let (found, body) = answer.expect("the server answers");
            assert_eq!(found, status, "{}: {body}", fault.name);
            assert!(body["detail"].as_str().is_some_and(|detail| detail.contains(fault.says)), "{}: {body}", fault.name);
            assert!(read.0 == Some(200) && read.1 < took.max(Duration::from_secs(5)), "{}: {read:?}", fault.name);
        }
        Change::Late(at_least) => {
            assert_eq!(answer.map(|(status, _)| status), Some(200), "{}", fault.name);
            assert!(took >= at_least, "{}: acknowledged after {took:?}, before it had reached the disk", fault.name);
            assert!(read.0 == Some(200) && read.1 < took, "{}: {read:?}", fault.name);
        }
        Change::Unknown => {
            assert!(answer.is_none_or(|(status, _)| status != 200), "{}: acknowledged by a disk that does not write", fault.name);
            eventually("the server ends", Duration::from_secs(20), || chaos.installation.serve.has_ended().then_some(()));
        }
    }
    let said = eventually("it is said", Duration::from_secs(5), || {
        Some(chaos.installation.serve.said()).filter(|said| said.contains(fault.says))
    });
    println!("{said}");
    if let Some(says) = fault.start_says {
        let said = chaos.does_not_start();
        assert!(said.contains(says), "{}: {said}", fault.name);
    }
    end();
    if matches!(fault.change, Change::Unknown) {
        chaos.installation.serve.start_again();
    }
    // It goes on by itself.
    chaos.nothing_is_lost();
    if !matches!(fault.change, Change::Unknown) {
        assert_eq!(chaos.installation.serve.pid(), pid, "{}: the same process", fault.name);
    }
}
