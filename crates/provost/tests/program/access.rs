//! Who may come in, from the command line: beside a running server, and through it.

use crate::run::{Ran, make_data, program, provost, provost_reading};
use provost_testkit::{Server, free_port, unique_dir};
use serde_json::Value;

const PASSWORD: &str = "correct horse battery staple\n";

/// A data directory that a server holds, and a key of it.
struct Held {
    data: String,
    url: String,
    key: String,
    _server: Server,
    directory: tempfile::TempDir,
}

impl Held {
    fn new() -> Self {
        let directory = unique_dir();
        let file = |name: &str| directory.path().join(name).to_str().expect("a path of text").to_owned();
        let (data, key) = (file("data"), file("key"));
        make_data(&data);
        let address = format!("127.0.0.1:{}", free_port());
        let server = Server::start(program(), &["serve", "--data", &data, "--listen", &address], &address);
        let made = provost(&["api-keys", "create", "--data", &data, "--name", "root", "--role", "super-admin"]).well();
        assert_eq!(made.lines().count(), 1, "the key and nothing else");
        std::fs::write(&key, made).expect("it can be written");
        Self { data, url: format!("http://{address}"), key, _server: server, directory }
    }

    /// The two ways to work on it.
    fn ways(&self) -> [(&'static str, Vec<&str>); 2] {
        [("beside", vec!["--data", &self.data]), ("through", vec!["--server", &self.url, "--api-key-file", &self.key])]
    }

    /// A list that a key of this text may read, or what is said instead.
    fn read_with(&self, secret: &str) -> Ran {
        let file = self.directory.path().join("other-key");
        std::fs::write(&file, secret).expect("it can be written");
        let file = file.to_str().expect("a path of text");
        provost(&["api-keys", "list", "--server", &self.url, "--api-key-file", file])
    }
}

#[test]
fn administrators_are_made_changed_and_disabled_beside_a_server_and_through_it() {
    let held = Held::new();
    for (name, way) in held.ways() {
        let run = |input: &str, verb: &[&str]| provost_reading(input, &[&["admins"], verb, &way].concat());
        let email = format!("{name}@example.com");
        let create = ["create", "--email", &email, "--password-stdin", "--role"];
        assert_eq!(run(PASSWORD, &[&create[..], &["auditor"]].concat()).well(), format!("{email}\n"));
        run(PASSWORD, &[&create[..], &["auditor"]].concat()).refused(&[&email, "exists already"]);
        run(PASSWORD, &[&create[..], &["boss"]].concat()).refused(&["\"boss\" is not a role: use super-admin or auditor"]);
        run("short\n", &["set-password", &email, "--password-stdin"]).refused(&["password", "8"]);
        run("another long password\n", &["set-password", &email, "--password-stdin"]).well();
        assert_eq!(run("", &["set-role", &email, "super-admin"]).well(), format!("{email} is super-admin\n"));
        assert_eq!(run("", &["disable", &email]).well(), format!("{email} is super-admin, and disabled\n"));
        run("", &["disable", "first@example.com"]).refused(&["is the last super admin", "make somebody else"]);
        run("", &["set-role", "first@example.com", "auditor"]).refused(&["is the last super admin"]);
        run("", &["show", "nobody@example.com"]).refused(&["nobody@example.com"]);

        let shown = run("", &["show", &email, "--json"]).json();
        assert_eq!((&shown["email"], &shown["role"]), (&Value::from(&*email), &Value::from("super-admin")));
        let listed = run("", &["list", "--json"]).json();
        assert!(listed["items"].as_array().expect("a list").contains(&shown), "{listed}");
        let table = run("", &["list"]).well();
        let row = table.lines().find(|line| line.starts_with(&email)).expect("they are in the table");
        assert!(row.contains("super-admin") && row.ends_with('Z') && table.starts_with("ADDRESS"), "{table}");
        let password = Value::from(run(PASSWORD, &["set-password", &email, "--password-stdin", "--json"]).well().trim());
        assert_eq!(password, "null");
    }
    let log = ["log", "--event", "CREATE_ADMIN", "--json", "--server", &held.url, "--api-key-file", &held.key];
    let log = provost(&log).json();
    let actors: Vec<&str> = log["items"].as_array().expect("a list").iter().filter_map(|event| event["actor"].as_str()).collect();
    assert_eq!(actors, ["API key root", "command line", "command line"], "{log:#}");
}

#[test]
fn keys_are_made_listed_and_revoked_beside_a_server_and_through_it() {
    let held = Held::new();
    for (name, way) in held.ways() {
        let run = |verb: &[&str]| provost(&[&["api-keys"], verb, &way].concat());
        let create = ["create", "--name", name, "--role", "auditor"];
        let made = run(&[&create[..], &["--json"]].concat()).json();
        let secret = made["secret"].as_str().expect("it is shown once");
        assert!(secret.starts_with("pvk_") && made["name"] == name, "{made}");
        run(&create).refused(&[name, "exists already"]);
        let listed = held.read_with(secret).well();
        assert!(listed.lines().any(|line| line.starts_with(name) && line.contains("auditor")), "{listed}");
        assert!(!listed.contains("pvk_") && !run(&["list", "--json"]).well().contains("pvk_"), "{listed}");
        let late = ["create", "--name", "late", "--role", "auditor", "--expires"];
        run(&[&late[..], &["2000-01-01"]].concat()).refused(&["would have expired at 2000-01-01", "choose a later time"]);
        run(&[&late[..], &["soon"]].concat()).refused(&["\"soon\" is not an instant", "2026-11-23"]);
        let ending = ["create", "--name", &format!("{name}-guest"), "--role", "auditor", "--expires", "2999-12-31", "--json"];
        assert_eq!(run(&ending).json()["expires_at"], "2999-12-31T00:00:00Z");
        assert!(run(&["revoke", name]).well().starts_with(&format!("The key {name} is revoked since 2")));
        held.read_with(secret).refused(&["the API key is missing, mistyped, expired or revoked"]);
        run(&["revoke", "nobody"]).refused(&["nobody"]);
    }
    let reader = provost(&["api-keys", "create", "--data", &held.data, "--name", "reader", "--role", "auditor"]).well();
    let file = held.directory.path().join("reader");
    std::fs::write(&file, reader).expect("it can be written");
    let reading = ["--server", &held.url, "--api-key-file", file.to_str().expect("a path of text")];
    for verb in [&["api-keys", "create", "--name", "x", "--role", "auditor"][..], &["api-keys", "revoke", "root"]] {
        provost(&[verb, &reading].concat()).refused(&["auditor changes nothing"]);
    }
}

#[test]
fn the_help_of_each_shows_how_it_is_used() {
    for verb in ["admins", "api-keys"] {
        let help = provost(&[verb, "--help"]).well();
        assert!(help.contains(&format!("provost {verb} create ")) && help.contains("Example"), "{help}");
    }
}
