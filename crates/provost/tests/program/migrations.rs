//! kill -9 while the database is being made, step by step: the next start goes on where it stood.

use crate::run::{program, provost};
use provost_db::{Db, Location, OpenError};
use provost_testkit::unique_dir;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const KILLS: u32 = 50;

fn begun(data: &str, password: &Path) -> Child {
    let arguments =
        ["admins", "create", "--data", data, "--email", "root@example.com", "--password-stdin", "--role", "super-admin"];
    let mut command = Command::new(program());
    let password = File::open(password).expect("it was written");
    command.args(arguments).stdin(password).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the program can be started")
}

/// How many steps the database has behind it; `None` before the first.
fn version(runtime: &tokio::runtime::Runtime, data: &Path) -> Option<i64> {
    if !data.join("provost.db").exists() {
        return None;
    }
    match runtime.block_on(Db::open(&Location::File(data.join("provost.db")), &[])) {
        Ok(_) => None,
        Err(OpenError::Newer { found, .. }) => Some(found),
        Err(error) => panic!("the database was broken by a kill: {error}"),
    }
}

#[test]
fn a_migration_that_was_killed_is_finished_by_the_next_start() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let (whole, beside) = (unique_dir(), unique_dir());
    let password = beside.path().join("password");
    std::fs::write(&password, "correct horse battery staple\n").expect("it can be written");
    let path = |directory: &tempfile::TempDir| directory.path().to_str().expect("a path of text").to_owned();
    let started = Instant::now();
    assert!(begun(&path(&whole), &password).wait().expect("it is our child").success());
    let last = version(&runtime, whole.path()).expect("it is whole");
    println!("{last} steps, {:?} in all", started.elapsed());
    let mut partly = 0;
    let mut directory = unique_dir();
    for kill in 0..KILLS {
        // From the moment in which the file appears on, so that the kills meet the steps and not the program's start.
        let mut child = begun(&path(&directory), &password);
        let started = Instant::now();
        while !directory.path().join("provost.db-wal").exists() && started.elapsed() < Duration::from_secs(20) {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_micros(u64::from(kill % 25) * 150));
        child.kill().expect("it is ours to kill");
        child.wait().expect("it has been killed");
        let reached = version(&runtime, directory.path());
        partly += u32::from(reached.is_some_and(|reached| reached < last));
        if reached == Some(last) {
            directory = unique_dir();
        }
        if kill % 5 == 4 {
            let data = path(&directory);
            let exported = provost(&["config", "export", "--data", &data]).well();
            assert!(exported.contains("apps"), "{exported}");
            assert_eq!(version(&runtime, directory.path()), Some(last));
            directory = unique_dir();
        }
    }
    println!("{partly} of {KILLS} kills left the database with some of its steps");
    assert!(partly >= KILLS / 16, "only {partly} of {KILLS} kills met a step");
}
