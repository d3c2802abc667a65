//! Imports of many rows stay fast. The promise is for a release build, where an example of the connectors measures it; this
//! bound is generous, and still far below what anything quadratic would take.

use crate::run::{make_data, provost};
use provost_testkit::{google_users_csv, people, unique_dir};
use std::time::{Duration, Instant};

const ROWS: usize = 20_000;
const AT_MOST: Duration = Duration::from_mins(1);

#[test]
fn twenty_thousand_rows_are_imported_in_time() {
    let directory = unique_dir();
    let file = directory.path().join("users.csv");
    std::fs::write(&file, google_users_csv(&people(ROWS, "example.com", "labs.example"))).expect("it can be written");
    let (file, data) = (file.to_str().expect("a path of text"), directory.path().join("data"));
    let data = data.to_str().expect("a path of text");
    make_data(data);
    let begun = Instant::now();
    let report = provost(&["import", file, "--data", data, "--json"]).json();
    let took = begun.elapsed();
    assert!(took < AT_MOST, "{ROWS} rows took {took:?}");
    let users = &report["report"]["users"];
    assert_eq!((users["rows"].as_u64(), users["added"].as_u64()), (Some(ROWS as u64), Some(ROWS as u64)), "{report:#}");
    let again = provost(&["import", file, "--data", data, "--json"]).json();
    assert_eq!(again["report"]["users"]["unchanged"].as_u64(), Some(ROWS as u64), "{again:#}");
}
