//! The canary: after a whole run, with everything that goes wrong with a token, the tokens are searched for in all that the
//! program has written and shown, as Provost and as the tenant: their logs at their most talkative, every page, every answer, every
//! file, their processes.

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

/// A password that an administrator is given over the API.
const PASSWORD: &str = "CANARY password 0123456789";

/// Pages that are read at most.
const PAGES_MAX: usize = 400;

/// What was written or shown, by where; what is no text in it has become other characters, which no secret holds.
#[derive(Default)]
struct Seen(BTreeMap<String, String>);

impl Seen {
    fn add(&mut self, place: impl Into<String>, what: impl Into<Vec<u8>>) {
        self.0.insert(place.into(), String::from_utf8_lossy(&what.into()).into_owned());
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
        let mut ways = vec![secret.to_owned(), hex(secret.as_bytes()), debug_bytes(secret)];
        // What stands before it decides how its bytes fall into groups of three.
        for offset in 0..3 {
            let text = base64(&secret.as_bytes()[offset..]);
            ways.push(text.replace('+', "-").replace('/', "_"));
            ways.push(text);
        }
        self.0.iter().filter(|(_, what)| ways.iter().any(|way| what.contains(way))).map(|(place, _)| place.as_str()).collect()
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

/// Of whole groups of three alone: the last characters depend on what follows.
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
    let mut installation = Installation::talkative();
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
    let made = who_may_come_in(&installation, &mut seen);
    answers(&installation, &mut seen);
    pages(&installation, &mut seen);
    tenant_pages(&installation, &mut seen);
    for (name, pid) in [("server", installation.serve.pid()), ("tenant", installation.tenant.pid())] {
        for file in ["cmdline", "environ", "status"] {
            seen.add(format!("process {name} {file}"), std::fs::read(format!("/proc/{pid}/{file}")).expect("it runs"));
        }
    }
    // A database that is copied while it works is a backup; then what is left after the end.
    for directory in ["data", "tenant"] {
        seen.files("running", &installation.file(directory));
    }
    installation.serve.kill();
    installation.tenant.kill();
    for directory in ["data", "tenant"] {
        seen.files("after", &installation.file(directory));
    }
    // The tenant has less to tell at that level: what it listens on, and what went wrong.
    let (log, tenant_log) = (installation.serve.said(), installation.tenant.said());
    assert!(log.len() > 10_000 && log.contains("TRACE") && log.contains("DEBUG"), "{} bytes of log", log.len());
    assert!(tenant_log.contains("listens on"), "{tenant_log}");
    seen.add("log of the server", log);
    seen.add("log of the tenant", tenant_log);
    let bytes: usize = seen.0.values().map(String::len).sum();
    println!("{} places, {bytes} bytes", seen.0.len());
    assert!(seen.0.len() > 60, "{:?}", seen.0.keys());
    let [token, key] = installation.secrets();
    for secret in [token, key, REFUSED, MISPLACED, PASSWORD, &made] {
        assert_eq!(seen.places_of(secret), Vec::<&str>::new(), "{secret}");
    }
    // The search finds what is there.
    seen.files("secrets", installation.file("token").parent().expect("a directory"));
    assert_eq!(seen.places_of(token).len(), 1);
    seen.add("bytes", format!("{:?}", token.as_bytes()));
    assert_eq!(seen.places_of(token).len(), 2);
    for (count, before) in ["", "a", "ab"].into_iter().enumerate() {
        seen.add(format!("base64 {count}"), base64(format!("{before}{token}\n\n").as_bytes()));
        assert_eq!(seen.places_of(token).len(), 3 + count, "behind {count} bytes");
    }
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
        (json!({ "endpoint": endpoint, "token": format!("{REFUSED} {MISPLACED}\n") }), 422),
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

/// An administrator and a key that are made over the API; the key.
fn who_may_come_in(installation: &Installation, seen: &mut Seen) -> String {
    let other = |more: Value| {
        let mut admin = json!({ "email": "other@example.com", "password": PASSWORD, "role": "auditor" });
        admin.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        admin
    };
    assert_eq!(ask(installation, seen, "POST", "/admins", &other(json!({ "role": "owner" }))), 400);
    assert_eq!(ask(installation, seen, "POST", "/admins", &other(json!({ "email": "no address" }))), 422);
    assert_eq!(ask(installation, seen, "POST", "/admins", &other(json!({}))), 201);
    assert_eq!(ask(installation, seen, "PUT", "/admins/other@example.com/password", &json!({ "password": PASSWORD })), 204);
    let (status, made) = installation.call("POST", "/api-keys", Some(&json!({ "name": "guest", "role": "auditor" })));
    assert_eq!(status, 201, "{made}");
    assert_eq!(ask(installation, seen, "POST", "/api-keys", &json!({ "name": "guest", "role": "auditor" })), 409);
    for path in ["/admins", "/api-keys", "/api-keys/guest", "/log?limit=1000"] {
        let (status, body) = installation.call("GET", path, None);
        assert_eq!(status, 200, "{path}: {body}");
        seen.add(format!("answer GET {path}"), body.to_string());
    }
    made["secret"].as_str().expect("it is shown once").to_owned()
}

/// Every page of Provost's console that a super admin comes to by links, and its forms sent with tokens that are refused.
fn pages(installation: &Installation, seen: &mut Seen) {
    let data = installation.file("data");
    let data = data.to_str().expect("a path of text");
    let admin = ["admins", "create", "--data", data, "--email", "root@example.com", "--password-stdin", "--role", "super-admin"];
    provost_reading("correct horse battery staple\n", &admin).well();
    let console = Console::signed_in(installation, installation.url(), "root@example.com");
    let app = app_id(installation, "Netskope");
    let assistant = console.refuses_tokens(installation, seen, &app);
    let known = console.crawl(seen, &["/", "/directory/users", "/apps", "/reporting/admin", &assistant]);
    assert!(known.len() > 40, "only these pages were found: {known:?}");
    for page in ["/autoprovisioning/reauthorize", "/set-up/app-authorization", "/autoprovisioning/failures.csv"] {
        assert!(known.iter().any(|path| path.ends_with(page)), "{page}: {known:?}");
    }
    let (status, _, failures) = console.get(&format!("/apps/{app}/autoprovisioning/failures.csv"));
    assert_eq!(status, 200, "{failures}");
}

/// Every page of the tenant's console that its administrator comes to by links.
fn tenant_pages(installation: &Installation, seen: &mut Seen) {
    let data = installation.file("tenant");
    let data = data.to_str().expect("a path of text");
    let admin = ["tenant", "admin", "create", "--data", data, "--email", "root@tenant.example", "--password-stdin"];
    provost_reading("correct horse battery staple\n", &admin).well();
    let console = Console::signed_in(installation, installation.tenant_url(), "root@tenant.example");
    let known = console.crawl(seen, &["/", "/settings/tools/rest-api-v2", "/security-cloud/users", "/security-cloud/requests"]);
    assert!(known.len() > 15, "only these pages were found: {known:?}");
    for page in ["/settings/tools/rest-api-v2/tokens/new", "/edit", "/reissue", "/expiration"] {
        assert!(known.iter().any(|path| path.ends_with(page)), "{page}: {known:?}");
    }
}

/// The id of an app in the paths of the console.
fn app_id(installation: &Installation, name: &str) -> String {
    let (status, apps) = installation.call("GET", "/apps", None);
    assert_eq!(status, 200, "{apps}");
    let app = apps["items"].as_array().into_iter().flatten().find(|app| app["name"] == name);
    let id = &app.unwrap_or_else(|| panic!("{name} is not in {apps}"))["id"];
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

/// A browser that is signed in to a console.
struct Console<'a> {
    installation: &'a Installation,
    url: &'a str,
    cookie: String,
}

impl<'a> Console<'a> {
    fn signed_in(installation: &'a Installation, url: &'a str, email: &str) -> Self {
        let form = format!("email={}&password=correct+horse+battery+staple&next=", email.replace('@', "%40"));
        let (status, cookie, page) = installation.browse(&format!("{url}/sign-in"), "", Some(&form));
        assert_eq!(status, 303, "{page}");
        Self { installation, url, cookie: cookie.split(';').next().unwrap_or_default().to_owned() }
    }

    fn get(&self, path: &str) -> (u16, String, String) {
        self.installation.browse(&format!("{}{path}", self.url), &self.cookie, None)
    }

    fn send(&self, seen: &mut Seen, path: &str, form: &str) -> u16 {
        let (status, cookie, page) = self.installation.browse(&format!("{}{path}", self.url), &self.cookie, Some(form));
        seen.add(format!("answer to the form {path} {}", seen.0.len()), format!("{cookie} {page}"));
        status
    }

    /// Sends tokens in the forms that take one: none is taken, and the answers are kept. Where the assistant is that holds one.
    fn refuses_tokens(&self, installation: &Installation, seen: &mut Seen, app: &str) -> String {
        let reauthorize = format!("/apps/{app}/autoprovisioning/reauthorize");
        for form in [
            format!("token={REFUSED}&expires="),
            format!("token={REFUSED}+{MISPLACED}&expires="),
            format!("token={REFUSED}&expires=tomorrow"),
            format!("token=&expires=&{MISPLACED}={MISPLACED}"),
        ] {
            assert_eq!(self.send(seen, &reauthorize, &form), 422, "{form}");
        }
        // The assistant, for an app that has no connection yet: its draft holds the token.
        let sso = r#"{ acs_url: "https://second.example/acs", entity_id: "https://second.example" }"#;
        let second =
            installation.write("second.yaml", &format!("apps:\n  - name: Second\n    catalogue: generic\n    sso: {sso}\n"));
        installation.cli(&["config", "apply", &second, "--yes"]).well();
        let step = |step: &str| format!("/apps/{}/autoprovisioning/set-up/{step}", app_id(installation, "Second"));
        assert_eq!(self.send(seen, &step("app-authorization"), &format!("token=a+{MISPLACED}")), 422);
        assert_eq!(self.send(seen, &step("app-authorization"), &format!("token={REFUSED}")), 303);
        let own = installation.endpoint();
        for endpoint in [own.replace("/api/v2/scim", "/other"), own.replace("127.0.0.1", "192.168.7.7"), own] {
            let form = format!("endpoint={}", endpoint.replace(':', "%3A").replace('/', "%2F"));
            assert_eq!(self.send(seen, &step("endpoint-url"), &form), 422, "{form}");
        }
        let (_, _, page) = self.get(&step("app-authorization"));
        assert!(page.contains("A token was entered"), "{page}");
        step("app-authorization")
    }

    /// Follows every link from these pages on, and keeps the pages; the paths.
    fn crawl(&self, seen: &mut Seen, from: &[&str]) -> BTreeSet<String> {
        let mut waiting: Vec<String> = from.iter().map(|&path| path.to_owned()).collect();
        let mut known: BTreeSet<String> = waiting.iter().cloned().collect();
        let mut shown = BTreeSet::new();
        while let Some(path) = waiting.pop() {
            let (status, _, page) = self.get(&path);
            assert!(status < 500, "{path}: {status}");
            if status == 200 {
                shown.insert(path.clone());
            }
            for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                let link = link.replace("&amp;", "&");
                let inner = link.starts_with('/') && !link.starts_with("//") && !link.starts_with("/assets/");
                // One of many that are alike is enough.
                let users = ["/directory/users/", "/security-cloud/users/"];
                let alike = users
                    .iter()
                    .any(|users| link.starts_with(users) && known.iter().filter(|path| path.starts_with(users)).count() > 12);
                if inner && !alike && known.len() < PAGES_MAX && known.insert(link.clone()) {
                    waiting.push(link);
                }
            }
            seen.add(format!("page {}{path}", self.url), page);
        }
        println!("{} pages of {}", shown.len(), self.url);
        shown
    }
}
