//! Org units, domains, apps and the log, from the command line.

use crate::bad_files::Data;
use crate::run::provost;
use serde_json::Value;

fn column(table: &str, number: usize) -> Vec<&str> {
    table.lines().skip(1).filter_map(|line| line.split_whitespace().nth(number)).collect()
}

#[test]
fn org_units_are_made_renamed_moved_and_removed() {
    let data = Data::with_people();
    let run = |verb: &[&str]| data.run(&[&["orgs"], verb].concat());
    assert_eq!(run(&["create", "/Trade"]).well(), "The org unit is /Trade\n");
    assert_eq!(run(&["create", "/Trade/East"]).well(), "The org unit is /Trade/East\n");
    assert_eq!(run(&["rename", "/Trade", "Commerce"]).well(), "The org unit is /Commerce\n");
    assert!(column(&run(&["list"]).well(), 0).contains(&"/Commerce/East"));
    assert_eq!(run(&["move", "/Commerce/East", "/"]).well(), "The org unit is /East\n");
    assert_eq!(run(&["remove", "/East"]).well(), "Removed.\n");
    assert_eq!(run(&["remove", "/Commerce", "--json"]).json(), Value::Null);
    let left = run(&["list", "--json"]).json();
    let paths: Vec<&str> = left["items"].as_array().expect("a list").iter().filter_map(|unit| unit["path"].as_str()).collect();
    assert!(paths.contains(&"/Sales") && !paths.contains(&"/Commerce") && !paths.contains(&"/East"), "{left}");

    run(&["create", "Trade"]).refused_with(2, &["\"Trade\" is no path", "/Sales/EMEA"]);
    run(&["create", "/Nowhere/East"]).refused(&["/Nowhere"]);
    run(&["create", "/Sales"]).refused(&["/Sales"]);
    run(&["remove", "/Sales"]).refused(&["/Sales"]);
    run(&["move", "/Nowhere", "/"]).refused(&["/Nowhere"]);
}

#[test]
fn domains_are_added_changed_and_removed() {
    let data = Data::with_people();
    let run = |verb: &[&str]| data.run(&[&["domains"], verb].concat());
    let added = run(&["add", "other.example"]).well();
    assert_eq!(added, "other.example is the organization's secondary domain\n");
    assert_eq!(run(&["set-kind", "other.example", "alias", "--json"]).json()["kind"], "alias");
    let table = run(&["list"]).well();
    assert!(table.lines().any(|line| line.split_whitespace().eq(["other.example", "alias"])), "{table}");
    assert_eq!(run(&["remove", "other.example"]).well(), "Removed.\n");
    run(&["remove", "other.example"]).refused(&["other.example"]);
    run(&["remove", "example.com"]).refused(&["example.com"]);
    assert_eq!(run(&["add", "other.example", "--kind", "odd"]).code, Some(2));
}

#[test]
fn apps_are_added_shown_renamed_and_removed() {
    let data = Data::with_people();
    let run = |verb: &[&str]| data.run(&[&["apps"], verb].concat());
    let catalogue = run(&["catalogue"]).well();
    assert!(column(&catalogue, 0).contains(&"netskope") && column(&catalogue, 0).contains(&"generic"), "{catalogue}");
    run(&["add", "Netskope", "--catalogue", "netscape"]).refused(&["netscape"]);
    let added = run(&["add", "Netskope", "--catalogue", "netskope"]).well();
    assert!(added.starts_with("Netskope (netskope), id ") && added.contains("OFF for everyone"), "{added}");
    run(&["add", "netskope", "--catalogue", "netskope"]).refused(&["etskope", "exists already"]);
    assert!(run(&["list"]).well().lines().any(|line| line.starts_with("Netskope") && line.contains("not_configured")));
    run(&["rename", "Netskope", "Web gateway"]).well();
    let shown = run(&["show", "web gateway", "--json"]).json();
    assert_eq!((shown["name"].as_str(), shown["access"]["default"].as_str()), (Some("Web gateway"), Some("off")));
    assert_eq!(run(&["remove", "Web gateway"]).well(), "The app was removed; nothing was sent.\n");
    run(&["show", "Web gateway"]).refused(&["Web gateway"]);
}

#[test]
fn the_log_is_filtered_cut_and_written_as_a_file() {
    let data = Data::with_people();
    data.run(&["users", "suspend", "person.1@example.com", "--reason", "=leave"]).well();
    let run = |verb: &[&str]| data.run(&[&["log"], verb].concat());
    let table = run(&["--user", "person.1@example.com"]).well();
    assert!(table.starts_with("TIME") && table.contains("User suspended") && table.contains("=leave"), "{table}");
    assert!(!table.contains("person.2@"), "{table}");
    let events = |verb: &[&str]| run(&[verb, &["--json"]].concat()).json()["items"].as_array().expect("a list").len();
    assert_eq!(events(&["--event", "CREATE_USER"]), 30);
    assert_eq!(events(&["--event", "CREATE_USER", "--limit", "7"]), 7);
    assert_eq!(events(&["--to", "2020-01-01"]), 0);
    assert_eq!(events(&["--from", "2020-01-01", "--event", "SUSPEND_USER"]), 1);
    assert_eq!(run(&["--event", "NO_SUCH_EVENT"]).well(), "No event matches.\n");
    run(&["--from", "yesterday"]).refused(&["\"yesterday\" is not an instant", "2026-11-23"]);
    run(&["--user", "nobody@example.com"]).refused(&["nobody@example.com"]);

    let file = run(&["--event", "CREATE_USER", "--csv"]).well();
    let (head, rows) = file.split_once("\r\n").expect("a header");
    assert_eq!(head.trim_start_matches('\u{feff}'), "Time,Event,Name,User,User ID,By,Detail");
    assert_eq!(rows.lines().count(), 30);
    assert_eq!(run(&["--csv", "--json"]).code, Some(2));
}

#[test]
fn groups_are_shown_and_changed_and_users_say_which_hold_them() {
    let data = Data::with_people();
    let run = |verb: &[&str]| data.run(&[&["groups"], verb].concat());
    run(&["add", "board@example.com", "--name", "Board"]).well();
    run(&["add-member", "board@example.com", "person.1@example.com", "--role", "OWNER"]).well();
    assert_eq!(run(&["show", "board@example.com"]).well(), "board@example.com (Board) has 1 direct members\n");
    let set = run(&["set", "board@example.com", "--name", "The board", "--email", "top@example.com", "--json"]).json();
    assert_eq!((set["name"].as_str(), set["email"].as_str()), (Some("The board"), Some("top@example.com")));
    run(&["set", "top@example.com"]).refused_with(2, &["nothing is to be changed", "--description"]);
    run(&["show", "board@example.com"]).refused(&["board@example.com"]);
    let members = run(&["members", "top@example.com", "--json"]).json();
    assert_eq!(members["items"][0]["role"], "OWNER", "{members}");
    let held = data.run(&["users", "groups", "person.1@example.com", "--json"]).json();
    let top = held["items"].as_array().expect("a list").iter().find(|group| group["email"] == "top@example.com");
    assert_eq!(top.expect("it holds the user")["direct"], true, "{held}");

    data.run(&["users", "delete", "person.1@example.com"]).well();
    let back = data.run(&["users", "restore", "person.1@example.com", "--org-unit", "/Sales"]).well();
    assert_eq!(back, "person.1@example.com is active in /Sales\n");
}

#[test]
fn accounts_and_probes_are_of_an_app_that_is_configured() {
    let data = Data::with_people();
    data.run(&["apps", "add", "Netskope", "--catalogue", "netskope"]).well();
    for verb in [&["accounts", "Netskope"][..], &["probe", "Netskope"]] {
        data.run(verb).refused(&["autoprovisioning is not configured for this app"]);
    }
    data.run(&["accounts", "Netscape"]).refused(&["there is no app \"Netscape\"", "Netskope"]);
    assert_eq!(data.run(&["accounts", "Netskope", "--state", "odd"]).code, Some(2));
}

/// `members` shows what each member is.
#[test]
fn the_members_of_a_group_are_listed_with_what_they_are() {
    let data = Data::with_people();
    let table = data.run(&["groups", "members", "staff@example.com"]).well();
    let row = table.lines().find(|line| line.starts_with("sales@example.com")).expect("it is in the table");
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["sales@example.com", "group", "MEMBER"]);
}

#[test]
fn the_help_of_each_shows_how_it_is_used() {
    for verb in ["orgs", "domains", "apps", "log"] {
        let help = provost(&[verb, "--help"]).well();
        assert!(help.contains(&format!("provost {verb} ")) && help.contains("Example"), "{help}");
    }
}
