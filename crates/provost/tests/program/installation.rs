//! A tenant in one process, `provost serve` in another, and what an administrator does to both by the command line.

use crate::people::{Files, config, config_of_removals};
use crate::run::{Ran, make_data, program, provost, provost_reading};
use provost_testkit::{Proxy, Server, free_port, unique_dir};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::Runtime;

/// Users in one page of the tenant's list.
const PAGE: usize = 100;

/// No request of these tests takes longer, also while the database is locked for ten seconds and more.
const ANSWER_MAX: Duration = Duration::from_mins(1);

/// Both processes, running. Everything ends with it.
pub(crate) struct Installation {
    pub tenant: Server,
    pub serve: Server,
    /// Between the two, if it was asked for.
    pub proxy: Option<Proxy>,
    pub runtime: Runtime,
    url: String,
    tenant_url: String,
    token: String,
    key: String,
    client: reqwest::Client,
    directory: tempfile::TempDir,
}

impl Installation {
    /// Starts both with nothing in them, and makes a token of the tenant and a key of the API.
    pub(crate) fn start(with_proxy: bool) -> Self {
        Self::start_with(with_proxy, None, "warn")
    }

    /// The same with the log of both at its most talkative.
    pub(crate) fn talkative() -> Self {
        Self::start_with(false, None, "trace")
    }

    /// An administrator of the tenant revokes the token that the server has, and makes another one; which is returned.
    pub(crate) fn replace_token(&mut self) -> String {
        let data = self.file("tenant");
        let data = data.to_str().expect("a path of text");
        let (email, password) = ("root@tenant.example", "correct horse battery staple");
        let admin = ["tenant", "admin", "create", "--data", data, "--email", email, "--password-stdin"];
        provost_reading(&format!("{password}\n"), &admin).well();
        let grant = "/api/v2/scim/Users:rw";
        let new = provost(&["tenant", "token", "create", "--data", data, "--name", "second", "--grant", grant]).well();
        let url = format!("{}/api/v2/auth/tokens", self.tenant_url);
        self.runtime.block_on(async {
            let list = self.client.get(&url).basic_auth(email, Some(password)).send().await.expect("the tenant answers");
            let list: Value = list.json().await.expect("a list");
            let old = list.as_array().into_iter().flatten().find(|token| token["name"] == "provost").expect("it is listed");
            let id = old["id"].as_str().expect("an id");
            let revoke = self.client.patch(format!("{url}/{id}")).basic_auth(email, Some(password));
            let answer = revoke.json(&serde_json::json!({ "operation": "revoke" })).send().await.expect("the tenant answers");
            assert_eq!(answer.status().as_u16(), 200);
        });
        new.trim().clone_into(&mut self.token);
        self.token.clone()
    }

    /// The same with the server run by a script of the shell: `$1` is its data directory, and the rest the command.
    pub(crate) fn start_under(with_proxy: bool, script: &str) -> Self {
        Self::start_with(with_proxy, Some(script), "warn")
    }

    fn start_with(with_proxy: bool, script: Option<&str>, log: &'static str) -> Self {
        let directory = unique_dir();
        let (tenant_data, data) = (directory.path().join("tenant"), directory.path().join("data"));
        let (tenant_at, at) = (format!("127.0.0.1:{}", free_port()), format!("127.0.0.1:{}", free_port()));
        let (tenant_data, data) = (tenant_data.to_str().expect("a path of text"), data.to_str().expect("a path of text"));
        let tenant =
            Server::start_logging(program(), &["tenant", "--data", tenant_data, "--listen", &tenant_at], &tenant_at, log);
        let grant = "/api/v2/scim/Users:rw";
        let token = provost(&["tenant", "token", "create", "--data", tenant_data, "--name", "provost", "--grant", grant]).well();
        let make_key = || provost(&["api-keys", "create", "--data", data, "--name", "tests", "--role", "super-admin"]).well();
        let command = ["serve", "--data", data, "--listen", &at, "--allow-private", "127.0.0.0/8"];
        let (serve, key) = if let Some(script) = script {
            // What the script does to the directory may hide it from other processes.
            make_data(data);
            let key = make_key();
            let run = ["-c", script, "sh", data, program().to_str().expect("a path of text")];
            (Server::start_logging(Path::new("sh"), &[&run[..], &command].concat(), &at, log), key)
        } else {
            let serve = Server::start_logging(program(), &command, &at, log);
            (serve, make_key())
        };
        assert_eq!((token.lines().count(), key.lines().count()), (1, 1), "the secret and nothing else");
        std::fs::write(directory.path().join("token"), &token).expect("the directory can be written");
        std::fs::write(directory.path().join("key"), &key).expect("the directory can be written");
        let runtime = Runtime::new().expect("a runtime can be made");
        let tenant_url = format!("http://{tenant_at}");
        let proxy = with_proxy.then(|| runtime.block_on(Proxy::start(&tenant_url)));
        provost_platform::install_tls_provider();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ANSWER_MAX)
            .build()
            .expect("a client");
        let (token, key) = (token.trim().to_owned(), key.trim().to_owned());
        Self { tenant, serve, proxy, runtime, url: format!("http://{at}"), tenant_url, token, key, client, directory }
    }

    /// A verb against the running server.
    pub(crate) fn cli(&self, arguments: &[&str]) -> Ran {
        self.cli_as("key", arguments)
    }

    /// The same with the API key in another file of this installation.
    pub(crate) fn cli_as(&self, key: &str, arguments: &[&str]) -> Ran {
        let key = self.file(key);
        let mut all = arguments.to_vec();
        all.extend(["--server", &self.url, "--api-key-file", key.to_str().expect("a path of text")]);
        provost(&all)
    }

    /// The secrets of this installation: the tenant's token and the key of the API.
    pub(crate) fn secrets(&self) -> [&str; 2] {
        [&self.token, &self.key]
    }

    /// Where the server's console is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where the tenant's console is.
    pub(crate) fn tenant_url(&self) -> &str {
        &self.tenant_url
    }

    /// A request by a browser: URL, cookie, and a form to be sent. Answers status, `Set-Cookie`, and headers and body.
    pub(crate) fn browse(&self, url: &str, cookie: &str, form: Option<&str>) -> (u16, String, String) {
        let request = match form {
            None => self.client.get(url),
            Some(form) => {
                let request = self.client.post(url).header("sec-fetch-site", "same-origin");
                request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned())
            }
        };
        self.runtime.block_on(async {
            let answer = request.header("cookie", cookie).send().await.expect("the server answers");
            let header =
                |name: &str| answer.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            let (status, set) = (answer.status().as_u16(), header("set-cookie").unwrap_or_default());
            let headers = format!("{:?}", answer.headers());
            (status, set, headers + &answer.text().await.unwrap_or_default())
        })
    }

    /// A file in the directory of this installation.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes such a file; its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.file(name), text).expect("the directory can be written");
        self.file(name).to_str().expect("a path of text").to_owned()
    }

    /// Imports both files; no row may be rejected.
    pub(crate) fn import(&self, files: &Files) {
        let (users, members) = (self.write("users.csv", &files.users), self.write("members.csv", &files.members));
        self.cli(&["import", &users, "--members", &members]).well();
    }

    /// The tenant's SCIM base URL, through the proxy if there is one.
    pub(crate) fn endpoint(&self) -> String {
        let base = self.proxy.as_ref().map_or(&self.tenant_url, |proxy| &proxy.url);
        format!("{base}/api/v2/scim")
    }

    /// Applies the configuration with the confirmation that its plan asks for.
    pub(crate) fn configure(&self) {
        let file = self.write("netskope.yaml", &config(&self.endpoint()));
        let unconfirmed = self.cli(&["config", "apply", &file]);
        assert_eq!(unconfirmed.code, Some(3), "more than 100 creates are to be confirmed: {unconfirmed:#?}");
        let plan = self.cli(&["config", "apply", &file, "--plan", "--json"]).json();
        let hash = plan["hash"].as_str().expect("a plan has a hash");
        assert!(unconfirmed.err.contains(&format!("--confirm {hash}")), "{unconfirmed:#?}");
        self.cli(&["config", "apply", &file, "--confirm", hash]).well();
    }

    /// Applies the configuration, whatever its plan is.
    pub(crate) fn configure_any(&self) {
        let file = self.write("netskope.yaml", &config(&self.endpoint()));
        self.cli(&["config", "apply", &file, "--yes"]).well();
    }

    /// The same, with every way out of the app within 24 hours, and that after so many seconds; further lines for the connection.
    pub(crate) fn configure_removals(&self, after_seconds: u64, lines: &[&str]) {
        let file = self.write("netskope.yaml", &config_of_removals(&self.endpoint(), after_seconds, lines));
        self.cli(&["config", "apply", &file, "--yes"]).well();
    }

    /// A verb on the data directory of the server, which must be down.
    pub(crate) fn offline(&self, arguments: &[&str]) -> Ran {
        let data = self.file("data");
        let mut all = arguments.to_vec();
        all.extend(["--data", data.to_str().expect("a path of text"), "--allow-private", "127.0.0.0/8"]);
        provost(&all)
    }

    /// A call of the management API that may not be answered.
    pub(crate) fn try_call(&self, method: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
        let method = method.parse().expect("a method");
        let request = self.client.request(method, format!("{}/api/v1{path}", self.url)).bearer_auth(&self.key).json(body);
        self.runtime.block_on(async {
            let answer = request.send().await.ok()?;
            let status = answer.status().as_u16();
            Some((status, answer.json().await.unwrap_or(Value::Null)))
        })
    }

    /// A call of the management API: status and body.
    pub(crate) fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let mut request = self.client.request(method, format!("{}/api/v1{path}", self.url)).bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.runtime.block_on(async {
            let answer = request.send().await.expect("the server answers");
            let status = answer.status().as_u16();
            (status, answer.json().await.unwrap_or(Value::Null))
        })
    }

    /// How provisioning stands.
    pub(crate) fn status(&self) -> Value {
        let (status, body) = self.call("GET", "/apps/Netskope/autoprovisioning/status", None);
        assert_eq!(status, 200, "{body}");
        body
    }

    /// All items of a list of the management API.
    pub(crate) fn items(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut after = String::new();
        loop {
            let (status, page) = self.call("GET", &format!("{path}?limit=500{after}"), None);
            assert_eq!(status, 200, "{page}");
            items.extend(page["items"].as_array().cloned().expect("a list has items"));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return items,
            }
        }
    }

    /// A page of the tenant's list of users, if the tenant answers.
    fn page(&self, start_index: usize, count: usize) -> Option<Value> {
        let url = format!("{}/api/v2/scim/Users?startIndex={start_index}&count={count}", self.tenant_url);
        let request = self.client.get(url).bearer_auth(&self.token);
        self.runtime.block_on(async { request.send().await.ok()?.error_for_status().ok()?.json().await.ok() })
    }

    /// How many users the tenant has, if it answers.
    pub(crate) fn tenant_total(&self) -> Option<usize> {
        usize::try_from(self.page(1, 1)?["totalResults"].as_u64()?).ok()
    }

    /// Every page of the tenant's list, checked for its own numbers; by user name, each once.
    pub(crate) fn tenant_users(&self) -> BTreeMap<String, Value> {
        let mut users = BTreeMap::new();
        let mut ids = BTreeSet::new();
        let mut total = None;
        loop {
            let page = self.page(users.len() + 1, PAGE).expect("the tenant answers");
            let resources = page["Resources"].as_array().cloned().unwrap_or_default();
            let announced = page["totalResults"].as_u64().expect("a total");
            assert_eq!(*total.get_or_insert(announced), announced, "the total changed between pages");
            assert_eq!(page["startIndex"].as_u64(), Some(users.len() as u64 + 1));
            assert_eq!(page["itemsPerPage"].as_u64(), Some(resources.len() as u64));
            for user in &resources {
                let name = user["userName"].as_str().expect("a user name").to_owned();
                assert!(ids.insert(user["id"].as_str().expect("an id").to_owned()), "{name} stands on two pages");
                assert!(users.insert(name.clone(), user.clone()).is_none(), "{name} has two accounts");
            }
            if users.len() as u64 >= announced {
                return users;
            }
            if resources.len() != PAGE {
                // Somebody was removed between the count and the page; otherwise only the last page is short.
                assert_ne!(self.tenant_total(), usize::try_from(announced).ok(), "only the last page is short");
                return self.tenant_users();
            }
        }
    }

    /// The tenant has exactly these accounts, with exactly these attributes and the directory's ids, all linked to their
    /// users and none failing.
    pub(crate) fn assert_exact(&self, expected: &BTreeMap<String, Value>) {
        let ids: BTreeMap<String, String> = self.items("/users").iter().map(|user| pair(user, "primary_email", "id")).collect();
        let found = self.tenant_users();
        let names = |users: &BTreeMap<String, Value>| users.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&found), names(expected));
        for (name, user) in &found {
            let mut wanted = expected[name].clone();
            wanted["externalId"] = Value::String(ids[name].clone());
            let mut shown = user.as_object().cloned().expect("a resource is an object");
            // The tenant's own; in lists this profile shows neither schemas nor meta.
            assert!(shown.remove("id").is_some(), "{name} has no id");
            assert_eq!(Value::Object(shown), wanted, "{name}");
        }
        let linked: BTreeMap<String, String> = self
            .items("/apps/Netskope/autoprovisioning/accounts")
            .iter()
            .filter(|account| account["state"] == "linked")
            .map(|account| pair(account, "email", "remote_id"))
            .collect();
        let remote: BTreeMap<String, String> = found.values().map(|user| pair(user, "userName", "id")).collect();
        assert_eq!(linked, remote, "every account is linked to its user");
        assert!(self.items("/apps/Netskope/autoprovisioning/failures").is_empty());
    }
}

fn pair(object: &Value, key: &str, value: &str) -> (String, String) {
    let text = |field: &str| object[field].as_str().unwrap_or_else(|| panic!("no {field} in {object}")).to_owned();
    (text(key), text(value))
}
