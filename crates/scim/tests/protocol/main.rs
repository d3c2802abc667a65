//! The protocol, by the examples of RFC 7643 and RFC 7644 and by cases of our own, as data where there are many.

mod client;
mod diffs;
mod exchange;
mod filters;
mod hostile;
mod hostile_patches;
mod hostile_sizes;
mod leniencies;
mod mutability;
mod patches;
mod properties;
mod provider;
mod provider_bulk;
mod resources;
mod rfc;
mod rfc_exchanges;
mod schemas;
mod store;

use provost_scim::{Resource, Schemas};
use serde_json::Value;

// The program's allocator: how long the hostile texts take is mostly its work.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// RFC 7643 section 8.3.
fn barbara() -> Resource {
    object(serde_json::from_str(include_str!("../data/rfc/user_enterprise.json")).expect("the file holds JSON"))
}

fn object(value: Value) -> Resource {
    let Value::Object(members) = value else { panic!("{value} is no object") };
    members
}

fn schemas_of(kind: &str) -> Schemas {
    match kind {
        "User" => Schemas::user(),
        "Group" => Schemas::group(),
        other => panic!("unknown kind {other}"),
    }
}

/// The cases of the RFCs and our own.
fn cases(rfc: &str, own: &str) -> Vec<Value> {
    let read = |text| -> Vec<Value> { serde_json::from_str(text).expect("the file holds an array") };
    [read(rfc), read(own)].concat()
}
