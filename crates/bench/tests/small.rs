//! A small measurement to its end: every answer is the expected one, and the figures are written.

use serde_json::Value;
use std::process::Command;

#[test]
fn a_small_measurement_ends_well_and_writes_its_figures() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("figures.json");
    let output = Command::new(env!("CARGO_BIN_EXE_provost-bench"))
        .args(["scim", "--users", "200,400", "--connections", "1,2", "--seconds", "0.2", "--json"])
        .arg(&file)
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Cost with 400 users over cost with 200 users"), "{said}");
    let figures: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let series = figures["series"].as_array().unwrap();
    assert_eq!(series.len(), 4, "ours and the ceiling for two numbers of users");
    for series in series {
        let measured = series["measured"].as_array().unwrap();
        let operations = if series["server"] == "ceiling" { 3 } else { 5 };
        assert_eq!(measured.len(), 2 * operations, "at two numbers of connections");
        assert!(measured.iter().all(|figures| figures["requests"].as_u64().unwrap() > 0), "{series}");
    }
}

/// Unoptimized and beside other tests, so that memory may still settle: every change must come, and none too late.
#[test]
fn a_short_soak_loses_no_change_and_tells_what_it_held() {
    let output = Command::new(env!("CARGO_BIN_EXE_provost-bench"))
        .args(["soak", "--minutes", "0.2", "--changes", "100", "--users", "2000"])
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1200 changes, every one of them came"), "{said}");
    let p99 = said.split("p99 ").nth(1).and_then(|rest| rest.split(' ').next()).and_then(|text| text.parse::<f64>().ok());
    assert!(p99.is_some_and(|milliseconds| milliseconds < 5_000.0), "{said}");
    assert!(said.contains("memory after the warm-up"), "{said}");
}

#[test]
fn what_cannot_be_measured_is_refused_as_usage() {
    for arguments in [
        ["scim", "--users", "7"],
        ["scim", "--seconds", "0"],
        ["scim", "--connections", "1000"],
        ["scim", "--peer", "scim2-server"],
        ["soak", "--minutes", "0"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_provost-bench")).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
