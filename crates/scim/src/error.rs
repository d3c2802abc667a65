//! SCIM errors (RFC 7644 section 3.12).

use serde_json::{Value, json};

/// The detail error keyword of a 400, 409, 413 or 415 (RFC 7644 table 9, RFC 9865 section 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScimType {
    /// The filter's syntax is invalid, or attribute and comparison do not go together.
    InvalidFilter,
    /// The filter yields more results than the provider will compute.
    TooMany,
    /// A value that must be unique is in use.
    Uniqueness,
    /// The change contradicts the attribute's mutability.
    Mutability,
    /// The body's structure is invalid, or the schemas it names are.
    InvalidSyntax,
    /// The path of a PATCH operation is invalid or names nothing known.
    InvalidPath,
    /// The path names nothing that could be operated on.
    NoTarget,
    /// A required value is missing, or a value does not fit its attribute.
    InvalidValue,
    /// The protocol version is not supported.
    InvalidVers,
    /// The request carries personal data where it must not.
    Sensitive,
    /// The cursor is not one of ours.
    InvalidCursor,
    /// The cursor is too old.
    ExpiredCursor,
    /// The count changed between pages.
    InvalidCount,
}

impl ScimType {
    /// Every keyword.
    pub const ALL: [Self; 13] = [
        Self::InvalidFilter,
        Self::TooMany,
        Self::Uniqueness,
        Self::Mutability,
        Self::InvalidSyntax,
        Self::InvalidPath,
        Self::NoTarget,
        Self::InvalidValue,
        Self::InvalidVers,
        Self::Sensitive,
        Self::InvalidCursor,
        Self::ExpiredCursor,
        Self::InvalidCount,
    ];

    /// As it stands in an error body.
    pub const fn word(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidVers => "invalidVers",
            Self::Sensitive => "sensitive",
            Self::InvalidCursor => "invalidCursor",
            Self::ExpiredCursor => "expiredCursor",
            Self::InvalidCount => "invalidCount",
        }
    }

    /// Reads [`Self::word`], in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word().eq_ignore_ascii_case(text))
    }
}

/// A request that cannot be carried out, as the client will read it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {detail}")]
pub struct ScimError {
    /// The HTTP status.
    pub status: u16,
    /// The keyword, where the RFC has one.
    pub scim_type: Option<ScimType>,
    /// What went wrong and what would be right, for a person.
    pub detail: String,
}

impl ScimError {
    /// The URN of error bodies.
    pub const SCHEMA: &'static str = "urn:ietf:params:scim:api:messages:2.0:Error";

    /// An error with a status and no keyword.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, scim_type: None, detail: detail.into() }
    }

    /// A request that is larger than the provider takes. `detail` names the limit.
    ///
    /// RFC 7644 section 3.7.4: what exceeds `maxOperations` or `maxPayloadSize` is answered with 413, and the limit MUST be
    /// specified in the body of the error. Its example has no `scimType`, which section 3.12 calls optional and defines for 400
    /// only; `invalidSyntax` is given so that a client that goes by keywords knows not to send the same again.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self { status: 413, scim_type: Some(ScimType::InvalidSyntax), detail: detail.into() }
    }

    /// A body of another media type than SCIM's. RFC 7644 names no keyword for a 415; `invalidSyntax` is given as in
    /// [`Self::too_large`].
    pub fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self { status: 415, scim_type: Some(ScimType::InvalidSyntax), detail: detail.into() }
    }

    /// A 400 with a keyword.
    pub fn bad_request(scim_type: ScimType, detail: impl Into<String>) -> Self {
        Self { status: 400, scim_type: Some(scim_type), detail: detail.into() }
    }

    /// 400 `invalidValue`.
    pub fn invalid_value(detail: impl Into<String>) -> Self {
        Self::bad_request(ScimType::InvalidValue, detail)
    }

    /// 400 `invalidSyntax`.
    pub fn invalid_syntax(detail: impl Into<String>) -> Self {
        Self::bad_request(ScimType::InvalidSyntax, detail)
    }

    /// 400 `invalidFilter`.
    pub fn invalid_filter(detail: impl Into<String>) -> Self {
        Self::bad_request(ScimType::InvalidFilter, detail)
    }

    /// 400 `invalidPath`.
    pub fn invalid_path(detail: impl Into<String>) -> Self {
        Self::bad_request(ScimType::InvalidPath, detail)
    }

    /// 400 `noTarget`.
    pub fn no_target(detail: impl Into<String>) -> Self {
        Self::bad_request(ScimType::NoTarget, detail)
    }

    /// 400 `mutability`.
    pub fn mutability(detail: impl Into<String>) -> Self {
        Self::bad_request(ScimType::Mutability, detail)
    }

    /// 409 `uniqueness`.
    pub fn uniqueness(detail: impl Into<String>) -> Self {
        Self { status: 409, scim_type: Some(ScimType::Uniqueness), detail: detail.into() }
    }

    /// 404 for a resource.
    pub fn not_found(id: &str) -> Self {
        Self::new(404, format!("Resource {id} not found."))
    }

    /// The body. RFC 7644 section 3.12: `status` is a JSON string.
    pub fn body(&self) -> Value {
        let mut body = json!({ "schemas": [Self::SCHEMA], "status": self.status.to_string() });
        if let Some(scim_type) = self.scim_type {
            body["scimType"] = json!(scim_type.word());
        }
        body["detail"] = json!(self.detail);
        body
    }
}
