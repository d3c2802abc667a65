//! Processes that stand still (SIGSTOP) and go on: time passes meanwhile, answers come late or are lost.

use crate::installation::Installation;
use crate::people::{entitled, files};
use crate::run::eventually;
use serde_json::json;
use std::thread::sleep;
use std::time::Duration;

const PEOPLE: usize = 600;

#[test]
fn server_and_tenant_stand_still_and_go_on_and_nothing_is_doubled_or_removed_early() {
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
    let pauses = [(true, 700), (false, 700), (true, 200), (false, 1_500), (true, 1_500), (false, 200)];
    for (turn, (server, milliseconds)) in pauses.into_iter().enumerate() {
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
    eventually("everything is delivered", Duration::from_mins(1), || {
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
