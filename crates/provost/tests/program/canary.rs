//! The canary: after a whole run, with everything that goes wrong with a token, the tokens are searched for in all that the
//! program has written and shown: its log at its most talkative, every page, every answer, every file, its process.

use crate::installation::Installation;
use crate::people::{config, files};
use crate::run::{Ran, eventually, provost_reading};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// Tokens that are typed and refused.
const REFUSED: &str = "nsk_CANARYrefused0123456789";
const MISPLACED: &str = "nsk_CANARYmisplaced0123456789";

/// Pages that are read at most.
const PAGES_MAX: usize = 400;

/// What was written or shown, by where.
#[derive(Default)]
struct Seen(BTreeMap<String, Vec<u8>>);

impl Seen {
    fn add(&mut self, place: impl Into<String>, what: impl Into<Vec<u8>>) {
        self.0.insert(place.into(), what.into());
    }

    fn ran(&mut self, verb: &str, ran: &Ran) {
        self.add(format!("command {verb}"), format!("{}{}", ran.out, ran.err));
    }

    fn files(&mut self, of: &str, directory: &Path) {
        for entry in std::fs::read_dir(directory).expect("it can be read").flatten() {
            if entry.path().is_file() {
                self.add(format!("{of} {}", entry.path().display()), std::fs::read(entry.path()).expect("it can be read"));
            }
        }
    }

    /// Where a secret stands, in any of the ways in which a program writes texts.
    fn places_of(&self, secret: &str) -> Vec<&str> {
        let ways = [secret.to_owned(), base64(secret.as_bytes()), hex(secret.as_bytes()), debug_bytes(secret)];
        let holds = |what: &[u8], way: &str| what.windows(way.len()).any(|window| window == way.as_bytes());
        self.0.iter().filter(|(_, what)| ways.iter().any(|way| holds(what, way))).map(|(place, _)| place.as_str()).collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).expect("under 16"));
    bytes.iter().flat_map(digits).collect()
}

/// `[110, 115, …]`, as Rust prints bytes.
fn debug_bytes(text: &str) -> String {
    format!("{:?}", text.as_bytes()).trim_matches(['[', ']']).to_owned()
}

/// Without the last characters, which depend on what follows.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks_exact(3) {
        let bits = u32::from(chunk[0]) << 16 | u32::from(chunk[1]) << 8 | u32::from(chunk[2]);
        for shift in [18, 12, 6, 0] {
            text.push(char::from(ALPHABET[(bits >> shift & 63) as usize]));
        }
    }
    text
}

#[test]
fn no_token_is_found_in_anything_that_the_program_writes_or_shows() {
    // The log at its most talkative, in a file beside the data.
    let mut installation =
        Installation::start_under(false, Some("log=\"$1.log\"; shift; RUST_LOG=trace exec \"$@\" > \"$log\" 2>&1"));
    let mut seen = Seen::default();
    let people = files(40, "person");
    installation.import(&people);
    installation.configure_any();
    installation.cli(&["sync", "Netskope", "--wait"]).well();
    go_wrong(&installation, &mut seen);
    for verb in [
        &["status", "Netskope", "--json"][..],
        &["plan", "Netskope", "--json"],
        &["failures", "Netskope", "--json"],
        &["config", "export"],
        &["drift", "Netskope", "--report"],
        &["users", "list"],
    ] {
        let ran = installation.cli(verb);
        seen.ran(&verb.join(" "), &ran);
    }
    answers(&installation, &mut seen);
    pages(&installation, &mut seen);
    let pid = installation.serve.pid();
    for file in ["cmdline", "environ", "status"] {
        seen.add(format!("process {file}"), std::fs::read(format!("/proc/{pid}/{file}")).expect("it runs"));
    }
    // A database that is copied while it works is a backup; then what is left after the end.
    seen.files("running", &installation.file("data"));
    installation.serve.kill();
    installation.tenant.kill();
    for directory in ["data", "tenant"] {
        seen.files("after", &installation.file(directory));
    }
    let log = std::fs::read(installation.file("data.log")).expect("the log");
    let talkative = log.len() > 10_000 && log.windows(5).any(|word| word == b"TRACE" || word == b"DEBUG");
    assert!(talkative, "{} bytes of log", log.len());
    seen.add("log", log);
    let bytes: usize = seen.0.values().map(Vec::len).sum();
    println!("{} places, {bytes} bytes", seen.0.len());
    assert!(seen.0.len() > 60, "{:?}", seen.0.keys());
    let [token, key] = installation.secrets();
    for secret in [token, key, REFUSED, MISPLACED] {
        assert_eq!(seen.places_of(secret), Vec::<&str>::new(), "{secret}");
    }
    // The search finds what is there.
    seen.files("secrets", installation.file("token").parent().expect("a directory"));
    assert_eq!(seen.places_of(token).len(), 1);
    seen.add("bytes", format!("{:?}", token.as_bytes()));
    assert_eq!(seen.places_of(token).len(), 2);
}

/// Asks, and keeps the answer; its status.
fn ask(installation: &Installation, seen: &mut Seen, method: &str, path: &str, body: &Value) -> u16 {
    let answer = installation.try_call(method, path, body).expect("the server answers");
    seen.add(format!("answer {method} {path} {}", seen.0.len()), format!("{answer:?}"));
    answer.0
}

/// Everything in which a token can come to a wrong place.
fn go_wrong(installation: &Installation, seen: &mut Seen) {
    let base = "/apps/Netskope/autoprovisioning";
    let endpoint = installation.endpoint();
    for (wrong, status) in [
        (json!({ "endpoint": endpoint, "token": REFUSED }), 200),
        (json!({ "endpoint": "http://127.0.0.1:9/scim", "token": REFUSED }), 200),
        (json!({ "endpoint": "https://192.168.7.7/scim", "token": REFUSED }), 422),
        (json!({ "endpoint": endpoint, "token": format!("{REFUSED} {MISPLACED}\n") }), 200),
    ] {
        assert_eq!(ask(installation, seen, "POST", &format!("{base}/test"), &wrong), status);
    }
    for wrong in [json!({ "secret": MISPLACED }), json!({ "token": [MISPLACED] }), json!({ "token": format!("a {MISPLACED}") })] {
        assert!(ask(installation, seen, "POST", &format!("{base}/reauthorize"), &wrong) >= 400);
    }
    assert!(ask(installation, seen, "PATCH", base, &json!({ "token": MISPLACED })) >= 400);
    assert!(ask(installation, seen, "PUT", base, &json!({ "endpoint": endpoint, "token": MISPLACED })) >= 400);
    // A token in the configuration file instead of the name of its file.
    let text = config(&endpoint).replace("token_file: ./token", &format!("token: {MISPLACED}"));
    let ran = installation.cli(&["config", "apply", &installation.write("wrong.yaml", &text)]);
    assert_ne!(ran.code, Some(0));
    seen.ran("config apply", &ran);
    // A token that the app refuses while it works, and the right one again.
    assert_eq!(ask(installation, seen, "POST", &format!("{base}/reauthorize"), &json!({ "token": REFUSED })), 200);
    assert_eq!(installation.call("POST", &format!("{base}/sync"), Some(&json!({}))).0, 200);
    let name = "person.1@example.com";
    let change = json!({ "set": { "title": "With a token that is refused" } });
    assert_eq!(installation.call("PATCH", &format!("/users/{name}"), Some(&change)).0, 200);
    eventually("the refused token stops the connection", Duration::from_secs(30), || {
        (!installation.status()["halted"].is_null()).then_some(())
    });
    let [token, _] = installation.secrets();
    let renewed = installation.try_call("POST", &format!("{base}/reauthorize"), &json!({ "token": token }));
    assert_eq!(renewed.as_ref().map(|(status, _)| *status), Some(200));
    seen.add("answer to the right token", format!("{renewed:?}"));
    eventually("everything is delivered", Duration::from_mins(1), || {
        (installation.cli(&["sync", "Netskope", "--wait"]).code == Some(0)).then_some(())
    });
}

/// Everything that the management API can be asked for.
fn answers(installation: &Installation, seen: &mut Seen) {
    let app = "/apps/Netskope";
    let auto = format!("{app}/autoprovisioning");
    let mut paths: Vec<String> =
        ["/apps", app, "/config/export", "/domains", "/groups", "/log?limit=1000", "/org-units", "/users"]
            .map(str::to_owned)
            .to_vec();
    paths.push(auto.clone());
    for rest in ["accounts", "drift", "drift/differences", "failures", "held", "not-managed", "plan", "status"] {
        paths.push(format!("{auto}/{rest}"));
    }
    paths.push(format!("{auto}/explain/person.1@example.com"));
    for path in paths {
        let (status, body) = installation.call("GET", &path, None);
        assert_eq!(status, 200, "{path}: {body}");
        seen.add(format!("answer GET {path}"), body.to_string());
    }
}

/// Every page that a super admin comes to by links.
fn pages(installation: &Installation, seen: &mut Seen) {
    let data = installation.file("data");
    let data = data.to_str().expect("a path of text");
    let admin = ["admins", "create", "--data", data, "--email", "root@example.com", "--password-stdin", "--role", "super-admin"];
    provost_reading("correct horse battery staple\n", &admin).well();
    let form = "email=root%40example.com&password=correct+horse+battery+staple&next=";
    let (status, cookie, _) = installation.browse("/sign-in", "", Some(form));
    assert_eq!(status, 303, "signed in");
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let mut waiting = vec!["/".to_owned(), "/directory/users".to_owned(), "/apps".to_owned(), "/reporting/admin".to_owned()];
    let mut known: BTreeSet<String> = waiting.iter().cloned().collect();
    let mut shown = 0;
    while let Some(path) = waiting.pop() {
        let (status, _, page) = installation.browse(&path, &cookie, None);
        assert!(status < 500, "{path}: {status}");
        shown += usize::from(status == 200);
        for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let link = link.replace("&amp;", "&");
            let inner = link.starts_with('/') && !link.starts_with("//") && !link.starts_with("/assets/");
            // One of many that are alike is enough.
            let alike = link.starts_with("/directory/users/")
                && known.iter().filter(|path| path.starts_with("/directory/users/")).count() > 12;
            if inner && !alike && known.len() < PAGES_MAX && known.insert(link.clone()) {
                waiting.push(link);
            }
        }
        seen.add(format!("page {path}"), page);
    }
    println!("{shown} pages");
    assert!(shown > 40, "only {shown} pages were found: {known:?}");
    assert!(known.iter().any(|path| path.ends_with("/autoprovisioning/reauthorize")), "{known:?}");
}
