//! Schemas as data (RFC 7643 sections 2, 4 and 7): which attributes a resource has, and their rules.
//!
//! A [`Schemas`] is one resource type with all its schemas; extensions can be added while running. Nothing here reads or
//! changes a resource.

mod builtin;
mod discovery;
mod read;
mod rules;
mod user;

pub use builtin::{ENTERPRISE_USER, GROUP, TENANT_USER, USER, enterprise_user, group, tenant_user};
pub use discovery::{resource_type_resource, schema_resource};
pub use rules::{AttributeType, CanonicalRule, Comparison, Mutability, Returned, Uniqueness};
pub use user::user;

use crate::names;
use crate::path::AttributePath;

/// One attribute's rules (RFC 7643 section 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name, in the spelling that is written.
    pub name: String,
    /// What it means, for people.
    pub description: String,
    /// The type of each of its values.
    pub kind: AttributeType,
    /// Whether it has several values, in an array.
    pub multi_valued: bool,
    /// Whether a resource must have it.
    pub required: bool,
    /// Whether case counts when values are compared.
    pub case_exact: bool,
    /// How its texts are compared beyond that.
    pub comparison: Comparison,
    /// Who may set it, and how often.
    pub mutability: Mutability,
    /// When answers show it.
    pub returned: Returned,
    /// Among whom its values are unique.
    pub uniqueness: Uniqueness,
    /// Values that are suggested, such as `work` and `home`; `canonical_rule` says whether there may be others.
    pub canonical_values: Vec<String>,
    /// What they are to other values. No schema of RFC 7643 can say so: it is for schemas of one's own.
    pub canonical_rule: CanonicalRule,
    /// What a reference points to: names of resource types, `external` or `uri`.
    pub reference_types: Vec<String>,
    /// The parts of a complex attribute.
    pub sub_attributes: Vec<Attribute>,
}

impl Attribute {
    /// An attribute with the defaults of RFC 7643 section 2.2: optional, single-valued, readWrite, returned by default, case does not count.
    pub fn new(name: &str, kind: AttributeType, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            kind,
            multi_valued: false,
            required: false,
            case_exact: false,
            comparison: Comparison::Plain,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical_values: Vec::new(),
            canonical_rule: CanonicalRule::Suggested,
            reference_types: Vec::new(),
            sub_attributes: Vec::new(),
        }
    }

    /// The sub-attribute of this name, in any case.
    pub fn sub_attribute(&self, name: &str) -> Option<&Attribute> {
        self.sub_attributes.iter().find(|attribute| names::same(&attribute.name, name))
    }
}

/// A schema: a URI, mostly a URN, and its attributes (RFC 7643 section 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// Its URI, by which resources name it in `schemas`; of an extension also the name of the object with its attributes.
    pub id: String,
    /// Its short name, such as `EnterpriseUser`.
    pub name: String,
    /// What it is for, for people.
    pub description: String,
    /// Its attributes, in the order in which they are announced.
    pub attributes: Vec<Attribute>,
    /// Whether attributes that it does not list are accepted, with any JSON as value.
    pub open: bool,
}

impl Schema {
    /// The attribute of this name, in any case.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| names::same(&attribute.name, name))
    }
}

/// A resource type: its base schema, its extensions, and the attributes that every resource has (RFC 7643 sections 3 and 6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schemas {
    /// Its name, such as `User`: what `meta.resourceType` says.
    pub resource_type: String,
    /// Where its resources are, such as `/Users`.
    pub endpoint: String,
    /// What it is, for people.
    pub description: String,
    /// The base schema, whose attributes stand in the resource itself.
    pub base: Schema,
    /// The extensions, each with an object of its own in the resource.
    pub extensions: Vec<Schema>,
    /// The URNs of the extensions that every resource must have attributes of (RFC 7643 section 6, `schemaExtensions.required`).
    pub required_extensions: Vec<String>,
    /// `schemas`, `id`, `externalId`, `meta` (RFC 7643 section 3.1).
    pub common: Vec<Attribute>,
    open_attribute: Attribute,
}

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Found<'a> {
    /// A whole extension.
    Extension(&'a Schema),
    /// An attribute.
    Attribute {
        /// The extension that it belongs to; `None` for the base schema and the common attributes.
        extension: Option<&'a Schema>,
        /// The attribute.
        attribute: &'a Attribute,
        /// The sub-attribute, when the path names one.
        sub_attribute: Option<&'a Attribute>,
    },
}

impl Schemas {
    /// A resource type without extensions.
    pub fn new(resource_type: &str, endpoint: &str, description: &str, base: Schema) -> Self {
        Self {
            resource_type: resource_type.to_owned(),
            endpoint: endpoint.to_owned(),
            description: description.to_owned(),
            base,
            extensions: Vec::new(),
            required_extensions: Vec::new(),
            common: builtin::common(),
            open_attribute: Attribute { case_exact: true, ..Attribute::new("", AttributeType::Any, "") },
        }
    }

    /// `User` with the enterprise and the tenant extension.
    pub fn user() -> Self {
        Self::new("User", "/Users", "User Account", user()).with_extension(enterprise_user()).with_extension(tenant_user())
    }

    /// `Group`, without extensions.
    pub fn group() -> Self {
        Self::new("Group", "/Groups", "Group", group())
    }

    /// Adds an extension, such as one that [`Schema::parse`] has read: from now on resources may have its attributes.
    pub fn with_extension(mut self, schema: Schema) -> Self {
        self.extensions.push(schema);
        self
    }

    /// Adds an extension that every resource must have attributes of.
    pub fn with_required_extension(mut self, schema: Schema) -> Self {
        self.required_extensions.push(schema.id.clone());
        self.with_extension(schema)
    }

    /// Whether every resource must have attributes of this extension.
    pub fn requires(&self, extension: &Schema) -> bool {
        self.required_extensions.iter().any(|urn| names::same(urn, &extension.id))
    }

    /// The attributes whose values no two resources may share, by their paths. Who stores resources makes sure of it with
    /// [`crate::unique_keys`], and answers [`crate::ScimError::uniqueness`] otherwise.
    pub fn unique_attributes(&self) -> Vec<(AttributePath, &Attribute)> {
        let own = self.base.attributes.iter().chain(&self.common).map(|attribute| (None, attribute));
        let extended = self.extensions.iter().flat_map(|schema| schema.attributes.iter().map(move |one| (Some(&schema.id), one)));
        let mut unique = Vec::new();
        for (schema, attribute) in own.chain(extended) {
            let path = AttributePath { schema: schema.cloned(), ..AttributePath::of(&attribute.name) };
            for part in attribute.sub_attributes.iter().filter(|part| part.uniqueness != Uniqueness::None) {
                unique.push((AttributePath { sub_attribute: Some(part.name.clone()), ..path.clone() }, part));
            }
            if attribute.uniqueness != Uniqueness::None {
                unique.push((path, attribute));
            }
        }
        unique
    }

    /// The extension with this URN, in any case.
    pub fn extension(&self, urn: &str) -> Option<&Schema> {
        self.extensions.iter().find(|schema| names::same(&schema.id, urn))
    }

    /// The attribute of the base schema, or the common attribute, of this name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.base.attribute(name).or_else(|| self.common.iter().find(|attribute| names::same(&attribute.name, name)))
    }

    /// The attribute of an extension; of an open one also those that nobody declared.
    pub fn extension_attribute<'a>(&'a self, extension: &'a Schema, name: &str) -> Option<&'a Attribute> {
        extension.attribute(name).or_else(|| extension.open.then_some(&self.open_attribute))
    }

    /// What a path names, or nothing when no schema of this type knows it.
    pub fn find(&self, path: &AttributePath) -> Option<Found<'_>> {
        if let Some(extension) = path.as_schema_urn().and_then(|urn| self.extension(&urn)) {
            return Some(Found::Extension(extension));
        }
        let extension = match &path.schema {
            None => None,
            Some(urn) if names::same(urn, &self.base.id) => None,
            Some(urn) => Some(self.extension(urn)?),
        };
        let attribute = match extension {
            Some(extension) => self.extension_attribute(extension, &path.attribute)?,
            None => self.attribute(&path.attribute)?,
        };
        let sub_attribute = match &path.sub_attribute {
            None => None,
            Some(_) if attribute.kind == AttributeType::Any => Some(&self.open_attribute),
            Some(name) => Some(attribute.sub_attribute(name)?),
        };
        Some(Found::Attribute { extension, attribute, sub_attribute })
    }
}
