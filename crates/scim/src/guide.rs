//! A guide: what one does with this crate, each step with an example that runs.
//!
//! Everything works on [`crate::Resource`], which is a JSON object, and on [`crate::Schemas`], which say what the attributes of a
//! resource type are. Nothing here sends, stores or looks at a clock.
//!
//! # Parse a filter
//!
//! [`crate::Filter::parse`] reads the whole grammar of RFC 7644 section 3.4.2.2. [`crate::filter::check`] says whether the filter
//! makes sense for a resource type, [`crate::matches`] whether a resource matches.
//!
//! ```
//! use provost_scim::{Filter, Resource, Schemas, filter, matches};
//! use serde_json::json;
//!
//! let schemas = Schemas::user();
//! let user: Resource = serde_json::from_value(json!({
//!     "userName": "ada@example.com", "emails": [{ "value": "ada@example.com", "type": "work" }]
//! })).unwrap();
//!
//! let wanted = Filter::parse(r#"emails[type eq "work" and value ew "@EXAMPLE.com"] and not (title pr)"#).unwrap();
//! filter::check(&wanted, &schemas).unwrap();
//! assert!(matches(&wanted, &user, &schemas));
//!
//! // Errors say where, and are ready to be answered with.
//! let error = Filter::parse("userName like \"ada\"").unwrap_err().in_filter();
//! assert_eq!(error.body()["scimType"], "invalidFilter");
//! assert!(error.detail.contains("at character 10"));
//! ```
//!
//! A provider with a database makes queries of filters instead: [`crate::Filter::fold`].
//!
//! # Validate against a schema, also one of your own
//!
//! [`crate::validate::normalize`] checks the body of a create and brings it into the form that is stored;
//! [`crate::validate::replace`] does so for a PUT. A schema may come from JSON while the program runs.
//!
//! ```
//! use provost_scim::{Leniency, Resource, Schema, Schemas, validate};
//! use serde_json::json;
//!
//! let object = |value| -> Resource { serde_json::from_value(value).unwrap() };
//! let badge = Schema::parse(&object(json!({
//!     "id": "urn:example:params:2.0:Badge",
//!     "attributes": [
//!         { "name": "number", "type": "integer", "required": true, "uniqueness": "server" },
//!         { "name": "issued", "type": "dateTime", "mutability": "immutable" }
//!     ]
//! }))).unwrap();
//! let schemas = Schemas::user().with_extension(badge);
//! let user = |number| object(json!({
//!     "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:example:params:2.0:Badge"],
//!     "USERNAME": "ada", "title": null, "id": "the client has no say in this",
//!     "urn:example:params:2.0:Badge": { "number": number }
//! }));
//!
//! let stored = validate::normalize(&user(json!(7)), &schemas, &Leniency::NONE).unwrap();
//! assert_eq!(stored.keys().collect::<Vec<_>>(), ["schemas", "userName", "urn:example:params:2.0:Badge"]);
//!
//! let error = validate::normalize(&user(json!("7")), &schemas, &Leniency::NONE).unwrap_err();
//! assert_eq!(error.detail, "urn:example:params:2.0:Badge:number is a whole number, not this string.");
//! // What a known client gets wrong can be accepted, one deviation at a time.
//! let lenient = Leniency { unknown_passed_over: true, string_booleans: true, ..Leniency::NONE };
//! assert!(validate::normalize(&user(json!(7)), &schemas, &lenient).is_ok());
//! ```
//!
//! # Keep values unique
//!
//! Schemas say which values no two resources may share; who stores them makes sure of it. [`crate::unique_keys`] gives what to look
//! up and to store, and its example is a provider that answers 409.
//!
//! ```
//! use provost_scim::{AttributePath, Resource, Schemas, unique_keys};
//! use serde_json::json;
//!
//! let user: Resource = serde_json::from_value(json!({ "id": "1", "userName": "Ada@Example.COM", "title": "Countess" })).unwrap();
//! let key = |name: &str, key: &str| (AttributePath::of(name), key.to_owned());
//! assert_eq!(unique_keys(&user, &Schemas::user()), [key("userName", "ada@example.com"), key("id", "1")]);
//! ```
//!
//! # Apply a PATCH
//!
//! [`crate::patch::read`] takes a body apart, [`crate::apply`] carries all its operations out, or none.
//!
//! ```
//! use provost_scim::{Leniency, Resource, Schemas, ScimType, apply, patch};
//! use serde_json::json;
//!
//! let mut user: Resource = serde_json::from_value(json!({
//!     "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "1", "userName": "ada",
//!     "emails": [{ "value": "ada@example.com", "type": "work", "primary": true }]
//! })).unwrap();
//! let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
//!     { "op": "replace", "path": "name.givenName", "value": "Ada" },
//!     { "op": "add", "path": "emails", "value": [{ "value": "ada@home.example", "type": "home", "primary": true }] },
//!     { "op": "remove", "path": "emails[type eq \"work\"]" }
//! ]});
//! let request = patch::read(&body, &Leniency::NONE).unwrap();
//! assert_eq!(apply(&mut user, &request, &Schemas::user(), &Leniency::NONE), Ok(true));
//! assert_eq!(user["emails"], json!([{ "value": "ada@home.example", "type": "home", "primary": true }]));
//!
//! let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
//!     { "op": "replace", "path": "userName", "value": "lovelace" },
//!     { "op": "replace", "path": "id", "value": "2" }
//! ]});
//! let request = patch::read(&body, &Leniency::NONE).unwrap();
//! let error = apply(&mut user, &request, &Schemas::user(), &Leniency::NONE).unwrap_err();
//! assert_eq!(error.scim_type, Some(ScimType::Mutability));
//! assert_eq!(user["userName"], "ada");
//! ```
//!
//! # Build a PATCH
//!
//! [`crate::diff()`] is the way back: the operations between two resources.
//!
//! ```
//! use provost_scim::{Leniency, Resource, Schemas, apply, diff};
//! use serde_json::json;
//!
//! let object = |value| -> Resource { serde_json::from_value(value).unwrap() };
//! let is = object(json!({ "userName": "ada", "title": "Countess", "name": { "givenName": "Ada", "familyName": "Byron" } }));
//! let should = object(json!({ "userName": "ada", "active": true, "name": { "givenName": "Ada", "familyName": "King" } }));
//!
//! let patch = diff(&is, &should, &Schemas::user());
//! let body = serde_json::to_value(&patch).unwrap();
//! assert_eq!(body["Operations"], json!([
//!     { "op": "replace", "path": "name.familyName", "value": "King" },
//!     { "op": "remove", "path": "title" },
//!     { "op": "add", "path": "active", "value": true }
//! ]));
//! ```
//!
//! # Be a service provider
//!
//! [`crate::provider::plan`] reads a request and says what it asks for; you read and write your own tables;
//! [`crate::provider`] turns what you found into an answer. Lists are put in order by [`crate::sort::compare`], and
//! [`crate::unique_keys`] says which values must not be in use yet.
//!
//! ```
//! use provost_scim::ScimError;
//! use provost_scim::provider::{self, Meta, Method, Provider, ProviderProfile, ProviderRequest, Request, plan};
//!
//! let provider = Provider::new(ProviderProfile::standard());
//! let body = br#"{ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada" }"#;
//! let request = Request { method: Method::Post, path: "/Users", query: None, body };
//! let ProviderRequest::Create { kind, resource, projection } = plan(&provider, &request).unwrap() else { panic!("a POST creates") };
//!
//! // The id and the instants are yours. This is what you store.
//! let now = "2026-01-01T00:00:00Z";
//! let meta = Meta { id: "42".into(), created: now.into(), last_modified: now.into(), version: Some(provider::version(1, None)) };
//! let stored = provider::with_meta(&provider, kind, resource, &meta, "https://example.com/scim/v2");
//! let response = provider::created(&provider, kind, stored.clone(), &projection);
//! assert_eq!((response.status, response.location.as_deref()), (201, Some("https://example.com/scim/v2/Users/42")));
//!
//! // For a change, load what you stored.
//! let body = br#"{ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
//!     "Operations": [{ "op": "add", "path": "title", "value": "Countess" }] }"#;
//! let request = Request { method: Method::Patch, path: "/Users/42", query: None, body };
//! let ProviderRequest::Patch { kind, id, request, projection } = plan(&provider, &request).unwrap() else { panic!("a PATCH changes") };
//! assert_eq!(id, "42");
//! let patched = provider::patched(&provider, kind, &stored, &request).unwrap();
//! let response = provider::changed(&provider, kind, patched.resource, &projection);
//! assert_eq!((patched.changed, response.status, &response.body.unwrap()["title"]), (true, 200, &"Countess".into()));
//!
//! // Whatever goes wrong is answered the same way, also what `plan` refuses.
//! let response = provider::failed(&provider, &ScimError::not_found("43"));
//! assert_eq!((response.status, &response.body.unwrap()["detail"]), (404, &"Resource 43 not found.".into()));
//! ```
//!
//! # Answer a list
//!
//! What a list asks for comes as one value: a filter, an order, a page, and what to show. With a database these become a query;
//! here everybody is looked at.
//!
//! ```
//! use provost_scim::list::{Listing, Paging, Place};
//! use provost_scim::provider::{self, Method, Provider, ProviderProfile, ProviderRequest, Request, plan};
//! use provost_scim::{Resource, matches, sort};
//! use serde_json::json;
//!
//! let provider = Provider::new(ProviderProfile::standard());
//! let user = |name: &str| Resource::from_iter([("id".to_owned(), json!(name)), ("userName".to_owned(), json!(name))]);
//! let users = ["Linus", "grace", "Ada", "nobody"].map(user);
//!
//! let query = Some("filter=not+(userName+eq+%22nobody%22)&sortBy=userName&count=2&attributes=userName");
//! let request = Request { method: Method::Get, path: "/Users", query, body: b"" };
//! let ProviderRequest::List { kind, query } = plan(&provider, &request).unwrap() else { panic!("it is a list") };
//!
//! let schemas = provider.schemas(kind);
//! let is_wanted = |user: &Resource| query.filter.as_ref().is_none_or(|filter| matches(filter, user, schemas));
//! let mut found: Vec<Resource> = users.into_iter().filter(is_wanted).collect();
//! if let Some(order) = &query.sort {
//!     found.sort_by(|a, b| sort::compare(a, b, &order.by, order.descending, schemas));
//! }
//! let Paging::Index(page) = query.paging else { panic!("no cursor was sent") };
//! let listing = Listing { total: Some(found.len() as u64), place: Place::Index(page.start_index) };
//! let shown: Vec<Resource> = found.into_iter().skip(page.offset() as usize).take(page.count as usize).collect();
//!
//! let body = provider::listed(&provider, kind, listing, shown, &query.projection).body.unwrap();
//! assert_eq!(body["totalResults"], 3);
//! assert_eq!(body["Resources"], json!([{ "id": "Ada", "userName": "Ada" }, { "id": "grace", "userName": "grace" }]));
//! ```
//!
//! # Read what other providers answer
//!
//! [`crate::client`] reads lists and errors in every shape that is known; its [`crate::client::deviations`] say who writes them.
//!
//! ```
//! use provost_scim::client::{ReadError, id_of, read_list};
//! use serde_json::json;
//!
//! let page = read_list(json!({ "totalResults": 1, "Resources": [{ "id": 7 }] })).unwrap();
//! assert_eq!(id_of(&page.resources[0]).as_deref(), Some("7"));
//! // What is no list is never read as an empty one.
//! assert!(matches!(read_list(json!({ "message": "no such route" })), Err(ReadError::NotAList { .. })));
//! ```
//!
//! # Limits
//!
//! They see to it that no request of a megabyte keeps an optimized build busy for 50 ms.
//!
//! | what | at most | refused with |
//! |---|---|---|
//! | a filter or a path | [`crate::path::LENGTH_BYTES_MAX`] bytes, [`crate::filter::DEPTH_MAX`] levels, [`crate::filter::TERMS_MAX`] comparisons | `invalidFilter`, `invalidPath` |
//! | a body | [`crate::json::DEPTH_MAX`] levels, [`crate::json::VALUES_MAX`] values, [`crate::json::NAMES_MAX`] names in one object | `invalidSyntax` |
//! | a PATCH | [`crate::patch::OPERATIONS_MAX`] operations, which look at [`crate::patch::COMPARISONS_MAX`] values | `invalidSyntax` |
//! | the values of one attribute | [`crate::validate::PLAIN_VALUES_MAX`]; of members [`crate::validate::VALUES_MAX`] | `invalidValue` |
//! | a string, a binary value | [`crate::validate::STRING_BYTES_MAX`], [`crate::validate::BINARY_BYTES_MAX`] bytes | `invalidValue` |
//! | the attributes of an extension | [`crate::validate::ATTRIBUTES_MAX`] | `invalidValue` |
