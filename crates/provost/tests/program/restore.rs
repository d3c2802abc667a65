//! A backup is put back: the database is older than what was written before, and says so.

use crate::installation::Installation;
use crate::people::files;
use crate::run::eventually;
use serde_json::json;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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
    assert!(shown.contains("--confirm restored"), "{shown}");
    installation.cli(&["approve", "Netskope", "--confirm", "restored"]).well();
    assert_eq!(standstills(&installation)[0]["confirmed"], json!(true));
    installation.cli(&["approve", "Netskope", "--confirm", "restored"]).refused(&["nothing to confirm"]);
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
