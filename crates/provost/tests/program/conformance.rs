//! The conformance runner as a verb: its exit codes, its table and its JSON.

use crate::run::{make_tenant, program, provost};
use provost_testkit::{Server, free_port, unique_dir};
use serde_json::Value;

#[test]
fn nothing_that_could_be_tried_is_exit_code_2_and_says_why() {
    let directory = unique_dir();
    let token = directory.path().join("token");
    std::fs::write(&token, "secret").expect("it can be written");
    let token = token.display().to_string();
    let closed = format!("http://127.0.0.1:{}/scim", free_port());
    let verb = ["tenant", "conformance", &closed, "--token-file"];
    let local = ["--allow-private", "127.0.0.0/8"];
    provost(&[&verb[..], &[&token], &local].concat()).refused_with(2, &["nothing was tried", &closed, "cannot be reached"]);
    provost(&[&verb[..], &[&token]].concat()).refused_with(2, &["nothing was tried", "--allow-private"]);
    provost(&[&verb[..], &["/no/such/file"], &local].concat()).refused_with(2, &["cannot read the token from /no/such/file"]);
}

#[test]
fn the_table_and_the_json_say_the_same_as_the_exit_code() {
    let directory = unique_dir();
    let data = directory.path().join("tenant").display().to_string();
    let grants = ["--grant", "/api/v2/scim/Users:rw", "--grant", "/api/v2/scim/Groups:rw"];
    make_tenant(&data);
    let minted = provost(&[&["tenant", "token", "create", "--data", &data, "--name", "runner"][..], &grants].concat()).well();
    let token = directory.path().join("token");
    std::fs::write(&token, minted).expect("it can be written");
    let token = token.display().to_string();
    let address = format!("127.0.0.1:{}", free_port());
    let serving = ["tenant", "--data", &data, "--listen", &address, "--profile", "standard"];
    let mut server = Server::start(program(), &serving, &address);
    let url = format!("http://{address}/api/v2/scim");
    let verb = ["tenant", "conformance", &url, "--token-file", &token, "--allow-private", "127.0.0.0/8"];

    let ran = provost(&[&verb[..], &["--json"]].concat());
    let report = ran.json();
    let failed = count(&report, "failed");
    assert_eq!(ran.code, Some(i32::from(failed > 0)), "{report:#}");
    assert!(count(&report, "passed") > 250, "{report:#}");
    assert_eq!(report["left_behind"], Value::Array(Vec::new()));

    let table = provost(&verb).out;
    assert!(table.starts_with("REQUIREMENT"), "{table}");
    assert_eq!(table.lines().filter(|line| line.contains("  passed  ")).count(), count(&report, "passed"));
    assert_eq!(table.lines().filter(|line| line.starts_with("Failed: ")).count(), failed);
    assert!(
        table.contains(&format!("{url}: {} passed, {failed} failed, {} skipped", report["passed"], report["skipped"])),
        "{table}"
    );

    // The same tenant as the real one behaves does not keep to the RFCs, and the exit code says so.
    server.kill();
    let serving = ["tenant", "--data", &data, "--listen", &address, "--profile", "netskope"];
    let mut server = Server::start(program(), &serving, &address);
    let ran = provost(&verb);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.out.contains("Failed: "), "{ran:#?}");
    server.kill();
}

fn count(report: &Value, word: &str) -> usize {
    report["results"].as_array().map_or(0, |results| results.iter().filter(|result| result["result"] == word).count())
}
