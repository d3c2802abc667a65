//! The people whom lists, filters, sorting and paging are tried on: made once, when the first requirement wants them.

use crate::answer::{Answer, Stop};
use crate::session::{Session, encoded};
use crate::values::{USER, with};
use serde_json::{Value, json};

/// The people, by short names, in the order in which they were made.
#[derive(Debug, Clone)]
pub(crate) struct Cast {
    members: Vec<Member>,
}

#[derive(Debug, Clone)]
struct Member {
    name: &'static str,
    path: String,
    user_name: String,
}

impl Cast {
    /// The cast, made now if it was not before.
    pub(crate) async fn of(session: &Session) -> Result<&Self, Stop> {
        let skipped = |stop| match stop {
            Stop::Failed(how) => Stop::Skipped(format!("the people to try it on could not be made: {how}")),
            Stop::Skipped(why) => Stop::Skipped(why),
        };
        session.cast.get_or_try_init(|| Self::make(session)).await.map_err(skipped)
    }

    async fn make(session: &Session) -> Result<Self, Stop> {
        let mut members = Vec::new();
        for (name, attributes) in people() {
            let user_name = format!("{}{name}", session.prefix);
            let body = with(json!({ "schemas": [USER], "userName": user_name }), attributes);
            let created = session.create(&body).await?;
            members.push(Member { name, path: format!("{}/{}", session.users(), created.text("id")?), user_name });
        }
        Ok(Self { members })
    }

    /// Whether the path is one of theirs.
    pub(crate) fn holds(&self, path: &str) -> bool {
        self.members.iter().any(|member| member.path == path)
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// The short names of the people on a page, in its order.
    pub(crate) fn on_page(&self, page: &Answer) -> Vec<&'static str> {
        let names = page.listed("userName").into_iter();
        names.filter_map(|name| Some(self.members.iter().find(|member| member.user_name == name)?.name)).collect()
    }
}

/// A filter that selects the cast.
pub(crate) fn ours(session: &Session) -> String {
    format!("userName sw \"{}\"", session.prefix)
}

/// The path of a list of the cast, with more parameters (`&count=2`).
pub(crate) fn list_path(session: &Session, parameters: &str) -> String {
    format!("{}?filter={}{parameters}", session.users(), encoded(&ours(session)))
}

/// The filter finds exactly these of the cast.
pub(crate) async fn filter_finds(session: &Session, cast: &Cast, filter: &str, finds: &[&str]) -> Result<(), Stop> {
    // The prefix holds no capital, and the cast is small enough for one page everywhere.
    let whole = format!("{} and ({filter})", ours(session));
    let answer = session.get(&format!("{}?filter={}", session.users(), encoded(&whole))).await?.is(&[200])?;
    let mut found = cast.on_page(&answer);
    let mut expected = finds.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    if found == expected {
        return Ok(());
    }
    Err(Stop::Failed(format!(
        "GET {}?filter=…({filter}) → 200: finds [{}], not [{}]",
        session.users(),
        found.join(" "),
        expected.join(" ")
    )))
}

/// Who they are. In the alphabet's order by short name, and not in that order by family name.
pub(crate) fn people() -> Vec<(&'static str, Value)> {
    vec![
        (
            "ada",
            json!({
                "displayName": "Ada Lovelace",
                "name": { "givenName": "Ada", "familyName": "Lovelace" },
                "title": "Countess",
                "active": true,
                "externalId": "Case-1",
                "emails": [
                    { "value": "ada@work.example", "type": "work", "primary": true },
                    { "value": "ada@home.example", "type": "home" },
                ],
            }),
        ),
        (
            "bob",
            json!({
                "displayName": "Bob \"Q\" Back\\slash",
                "name": { "givenName": "Bob", "familyName": "byron" },
                "title": "countess",
                "active": false,
                "externalId": "case-1",
                "emails": [{ "value": "bob@home.example", "type": "work" }, { "value": "bob@work.example", "type": "home" }],
            }),
        ),
        (
            "cyd",
            json!({
                "displayName": "Cyd (Charisse) and Co",
                "name": { "givenName": "Cyd", "familyName": "Zuse" },
                "active": true,
                "emails": [{ "value": "cyd@work.example", "type": "work" }],
            }),
        ),
        ("dan", json!({ "title": "Duke", "active": true })),
        (
            "eve",
            json!({
                "displayName": "Ève Ünïcode",
                "name": { "familyName": "Curie" },
                "title": "Chemist",
                "active": true,
                "phoneNumbers": [{ "value": "+33 1 00 00 00 00", "type": "work" }],
            }),
        ),
    ]
}
