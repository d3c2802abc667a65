//! `provost demo --once`.

use crate::run::{Ran, provost};
use serde_json::Value;
use std::net::TcpListener;

#[test]
fn the_demonstration_ends_well_also_when_the_usual_ports_are_busy() {
    // Whether they are ours or somebody else's: busy they are.
    let _busy: Vec<_> = [8080, 8090].into_iter().map(|port| TcpListener::bind(("127.0.0.1", port))).collect();
    let told = provost(&["demo", "--once", "--users", "60"]).well();
    let compared = told.lines().find(|line| line.contains("Compared:")).unwrap_or_else(|| panic!("{told}"));
    assert!(compared.contains("accounts are exactly what the directory says"), "{compared}");
    assert!(!told.contains("127.0.0.1:8080") && !told.contains("127.0.0.1:8090"), "{told}");
    for part in ["Renamed", "Suspended", "restored", "hard deleted", "console", "tenant"] {
        assert!(told.contains(part), "{part:?} is not told: {told}");
    }
}

#[test]
fn an_account_that_was_tampered_with_is_found_and_every_line_is_json() {
    let ran = provost(&["demo", "--once", "--users", "60", "--json", "--tamper"]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let steps = steps(&ran);
    let compared = steps.iter().find(|step| step["facts"].get("differences").is_some()).expect("a comparison");
    let differences = compared["facts"]["differences"].as_array().expect("a list");
    assert_eq!(differences.len(), 1, "{compared:#}");
    assert!(differences[0].as_str().is_some_and(|text| text.contains("Somebody Else")), "{compared:#}");
    assert!(compared["facts"]["equal"].as_u64().is_some_and(|equal| equal > 20), "{compared:#}");
    let numbers: Vec<u64> = steps.iter().filter_map(|step| step["step"].as_u64()).collect();
    assert_eq!(numbers, (1..=steps.len() as u64).collect::<Vec<_>>());
}

fn steps(ran: &Ran) -> Vec<Value> {
    let step = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    ran.out.lines().map(step).collect()
}
