//! Lists say the same by whatever way they are found: by an index, by looking at everything, sorted by the database or in
//! memory, page by page or cursor by cursor, on both databases.

use crate::support::{GROUPS, USERS, World, world_at};
use provost_db::testing::locations;
use provost_tenant::ProfileName;
use serde_json::{Value, json};
use std::fmt::Write;

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn pick<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.below(of.len())]
    }
}

const NAMES: [&str; 11] = ["ada", "Ada B", "ÄDA", "bo", "BO%", "straße", "ΣΊΣΥΦΟΣ", "\u{FF41}da", "~", "ΟΔΟΣΑ", "οδος"];

/// What filters can name.
struct Known {
    users: Vec<String>,
    groups: Vec<String>,
    instants: Vec<String>,
}

async fn make(world: &World, path: &str, body: &Value) -> Value {
    let answer = world.call("POST", path, Some(body)).await;
    assert_eq!(answer.status, 201, "{body}: {}", answer.text);
    answer.json()
}

async fn fill(world: &World, dice: &mut Dice) -> Known {
    let mut known = Known { users: Vec::new(), groups: Vec::new(), instants: Vec::new() };
    let note = |known: &mut Known, made: &Value| {
        known.instants.push(made["meta"]["lastModified"].as_str().unwrap().to_owned());
        made["id"].as_str().unwrap().to_owned()
    };
    for number in 0..60 {
        world.clock.advance_micros(i64::try_from(dice.below(3)).unwrap() * 700);
        let mut body = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": format!("{}-{number}", dice.pick(&NAMES)), "active": dice.below(2) == 0 });
        if dice.below(3) > 0 {
            body["displayName"] = json!(dice.pick(&NAMES));
        }
        if dice.below(3) > 0 {
            body["externalId"] = json!(format!("X{}", dice.below(9)));
        }
        if dice.below(3) > 0 {
            body["title"] = json!(dice.pick(&NAMES));
        }
        let emails: Vec<Value> = (0..dice.below(3))
            .map(|index| json!({ "value": format!("m{}@Example.com", dice.below(9)), "type": (["work", "home"])[index % 2] }))
            .collect();
        body["emails"] = json!(emails);
        let made = make(world, USERS, &body).await;
        let id = note(&mut known, &made);
        known.users.push(id);
    }
    for number in 0..20 {
        let mut members: Vec<Value> = (0..dice.below(6)).map(|_| json!({ "value": dice.pick(&known.users) })).collect();
        if number > 5 && dice.below(2) == 0 {
            members.push(json!({ "value": dice.pick(&known.groups) }));
        }
        let body = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": dice.pick(&NAMES), "members": members });
        let made = make(world, GROUPS, &body).await;
        let id = note(&mut known, &made);
        known.groups.push(id);
    }
    // Changes and removals have to keep the indexes too.
    for _ in 0..20 {
        let id = dice.pick(&known.users).clone();
        world.clock.advance_micros(1_300);
        let patch = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
            { "op": "replace", "path": "displayName", "value": dice.pick(&NAMES) },
            { "op": "replace", "path": "emails", "value": [{ "value": format!("m{}@example.com", dice.below(9)) }] },
            { "op": "replace", "path": "externalId", "value": format!("X{}", dice.below(9)) },
        ] });
        assert_eq!(world.call("PATCH", &format!("{USERS}/{id}"), Some(&patch)).await.status, 200);
    }
    for path in
        [format!("{USERS}/{}", known.users[7]), format!("{GROUPS}/{}", known.groups[3]), format!("{USERS}/{}", known.users[8])]
    {
        assert_eq!(world.call("DELETE", &path, None).await.status, 204);
    }
    known
}

fn term(dice: &mut Dice, known: &Known, users: bool) -> String {
    let text = |dice: &mut Dice| serde_json::to_string(dice.pick(&NAMES)).unwrap();
    let equal = ["eq", "eq", "eq", "ne"];
    match (users, dice.below(9)) {
        (_, 0) => format!("displayName {} {}", dice.pick(&["eq", "sw", "co", "ew"]), text(dice)),
        (_, 1) => {
            let instant = dice.pick(&known.instants).clone();
            // Also between two milliseconds.
            let instant = if dice.below(3) == 0 { instant.replace('Z', "5Z") } else { instant };
            format!(
                "meta.{} {} \"{instant}\"",
                dice.pick(&["lastModified", "created"]),
                dice.pick(&["gt", "ge", "lt", "le", "eq"])
            )
        }
        (true, 2) => format!("id {} \"{}\"", dice.pick(&equal), dice.pick(&known.users)),
        (true, 3) => {
            format!("userName {} {}", dice.pick(&["eq", "sw", "sw", "co"]), text(dice).to_uppercase())
        }
        (true, 4) => format!("externalId {} \"{}{}\"", dice.pick(&equal), dice.pick(&["X", "x"]), dice.below(10)),
        (true, 5) => {
            format!("{} {} \"M{}@example.COM\"", dice.pick(&["emails", "emails.value"]), dice.pick(&equal), dice.below(10))
        }
        (true, 6) => format!("emails[type eq \"work\" and value eq \"m{}@example.com\"]", dice.below(9)),
        (true, 7) => format!("{} eq \"{}\"", dice.pick(&["groups", "groups.value"]), dice.pick(&known.groups)),
        (false, 2) => format!("id {} \"{}\"", dice.pick(&equal), dice.pick(&known.groups)),
        (false, 3 | 4) => format!("{} eq \"{}\"", dice.pick(&["members", "members.value"]), dice.pick(&known.users)),
        (false, 5) => format!("members[value eq \"{}\" or value eq \"{}\"]", dice.pick(&known.groups), dice.pick(&known.users)),
        (false, 6) => format!("members eq \"{}\"", dice.pick(&known.groups)),
        (true, _) => format!("{} pr", dice.pick(&["title", "groups", "externalId", "active"])),
        (false, _) => "members pr".to_owned(),
    }
}

fn filter(dice: &mut Dice, known: &Known, users: bool, depth: usize) -> String {
    match dice.below(if depth == 0 { 1 } else { 5 }) {
        1 => format!("({} and {})", filter(dice, known, users, depth - 1), filter(dice, known, users, depth - 1)),
        2 => format!("({} or {})", filter(dice, known, users, depth - 1), filter(dice, known, users, depth - 1)),
        3 => format!("not ({})", filter(dice, known, users, depth - 1)),
        _ => term(dice, known, users),
    }
}

/// Every comparison with instants at which something was made, and with the middle of that millisecond.
fn at_the_edges(known: &Known) -> Vec<(&'static str, String)> {
    let mut filters = Vec::new();
    for instant in known.instants.iter().step_by(20) {
        for instant in [instant.clone(), instant.replace('Z', "5Z")] {
            for operator in ["gt", "ge", "lt", "le", "eq"] {
                filters.push((USERS, format!("meta.created {operator} \"{instant}\"")));
                filters.push((GROUPS, format!("meta.created {operator} \"{instant}\"")));
            }
        }
    }
    filters
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02X}").unwrap();
        encoded
    })
}

async fn get(world: &World, url: &str) -> Value {
    let answer = world.call("GET", url, None).await;
    assert_eq!(answer.status, 200, "{url}: {}", answer.text);
    answer.json()
}

fn ids(page: &Value) -> Vec<String> {
    page["Resources"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// All that are listed, by index and by cursor, forwards and back again.
async fn listed(world: &World, path: &str, query: &str, count: usize) -> Vec<String> {
    let whole = get(world, &format!("{path}?{query}")).await;
    let all = ids(&whole);
    assert_eq!(whole["totalResults"].as_u64().unwrap(), all.len() as u64, "{query}");
    let page = get(world, &format!("{path}?{query}&startIndex=3&count={count}")).await;
    assert_eq!(ids(&page), all.iter().skip(2).take(count).cloned().collect::<Vec<_>>(), "{query}");
    let (mut walked, mut cursor, mut back) = (Vec::new(), String::new(), None);
    loop {
        let page = get(world, &format!("{path}?{query}&count={count}&cursor={cursor}")).await;
        walked.extend(ids(&page));
        back = page["previousCursor"].as_str().map(str::to_owned).or(back);
        let Some(next) = page["nextCursor"].as_str() else { break };
        next.clone_into(&mut cursor);
    }
    assert_eq!(walked, all, "{query} by cursor");
    let mut before = all.len() - all.len().saturating_sub(1) % count - 1;
    while let (Some(cursor), true) = (back.take(), !all.is_empty()) {
        let page = get(world, &format!("{path}?{query}&count={count}&cursor={cursor}")).await;
        let from = before.saturating_sub(count);
        assert_eq!(ids(&page), all[from..before], "{query} back");
        before = from;
        back = page["previousCursor"].as_str().map(str::to_owned);
    }
    assert_eq!(before, 0, "{query}: the way back ends at the beginning");
    all
}

#[tokio::test]
async fn an_index_finds_what_looking_at_everything_finds() {
    for (engine, location, _guard) in locations() {
        let world = world_at(location, ProfileName::Standard).await;
        let mut dice = Dice(7);
        let known = fill(&world, &mut dice).await;
        let mut found = 0;
        let mut filters = at_the_edges(&known);
        for _ in 0..400 {
            let users = dice.below(3) > 0;
            filters.push((if users { USERS } else { GROUPS }, filter(&mut dice, &known, users, 2)));
        }
        for (round, (path, filter)) in filters.into_iter().enumerate() {
            let by_index = get(&world, &format!("{path}?attributes=id&filter={}", encoded(&filter))).await;
            let by_scan =
                get(&world, &format!("{path}?attributes=id&filter={}", encoded(&format!("not (not ({filter}))")))).await;
            assert_eq!(by_index["totalResults"], by_scan["totalResults"], "{engine} {round}: {filter}");
            assert_eq!(ids(&by_index), ids(&by_scan), "{engine} {round}: {filter}");
            found += ids(&by_index).len();
        }
        assert!(found > 1_000, "the filters find something: {found}");
    }
}

#[tokio::test]
async fn every_order_is_the_same_by_every_way() {
    for (engine, location, _guard) in locations() {
        let world = world_at(location, ProfileName::Standard).await;
        let mut dice = Dice(11);
        let known = fill(&world, &mut dice).await;
        let since = format!("meta.lastModified ge \"{}\"", known.instants[5]);
        let sorts = ["", "userName", "displayName", "externalId", "id", "meta.created", "meta.lastModified", "title", "emails"];
        for (number, sort) in sorts.into_iter().enumerate() {
            for direction in ["ascending", "descending"] {
                let order = if sort.is_empty() { String::new() } else { format!("&sortBy={sort}&sortOrder={direction}") };
                let by_index = format!("attributes=id&filter={}{order}", encoded(&since));
                let by_scan = format!("attributes=id&filter={}{order}", encoded(&format!("not (not ({since}))")));
                let count = 3 + number;
                assert_eq!(
                    listed(&world, USERS, &by_index, count).await,
                    listed(&world, USERS, &by_scan, count).await,
                    "{engine} {order}"
                );
                let all = listed(&world, USERS, &format!("attributes=id{order}"), count).await;
                assert_eq!(all.len(), 58, "{engine} {order}");
                let one_of_all = format!("attributes=id&filter={}{order}", encoded("not (not (id pr))"));
                assert_eq!(listed(&world, USERS, &one_of_all, count).await, all, "{engine} {order}");
                if !["userName", "title", "emails"].contains(&sort) {
                    assert_eq!(
                        listed(&world, GROUPS, &format!("attributes=id{order}"), count).await.len(),
                        19,
                        "{engine} {order}"
                    );
                }
            }
        }
    }
}
