//! The requests and answers of RFC 7644 and RFC 9865, carried out on a store in memory, and read as a client reads them.

use crate::exchange::{Answered, BASE, Carrier, Exchange, Names, disagreement, learn_cursors, read};
use crate::object;
use crate::store::Store;
use provost_scim::client::{error_of, read_list};
use provost_scim::provider::{
    EntityTags, Method, PatchAnswer, Preconditions, Provider, ProviderProfile, Request, ResourceKind, Response,
};
use provost_scim::{ScimError, ScimType};
use serde_json::Value;
use std::collections::BTreeMap;

const DATA: &str = include_str!("../data/rfc/exchanges.json");

fn kind_of(endpoint: &str) -> ResourceKind {
    ResourceKind::ALL.into_iter().find(|kind| kind.endpoint() == endpoint).expect("a kind")
}

fn store_for(exchange: &Exchange) -> Store {
    let mut profile = ProviderProfile::standard();
    if exchange.field("patch_answer").is_some_and(|answer| answer == "no content") {
        profile.patch_answer = PatchAnswer::NoContent;
    }
    let mut store = Store::new(Provider::new(profile), BASE);
    for (kind, resource) in exchange.before() {
        let resource = object(resource);
        if let Some(id) = resource.get("id").and_then(Value::as_str) {
            let name = ["userName", "displayName"].iter().find_map(|name| resource.get(*name)?.as_str());
            store.ids.insert(name.expect("a name").to_owned(), id.to_owned());
        }
        store.make(kind_of(kind), resource);
    }
    store
}

fn answered(response: Response) -> Answered {
    let headers = [("content-type", response.content_type), ("location", response.location), ("etag", response.etag)];
    Answered {
        status: u64::from(response.status),
        headers: headers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect(),
        body: response.body,
    }
}

fn send(store: &mut Store, sent: &crate::exchange::Sent) -> Answered {
    let (path, query) = sent.path.split_once('?').map_or((sent.path.as_str(), None), |(path, query)| (path, Some(query)));
    let tags = |name| sent.headers.iter().find(|(its, _)| its == name).map(|(_, value)| EntityTags::parse(value));
    let preconditions = Preconditions { if_match: tags("If-Match"), if_none_match: tags("If-None-Match") };
    let method = Method::parse(&sent.method).expect("a method");
    answered(store.answer(&Request { method, path, query, body: sent.body.as_bytes() }, &preconditions))
}

#[test]
fn every_exchange_goes_as_the_rfcs_show_it() {
    let mut store = None;
    let mut names = Names::default();
    for exchange in read(DATA) {
        if !exchange.continues() {
            store = Some(store_for(&exchange));
            names = Names::default();
        }
        let store = store.as_mut().expect("the first one continues none");
        store.ids.extend(exchange.made().into_iter().map(|(name, id)| (name.to_owned(), id.to_owned())));
        let version = |id: &str| store.stored(id)["meta"]["version"].as_str().expect("a version").to_owned();
        let versions: BTreeMap<String, String> =
            exchange.versioned().into_iter().map(|(_, id)| (id.clone(), version(&id))).collect();
        if let Some((sent, status)) = exchange.as_written(&names) {
            assert_eq!(send(store, &sent).status, status, "{} as it is written", exchange.label());
        }
        let actual = send(store, &exchange.request(Carrier::Protocol, &names, &versions));
        let expected = exchange.response(Carrier::Protocol);
        if let Some(difference) = disagreement(&expected, &actual) {
            panic!("{}: {difference}", exchange.label());
        }
        learn_cursors(&mut names, &expected, &actual);
    }
}

#[test]
fn an_entry_is_exact_or_says_why_it_is_not() {
    for exchange in read(DATA) {
        let exact = exchange.field("exact").is_some_and(|exact| *exact == true);
        assert!(exact != exchange.field("difference").is_some(), "{}", exchange.label());
    }
}

/// The bodies of answers as the RFCs have them, and those within them.
fn bodies(with: fn(&Value) -> bool) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for exchange in read(DATA) {
        let body = exchange.field("response").and_then(|response| response.get("body")).cloned().unwrap_or_default();
        let inner =
            body["Operations"].as_array().into_iter().flatten().filter_map(|operation| operation.get("response").cloned());
        let inner: Vec<Value> = inner.collect();
        found.extend(inner.into_iter().chain([body]).filter(with).map(|body| (exchange.label(), body)));
    }
    found
}

#[test]
fn lists_are_read() {
    let lists = bodies(|body| body.get("Resources").is_some());
    assert_eq!(lists.len(), 9);
    for (label, mut body) in lists {
        // The dots stand for resources.
        for one in body["Resources"].as_array_mut().expect("a list").iter_mut().filter(|one| **one == "...") {
            *one = serde_json::json!({});
        }
        let page = read_list(body.clone()).unwrap_or_else(|error| panic!("{label}: {error}"));
        assert_eq!(page.total_results, body["totalResults"].as_u64(), "{label}");
        assert_eq!(page.next_cursor.as_deref(), body["nextCursor"].as_str(), "{label}");
        let resources: Vec<Value> = page.resources.into_iter().map(Value::Object).collect();
        assert_eq!(Value::Array(resources), body["Resources"], "{label}");
    }
}

#[test]
fn errors_are_read_and_written_alike() {
    let errors = bodies(|body| body.get("detail").is_some());
    assert_eq!(errors.len(), 9);
    for (label, body) in errors {
        let error = error_of(&body).unwrap_or_else(|| panic!("{label} is no error"));
        let detail = body["detail"].as_str().expect("a text");
        assert_eq!(error.text, detail, "{label}");
        let scim_type = error.scim_type.as_deref().map(|word| ScimType::parse(word).expect("the RFCs know it"));
        let ours = ScimError { status: error.status.expect("the RFCs give one"), scim_type, detail: error.text };
        assert_eq!(ours.body(), body, "{label}");
    }
}
