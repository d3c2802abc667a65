//! A tenant for one run of somebody's tests: nothing on the disk but the token.

use crate::run::{program, provost, provost_reading};
use provost_testkit::{Server, free_port, unique_dir};
use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

#[test]
fn it_begins_with_a_file_takes_its_token_and_forgets() {
    let folder = unique_dir();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (people, token) = (at("people.jsonl"), at("token"));
    std::fs::write(&people, json!({ "schemas": [USER], "id": "a", "userName": "ada" }).to_string()).expect("it can be written");
    let address = format!("127.0.0.1:{}", free_port());
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let serving = ["tenant", "--in-memory", "--profile", "standard", "--listen", &address];
        let files = ["--token-file", &token, "--import", &people];
        let mut server = Server::start(program(), &[&serving[..], &files].concat(), &address);
        let secret = std::fs::read_to_string(&token).expect("it is there when the tenant listens").trim().to_owned();
        assert_eq!(names(&address, &secret), ["ada"], "what the last one was told is forgotten");
        assert_eq!(request(&address, &secret, Some(&json!({ "schemas": [USER], "userName": "grace" }))).0, 201);
        assert_eq!(names(&address, &secret), ["ada", "grace"]);
        server.kill();
        tokens.push(secret);
    }
    assert_ne!(tokens[0], tokens[1]);
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).expect("it is there").map(|entry| entry.expect("it is").file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn what_it_cannot_begin_with_ends_it() {
    let folder = unique_dir();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (people, token, data) = (at("people.jsonl"), at("token"), at("data"));
    std::fs::write(&people, "{}").expect("it can be written");
    let verb = ["tenant", "--in-memory", "--listen", "127.0.0.1:0", "--token-file"];
    let ran = provost(&[&verb[..], &[&token, "--import", &people]].concat());
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.err.contains("line 1 does not say what it is"), "{ran:#?}");
    assert!(!folder.path().join("token").exists());
    provost_reading("short\n", &[&verb[..], &[&token, "--admin", "ada@example.com"]].concat()).refused(&["password"]);
    provost(&[&verb[..], &["/no/such/folder/token"]].concat()).refused(&["cannot write the token to /no/such/folder/token"]);
    let wrong = |arguments: &[&str], says: &str| {
        let ran = provost(arguments);
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        assert!(ran.err.contains(says), "{ran:#?}");
    };
    wrong(&[&verb[..], &[&token, "--data", &data]].concat(), "cannot be used with");
    wrong(&["tenant", "--in-memory"], "--token-file");
    wrong(&["tenant", "--data", &data, "--token-file", &token], "cannot be used with");
    wrong(&["tenant"], "--data");
}

fn names(address: &str, secret: &str) -> Vec<String> {
    let (status, list) = request(address, secret, None);
    assert_eq!(status, 200, "{list}");
    let users = list["Resources"].as_array().expect("a list");
    users.iter().map(|user| user["userName"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Asks for all users, or makes one.
fn request(address: &str, secret: &str, user: Option<&Value>) -> (u16, Value) {
    let url = format!("http://{address}/api/v2/scim/Users");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    provost_platform::install_tls_provider();
    runtime.block_on(async {
        let client = reqwest::Client::new();
        let request = user.map_or_else(|| client.get(&url), |user| client.post(&url).json(user));
        let answer = request.bearer_auth(secret).send().await.expect("the tenant answers");
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    })
}
