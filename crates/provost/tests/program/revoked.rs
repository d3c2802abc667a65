//! The token is revoked in the middle of the work: the connection stops, says why, loses nothing, and resumes with a new one.

use crate::installation::Installation;
use crate::people::{entitled, files};
use crate::run::eventually;
use provost_testkit::Fault;
use serde_json::json;
use std::time::{Duration, Instant};

const PEOPLE: usize = 600;

/// Each create takes this long, so that there is a middle.
const SLOW: Duration = Duration::from_millis(150);

/// What was under way when the first 401 was read has come by then.
const UNDER_WAY: Duration = Duration::from_secs(2);

/// Nothing comes for this long.
const WATCHED: Duration = Duration::from_secs(4);

#[test]
fn a_token_revoked_in_mid_run_stops_everything_and_a_new_one_resumes() {
    let mut installation = Installation::start(true);
    let proxy = installation.proxy.clone().expect("it was asked for");
    let people = files(PEOPLE, "person");
    let mut expected = entitled(&[&people]);
    proxy.every(|request| request.method == "POST", Fault::Delay(SLOW));
    installation.import(&people);
    installation.configure();
    eventually("it is in mid-run", Duration::from_mins(1), || {
        installation.tenant_total().filter(|total| *total >= expected.len() / 5)
    });
    let token = installation.replace_token();
    let stopped = eventually("the connection stops", Duration::from_secs(30), || {
        Some(installation.status()).filter(|status| !status["halted"].is_null())
    });
    assert_eq!(stopped["halted"]["reason"], "needs_reauthorization", "{stopped}");
    let begun = Instant::now();
    while begun.elapsed() < UNDER_WAY {
        std::thread::sleep(Duration::from_millis(20));
    }
    let (sent, made) = (proxy.recorded().len(), installation.tenant_total().expect("the tenant answers"));
    assert!(made < expected.len() * 4 / 5, "work remained: {made} of {} were made", expected.len());
    // Changes go on; nothing is sent for them, and a sync says why.
    let name = expected.keys().next().cloned().expect("somebody is entitled");
    let leaver = expected.keys().nth(1).cloned().expect("somebody else too");
    installation.cli(&["users", "set", &name, "title=While the token was revoked"]).well();
    installation.cli(&["users", "suspend", &leaver]).well();
    expected.get_mut(&name).expect("it is a key")["title"] = json!("While the token was revoked");
    while begun.elapsed() < UNDER_WAY + WATCHED {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(proxy.recorded().len(), sent, "nothing is sent with a token that was refused");
    assert_eq!(installation.tenant_total(), Some(made), "nothing is made or deleted");
    let said = installation.cli(&["status", "Netskope"]);
    assert!(said.out.to_lowercase().contains("reauthoriz"), "{said:#?}");
    assert!(said.out.contains("Nothing is sent until the app is reauthorized") && !said.out.contains("due 0"), "{said:#?}");
    let drift = installation.cli(&["drift", "Netskope", "--timeout", "20"]);
    drift.refused(&["the check waits", "until the app is reauthorized"]);
    let shown = installation.cli(&["drift", "Netskope", "--show"]);
    assert!(shown.out.contains("it has not begun") && !shown.out.contains("not managed"), "{shown:#?}");

    proxy.clear();
    installation.cli(&["users", "unsuspend", &leaver]).well();
    let again = installation.call("POST", "/apps/Netskope/autoprovisioning/reauthorize", Some(&json!({ "token": token })));
    assert_eq!(again.0, 200, "{}", again.1);
    eventually("everything is delivered", Duration::from_mins(1), || {
        (installation.cli(&["sync", "Netskope", "--wait"]).code == Some(0)).then_some(())
    });
    installation.assert_exact(&expected);
    let usage = &installation.status()["usage_30_days"];
    assert_eq!(
        (&usage["created"]["total"], &usage["deleted"]["total"]),
        (&json!(expected.len()), &json!(0)),
        "each once: {usage}"
    );
}
