//! A provider in both profiles: requests → plans, results → responses.

use crate::object;
use provost_scim::list::{Listing, Page, Paging, Place};
use provost_scim::projection::Projection;
use provost_scim::provider::{
    self, AllowedFilter, AllowedFilters, Meta, Method, PatchAnswer, Provider, ProviderProfile, ProviderRequest, Request,
    ResourceKind,
};
use provost_scim::{Leniency, PatchOp, Resource, ScimError, ScimType};
use serde_json::{Value, json};

const BASE: &str = "https://tenant.example/api/v2/scim";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

fn standard() -> Provider {
    Provider::new(ProviderProfile::standard())
}

fn netskope() -> Provider {
    Provider::new(ProviderProfile::netskope())
}

fn plan(provider: &Provider, method: Method, target: &str, body: &Value) -> Result<ProviderRequest, ScimError> {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    provider::plan(provider, &Request { method, path, query, body: &body })
}

fn meta() -> Meta {
    Meta { id: "u/1".into(), created: "2026-01-01T00:00:00Z".into(), last_modified: "2026-01-02T00:00:00Z".into(), version: None }
}

fn ada() -> Value {
    json!({
        "schemas": [USER, "urn:scim:schemas:core:1.0"], "userName": "ada@example.com", "active": "true", "password": "x",
        "emails": [{ "value": "ada@example.com", "primary": "True" }], "meta": { "resourceType": "User" }
    })
}

fn created(provider: &Provider) -> Resource {
    let Ok(ProviderRequest::Create { resource, .. }) = plan(provider, Method::Post, "/Users", &ada()) else {
        panic!("no create")
    };
    provider::with_meta(provider, ResourceKind::User, resource, &meta(), BASE)
}

#[test]
fn every_endpoint_and_method_has_its_plan() {
    let provider = standard();
    let none = Value::Null;
    let user = json!({ "schemas": [USER], "userName": "a" });
    let patch = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{ "op": "remove", "path": "title" }] });
    let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": "title pr", "startIndex": 3, "count": 2 });
    let bulk = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{ "method": "DELETE", "path": "/Users/1" }] });
    let of = |method, target: &str, body: &Value| match plan(&provider, method, target, body) {
        Ok(ProviderRequest::List { kind, .. }) => format!("list {}", kind.word()),
        Ok(ProviderRequest::Get { kind, id, .. }) => format!("get {} {id}", kind.word()),
        Ok(ProviderRequest::Create { kind, .. }) => format!("create {}", kind.word()),
        Ok(ProviderRequest::Replace { kind, id, .. }) => format!("replace {} {id}", kind.word()),
        Ok(ProviderRequest::Patch { kind, id, request, .. }) => {
            format!("patch {} {id} {}", kind.word(), request.operations.len())
        }
        Ok(ProviderRequest::Delete { kind, id }) => format!("delete {} {id}", kind.word()),
        Ok(ProviderRequest::ServiceProviderConfig) => "config".into(),
        Ok(ProviderRequest::ResourceTypes) => "types".into(),
        Ok(ProviderRequest::ResourceType { name }) => format!("type {name}"),
        Ok(ProviderRequest::Schemas) => "schemas".into(),
        Ok(ProviderRequest::Schema { urn }) => format!("schema {urn}"),
        Ok(ProviderRequest::ListAll { .. }) => "list all".into(),
        Ok(ProviderRequest::Bulk(request)) => format!("bulk {}", request.operations.len()),
        Ok(ProviderRequest::NotImplemented { .. }) => "501".into(),
        Err(error) => error.status.to_string(),
    };
    let cases = [
        (Method::Get, "/Users", &none, "list User"),
        (Method::Get, "/Groups/", &none, "list Group"),
        (Method::Post, "/Users", &user, "create User"),
        (Method::Post, "/Users", &none, "400"),
        (Method::Post, "/Users/.search", &search, "list User"),
        (Method::Post, "/Groups/.search", &user, "400"),
        (Method::Get, "/Users/.search", &none, "405"),
        (Method::Get, "/Users/a%2Fb", &none, "get User a/b"),
        (Method::Get, "/Users/%zz", &none, "404"),
        (Method::Put, "/Users/1", &user, "replace User 1"),
        (Method::Patch, "/Groups/1", &patch, "patch Group 1 1"),
        (Method::Patch, "/Groups/1", &user, "400"),
        (Method::Delete, "/Users/1", &none, "delete User 1"),
        (Method::Delete, "/Users", &none, "405"),
        (Method::Post, "/Users/1", &user, "405"),
        (Method::Get, "/Users/1/x", &none, "404"),
        (Method::Get, "/users", &none, "404"),
        (Method::Get, "/Me", &none, "501"),
        (Method::Post, "/Bulk", &bulk, "bulk 1"),
        (Method::Post, "/Bulk", &user, "400"),
        (Method::Get, "/Bulk", &none, "405"),
        (Method::Post, "/.search", &search, "list all"),
        (Method::Post, "/", &search, "405"),
        (Method::Get, "/?filter=title%20pr", &none, "list all"),
        (Method::Get, "/?filter=userName%20pr%20or%20members%20pr", &none, "list all"),
        (Method::Get, "/?filter=userName%20pr%20or%20shoe%20pr", &none, "400"),
        (Method::Get, "/?sortBy=userName", &none, "list all"),
        (Method::Get, "/?sortBy=shoe", &none, "400"),
        (Method::Get, "/ServiceProviderConfig", &none, "config"),
        (Method::Post, "/ServiceProviderConfig", &none, "405"),
        (Method::Get, "/ResourceTypes", &none, "types"),
        (Method::Get, "/ResourceTypes/User", &none, "type User"),
        (Method::Get, "/Schemas?filter=id%20pr", &none, "403"),
        (Method::Get, "/Schemas", &none, "schemas"),
        (Method::Get, "/Schemas/urn:x", &none, "schema urn:x"),
    ];
    for (method, target, body, expected) in cases {
        assert_eq!(of(method, target, body), expected, "{method:?} {target}");
    }
    for (method, target) in [(Method::Post, "/Bulk"), (Method::Post, "/.search"), (Method::Get, "/")] {
        let planned = plan(&netskope(), method, target, &bulk);
        assert!(matches!(planned, Ok(ProviderRequest::NotImplemented { .. })), "{target}");
    }
}

#[test]
fn the_allowed_methods_of_a_path_are_those_that_it_takes() {
    for target in [
        "/Users",
        "/Groups/",
        "/Users/1",
        "/Groups/a%2Fb",
        "/Users/.search",
        "/.search",
        "/",
        "/Bulk",
        "/Schemas",
        "/Schemas/urn:x",
    ] {
        // A body that is refused was looked at: the method is one of the path's.
        let refuses = |method: &Method| {
            plan(&standard(), *method, target, &Value::Null).is_err_and(|error| [404, 405].contains(&error.status))
        };
        let taken: Vec<Method> = Method::ALL.into_iter().filter(|method| !refuses(method)).collect();
        assert_eq!(provider::allowed_methods(target), taken, "{target}");
    }
}

#[test]
fn list_parameters_are_read_from_the_query_and_from_search_bodies() {
    let provider = standard();
    let target =
        "/Users?filter=userName+eq+%22a%2Bb%22&startIndex=0&count=5&attributes=userName,emails.value&sortBy=userName&x=y";
    let Ok(ProviderRequest::List { query, .. }) = plan(&provider, Method::Get, target, &Value::Null) else { panic!("no list") };
    assert_eq!(query.filter.map(|filter| filter.to_string()).as_deref(), Some("userName eq \"a+b\""));
    assert_eq!(query.paging, Paging::Index(Page { start_index: 1, count: 5 }));
    assert!(matches!(query.projection, Projection::Only(paths) if paths.len() == 2));
    assert_eq!(query.sort.map(|sort| (sort.by.to_string(), sort.descending)), Some(("userName".into(), false)));

    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "excludedAttributes": ["emails"], "sortBy": "meta.created",
        "sortOrder": "descending", "startIndex": 3, "count": 1000
    });
    let Ok(ProviderRequest::List { query, .. }) = plan(&provider, Method::Post, "/Users/.search", &body) else {
        panic!("no list")
    };
    assert_eq!(query.paging, Paging::Index(Page { start_index: 3, count: 200 }));
    assert!(matches!(query.projection, Projection::Without(paths) if paths.len() == 1));
    assert_eq!(query.sort.map(|sort| (sort.by.to_string(), sort.descending)), Some(("meta.created".into(), true)));

    let refused = [
        ("/Users?count=many", ScimType::InvalidValue),
        ("/Users?startIndex=1.5", ScimType::InvalidValue),
        ("/Users?startIndex=99999999999999999999", ScimType::InvalidValue),
        ("/Users?filter=", ScimType::InvalidFilter),
        ("/Users?filter=userName%20eq", ScimType::InvalidFilter),
        ("/Users?filter=shoe%20pr", ScimType::InvalidFilter),
        ("/Users?filter=%ff", ScimType::InvalidFilter),
        ("/Users?filter=%2", ScimType::InvalidFilter),
        ("/Users?filter=userName%20eq%20%22%00%22", ScimType::InvalidFilter),
        ("/Users?attributes=a&excludedAttributes=b", ScimType::InvalidValue),
        ("/Users?attributes=a%20b", ScimType::InvalidPath),
        ("/Users?sortBy=shoe", ScimType::InvalidPath),
        ("/Users?sortBy=password", ScimType::InvalidValue),
        ("/Users?filter=password%20eq%20%22x%22", ScimType::InvalidFilter),
        ("/Users?sortBy=title&sortOrder=up", ScimType::InvalidValue),
    ];
    for (target, scim_type) in refused {
        let error = plan(&provider, Method::Get, target, &Value::Null).unwrap_err();
        assert_eq!((error.status, error.scim_type), (400, Some(scim_type)), "{target}: {}", error.detail);
    }
}

#[test]
fn the_netskope_profile_filters_by_its_two_attributes_only() {
    let provider = netskope();
    let get = |target: &str| plan(&provider, Method::Get, target, &Value::Null);
    assert!(get("/Users?filter=userName%20eq%20%22a%22&startIndex=1").is_ok());
    assert!(get("/Users?filter=USERNAME%20EQ%20%22a%22").is_ok());
    assert!(get("/Groups?filter=displayName%20eq%20%22a%22").is_ok());
    for filter in [
        "externalId eq \"a\"",
        "userName sw \"a\"",
        "userName eq \"a\" and active eq true",
        "emails.value eq \"a\"",
        "urn:ietf:params:scim:schemas:extension:tenant:2.0:User:userName eq \"a\"",
        "userName eq",
    ] {
        let error = get(&format!("/Users?filter={}", filter.replace(' ', "+"))).unwrap_err();
        assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidFilter)), "{filter}");
    }
    assert!(get("/Groups?filter=userName%20eq%20%22a%22").is_err());

    let mut option = ProviderProfile::netskope();
    if let AllowedFilters::Only(allowed) = &mut option.allowed_filters {
        allowed.push(AllowedFilter { kind: ResourceKind::User, attribute: "externalId" });
    }
    let option = Provider::new(option);
    assert!(plan(&option, Method::Get, "/Users?filter=externalId%20eq%20%22a%22", &Value::Null).is_ok());
    assert!(plan(&standard(), Method::Get, "/Users?filter=not%20(externalId%20sw%20%22a%22)", &Value::Null).is_ok());
}

#[test]
fn a_create_is_brought_into_form_and_answered() {
    let provider = netskope();
    let resource = created(&provider);
    let expected = json!({
        "schemas": [USER], "id": "u/1", "userName": "ada@example.com", "active": true,
        "emails": [{ "value": "ada@example.com", "primary": true, "type": "work" }],
        "meta": {
            "resourceType": "User", "created": "2026-01-01T00:00:00Z", "lastModified": "2026-01-02T00:00:00Z",
            "location": "https://tenant.example/api/v2/scim/Users/u%2F1"
        }
    });
    assert_eq!(Value::Object(resource.clone()), expected);
    let response = provider::created(&provider, ResourceKind::User, resource, &Projection::Default);
    assert_eq!(response.status, 201);
    assert_eq!(response.content_type.as_deref(), Some("application/scim+json;charset=utf-8"));
    assert_eq!(response.location.as_deref(), Some("https://tenant.example/api/v2/scim/Users/u%2F1"));
    assert_eq!(response.body, Some(expected));

    assert!(plan(&standard(), Method::Post, "/Users", &ada()).is_err(), "the standard profile takes none of these deviations");
}

#[test]
fn the_netskope_profile_wants_a_name_and_a_primary_address() {
    let provider = netskope();
    let cases = [
        (json!({ "schemas": [USER], "emails": [{ "value": "a@b", "primary": true }] }), "userName"),
        (json!({ "schemas": [USER], "userName": "a" }), "emails"),
        (json!({ "schemas": [USER], "userName": "a", "emails": [{ "value": "a@b" }] }), "emails"),
        (json!({ "schemas": [USER], "userName": "a", "emails": [{ "value": "", "primary": true }] }), "emails"),
    ];
    for (body, says) in cases {
        let error = plan(&provider, Method::Post, "/Users", &body).unwrap_err();
        assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidValue)));
        assert!(error.detail.starts_with(says), "{}", error.detail);
    }
    let request = patch_of("remove", "emails", &Value::Null);
    let error = provider::patched(&provider, ResourceKind::User, &created(&provider), &request).unwrap_err();
    assert!(error.detail.starts_with("emails is required"));
    assert!(plan(&standard(), Method::Post, "/Users", &json!({ "schemas": [USER], "userName": "a" })).is_ok());
}

fn patch_of(op: &str, path: &str, value: &Value) -> provost_scim::PatchRequest {
    let body = json!({ "Operations": [{ "op": op, "path": path, "value": value }] });
    provost_scim::patch::read(&body, &Leniency::ALL).expect("the operation is readable")
}

#[test]
fn a_patch_answers_as_the_profile_says() {
    let (provider, user) = (netskope(), created(&netskope()));
    let patched =
        provider::patched(&provider, ResourceKind::User, &user, &patch_of("Replace", "active", &json!("False"))).unwrap();
    assert!(patched.changed);
    assert_eq!(patched.resource["active"], json!(false));
    let answer =
        |provider: &Provider, projection| provider::changed(provider, ResourceKind::User, patched.resource.clone(), &projection);
    let response = answer(&provider, Projection::Default);
    assert_eq!((response.status, response.body, response.content_type), (204, None, None));
    let asked = Projection::parse(Some(&["active".to_owned()]), None).unwrap();
    assert_eq!(answer(&provider, asked).body, Some(json!({ "schemas": [USER], "id": "u/1", "active": false })));
    let with_body = Provider::new(ProviderProfile { patch_answer: PatchAnswer::Resource, ..ProviderProfile::netskope() });
    assert_eq!(answer(&with_body, Projection::Default).status, 200);

    let again =
        provider::patched(&provider, ResourceKind::User, &patched.resource, &patch_of("replace", "active", &json!(false)))
            .unwrap();
    assert!(!again.changed);
}

#[test]
fn a_put_changes_what_differs_and_a_rename_can_be_ignored() {
    let (provider, user) = (netskope(), created(&netskope()));
    assert!(!provider::replaced(&provider, ResourceKind::User, &user, &object(ada())).unwrap().changed);
    let mut renamed = object(ada());
    renamed.insert("userName".into(), json!("lovelace@example.com"));
    renamed.insert("title".into(), json!("Countess"));
    let replaced = provider::replaced(&provider, ResourceKind::User, &user, &renamed).unwrap();
    assert!(replaced.changed);
    assert_eq!((&replaced.resource["userName"], &replaced.resource["id"]), (&json!("lovelace@example.com"), &json!("u/1")));

    let ignoring = Provider::new(ProviderProfile { rename_ignored: true, ..ProviderProfile::netskope() });
    let replaced = provider::replaced(&ignoring, ResourceKind::User, &user, &renamed).unwrap();
    assert_eq!((&replaced.resource["userName"], &replaced.resource["title"]), (&json!("ada@example.com"), &json!("Countess")));
    let patched = provider::patched(&ignoring, ResourceKind::User, &user, &patch_of("replace", "userName", &json!("x"))).unwrap();
    assert!(!patched.changed);
}

#[test]
fn groups_hide_members_and_users_hide_groups_where_the_profile_says_so() {
    let group = object(json!({ "schemas": [], "id": "g", "displayName": "G", "members": [{ "value": "1" }], "meta": {} }));
    let user = object(json!({ "schemas": [USER], "id": "u", "userName": "a", "groups": [{ "value": "g" }], "meta": {} }));
    let asked = |name: &str| Projection::parse(Some(&[name.to_owned()]), None).unwrap();
    let shows = |provider: &Provider, kind, resource: &Resource, projection: &Projection, name: &str| {
        provider::found(provider, kind, resource.clone(), projection).body.unwrap().get(name).is_some()
    };
    let (netskope, standard) = (netskope(), standard());
    let named = object(
        json!({ "schemas": [], "id": "g", "displayName": "G", "members": [{ "value": "1", "display": "One" }], "meta": {} }),
    );
    for (provider, name, display) in
        [(&standard, "members", false), (&standard, "members.display", true), (&netskope, "members", true)]
    {
        let body = provider::found(provider, ResourceKind::Group, named.clone(), &asked(name)).body.unwrap();
        assert_eq!(body["members"][0].get("display").is_some(), display, "{name}");
    }
    assert!(!shows(&netskope, ResourceKind::Group, &group, &Projection::Default, "members"));
    assert!(shows(&netskope, ResourceKind::Group, &group, &asked("MEMBERS"), "members"));
    assert!(!shows(&netskope, ResourceKind::User, &user, &Projection::Default, "groups"));
    assert!(!shows(&netskope, ResourceKind::User, &user, &asked("groups"), "groups"));
    assert!(shows(&standard, ResourceKind::Group, &group, &Projection::Default, "members"));
    assert!(shows(&standard, ResourceKind::User, &user, &Projection::Default, "groups"));
    assert!(
        !provider::shows_members(&netskope, &Projection::Default) && provider::shows_members(&standard, &Projection::Default)
    );
    let excluded = Projection::parse(None, Some(&["members".to_owned()])).unwrap();
    assert!(!provider::shows_members(&standard, &excluded));
}

#[test]
fn lists_look_as_each_profile_has_them() {
    let list = |provider: &Provider| {
        let listing = Listing { total: Some(7), place: Place::Index(3) };
        let users = vec![created(&netskope())];
        let response = provider::listed(provider, ResourceKind::User, listing, users, &Projection::Default);
        (response.status, response.body.unwrap())
    };
    let (status, body) = list(&netskope());
    assert_eq!(status, 200);
    assert_eq!((&body["totalResults"], &body["itemsPerPage"], &body["startIndex"]), (&json!(7), &json!(1), &json!(3)));
    let entry = json!({
        "id": "u/1", "userName": "ada@example.com", "active": true, "emails": [{ "value": "ada@example.com", "primary": true, "type": "work" }]
    });
    assert_eq!(body["Resources"], json!([entry]));
    let (_, body) = list(&standard());
    assert!(body["Resources"][0]["meta"].is_object() && body["Resources"][0]["schemas"].is_array());
}

#[test]
fn errors_are_scim_errors_of_the_profiles_type() {
    let response = provider::failed(&netskope(), &ScimError::uniqueness("userName \"a\" is in use."));
    assert_eq!((response.status, response.content_type.as_deref()), (409, Some("application/json")));
    let expected = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "409", "scimType": "uniqueness", "detail": "userName \"a\" is in use."
    });
    assert_eq!(response.body, Some(expected));
    let response = provider::failed(&standard(), &ScimError::not_found("7"));
    assert_eq!((response.status, response.content_type.as_deref()), (404, Some("application/scim+json")));
    assert_eq!(response.body.unwrap().get("scimType"), None);
}

#[test]
fn discovery_says_what_there_is() {
    let provider = netskope();
    let config = provider::service_provider_config(&provider, BASE).body.unwrap();
    assert_eq!(config["filter"], json!({ "supported": true, "maxResults": 200 }));
    assert_eq!(config["bulk"]["supported"], json!(false));
    let types = provider::resource_types(&provider, BASE).body.unwrap();
    assert_eq!(types["totalResults"], json!(2));
    assert_eq!(types["Resources"][0]["schemaExtensions"].as_array().unwrap().len(), 2);
    assert_eq!(provider::resource_type(&provider, "User", BASE).unwrap().body.unwrap()["endpoint"], json!("/Users"));
    assert_eq!(provider::resource_type(&provider, "Printer", BASE).unwrap_err().status, 404);
    let schemas = provider::schemas(&provider, BASE).body.unwrap();
    let ids: Vec<&str> = schemas["Resources"].as_array().unwrap().iter().map(|schema| schema["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 4);
    for id in ids {
        assert_eq!(provider::schema(&provider, id, BASE).unwrap().body.unwrap()["id"], json!(id));
    }
    assert_eq!(provider::schema(&provider, "urn:x", BASE).unwrap_err().status, 404);
}

#[test]
fn profiles_have_names() {
    assert_eq!(ProviderProfile::by_name("netskope"), Some(ProviderProfile::netskope()));
    assert_eq!(ProviderProfile::by_name("standard"), Some(ProviderProfile::standard()));
    assert_eq!(ProviderProfile::by_name("other"), None);
    assert_eq!(PatchOp::Replace.word(), "replace");
}
