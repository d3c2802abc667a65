//! A service provider without its storage (RFC 7644 section 3): [`plan`] says what a request asks for, the caller reads and
//! writes its own tables, and the functions here turn what it found into a [`Response`].
//!
//! Flow: `plan` → for a create store what it gives, with [`with_meta`]; for a replace or a patch load the resource and call
//! [`replaced`] or [`patched`]; answer with [`created`], [`found`], [`listed`], [`changed`], [`deleted`] or [`failed`].
//!
//! Guarantees: what is given to be stored obeys the schemas and the profile. Assumptions: the caller has checked who asks,
//! knows which values are in use (409, by [`crate::unique_keys`]), and makes ids and instants. Not here: HTTP, SQL, tokens, rates.

mod answer;
mod bulk;
mod bulk_refs;
mod cursor;
mod discovery;
mod plan;
mod preconditions;
mod profile;
mod query;
mod rules;

pub use answer::{
    changed, created, deleted, failed, found, found_or_known, listed, listed_together, not_modified, shows_groups,
    shows_member_names, shows_members,
};
pub use bulk::{BulkCall, BulkOperation, BulkRequest, BulkRun, NextCall, OPERATIONS_MAX, PAYLOAD_BYTES_MAX};
pub use cursor::{Cursor, fingerprint};
pub use discovery::{resource_type, resource_types, schema, schemas, service_provider_config};
pub use plan::{allowed_methods, plan, plan_operation};
pub use preconditions::{EntityTags, Preconditions, version};
pub use profile::{AllowedFilter, AllowedFilters, Deletion, PatchAnswer, ProviderProfile};
pub use rules::{Meta, Patched, location, patched, replaced, with_meta};

use crate::Resource;
use crate::filter::Filter;
use crate::list::Paging;
use crate::patch::PatchRequest;
use crate::path::AttributePath;
use crate::projection::Projection;
use crate::schema::{Returned, Schemas};
use serde_json::Value;

/// A service provider: how it behaves and what its resources have.
#[derive(Debug, Clone)]
pub struct Provider {
    /// How it behaves where the RFCs leave it a choice.
    pub profile: ProviderProfile,
    /// The attributes of users; extensions may be added.
    pub users: Schemas,
    /// The attributes of groups; extensions may be added.
    pub groups: Schemas,
}

impl Provider {
    /// A provider with the schemas of RFC 7643 and the tenant's extension.
    pub fn new(profile: ProviderProfile) -> Self {
        let mut groups = Schemas::group();
        if profile.member_names_on_request {
            let members = groups.base.attributes.iter_mut().filter(|attribute| attribute.name == "members");
            for part in members.flat_map(|members| &mut members.sub_attributes).filter(|part| part.name == "display") {
                part.returned = Returned::Request;
            }
        }
        Self { profile, users: Schemas::user(), groups }
    }

    /// The schemas of a kind of resource.
    pub const fn schemas(&self, kind: ResourceKind) -> &Schemas {
        match kind {
            ResourceKind::User => &self.users,
            ResourceKind::Group => &self.groups,
        }
    }
}

/// What a provider keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// `/Users`
    User,
    /// `/Groups`
    Group,
}

impl ResourceKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::User, Self::Group];

    /// The endpoint, without slashes.
    pub const fn endpoint(self) -> &'static str {
        match self {
            Self::User => "Users",
            Self::Group => "Groups",
        }
    }

    /// `meta.resourceType`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }
}

/// The methods that SCIM uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates and searches.
    Post,
    /// Replaces.
    Put,
    /// Changes.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// Reads the name of a method.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "GET" => Some(Self::Get),
            "POST" => Some(Self::Post),
            "PUT" => Some(Self::Put),
            "PATCH" => Some(Self::Patch),
            "DELETE" => Some(Self::Delete),
            _ => None,
        }
    }

    /// The name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A request, as far as a provider looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The HTTP method.
    pub method: Method,
    /// The path below the base, percent-encoded: `/Users/42`.
    pub path: &'a str,
    /// What stands after the question mark.
    pub query: Option<&'a str>,
    /// The body as it came; empty where there is none.
    pub body: &'a [u8],
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum ProviderRequest {
    /// Some resources of one kind.
    List {
        /// Of this kind.
        kind: ResourceKind,
        /// Which, how many and in what order.
        query: ListQuery,
    },
    /// One resource.
    Get {
        /// Of this kind.
        kind: ResourceKind,
        /// Its id.
        id: String,
        /// What to show.
        projection: Projection,
    },
    /// A new resource.
    Create {
        /// Of this kind.
        kind: ResourceKind,
        /// Checked and in form; without id and meta.
        resource: Resource,
        /// What to show.
        projection: Projection,
    },
    /// A resource replaced; see [`replaced`].
    Replace {
        /// Of this kind.
        kind: ResourceKind,
        /// Its id.
        id: String,
        /// The body as it came.
        incoming: Resource,
        /// What to show.
        projection: Projection,
    },
    /// A resource changed; see [`patched`].
    Patch {
        /// Of this kind.
        kind: ResourceKind,
        /// Its id.
        id: String,
        /// The operations.
        request: PatchRequest,
        /// What to show.
        projection: Projection,
    },
    /// A resource removed.
    Delete {
        /// Of this kind.
        kind: ResourceKind,
        /// Its id.
        id: String,
    },
    /// [`service_provider_config`].
    ServiceProviderConfig,
    /// [`resource_types`].
    ResourceTypes,
    /// [`resource_type`].
    ResourceType {
        /// Its name.
        name: String,
    },
    /// [`schemas`].
    Schemas,
    /// [`schema`].
    Schema {
        /// Its URN.
        urn: String,
    },
    /// Resources of all kinds, users before groups (RFC 7644 section 3.4.2.1).
    ListAll {
        /// Which and how many; it has no order, and its filter may name attributes that only one kind has.
        query: ListQuery,
    },
    /// Several operations; see [`BulkRun`].
    Bulk(BulkRequest),
    /// Part of SCIM, not of this provider: answer 501 with [`failed`].
    NotImplemented {
        /// What it is, for the message.
        what: String,
    },
}

impl ProviderRequest {
    /// Whether it is one of the discovery endpoints, which RFC 7644 section 4 lets anybody read.
    pub const fn is_discovery(&self) -> bool {
        match self {
            Self::ServiceProviderConfig
            | Self::ResourceTypes
            | Self::ResourceType { .. }
            | Self::Schemas
            | Self::Schema { .. } => true,
            Self::List { .. }
            | Self::Get { .. }
            | Self::Create { .. }
            | Self::Replace { .. }
            | Self::Patch { .. }
            | Self::Delete { .. }
            | Self::ListAll { .. }
            | Self::Bulk(_)
            | Self::NotImplemented { .. } => false,
        }
    }
}

/// Which resources, how many and in what order.
#[derive(Debug, Clone, PartialEq)]
pub struct ListQuery {
    /// Only those that match; it makes sense for the kind and the profile allows it.
    pub filter: Option<Filter>,
    /// What to show of each.
    pub projection: Projection,
    /// Which part of the list.
    pub paging: Paging,
    /// In what order; `None` when none is asked for or the profile does not sort.
    pub sort: Option<Sort>,
}

/// RFC 7644 section 3.4.2.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// By this attribute.
    pub by: AttributePath,
    /// Largest first.
    pub descending: bool,
}

/// An answer, as far as a provider decides it.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`, when there is a body.
    pub content_type: Option<String>,
    /// `Location`: `meta.location`, when the answer is about one resource.
    pub location: Option<String>,
    /// `ETag`: the `meta.version` of the resource that is shown or was changed.
    pub etag: Option<String>,
    /// The body; `None` for 204 and 304.
    pub body: Option<Value>,
}
