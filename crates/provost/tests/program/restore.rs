//! A backup is put back: the database is older than what was written before, and says so.

use crate::installation::Installation;
use crate::people::files;
use crate::run::eventually;
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The database with its write-ahead log, as a backup of a server that is down has it.
const DATABASE: [&str; 3] = ["provost.db", "provost.db-wal", "provost.db-shm"];

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the directory can be made");
    for name in DATABASE {
        // A log that was written back is no file any more.
        drop(std::fs::remove_file(to.join(name)));
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).expect("the database can be copied");
        }
    }
}

#[test]
fn a_backup_that_is_put_back_holds_every_removal_until_somebody_has_looked() {
    let mut installation = Installation::start(false);
    let (data, backup) = (installation.file("data"), installation.file("backup"));
    let people = files(200, "person");
    installation.import(&people);
    installation.configure();
    installation.cli(&["sync", "Netskope", "--wait"]).well();
    installation.serve.kill();
    copy(&data, &backup);
    installation.serve.start_again();
    assert_eq!(standstills(&installation), json!([]), "a start after a kill is no restore");

    let name = crate::people::entitled(&[&people]).keys().next().cloned().expect("somebody is entitled");
    let written = || std::fs::read_to_string(data.join("newest-event")).ok()?.parse::<u128>().ok();
    let before = micros();
    installation.cli(&["users", "set", &name, "title=After the backup"]).well();
    installation.cli(&["sync", "Netskope", "--wait"]).well();
    eventually("it is written how far the data have come", Duration::from_secs(30), || written().filter(|at| *at >= before));
    installation.serve.kill();
    copy(&backup, &data);
    installation.serve.start_again();
    let held = standstills(&installation);
    assert_eq!((&held[0]["reason"], &held[0]["confirmed"]), (&json!("restored"), &json!(false)), "{held}");
    assert!(held[0]["message"].as_str().is_some_and(|message| message.contains("restored from a backup")), "{held}");

    let check = || installation.call("GET", "/apps/Netskope/autoprovisioning/drift", None).1;
    let done = eventually("the app was read", Duration::from_mins(1), || {
        let shown = check();
        (shown["check"]["state"] == "done").then_some(shown)
    });
    assert_eq!(done["check"]["counts"]["changed"], json!(1), "the title that the backup knows nothing of: {done}");

    let shown = installation.cli(&["approve", "Netskope"]).well();
    assert!(shown.contains("--confirm restored") && !shown.contains("No removal is held"), "{shown}");
    let said = installation.cli(&["status", "Netskope"]).well();
    assert!(said.contains("Removals wait") && said.contains("--confirm restored"), "{said}");
    assert_eq!(installation.status()["standstills"], standstills(&installation));
    installation.cli(&["approve", "Netskope", "--confirm", "restored"]).well();
    assert_eq!(standstills(&installation)[0]["confirmed"], json!(true));
    let said = installation.cli(&["status", "Netskope"]).well();
    assert!(!said.contains("Removals wait"), "{said}");
    installation.cli(&["approve", "Netskope", "--confirm", "restored"]).refused(&["nothing to confirm"]);
}

/// The database without its key, and with the key of another installation: told at the start, and not each second for ever.
#[test]
fn a_database_without_the_key_of_its_tokens_is_not_opened() {
    let mut installation = Installation::start(false);
    let key = installation.file("data/key");
    let people = files(20, "person");
    installation.import(&people);
    installation.configure_any();
    installation.cli(&["sync", "Netskope", "--wait"]).well();
    installation.serve.kill();
    let kept = std::fs::read(&key).expect("there is a key");
    for (other, what) in [(None, "is missing"), (Some("07".repeat(32)), "is another one")] {
        std::fs::remove_file(&key).expect("it is there");
        if let Some(other) = &other {
            std::fs::write(&key, other).expect("it can be written");
        }
        let says = ["the key that sealed the stored tokens", what, "from the backup", "--key-lost"];
        installation.offline(&["users", "list"]).refused(&says);
        assert!(installation.serve.try_start().is_err(), "{what}");
        assert_eq!(std::fs::read_to_string(&key).ok(), other, "no key is made");
        std::fs::write(&key, &kept).expect("it can be written");
        installation.offline(&["users", "list"]).well();
    }

    std::fs::remove_file(&key).expect("it is there");
    installation.serve.start_again_with(&["--key-lost"]);
    let halted = installation.status()["halted"].clone();
    assert!(halted["message"].as_str().is_some_and(|message| message.contains("reauthorize")), "{halted}");
    let token = installation.replace_token();
    let again = installation.call("POST", "/apps/Netskope/autoprovisioning/reauthorize", Some(&json!({ "token": token })));
    assert_eq!(again.0, 200, "{}", again.1);
    installation.cli(&["sync", "Netskope", "--wait"]).well();
}

/// The leavers' hard deletes are due this long after they were suspended. The backup is made before, and put back after.
const GRACE_SECONDS: u64 = 8;

/// Nothing comes for this long.
const WATCHED: Duration = Duration::from_secs(2);

/// The database alone is put back: the file beside it says that it is old.
#[test]
fn a_removal_that_is_due_in_an_old_backup_waits_until_somebody_has_looked() {
    a_removal_that_is_due_in_an_old_backup_waits(false);
}

/// The whole directory is put back, and the administrator says so.
#[test]
fn a_removal_that_is_due_in_a_directory_that_is_put_back_waits_with_restored() {
    a_removal_that_is_due_in_an_old_backup_waits(true);
}

fn a_removal_that_is_due_in_an_old_backup_waits(whole: bool) {
    let mut installation = Installation::start(true);
    let proxy = installation.proxy.clone().expect("it was asked for");
    let (data, backup) = (installation.file("data"), installation.file("backup"));
    let people = files(40, "person");
    let everybody = crate::people::entitled(&[&people]);
    let [returner, leaver] = [0, 1].map(|at| everybody.keys().nth(at).cloned().expect("there are more"));
    installation.import(&people);
    installation.configure_removals(GRACE_SECONDS, &[]);
    installation.cli(&["sync", "Netskope", "--wait"]).well();
    for gone in [&returner, &leaver] {
        installation.cli(&["users", "suspend", gone]).well();
    }
    let suspended = Instant::now();
    eventually("both have their dates", Duration::from_secs(5), || {
        let accounts = installation.items("/apps/Netskope/autoprovisioning/accounts");
        (accounts.iter().filter(|account| !account["removal"].is_null()).count() == 2).then_some(())
    });
    installation.serve.kill();
    copy(&data, &backup);
    let deletes = || proxy.recorded().iter().filter(|request| request.method == "DELETE").count();
    assert_eq!(deletes(), 0, "the backup is older than the removals");

    // Both come back, which the backup knows nothing of.
    for back in [&returner, &leaver] {
        installation.offline(&["users", "unsuspend", back]).well();
    }
    installation.serve.start_again();
    let far = || std::fs::read_to_string(data.join("newest-event")).ok();
    let before = far();
    installation.cli(&["users", "set", &leaver, "title=After the backup"]).well();
    installation.cli(&["sync", "Netskope", "--wait"]).well();
    eventually("it is written how far the data have come", Duration::from_secs(30), || (far() != before).then_some(()));
    installation.serve.kill();
    copy(&backup, &data);
    std::thread::sleep((Duration::from_secs(GRACE_SECONDS) + WATCHED / 2).saturating_sub(suspended.elapsed()));
    proxy.clear();
    if whole {
        std::fs::remove_file(data.join("newest-event")).expect("it was there");
        installation.serve.start_again_with(&["--restored"]);
    } else {
        installation.serve.start_again();
    }
    let (held, shown) =
        (standstills(&installation), || installation.call("GET", "/apps/Netskope/autoprovisioning/drift", None).1);
    assert_eq!((&held[0]["reason"], &held[0]["confirmed"]), (&json!("restored"), &json!(false)), "{held}");
    eventually("the app was read", Duration::from_mins(1), || (shown()["check"]["state"] == "done").then_some(()));
    std::thread::sleep(WATCHED);
    let sent = proxy.recorded();
    let pages = sent.iter().filter(|request| request.method == "GET" && request.path.contains("/Users?")).count();
    assert_eq!((pages > 0, pages), (true, sent.len()), "the app was read, and nothing else was sent: {sent:#?}");
    let status = installation.status();
    let time = |name: &str| status[name].as_str().map(str::to_owned).expect("a time");
    assert!(time("next_removal") < time("now"), "the removals are due: {status}");

    // The directory is brought up to date for one of them; the other is confirmed to have left.
    installation.cli(&["users", "unsuspend", &returner]).well();
    assert_eq!(deletes(), 0, "what was not confirmed is not sent");
    installation.cli(&["approve", "Netskope", "--confirm", "restored"]).well();
    eventually("who was confirmed goes", Duration::from_secs(30), || (deletes() == 1).then_some(()));
    installation.cli(&["sync", "Netskope", "--wait"]).well();
    let there = installation.tenant_users();
    assert_eq!((there.contains_key(&returner), there.contains_key(&leaver), deletes()), (true, false, 1));
    assert_eq!(there.len(), everybody.len() - 1, "nobody else was touched");
}

#[expect(clippy::disallowed_methods, reason = "what the server writes is compared with the real time")]
fn micros() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_micros()
}

fn standstills(installation: &Installation) -> serde_json::Value {
    let (status, held) = installation.call("GET", "/apps/Netskope/autoprovisioning/held", None);
    assert_eq!(status, 200, "{held}");
    held["standstills"].clone()
}
