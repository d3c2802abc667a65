//! How providers differ, as data. Every field that nobody has documented for the real product says so.

use super::ResourceKind;
use crate::leniency::Leniency;

/// How a provider behaves.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each field is one independent trait of a provider, and is read by its name")]
pub struct ProviderProfile {
    /// Its name.
    pub name: &'static str,
    /// `Content-Type` of successes.
    pub success_content_type: &'static str,
    /// `Content-Type` of errors.
    pub error_content_type: &'static str,
    /// Whether clients that accept `application/json` and not `application/scim+json` get the former (RFC 7644 section 3.8).
    pub plain_json_on_request: bool,
    /// What a PATCH answers.
    pub patch_answer: PatchAnswer,
    /// At most this many resources on a page.
    pub results_max: u64,
    /// Which filters are answered.
    pub allowed_filters: AllowedFilters,
    /// Whether users show their groups.
    pub users_show_groups: bool,
    /// Whether groups show their members without being asked by name.
    pub groups_show_members: bool,
    /// Whether members show their `display` only when it is asked for by name. It follows from the members, so it can change
    /// while the group stays as it is.
    pub member_names_on_request: bool,
    /// Attributes that the entries of a list do not have.
    pub lists_omit: Vec<&'static str>,
    /// Whether a user must have an e-mail address marked primary.
    pub primary_email_required: bool,
    /// The `type` that an e-mail address without one gets.
    pub email_type_default: Option<&'static str>,
    /// Whether changes of `userName` and `emails` are accepted and not carried out. Off by default; older documents say the real one does it.
    pub rename_ignored: bool,
    /// What DELETE does. Assumed: the vendor's documents do not say.
    pub deletion: Deletion,
    /// Whether two groups may not have the same `displayName`.
    pub group_names_unique: bool,
    /// Whether lists are sorted on request.
    pub sorts: bool,
    /// Whether lists can be walked by cursor (RFC 9865).
    pub cursors: bool,
    /// Whether resources have versions and preconditions are obeyed (RFC 7644 section 3.14).
    pub etags: bool,
    /// Whether bulk requests are carried out (RFC 7644 section 3.7).
    pub bulk: bool,
    /// Whether users and groups can be listed together (RFC 7644 section 3.4.2.1).
    pub searches_root: bool,
    /// Whether groups can be members of groups (RFC 7643 section 4.2). Nothing public says that the real one takes them.
    pub nests_groups: bool,
    /// Whether the discovery documents are served without a token (RFC 7644 section 4 lets anybody read them).
    pub discovery_is_public: bool,
    /// Whether a token needs a grant also on what is no endpoint, so that it learns nothing of what there is: 403 comes before 404
    /// and 405. RFC 7644 says nothing of grants, and clients look for a 404.
    pub guards_every_path: bool,
    /// Whether refusals of whatever stands before the provider, for want of a token, a grant or patience, are SCIM errors (RFC 7644
    /// section 3.12), like those of the provider itself.
    pub refuses_in_scim: bool,
    /// Which deviations in requests are accepted.
    pub leniency: Leniency,
}

/// What a PATCH answers; RFC 7644 section 3.5.2 allows both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchAnswer {
    /// 200 with the resource.
    Resource,
    /// 204, unless the client asks for attributes.
    NoContent,
}

/// What DELETE does. Either way the resource is gone for clients (RFC 7644 section 3.6: 404 from then on, and in no list).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// Nothing is left.
    Hard,
    /// The provider keeps a record for itself.
    Soft,
}

/// Which filters a provider answers; others are a 400 `invalidFilter`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedFilters {
    /// The whole grammar.
    All,
    /// A single equality on one of these.
    Only(Vec<AllowedFilter>),
}

/// One attribute that may be filtered by, with `eq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllowedFilter {
    /// Of this kind of resource.
    pub kind: ResourceKind,
    /// This attribute.
    pub attribute: &'static str,
}

impl ProviderProfile {
    /// RFC 7643 and RFC 7644 as they are written.
    pub fn standard() -> Self {
        Self {
            name: "standard",
            success_content_type: "application/scim+json",
            error_content_type: "application/scim+json",
            plain_json_on_request: true,
            patch_answer: PatchAnswer::Resource,
            results_max: 200,
            allowed_filters: AllowedFilters::All,
            users_show_groups: true,
            groups_show_members: true,
            member_names_on_request: true,
            lists_omit: Vec::new(),
            primary_email_required: false,
            email_type_default: None,
            rename_ignored: false,
            deletion: Deletion::Hard,
            group_names_unique: false,
            sorts: true,
            cursors: true,
            etags: true,
            bulk: true,
            searches_root: true,
            nests_groups: true,
            discovery_is_public: true,
            guards_every_path: false,
            refuses_in_scim: true,
            leniency: Leniency::HARMLESS,
        }
    }

    /// What is known of Netskope's.
    pub fn netskope() -> Self {
        Self {
            name: "netskope",
            success_content_type: "application/scim+json;charset=utf-8",
            error_content_type: "application/json",
            plain_json_on_request: false,
            patch_answer: PatchAnswer::NoContent,
            results_max: 200,
            allowed_filters: AllowedFilters::Only(vec![
                AllowedFilter { kind: ResourceKind::User, attribute: "userName" },
                AllowedFilter { kind: ResourceKind::Group, attribute: "displayName" },
            ]),
            users_show_groups: false,
            groups_show_members: false,
            member_names_on_request: false,
            lists_omit: vec!["schemas", "meta"],
            primary_email_required: true,
            email_type_default: Some("work"),
            rename_ignored: false,
            deletion: Deletion::Hard,
            group_names_unique: true,
            sorts: false,
            cursors: false,
            etags: false,
            bulk: false,
            searches_root: false,
            nests_groups: false,
            discovery_is_public: false,
            guards_every_path: true,
            refuses_in_scim: false,
            leniency: Leniency::ALL,
        }
    }

    /// The profile of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        [Self::netskope(), Self::standard()].into_iter().find(|profile| profile.name == name)
    }
}
