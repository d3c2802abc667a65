//! Finding users and groups: where each stands in its list, how many there are, and which of them a filter can mean.
//!
//! Everything here costs the same whether the tenant holds a thousand or a million: look-ups go by an index, lists by a key.
//! What a filter really says is decided by `provost_scim`: this module only narrows down what needs looking at.

pub(crate) mod blocks;
pub(crate) mod candidates;
#[cfg(test)]
mod indexes;
pub(crate) mod keys;
pub(crate) mod look_ups;
pub(crate) mod order;
pub(crate) mod pieces;
pub(crate) mod plan;
pub(crate) mod positions;
pub(crate) mod rows;

use provost_scim::provider::ResourceKind;

/// How a kind is told in tables that hold both.
pub(crate) const fn code(kind: ResourceKind) -> i64 {
    match kind {
        ResourceKind::User => 0,
        ResourceKind::Group => 1,
    }
}
