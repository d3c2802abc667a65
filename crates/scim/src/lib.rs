//! SCIM 2.0 as values (RFC 7643, RFC 7644): resources, schemas, paths, filters, PATCH, lists and errors.
//!
//! No input or output, no clock, no randomness, no web framework: this crate turns texts into values and values into
//! texts, and says what a request means. Strict when writing, lenient when reading; each leniency is a named field of
//! [`Leniency`].
//!
//! | module | what it answers |
//! |---|---|
//! | [`guide`] | how one does what, with examples |
//! | [`schema`] | which attributes exist, and by which rules |
//! | [`filter`], [`path`] | what a filter or an attribute path says, and whether a resource matches |
//! | [`patch`], [`mod@diff`] | what a PATCH makes of a resource, and which PATCH makes one resource of another |
//! | [`validate`], [`unique`] | whether a resource that came in may be kept, in which form, and which of its values nobody else may have |
//! | [`projection`], [`sort`], [`list`] | what of it is shown, in which order, and how lists are cut |
//! | [`provider`] | a service provider without its storage: request → plan, result → response |
//! | [`client`] | what a foreign provider's answer says |
//!
//! ```
//! use provost_scim::{Filter, Leniency, PatchOp, PatchOperation, PatchRequest, Resource, Schemas, apply, matches};
//! use serde_json::json;
//!
//! let schemas = Schemas::user();
//! let mut user: Resource = serde_json::from_value(json!({
//!     "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "Ada@example.com"
//! })).unwrap();
//!
//! let filter = Filter::parse(r#"userName eq "ada@EXAMPLE.com" and not (title pr)"#).unwrap();
//! assert!(matches(&filter, &user, &schemas));
//!
//! let request = PatchRequest { operations: vec![PatchOperation {
//!     op: PatchOp::Replace, path: Some("name.givenName".into()), value: Some(json!("Ada")),
//! }] };
//! assert!(apply(&mut user, &request, &schemas, &Leniency::NONE).unwrap());
//! assert_eq!(user["name"]["givenName"], "Ada");
//! ```

pub mod client;
pub mod datetime;
pub mod diff;
mod error;
pub mod filter;
pub mod guide;
pub mod json;
mod leniency;
pub mod list;
mod names;
mod order;
pub mod patch;
pub mod path;
mod precis;
pub mod projection;
pub mod provider;
pub mod schema;
pub mod sort;
pub mod unique;
pub mod validate;
mod value;

pub use diff::diff;
pub use error::{ScimError, ScimType};
pub use filter::{CompareOperator, Filter, Literal, matches};
pub use leniency::Leniency;
pub use names::text_key;
pub use patch::{PatchOp, PatchOperation, PatchRequest, apply};
pub use path::{AttributePath, PatchPath};
pub use precis::user_name_key;
pub use schema::{Attribute, AttributeType, Schema, Schemas};
pub use unique::unique_keys;

/// A resource: a JSON object whose attribute names compare without regard to case.
pub type Resource = serde_json::Map<String, serde_json::Value>;

/// The example of the README runs with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
