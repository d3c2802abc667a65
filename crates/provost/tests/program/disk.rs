//! A disk that is full, and a disk that fails, under a running server. What was acknowledged is there afterwards.
//!
//! Both are made by a layer between the program and its files, which works for every user of every machine. Where the machine lets a
//! process have a disk of its own, a real one is filled as well.

use crate::failing_disk::{Chaos, Layer};
use crate::run::eventually;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// More than an installation of that many needs, and little enough to be filled at once.
const SMALL: &str = "24m";

/// The data directory moves to a small disk that nobody but this process sees and that goes with it.
const ON_A_SMALL_DISK: &str =
    "cp -a \"$1\" \"$1.seed\" && mount -t tmpfs -o size=24m none \"$1\" && cp -a \"$1.seed/.\" \"$1/\" && shift && exec \"$@\"";

/// Whether this machine lets a process have a disk of its own.
fn has_own_disks() -> bool {
    let script = format!("mount -t tmpfs -o size={SMALL} none /mnt");
    let tried = Command::new("unshare").args(["-rm", "sh", "-c", &script]).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}

/// The disk is full: changes are refused with that reason. When there is room again they are taken, by the same process.
fn refuses_until_there_is_room(chaos: &mut Chaos, make_room: impl FnOnce()) {
    let pid = chaos.installation.serve.pid();
    let mut turn = 0;
    let (status, refused) = loop {
        let (status, body) = chaos.change(turn).expect("the server answers");
        turn += 1;
        if status != 200 {
            break (status, body);
        }
        assert!(turn < 5_000, "the disk does not fill up");
    };
    println!("refused after {turn} changes: {refused}");
    assert_eq!((status, refused["type"].as_str().is_some_and(|kind| kind.ends_with("disk-full"))), (507, true), "{refused}");
    assert!(refused.to_string().contains("make room"), "{refused}");
    assert_eq!(chaos.installation.status()["status"], "active", "what only reads goes on");
    make_room();
    eventually("there is room again", Duration::from_secs(20), || {
        turn += 1;
        chaos.change(turn).filter(|(status, _)| *status == 200)
    });
    assert_eq!(chaos.installation.serve.pid(), pid, "the same process");
    chaos.nothing_is_lost();
}

#[test]
fn a_full_disk_is_said_and_the_server_goes_on_by_itself_when_there_is_room() {
    let disk = Layer::build();
    let mut chaos = Chaos::start(&disk.script());
    for _ in 0..3 {
        disk.is("full");
        refuses_until_there_is_room(&mut chaos, || disk.is_well());
    }
}

#[test]
fn a_real_disk_that_is_full_is_said_too_where_a_process_may_have_one() {
    if !has_own_disks() {
        println!("this machine lets no process have a disk of its own: the layer alone has shown what a full one does");
        return;
    }
    let script = format!("exec unshare -rm sh -c '{ON_A_SMALL_DISK}' sh \"$@\"");
    let mut chaos = Chaos::start(&script);
    // The disk as the process sees it.
    let data = chaos.installation.file("data");
    let filler = format!("/proc/{}/root{}/filler", chaos.installation.serve.pid(), data.to_str().expect("a path of text"));
    assert!(fill(&filler) > 1_000_000, "there was room before");
    refuses_until_there_is_room(&mut chaos, || std::fs::remove_file(&filler).expect("it is there"));
}

/// Writes until there is no room; how many bytes there were.
fn fill(path: &str) -> u64 {
    use std::io::Write;
    let mut file = std::fs::File::create(path).expect("the small disk can be reached");
    let mut size: usize = 1 << 20;
    let mut written = 0;
    while size > 0 {
        match file.write(&vec![0; size]) {
            Ok(count) if count > 0 => written += count as u64,
            Ok(_) | Err(_) => size /= 2,
        }
    }
    written
}

#[test]
fn a_disk_that_fails_acknowledges_nothing_and_a_fresh_start_knows_what_is_true() {
    let disk = Layer::build();
    let mut chaos = Chaos::start(&disk.script());
    for (round, wrong) in ["broken", "unsynced", "broken", "unsynced"].into_iter().enumerate() {
        for turn in 0..20 {
            chaos.change_well(round * 100 + turn);
        }
        disk.is(wrong);
        // Whatever is written next. Not answered is not acknowledged; the change may have been done or not.
        let turn = round * 100 + 50;
        // A COMMIT of which nobody knows whether it was done ends it. A write that failed before is refused, and it goes on trying.
        let begun = Instant::now();
        while !chaos.installation.serve.has_ended() && begun.elapsed() < Duration::from_secs(3) {
            if let Some((status, body)) = chaos.change(turn) {
                assert_ne!(status, 200, "acknowledged by a disk that does not write: {body}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let serve = &mut chaos.installation.serve;
        if !serve.has_ended() {
            serve.kill();
        }
        disk.is_well();
        serve.start_again();
        chaos.nothing_is_lost();
    }
}
