//! Processes that stand still (SIGSTOP) and go on: time passes meanwhile, answers come late or are lost. And processes that are
//! asked to end (SIGTERM) in the middle of their work.

use crate::installation::Installation;
use crate::people::{entitled, files};
use crate::run::eventually;
use provost_testkit::Fault;
use serde_json::json;
use std::thread::sleep;
use std::time::{Duration, Instant};

const PEOPLE: usize = 600;

/// Who stands still, the server or else the tenant, and for how many milliseconds.
type Pause = (bool, u64);

const SHORT: [Pause; 6] = [(true, 700), (false, 700), (true, 200), (false, 1_500), (true, 1_500), (false, 200)];

/// Longer than a request may take.
const LONG: [Pause; 2] = [(false, 33_000), (true, 33_000)];

#[test]
fn server_and_tenant_stand_still_and_go_on_and_nothing_is_doubled_or_removed_early() {
    stand_still(&SHORT);
}

#[test]
fn server_and_tenant_stand_still_for_longer_than_a_request_may_take() {
    stand_still(&LONG);
}

fn stand_still(pauses: &[Pause]) {
    let mut installation = Installation::start(false);
    let people = files(PEOPLE, "person");
    let mut expected = entitled(&[&people]);
    installation.import(&people);
    installation.configure();
    // Somebody who is to go in three weeks.
    let leaver = expected.keys().next().cloned().expect("somebody is entitled");
    eventually("the leaver has an account", Duration::from_mins(1), || {
        let accounts = installation.items("/apps/Netskope/autoprovisioning/accounts");
        accounts.iter().any(|account| account["email"] == json!(leaver) && account["state"] == "linked").then_some(())
    });
    installation.cli(&["users", "suspend", &leaver, "--reason", "leave"]).well();
    let due = || installation.status()["next_removal"].clone();
    let planned = eventually("the removal has its date", Duration::from_secs(30), || due().as_str().map(str::to_owned));
    for (turn, (server, milliseconds)) in pauses.iter().copied().enumerate() {
        // Under way when they stop.
        for name in expected.keys().skip(40).take(8).cloned().collect::<Vec<_>>() {
            let change = json!({ "set": { "title": format!("At stop {turn}") } });
            assert_eq!(installation.call("PATCH", &format!("/users/{name}"), Some(&change)).0, 200);
            expected.get_mut(&name).expect("it is a key")["title"] = json!(format!("At stop {turn}"));
        }
        let process = if server { &installation.serve } else { &installation.tenant };
        process.signal("STOP");
        sleep(Duration::from_millis(milliseconds));
        process.signal("CONT");
        let (name, title) = (expected.keys().nth(turn + 1).cloned().expect("more than that"), format!("After stop {turn}"));
        let (status, answer) = installation.call("PATCH", &format!("/users/{name}"), Some(&json!({ "set": { "title": title } })));
        assert_eq!(status, 200, "{answer}");
        expected.get_mut(&name).expect("it is a key")["title"] = json!(title);
    }
    // Requests whose answers nobody waits for any more: the tenant stands still, the server is killed, and both go on.
    for turn in 0..3 {
        for name in expected.keys().skip(20).take(8).cloned().collect::<Vec<_>>() {
            let change = json!({ "set": { "title": format!("Lost {turn}") } });
            assert_eq!(installation.call("PATCH", &format!("/users/{name}"), Some(&change)).0, 200);
            expected.get_mut(&name).expect("it is a key")["title"] = json!(format!("Lost {turn}"));
        }
        installation.tenant.signal("STOP");
        sleep(Duration::from_millis(300));
        installation.serve.kill();
        installation.tenant.signal("CONT");
        installation.serve.start_again();
    }
    eventually("everything is delivered", Duration::from_mins(3), || {
        (installation.cli(&["sync", "Netskope", "--wait"]).code == Some(0)).then_some(())
    });
    installation.assert_exact(&expected);
    let status = installation.status();
    assert_eq!(status["usage_30_days"]["deleted"]["total"], json!(0));
    assert_eq!(status["usage_30_days"]["created"]["total"], json!(expected.len()), "each account was made once");
    assert_eq!(status["next_removal"].as_str(), Some(planned.as_str()), "a pause moves no date");
    let (_, held) = installation.call("GET", "/apps/Netskope/autoprovisioning/held", None);
    assert_eq!(held["standstills"], json!([]), "time that passes is no clock that is wrong");
}

/// How often each of the two is asked to end.
const ENDS: usize = 6;

/// Each create takes this long, so that requests are under way at every moment.
const SLOW: Duration = Duration::from_millis(120);

/// What is under way is finished first; a stop takes no longer, on a busy machine too.
const END_MAX: Duration = Duration::from_secs(20);

#[test]
fn a_server_and_a_tenant_that_are_asked_to_end_in_mid_sync_end_well_and_lose_nothing() {
    let mut installation = Installation::start(true);
    let proxy = installation.proxy.clone().expect("it was asked for");
    let people = files(PEOPLE, "person");
    let mut expected = entitled(&[&people]);
    proxy.every(|request| request.method == "POST", Fault::Delay(SLOW));
    installation.import(&people);
    installation.configure();
    let mut made = 0;
    for turn in 0..2 * ENDS {
        let name = expected.keys().nth(turn % 10).cloned().expect("more than ten");
        let title = format!("Before end {turn}");
        let at_least = made + 5;
        made = eventually("the creates go on", Duration::from_mins(1), || {
            installation.tenant_total().filter(|total| *total >= at_least)
        });
        assert!(made < expected.len(), "it is in mid-sync");
        let (status, answer) = installation.call("PATCH", &format!("/users/{name}"), Some(&json!({ "set": { "title": title } })));
        assert_eq!(status, 200, "{answer}");
        expected.get_mut(&name).expect("it is a key")["title"] = json!(title);
        let server_ends = turn % 2 == 0;
        let process = if server_ends { &mut installation.serve } else { &mut installation.tenant };
        let begun = Instant::now();
        let ended = process.stop(END_MAX);
        println!("turn {turn}: {ended} after {:?}, with {made} of {} made", begun.elapsed(), expected.len());
        assert_eq!(ended.code(), Some(0), "{}", process.said());
        if server_ends {
            nothing_is_under_way(&installation);
        }
        let process = if server_ends { &mut installation.serve } else { &mut installation.tenant };
        process.start_again();
    }
    proxy.clear();
    eventually("everything is delivered", Duration::from_mins(2), || {
        (installation.cli(&["sync", "Netskope", "--wait"]).code == Some(0)).then_some(())
    });
    installation.assert_exact(&expected);
    let usage = &installation.status()["usage_30_days"];
    let (created, deleted) = (&usage["created"]["total"], &usage["deleted"]["total"]);
    assert_eq!((created, deleted), (&json!(expected.len()), &json!(0)), "each account was made once: {usage}");
}

/// A server that was asked to end has waited for its requests and has stored what became of them. Those of which nobody knows it,
/// because the tenant had ended, are failing.
fn nothing_is_under_way(installation: &Installation) {
    let database = rusqlite::Connection::open(installation.file("data").join("provost.db")).expect("nobody holds it");
    let sql = "SELECT count(*) FROM account WHERE intent IS NOT NULL AND failing = 0";
    let begun: i64 = database.query_row(sql, [], |row| row.get(0)).expect("it can be read");
    assert_eq!(begun, 0, "requests whose outcome was not stored");
}

/// What an idle server may hold in memory, in KiB. A promise of the product; unoptimized builds keep it too.
const IDLE_MEMORY: u64 = 64 * 1_024;

#[test]
fn an_idle_server_and_an_idle_tenant_need_little_memory() {
    let installation = Installation::start(false);
    for (name, process) in [("server", &installation.serve), ("tenant", &installation.tenant)] {
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid())).expect("it runs");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells");
        let kib: u64 = resident.trim().trim_end_matches("kB").trim().parse().expect("a number");
        println!("{name}: {kib} KiB");
        assert!(kib < IDLE_MEMORY, "{name}: {kib} KiB");
    }
}
