//! The main job with two processes and a proxy between them.

use crate::installation::Installation;
use crate::people::{Files, entitled, files};
use crate::run::eventually;
use provost_testkit::{Fault, Proxy, Recorded};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// In mid-sync each create takes this long, so that a thousand people take a while.
const SLOW: Duration = Duration::from_millis(600);

/// So often it is turned off in the middle of the work.
const TOGGLES: usize = 10;

/// A promise of the product: a change is on the wire, and sending stops, within this time.
const PROMISED: Duration = Duration::from_secs(1);

/// A changed title.
const TITLE: &str = "Chîef of \"Staff\", changed";

#[test]
fn a_thousand_people_from_the_file_to_the_tenant() {
    let installation = Installation::start(true);
    let proxy = installation.proxy.clone().expect("it was asked for");
    let first = files(1_000, "person");
    let mut expected = entitled(&[&first]);
    assert!((500..900).contains(&expected.len()), "not everybody and not nobody: {}", expected.len());
    installation.import(&first);
    installation.configure();
    installation.cli(&["sync", "Netskope", "--wait"]).well();
    installation.assert_exact(&expected);
    let creates = proxy.recorded().iter().filter(|request| request.method == "POST").count();
    assert_eq!(creates, expected.len(), "one request a create, and none for anybody else");

    proxy.clear();
    installation.cli(&["sync", "Netskope", "--wait"]).well();
    installation.import(&first);
    installation.cli(&["sync", "Netskope", "--wait"]).well();
    assert_eq!(methods(&proxy), Vec::<String>::new(), "a second sync, and the same file again, send nothing");

    let name = expected.keys().next().cloned().expect("somebody is entitled");
    installation.cli(&["users", "set", &name, &format!("title={TITLE}")]).well();
    expected.get_mut(&name).expect("it is a key")["title"] = json!(TITLE);
    installation.cli(&["sync", "Netskope", "--wait"]).well();
    let sent = proxy.recorded();
    assert_eq!(methods(&proxy), ["PATCH"], "one changed title is one request");
    assert_eq!(operations(&sent[0]), json!([{ "op": "replace", "path": "title", "value": TITLE }]));
    installation.assert_exact(&expected);

    changes_are_on_the_wire_within_a_second(&installation, &proxy, &name);
    turning_off_in_mid_sync_stops_and_turning_on_finishes(&installation, &proxy, &first, &name);
}

fn methods(proxy: &Proxy) -> Vec<String> {
    proxy.recorded().into_iter().map(|request| request.method).collect()
}

fn operations(patch: &Recorded) -> Value {
    serde_json::from_str::<Value>(&patch.body).expect("a PATCH has a body of JSON")["Operations"].take()
}

/// Counted from before the change is asked for.
fn changes_are_on_the_wire_within_a_second(installation: &Installation, proxy: &Proxy, name: &str) {
    for title in ["One", "Two", "Three", "Four", TITLE] {
        proxy.clear();
        let before = Instant::now();
        let (status, answer) = installation.call("PATCH", &format!("/users/{name}"), Some(&json!({ "set": { "title": title } })));
        assert_eq!(status, 200, "{answer}");
        let sent = eventually("the change is on the wire", Duration::from_secs(20), || proxy.recorded().first().cloned());
        assert_eq!(operations(&sent), json!([{ "op": "replace", "path": "title", "value": title }]));
        let took = sent.at.saturating_duration_since(before);
        assert!(took < PROMISED, "the change was on the wire after {took:?}");
        eventually("nothing is due", Duration::from_secs(20), || (installation.status()["pending"] == false).then_some(()));
        assert_eq!(methods(proxy), ["PATCH"]);
    }
}

fn turning_off_in_mid_sync_stops_and_turning_on_finishes(
    installation: &Installation,
    proxy: &Proxy,
    first: &Files,
    changed: &str,
) {
    let second = files(1_000, "later");
    let mut expected = entitled(&[first, &second]);
    expected.get_mut(changed).expect("still entitled")["title"] = json!(TITLE);
    proxy.clear();
    for _ in 0..2_000 {
        proxy.once(|request| request.method == "POST", Fault::Delay(SLOW));
    }
    installation.import(&second);
    let new = expected.keys().filter(|name| name.starts_with("later.")).count();
    let mut longest = Duration::ZERO;
    for toggle in 1..=TOGGLES {
        let before = created(&proxy.recorded()).len();
        let more = || created(&proxy.recorded()).len() >= before + 10;
        eventually("it is in mid-sync", Duration::from_mins(1), || more().then_some(()));
        installation.cli(&["turn-off", "Netskope"]).well();
        let answered = Instant::now();
        // Nothing can be waited for: that nothing comes is seen by watching for a while.
        std::thread::sleep(if toggle == TOGGLES { PROMISED * 3 } else { PROMISED + PROMISED / 4 });
        let sent = proxy.recorded();
        let last = sent.iter().map(|request| request.at).max().expect("it was in mid-sync");
        let after = last.saturating_duration_since(answered);
        assert!(after <= PROMISED, "a request started {after:?} after answer {toggle}");
        longest = longest.max(after);
        let begun = created(&sent).len();
        assert!(begun < new, "work remained: {begun} of {new} were begun at turn-off {toggle}");
        assert_eq!(installation.status()["status"], "inactive");
        if toggle < TOGGLES {
            installation.cli(&["turn-on", "Netskope", "--yes"]).well();
        }
    }
    println!("the latest request started {longest:?} after an answer");

    proxy.clear();
    let plan = installation.cli(&["plan", "Netskope", "--json"]).json();
    let hash = plan["hash"].as_str().expect("a plan has a hash");
    assert_eq!(methods(proxy), Vec::<String>::new(), "a plan sends nothing");
    installation.cli(&["turn-on", "Netskope", "--confirm", hash]).well();
    installation.cli(&["sync", "Netskope", "--wait"]).well();
    installation.assert_exact(&expected);
}

/// The user names of the creates that were begun.
fn created(recorded: &[Recorded]) -> BTreeSet<String> {
    let posts = recorded.iter().filter(|request| request.method == "POST");
    let body = |request: &Recorded| serde_json::from_str::<Value>(&request.body).expect("a create has a body of JSON");
    posts.filter_map(|request| body(request)["userName"].as_str().map(str::to_owned)).collect()
}
