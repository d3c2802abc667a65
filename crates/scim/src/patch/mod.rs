//! PATCH (RFC 7644 section 3.5.2): requests as values, and what they make of a resource.
//!
//! [`read`] takes a body apart, [`resolve`] finds what each operation means by the schemas, [`apply`] carries all of them
//! out or none. A provider that stores members elsewhere can look at the resolved operations instead of applying them.

mod apply;
mod chosen;
mod cost;
mod fixed;
mod identity;
mod read;
mod removal;
mod resolve;
mod values;

pub(crate) use apply::applied;
pub use apply::apply;
pub use cost::COMPARISONS_MAX;
pub(crate) use fixed::carry_fixed_parts;
pub(crate) use read::body_of;
pub use read::read;
pub use resolve::{ResolvedOperation, Target, resolve};

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

/// The URN of PATCH bodies.
pub const PATCH_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Requests with more operations than this are refused.
pub const OPERATIONS_MAX: usize = 1000;

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PatchOp {
    /// Adds values.
    Add,
    /// Removes what the path names.
    Remove,
    /// Replaces what the path names.
    Replace,
}

impl PatchOp {
    /// As bodies spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Replace => "replace",
        }
    }
}

/// One operation of a PATCH.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatchOperation {
    /// Add, remove or replace.
    pub op: PatchOp,
    /// The attribute path; without one, `value` is an object of attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The new value; absent for removals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// A PATCH request: its operations apply in order, all or nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchRequest {
    /// In this order.
    pub operations: Vec<PatchOperation>,
}

/// RFC 7644 section 3.5.2: the body has `schemas` and `Operations`.
impl Serialize for PatchRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_struct("PatchRequest", 2)?;
        body.serialize_field("schemas", &[PATCH_SCHEMA])?;
        body.serialize_field("Operations", &self.operations)?;
        body.end()
    }
}
