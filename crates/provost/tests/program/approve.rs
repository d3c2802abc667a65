//! `provost approve`: held removals listed, approved and rejected by the command line, through a server and on its data directory.

use crate::installation::Installation;
use crate::people::{entitled, files};
use crate::run::{Ran, eventually, provost};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const LEAVERS: usize = 8;

/// People in the app, of whom some were suspended: their accounts are due to go, and held.
struct Held {
    installation: Installation,
    everybody: Vec<String>,
}

fn addresses<S: AsRef<str>>(of: &[S]) -> BTreeSet<String> {
    of.iter().map(|email| email.as_ref().to_owned()).collect()
}

/// The addresses in a list of held removals.
fn in_list(listed: &Ran) -> BTreeSet<String> {
    let items = listed.json()["items"].as_array().cloned().expect("a list has items");
    items.iter().map(|item| item["email"].as_str().expect("an address").to_owned()).collect()
}

fn approve<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["approve", "Netskope"], arguments].concat()
}

impl Held {
    fn new() -> Self {
        let installation = Installation::start(true);
        let people = files(40, "person");
        let everybody: Vec<String> = entitled(&[&people]).into_keys().collect();
        installation.import(&people);
        // Not one removal passes without being asked about.
        installation.configure_removals(1, &["guard: { floor: 0, cap: 0, percent: 0 }"]);
        installation.cli(&["sync", "Netskope", "--wait"]).well();
        assert!(installation.cli(&approve(&[])).well().contains("No removal is held."));
        for leaver in &everybody[..LEAVERS] {
            installation.cli(&["users", "suspend", leaver]).well();
        }
        let held = Self { installation, everybody };
        eventually("all of them are held", Duration::from_secs(30), || {
            (held.listed() == addresses(&held.everybody[..LEAVERS])).then_some(())
        });
        held
    }

    fn listed(&self) -> BTreeSet<String> {
        in_list(&self.installation.cli(&approve(&["--json"])))
    }

    fn answer(&self, arguments: &[&str]) -> Value {
        self.installation.cli(&approve(&[arguments, &["--json"]].concat())).json()
    }

    fn deletes(&self) -> usize {
        let proxy = self.installation.proxy.as_ref().expect("it was asked for");
        proxy.recorded().iter().filter(|request| request.method == "DELETE").count()
    }

    /// Waits until exactly these people have no account any more, after one DELETE for each.
    fn gone(&self, leavers: &[&str]) {
        eventually("those who were approved go, and nobody else", Duration::from_secs(30), || {
            let there = self.installation.tenant_users();
            let gone: BTreeSet<String> = self.everybody.iter().filter(|email| !there.contains_key(*email)).cloned().collect();
            (gone == addresses(leavers) && self.deletes() == leavers.len()).then_some(())
        });
    }
}

#[test]
fn held_removals_are_listed_approved_and_rejected_by_the_command_line() {
    let mut held = Held::new();
    let everybody = held.everybody.clone();
    let leavers: Vec<&str> = everybody[..LEAVERS].iter().map(String::as_str).collect();
    the_table_says_who_why_and_what_to_do(&held, &leavers);
    whoever_may_only_read_decides_nothing(&held, &leavers);
    held.installation.cli(&approve(&[leavers[0], "persn.1@example.com"])).refused(&["persn.1@example.com"]);
    assert_eq!((held.listed(), held.deletes()), (addresses(&leavers), 0), "nothing was decided");

    assert_eq!(held.answer(&[leavers[0]]), json!({ "approved": 1, "not_held": [] }));
    held.gone(&leavers[..1]);
    assert_eq!(held.answer(&[leavers[1], "--reject"]), json!({ "rejected": 1, "not_held": [] }));
    held.installation.cli(&["users", "unsuspend", leavers[2]]).well();
    let stale = held.answer(&[leavers[2], leavers[3]]);
    assert_eq!(stale, json!({ "approved": 1, "not_held": [leavers[2]] }), "the cause of one has ended");
    held.gone(&[leavers[0], leavers[3]]);
    let nothing = held.installation.cli(&approve(&[leavers[2]]));
    assert_eq!(nothing.code, Some(1), "somebody was named, and nothing was decided: {nothing:#?}");
    let said = format!("Removals approved: 0.\nNo removal of {} is held: nothing was decided of them.\n", leavers[2]);
    assert_eq!(nothing.out, said);
    assert_eq!(held.listed(), addresses(&leavers[4..]));

    held.installation.serve.kill();
    let offline = |arguments: &[&str]| held.installation.offline(&approve(arguments));
    assert_eq!(in_list(&offline(&["--json"])), addresses(&leavers[4..]), "the data directory says the same");
    assert_eq!(offline(&[leavers[4], "--json"]).json(), json!({ "approved": 1, "not_held": [] }));
    assert_eq!(offline(&[leavers[5], "--reject", "--json"]).json(), json!({ "rejected": 1, "not_held": [] }));
    assert_eq!(held.deletes(), 2, "a verdict on a data directory sends nothing");
    held.installation.serve.start_again();
    held.gone(&[leavers[0], leavers[3], leavers[4]]);
    assert_eq!(held.listed(), addresses(&leavers[6..]));
    assert_eq!(held.answer(&["--all"]), json!({ "approved": 2 }));
    held.gone(&[leavers[0], leavers[3], leavers[4], leavers[6], leavers[7]]);
    assert!(held.installation.cli(&approve(&[])).well().contains("No removal is held."));
    held.installation.cli(&["sync", "Netskope", "--wait"]).well();
    held.gone(&[leavers[0], leavers[3], leavers[4], leavers[6], leavers[7]]);
}

fn the_table_says_who_why_and_what_to_do(held: &Held, leavers: &[&str]) {
    let table = held.installation.cli(&approve(&[])).well();
    let titles = table.lines().find(|line| line.starts_with("USER")).expect("a table");
    assert_eq!(titles.split_whitespace().collect::<Vec<_>>(), ["USER", "ACTION", "CAUSE", "SINCE", "DUE"]);
    for leaver in leavers {
        let row = table.lines().find(|line| line.starts_with(leaver)).unwrap_or_else(|| panic!("{leaver} is not in {table}"));
        let words: Vec<&str> = row.split_whitespace().collect();
        assert_eq!((&words[1..3], words.len()), (&["hard_delete", "suspended"][..], 5), "{row}");
    }
    assert!(table.contains("--all") && table.contains("--reject"), "{table}");
    let accounts = held.installation.cli(&["accounts", "Netskope", "--leaving"]).well();
    for leaver in leavers {
        let row =
            accounts.lines().find(|line| line.starts_with(leaver)).unwrap_or_else(|| panic!("{leaver} is not in {accounts}"));
        assert!(row.contains(" linked ") && row.contains("hard_delete at 2") && row.contains("(suspended)"), "{row}");
    }
    assert_eq!(accounts.lines().count(), leavers.len() + 1, "{accounts}");
    let linked = held.installation.cli(&["accounts", "Netskope", leavers[0], "--state", "linked", "--json"]).json();
    assert_eq!(linked["items"][0]["email"], leavers[0], "{linked}");
    assert_eq!(held.installation.cli(&["accounts", "Netskope", "--failing"]).well(), "No account matches.\n");
    held.installation.cli(&["probe", "Netskope"]).well();
}

fn whoever_may_only_read_decides_nothing(held: &Held, leavers: &[&str]) {
    let data = held.installation.file("data");
    let data = data.to_str().expect("a path of text");
    let key = provost(&["api-keys", "create", "--data", data, "--name", "reader", "--role", "auditor"]).well();
    held.installation.write("reading-key", &key);
    let reading = |arguments: &[&str]| held.installation.cli_as("reading-key", &approve(arguments));
    assert_eq!(in_list(&reading(&["--json"])), addresses(leavers));
    for verdict in [&["--all"][..], &["--all", "--reject"], &[leavers[0]], &[leavers[0], "--reject"]] {
        reading(verdict).refused(&["auditor changes nothing"]);
    }
}
