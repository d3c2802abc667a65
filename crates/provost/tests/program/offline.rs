//! Every verb on a data directory, without a server: the engine then runs in the command itself.

use crate::installation::Installation;
use crate::people::{PRIMARY, config, entitled, files};
use crate::run::{Ran, provost};
use std::time::Duration;

#[test]
fn the_main_job_works_without_a_server() {
    let mut installation = Installation::start(false);
    installation.serve.kill();
    let data = installation.write("data/.keep", "").trim_end_matches("/.keep").to_owned();
    let run = |arguments: &[&str]| -> Ran {
        let mut all = arguments.to_vec();
        all.extend(["--data", &data, "--allow-private", "127.0.0.0/8"]);
        provost(&all)
    };
    let people = files(60, "person");
    let mut expected = entitled(&[&people]);
    let (users, members) = (installation.write("users.csv", &people.users), installation.write("members.csv", &people.members));
    run(&["import", &users, "--members", &members]).well();
    let file = installation.write("netskope.yaml", &config(&installation.endpoint()));
    let applied = run(&["config", "apply", &file]).well();
    assert!(applied.contains("turn autoprovisioning on"), "up to 100 creates need no confirmation: {applied}");
    assert!(applied.starts_with("Done:") && !applied.contains("Hash:") && applied.contains("was not tried"), "{applied}");
    let planned = run(&["config", "apply", &file, "--plan"]).well();
    assert!(planned.starts_with("Nothing to change.") && planned.matches("Hash:").count() == 1, "{planned}");
    let wrong = run(&["turn-on", "Netskope", "--confirm", "00", "--json"]);
    assert_eq!(wrong.code, Some(3), "another plan was read, also where it is on already: {wrong:#?}");
    assert!(wrong.json()["plan"]["hash"].is_string() && wrong.err.contains("--confirm"), "{wrong:#?}");
    assert_eq!(run(&["config", "apply", &file, "--confirm", "00"]).code, Some(3));
    let plan = run(&["plan", "Netskope", "--json"]).json();
    assert_eq!(plan["counts"]["create"], expected.len(), "{plan:#}");
    assert_eq!(installation.tenant_total(), Some(0), "neither applying nor planning sends anything");

    let synced = run(&["sync", "Netskope", "--wait", "--json"]).json();
    assert_eq!(synced["accounts"]["linked"], expected.len(), "{synced:#}");
    let [kept, leaver] = [0, 1].map(|index| expected.keys().nth(index).cloned().expect("more than one"));
    run(&["users", "set", &kept, "title="]).well();
    run(&["users", "suspend", &leaver, "--reason", "long leave"]).well();
    run(&["sync", "Netskope", "--wait"]).well();
    expected.get_mut(&kept).and_then(|account| account.as_object_mut()).expect("it is an object").remove("title");

    let plan = run(&["plan", "Netskope", "--json"]).json();
    assert_eq!((&plan["counts"]["hard_delete_later"], &plan["counts"]["create"]), (&1.into(), &0.into()), "{plan:#}");
    let said = run(&["plan", "Netskope"]).well();
    let apart = ["unchanged", "no_account"].map(|name| plan["counts"][name].as_u64().unwrap_or(0));
    assert_eq!(apart[0] + 1, expected.len() as u64, "all but the leaver stay as they are: {plan:#}");
    let words = format!("unchanged {}, no account and none to be made {}", apart[0], apart[1]);
    assert!(apart[1] > 0 && said.contains(&words), "{said}");
    let explained = run(&["explain", "Netskope", &leaver]).well();
    assert!(explained.contains("(cause: suspended)") && explained.contains("will be hard deleted at 20"), "{explained}");
    assert!(run(&["failures", "Netskope"]).well().contains("Nobody is failing"));
    let status = run(&["status", "Netskope"]).well();
    assert!(status.contains("Netskope: active") && status.contains("next removal: 20"), "{status}");
    run(&["explain", "Netskope", &format!("nobody@{PRIMARY}")]).refused(&["nobody@"]);
    run(&["status", "Nothing"]).refused(&["there is no app \"Nothing\": there are \"Netskope\""]);
    let expired = run(&["token-expiry", "Netskope", "2020-01-01"]);
    assert!(expired.err.contains("Warning: The access token expired at 2020-01-01"), "{expired:#?}");
    run(&["token-expiry", "Netskope", "unknown"]).well();

    installation.serve.start_again();
    crate::run::eventually("nothing is due", Duration::from_secs(30), || {
        (installation.status()["pending"] == false).then_some(())
    });
    installation.assert_exact(&expected);
}
