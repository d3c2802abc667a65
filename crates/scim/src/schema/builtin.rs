//! The schemas of RFC 7643 other than User, the tenant's extension, and a small language to write schemas down in.

use super::{Attribute, AttributeType, Comparison, Mutability, Returned, Schema, Uniqueness};

/// The URN of the core User schema.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The URN of the core Group schema.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The URN of the enterprise extension.
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The URN of the tenant's own extension, which holds attributes that an administrator thought of.
pub const TENANT_USER: &str = "urn:ietf:params:scim:schemas:extension:tenant:2.0:User";

impl Attribute {
    pub(super) fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(super) fn exact(self) -> Self {
        Self { case_exact: true, ..self }
    }

    pub(super) fn unique(self) -> Self {
        Self { uniqueness: Uniqueness::Server, ..self }
    }

    pub(super) fn user_name(self) -> Self {
        Self { comparison: Comparison::UserName, ..self }
    }

    pub(super) fn mutability(self, mutability: Mutability) -> Self {
        Self { mutability, ..self }
    }

    pub(super) fn returned(self, returned: Returned) -> Self {
        Self { returned, ..self }
    }

    pub(super) fn canonical(self, values: &[&str]) -> Self {
        Self { canonical_values: values.iter().map(|value| (*value).to_owned()).collect(), ..self }
    }

    pub(super) fn many(self) -> Self {
        Self { multi_valued: true, ..self }
    }

    pub(super) fn parts(self, sub_attributes: Vec<Attribute>) -> Self {
        Self { sub_attributes, ..self }
    }
}

pub(super) fn string(name: &str, description: &str) -> Attribute {
    Attribute::new(name, AttributeType::String, description)
}

pub(super) fn boolean(name: &str, description: &str) -> Attribute {
    Attribute::new(name, AttributeType::Boolean, description)
}

pub(super) fn reference(name: &str, targets: &[&str], description: &str) -> Attribute {
    let reference_types = targets.iter().map(|target| (*target).to_owned()).collect();
    Attribute { case_exact: true, reference_types, ..Attribute::new(name, AttributeType::Reference, description) }
}

pub(super) fn complex(name: &str, description: &str, sub_attributes: Vec<Attribute>) -> Attribute {
    Attribute::new(name, AttributeType::Complex, description).parts(sub_attributes)
}

/// RFC 7643 section 3.1, and `schemas` of section 3.
pub(super) fn common() -> Vec<Attribute> {
    let read_only = Mutability::ReadOnly;
    let instant = |name, description| Attribute::new(name, AttributeType::DateTime, description).mutability(read_only);
    vec![
        reference("schemas", &["uri"], "The URNs of the schemas that this resource has attributes of.")
            .many()
            .required()
            .returned(Returned::Always),
        string("id", "The service provider's identifier.").exact().unique().mutability(read_only).returned(Returned::Always),
        string("externalId", "The client's identifier.").exact(),
        complex(
            "meta",
            "What the service provider says about the resource.",
            vec![
                string("resourceType", "The name of the resource type.").exact().mutability(read_only),
                instant("created", "When the resource was made."),
                instant("lastModified", "When the resource was last changed."),
                reference("location", &["uri"], "The URI of the resource.").mutability(read_only),
                string("version", "The version, as in the ETag header.").exact().mutability(read_only),
            ],
        )
        .mutability(read_only),
    ]
}

/// RFC 7643 section 4.2. `displayName` is required by the text there, whatever the sample in section 8.7.1 says.
pub fn group() -> Schema {
    let immutable = Mutability::Immutable;
    let members = complex(
        "members",
        "The members of the group.",
        vec![
            string("value", "The id of the member.").exact().mutability(immutable),
            reference("$ref", &["User", "Group"], "The URI of the member.").mutability(immutable),
            string("type", "User or Group.").canonical(&["User", "Group"]).mutability(immutable),
            string("display", "The member's name, for people.").mutability(Mutability::ReadOnly),
        ],
    );
    Schema {
        id: GROUP.to_owned(),
        name: "Group".to_owned(),
        description: "Group".to_owned(),
        attributes: vec![string("displayName", "The group's name, for people.").required(), members.many()],
        open: false,
    }
}

/// RFC 7643 section 4.3.
pub fn enterprise_user() -> Schema {
    let manager = complex(
        "manager",
        "The user's manager.",
        vec![
            string("value", "The id of the manager's resource.").exact(),
            reference("$ref", &["User"], "The URI of the manager's resource."),
            string("displayName", "The manager's name.").mutability(Mutability::ReadOnly),
        ],
    );
    Schema {
        id: ENTERPRISE_USER.to_owned(),
        name: "EnterpriseUser".to_owned(),
        description: "Enterprise User".to_owned(),
        attributes: vec![
            string("employeeNumber", "The number that the organization gave the person."),
            string("costCenter", "The cost centre."),
            string("organization", "The organization."),
            string("division", "The division."),
            string("department", "The department."),
            manager,
        ],
        open: false,
    }
}

/// The tenant's extension: any attribute, any JSON as value.
pub fn tenant_user() -> Schema {
    Schema {
        id: TENANT_USER.to_owned(),
        name: "TenantUser".to_owned(),
        description: "Attributes that an administrator of the tenant defined".to_owned(),
        attributes: Vec::new(),
        open: true,
    }
}
