//! Things that are in the way: ports, locks, versions, keys, missing flags. One clear error each that says what to do.

use crate::bad_files::Data;
use crate::run::{make_data, make_tenant, program, provost, provost_reading};
use provost_db::{Db, Location, Migration, OpenError, Query};
use provost_testkit::{Server, free_port, unique_dir};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use tokio::runtime::Runtime;

#[test]
fn a_port_in_use_is_told_with_the_flag_that_helps() {
    let data = Data::with_people();
    let before = data.state();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it is bound").to_string();
    let says = ["cannot listen on", address.as_str(), "--listen 127.0.0.1:PORT", "in use"];
    provost(&["serve", "--data", &data.path(), "--listen", &address]).refused(&says);
    provost(&["tenant", "--data", &data.file("tenant"), "--listen", &address]).refused(&says);
    assert_eq!(data.state(), before, "the lock is free again and nothing has changed");
}

#[test]
fn a_data_directory_that_a_server_holds_names_the_server() {
    let data = Data::with_people();
    let before = data.state();
    let address = format!("127.0.0.1:{}", free_port());
    let mut server = Server::start(program(), &["serve", "--data", &data.path(), "--listen", &address], &address);
    let url = format!("http://{address}");
    // The server listens a moment before it writes its URL into the lock.
    crate::run::eventually("the server announces itself", std::time::Duration::from_secs(20), || {
        std::fs::read_to_string(data.file("data/lock")).ok().filter(|text| text.contains(&url))
    });
    for verb in [&["users", "list"][..], &["config", "export"], &["status", "Netskope"], &["sync", "Netskope", "--wait"]] {
        data.run(verb).refused(&["a server holds the data directory", &format!("--server {url} --api-key-file FILE")]);
    }
    let second = format!("127.0.0.1:{}", free_port());
    provost(&["serve", "--data", &data.path(), "--listen", &second]).refused(&["a server holds the data directory", &url]);

    // The verbs by which a script gets in work beside it.
    let key = provost(&["api-keys", "create", "--data", &data.path(), "--name", "k", "--role", "auditor"]).well();
    let password = "correct horse battery staple\n";
    let admin = ["admins", "create", "--data", &data.path(), "--email", "root@example.com", "--password-stdin", "--role"];
    provost_reading(password, &[&admin[..], &["super-admin"]].concat()).well();
    let key = data.write("key.txt", &key);
    let over = |verb: &[&str]| provost(&[verb, &["--server", &url, "--api-key-file", &key]].concat());
    assert!(over(&["users", "list"]).well().contains("person.1@example.com"));
    over(&["users", "suspend", "person.1@example.com"]).refused(&["auditor"]);
    std::fs::write(&key, "pvk_wrong").expect("it can be written");
    over(&["users", "list"]).refused(&["the API key is missing, mistyped, expired or revoked"]);
    over(&["--version"]).well();
    server.kill();
    over(&["users", "list"]).refused(&[&url, "did not answer: check --server"]);
    assert_eq!(data.state(), before, "after kill -9 the lock is free, and nothing is lost");
}

#[test]
fn verbs_without_a_place_to_work_say_which_flags_there_are() {
    for verb in [&["users", "list"][..], &["plan", "Netskope"], &["import", "users.csv"], &["config", "export"]] {
        provost(verb).refused_with(2, &["--data DIR", "--server URL --api-key-file FILE"]);
    }
    let key = provost(&["users", "list", "--server", "http://127.0.0.1:9"]);
    assert_eq!(key.code, Some(2), "{key:#?}");
    assert!(key.err.contains("--api-key-file"), "{key:#?}");
    let nowhere = ["users", "list", "--server", "http://127.0.0.1:9", "--api-key-file", "/nowhere/key"];
    provost(&nowhere).refused(&["cannot read the API key from /nowhere/key"]);
}

/// Every verb that needs data, on a directory that is not there and on one that holds something else.
#[test]
fn a_mistyped_data_directory_is_no_new_installation() {
    let directory = unique_dir();
    let at = |name: &str| directory.path().join(name).to_str().expect("a path of text").to_owned();
    let (typo, other, file) = (at("typo"), at("other"), at("users.csv"));
    std::fs::create_dir(&other).expect("it can be made");
    std::fs::write(&file, "").expect("it can be written");
    let key = ["api-keys", "create", "--name", "k", "--role", "auditor"];
    for verb in [&["users", "list"][..], &["import", &file], &["config", "export"], &["sync", "Netskope", "--wait"], &key] {
        for data in [&typo, &other] {
            provost(&[verb, &["--data", data]].concat()).refused_with(2, &["there are no data in", data, "Check --data"]);
        }
    }
    let token = ["tenant", "token", "create", "--name", "t", "--grant", "/api/v2/scim/Users:r"];
    for verb in [&["tenant", "export"][..], &token] {
        for data in [&typo, &other] {
            provost(&[verb, &["--data", data]].concat()).refused_with(2, &["there is no tenant in", data, "Check --data"]);
        }
    }
    assert!(!Path::new(&typo).exists(), "nothing was made");
    assert_eq!(std::fs::read_dir(&other).expect("it is there").count(), 0, "nothing was put into it");
}

#[test]
fn values_that_cannot_be_meant_say_what_to_write() {
    let data = Data::with_people();
    let key = data.write("key.txt", "pvk_none");
    let server = ["users", "list", "--server", "127.0.0.1:9", "--api-key-file", &key];
    provost(&server).refused_with(2, &["--server 127.0.0.1:9", "http:// or https:// is missing"]);
    let directory = data.path();
    data.run(&["import", &directory]).refused_with(2, &[&directory, "is a directory"]);
    for (wrong, says) in [
        (["--allow-private", "bogus"], "write one like 127.0.0.0/8"),
        (["--database", "mysql://x"], "only PostgreSQL is supported"),
    ] {
        let ran = provost(&[&["serve", "--data", &directory], &wrong[..]].concat());
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        assert!(ran.err.contains(says), "{ran:#?}");
    }
}

#[test]
fn bad_values_of_the_creating_verbs_are_refused() {
    let directory = unique_dir();
    let data = directory.path().join("data");
    let data = data.to_str().expect("a path of text");
    let token = |grant: &str, expires: &str| {
        provost(&["tenant", "token", "create", "--data", data, "--name", "t", "--grant", grant, "--expires", expires])
    };
    token("/api/v2/scim/Users", "1d").refused(&["is not a grant", ":rw"]);
    token("/api/v2/scim/Nobody:rw", "1d").refused(&["/api/v2/scim/Nobody"]);
    token("/api/v2/scim/Users:rw", "soon").refused(&["\"soon\" is not a time", "365d"]);
    make_tenant(data);
    token("/api/v2/scim/Users:rw", "1d").well();
    token("/api/v2/scim/Users:rw", "1d").refused(&["t"]);
    let key = |role: &str| provost(&["api-keys", "create", "--data", data, "--name", "k", "--role", role]);
    key("boss").refused(&["\"boss\" is not a role: use super-admin or auditor"]);
    make_data(data);
    key("auditor").well();
    key("auditor").refused(&["k"]);
    let admin = ["admins", "create", "--data", data, "--email", "a@example.com", "--password-stdin", "--role", "auditor"];
    provost_reading("short\n", &admin).refused(&["password", "8"]);
}

#[test]
fn data_from_a_newer_version_is_left_alone() {
    let data = Data::with_people();
    let runtime = Runtime::new().expect("a runtime can be made");
    let file = data.file("data/provost.db");
    let steps = steps_of_the_future(&runtime, Path::new(&file));
    let says = ["written by a newer version", "start that version, or restore a backup"];
    for verb in [&["users", "list"][..], &["users", "delete", "person.1@example.com"], &["config", "export"]] {
        data.run(verb).refused(&says);
    }
    let address = format!("127.0.0.1:{}", free_port());
    provost(&["serve", "--data", &data.path(), "--listen", &address]).refused(&says);
    provost(&["api-keys", "create", "--data", &data.path(), "--name", "k", "--role", "auditor"]).refused(&says);
    let count = runtime.block_on(async {
        let db = Db::open(&Location::File(file.into()), &steps).await.expect("it opens with its own steps");
        let sql = "SELECT count(*) FROM directory_user WHERE deleted_since IS NULL";
        db.read(Query::new(sql, [])).await.expect("it can be read")[0].get::<i64>(0).expect("a count")
    });
    assert_eq!(count, 30, "nothing is lost");

    let tenant = data.file("tenant");
    make_tenant(&tenant);
    steps_of_the_future(&runtime, Path::new(&data.file("tenant/tenant.db")));
    provost(&["tenant", "--data", &tenant, "--listen", &address]).refused(&says);
}

/// Adds one step to the schema that no program of today knows; the steps as they then are.
fn steps_of_the_future(runtime: &Runtime, file: &Path) -> Vec<Migration> {
    let step = |version| Migration { version, name: "future", sql: "CREATE TABLE future (x BIGINT);" };
    let location = Location::File(file.to_owned());
    let found = match runtime.block_on(Db::open(&location, &[])) {
        Err(OpenError::Newer { found, .. }) => found,
        other => panic!("{} has no schema: {other:?}", file.display()),
    };
    let steps: Vec<Migration> = (1..=found + 1).map(step).collect();
    runtime.block_on(Db::open(&location, &steps)).expect("one step more");
    steps
}

/// `provost users list | head -1`: whoever reads has seen enough.
#[test]
fn a_verb_that_nobody_reads_any_more_ends_without_a_word() {
    let data = Data::with_people();
    let mut child = Command::new(program())
        .args(["users", "list", "--data", &data.path()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()), (Some(141), ""));
}
