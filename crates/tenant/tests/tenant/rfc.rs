//! The requests and answers of RFC 7644 and RFC 9865 through the router, in the standard profile.

#[expect(dead_code, reason = "the protocol's own tests use the rest of it")]
#[path = "../../../scim/tests/protocol/exchange.rs"]
mod exchange;

use crate::support::{Answer, World, world_at};
use axum::body::Body;
use axum::http::Request;
use exchange::{Answered, BASE, Carrier, Exchange, Names, Sent, disagreement, learn_cursors, read};
use provost_db::Location;
use provost_tenant::ProfileName;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ROOT: &str = "/api/v2/scim";
const OURS: &str = "http://tenant.test/api/v2/scim";
const OPERATIONS_MAX: usize = 1000;

async fn send(world: &World, sent: &Sent) -> Answer {
    let mut request = Request::builder()
        .method(sent.method.as_str())
        .uri(format!("{ROOT}{}", sent.path))
        .header("host", "tenant.test")
        .header("authorization", format!("Bearer {}", world.token));
    for (name, value) in &sent.headers {
        request = request.header(name, value);
    }
    world.send(request.body(Body::from(sent.body.clone())).unwrap()).await
}

/// The answer in the RFC's terms.
fn answered(exchange: &Exchange, answer: &Answer, names: &Names) -> Answered {
    let text = |text: &str| {
        names.0.iter().fold(text.to_owned(), |text, (rfc, ours)| text.replace(ours.as_str(), rfc)).replace(OURS, BASE)
    };
    let headers = ["content-type", "location", "etag"].map(|name| (name.to_owned(), text(answer.header(name))));
    let mut body = (!answer.text.is_empty()).then(|| serde_json::from_str(&text(&answer.text)).unwrap());
    // RFC 7644 section 3.3 leaves defaults to the provider, and this one's users are active. The examples do not speak of it.
    let speaks_of_it = exchange.field("response").is_some_and(|response| response.to_string().contains("\"active\""));
    if let Some(Value::Object(resource)) = &mut body
        && !speaks_of_it
    {
        assert!(resource.shift_remove("active").is_none_or(|active| active == json!(true)));
    }
    let headers = headers.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    Answered { status: u64::from(answer.status.as_u16()), headers, body }
}

/// Makes what is there before, many at once.
async fn prepare(world: &World, exchange: &Exchange, names: &mut Names) {
    let mut waiting = Vec::new();
    for (kind, mut resource) in exchange.before() {
        let id = resource.as_object_mut().unwrap().shift_remove("id");
        let Some(id) = id.as_ref().and_then(Value::as_str) else {
            let bulk_id = waiting.len().to_string();
            waiting.push(json!({ "method": "POST", "path": format!("/{kind}"), "bulkId": bulk_id, "data": resource }));
            continue;
        };
        let body = serde_json::from_str(&names.ours(&resource.to_string())).unwrap();
        let answer = world.call("POST", &format!("{ROOT}/{kind}"), Some(&body)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        names.learn(id, answer.json()["id"].as_str().unwrap());
    }
    for operations in waiting.chunks(OPERATIONS_MAX) {
        let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations });
        let answer = world.call("POST", &format!("{ROOT}/Bulk"), Some(&body)).await.json();
        assert!(answer["Operations"].as_array().unwrap().iter().all(|result| result["status"] == "201"));
    }
}

/// The ids of what the exchange made.
async fn learn_ids(world: &World, exchange: &Exchange, names: &mut Names) {
    for (name, id) in exchange.made() {
        for (kind, attribute) in [("Users", "userName"), ("Groups", "displayName")] {
            let filter = format!("{attribute}%20eq%20%22{}%22", name.replace(' ', "%20"));
            let list = world.call("GET", &format!("{ROOT}/{kind}?filter={filter}"), None).await.json();
            if let Some(ours) = list["Resources"][0]["id"].as_str() {
                names.learn(id, ours);
            }
        }
        assert!(names.0.iter().any(|(known, _)| known == id), "{}: {name} was not made", exchange.label());
    }
}

async fn versions(world: &World, exchange: &Exchange, names: &Names) -> BTreeMap<String, String> {
    let mut versions = BTreeMap::new();
    for (kind, id) in exchange.versioned() {
        let answer = world.call("GET", &format!("{ROOT}/{kind}/{}", names.ours(&id)), None).await;
        versions.insert(id, answer.header("etag").to_owned());
    }
    versions
}

#[tokio::test]
async fn every_exchange_of_the_rfcs_goes_the_same_way_here() {
    let mut world = world_at(Location::Memory, ProfileName::Standard).await;
    let mut names = Names::default();
    let (mut failed, mut count) = (Vec::new(), 0);
    for exchange in read(include_str!("../../../scim/tests/data/rfc/exchanges.json")) {
        if !exchange.continues() {
            if count > 0 {
                world = world_at(Location::Memory, ProfileName::Standard).await;
            }
            names = Names::default();
            prepare(&world, &exchange, &mut names).await;
        }
        count += 1;
        let versions = versions(&world, &exchange, &names).await;
        if let Some((sent, status)) = exchange.as_written(&names) {
            let answer = send(&world, &sent).await;
            assert_eq!(u64::from(answer.status.as_u16()), status, "{} as it is written: {}", exchange.label(), answer.text);
        }
        let answer = send(&world, &exchange.request(Carrier::Tenant, &names, &versions)).await;
        learn_ids(&world, &exchange, &mut names).await;
        let (expected, actual) = (exchange.response(Carrier::Tenant), answered(&exchange, &answer, &names));
        failed.extend(disagreement(&expected, &actual).map(|difference| format!("{}: {difference}", exchange.label())));
        learn_cursors(&mut names, &expected, &actual);
    }
    assert!(failed.is_empty() && count > 40, "{count} exchanges, and not as the RFCs have them:\n{}", failed.join("\n"));
}
