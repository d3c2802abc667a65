//! What the operations of a PATCH mean by the schemas.

use super::{PatchOp, PatchOperation, PatchRequest};
use crate::error::ScimError;
use crate::filter::{Filter, check_inner};
use crate::leniency::{Leniency, deviations};
use crate::path::{AttributePath, PatchPath};
use crate::schema::{Attribute, AttributeType, Found, Mutability, Schema, Schemas};
use crate::validate::check_schema;
use crate::value::{Name, Reader, forget_write_only_parts};
use crate::{Resource, names, path};
use serde_json::Value;

/// Operations without a path may name many attributes each; requests that name more than this are refused.
const TARGETS_MAX: usize = 10 * super::OPERATIONS_MAX;

/// What an operation works on.
#[derive(Debug, Clone, PartialEq)]
pub struct Target<'a> {
    /// The extension whose attribute it is.
    pub extension: Option<&'a Schema>,
    /// The attribute.
    pub attribute: &'a Attribute,
    /// The attribute's name in the resource (for attributes that nobody declared, the name that the client uses).
    pub name: String,
    /// Which of its values; all without one.
    pub filter: Option<Filter>,
    /// Which part of each value, with its name in the resource.
    pub sub_attribute: Option<(String, &'a Attribute)>,
}

impl Target<'_> {
    /// What the attribute holds in a resource.
    pub(super) fn present<'r>(&self, resource: &'r Resource) -> Option<&'r Value> {
        let holder = match self.extension {
            Some(extension) => names::get(resource, &extension.id)?.as_object()?,
            None => resource,
        };
        names::get(holder, &self.name)
    }
}

/// One operation on one attribute, its value in the form that is stored; that of a read-only one as it was sent.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "the large variant is the usual one, and a request has few operations")]
pub enum ResolvedOperation<'a> {
    /// Changes one attribute.
    Attribute {
        /// Add, remove or replace.
        op: PatchOp,
        /// On what.
        target: Target<'a>,
        /// With what; `None` for removals of everything that the target names.
        value: Option<Value>,
    },
    /// Removes all attributes of an extension.
    RemoveExtension(&'a Schema),
}

/// Finds the target of each operation and brings its value into the attribute's form. A pathless operation becomes one per attribute.
pub fn resolve<'a>(
    request: &PatchRequest,
    schemas: &'a Schemas,
    leniency: &Leniency,
) -> Result<Vec<ResolvedOperation<'a>>, ScimError> {
    let resolver = Resolver { schemas, leniency };
    let mut resolved = Vec::with_capacity(request.operations.len());
    for operation in &request.operations {
        resolver.operation(operation, &mut resolved)?;
        if resolved.len() > TARGETS_MAX {
            return Err(ScimError::invalid_syntax(format!("The operations name more than {TARGETS_MAX} attributes.")));
        }
    }
    Ok(resolved)
}

struct Resolver<'a, 'l> {
    schemas: &'a Schemas,
    leniency: &'l Leniency,
}

impl<'a> Resolver<'a, '_> {
    fn operation(&self, operation: &PatchOperation, into: &mut Vec<ResolvedOperation<'a>>) -> Result<(), ScimError> {
        match (&operation.path, &operation.value, operation.op) {
            (Some(path), value, op) => self.with_path(op, path, value.as_ref(), into),
            // RFC 7644 section 3.5.2.2: "If path is unspecified, the operation fails with HTTP status code 400 and a scimType error code of noTarget".
            (None, _, PatchOp::Remove) => Err(ScimError::no_target("remove needs a path that says what to remove.")),
            (None, Some(Value::Object(members)), op @ (PatchOp::Add | PatchOp::Replace)) => self.without_path(op, members, into),
            (None, Some(_) | None, PatchOp::Add | PatchOp::Replace) => Err(ScimError::invalid_value(format!(
                "{} without a path needs an object of attributes as value.",
                operation.op.word()
            ))),
        }
    }

    fn with_path(
        &self,
        op: PatchOp,
        text: &str,
        value: Option<&Value>,
        into: &mut Vec<ResolvedOperation<'a>>,
    ) -> Result<(), ScimError> {
        let path = PatchPath::parse(text).map_err(|error| error.in_path(text))?;
        let unknown =
            || ScimError::invalid_path(format!("{} has no attribute \"{}\".", self.schemas.resource_type, path::shortened(text)));
        let (extension, attribute, sub_attribute) = match self.schemas.find(&path.attribute).ok_or_else(unknown)? {
            Found::Extension(extension) if path.filter.is_none() => return self.whole_extension(op, extension, value, into),
            Found::Extension(_) => return Err(unknown()),
            Found::Attribute { extension, attribute, sub_attribute } => (extension, attribute, sub_attribute),
        };
        if let Some(filter) = &path.filter {
            // RFC 7644 figure 7: a value path selects among the values of a multi-valued attribute.
            if !attribute.multi_valued && attribute.kind != AttributeType::Any {
                return Err(ScimError::invalid_path(format!(
                    "{} has one value; a filter in brackets selects among several.",
                    attribute.name
                )));
            }
            check_inner(filter, &path.attribute.attribute, attribute).map_err(|error| ScimError::invalid_path(error.detail))?;
        }
        let target = target(&path.attribute, extension, attribute, sub_attribute, path.filter.clone());
        refuse_read_only(&target)?;
        if let Some(operation) = self.with_value(op, target, value)? {
            into.push(operation);
        }
        Ok(())
    }

    /// `path` is the URN of an extension: its value is an object of that extension's attributes.
    fn whole_extension(
        &self,
        op: PatchOp,
        extension: &'a Schema,
        value: Option<&Value>,
        into: &mut Vec<ResolvedOperation<'a>>,
    ) -> Result<(), ScimError> {
        match (op, value) {
            (PatchOp::Remove, _) => {
                into.push(ResolvedOperation::RemoveExtension(extension));
                Ok(())
            }
            (PatchOp::Add | PatchOp::Replace, Some(Value::Object(members))) => {
                self.extension_members(op, extension, members, into)
            }
            (PatchOp::Add | PatchOp::Replace, Some(_) | None) => {
                Err(ScimError::invalid_value(format!("{} takes an object of attributes.", extension.id)))
            }
        }
    }

    fn extension_members(
        &self,
        op: PatchOp,
        extension: &'a Schema,
        members: &Resource,
        into: &mut Vec<ResolvedOperation<'a>>,
    ) -> Result<(), ScimError> {
        for (key, value) in members {
            let path = AttributePath { schema: Some(extension.id.clone()), attribute: key.clone(), sub_attribute: None };
            match self.schemas.extension_attribute(extension, key) {
                Some(attribute) => self.member(op, target(&path, Some(extension), attribute, None, None), value, into)?,
                None if deviations::schemas_in_extensions(self.leniency, extension, key, value) => {}
                None => self.unknown_key(&format!("{}:{key}", extension.id))?,
            }
        }
        Ok(())
    }

    fn without_path(&self, op: PatchOp, members: &Resource, into: &mut Vec<ResolvedOperation<'a>>) -> Result<(), ScimError> {
        for (key, value) in members {
            if let Some(extension) = self.schemas.extension(key) {
                match value {
                    Value::Object(members) => self.extension_members(op, extension, members, into)?,
                    Value::Null if op == PatchOp::Replace => self.whole_extension(PatchOp::Remove, extension, None, into)?,
                    _ => return Err(ScimError::invalid_value(format!("{} takes an object of attributes.", extension.id))),
                }
            } else if let Some(attribute) = self.schemas.attribute(key) {
                self.member(op, target(&AttributePath::of(key), None, attribute, None, None), value, into)?;
            } else if deviations::dotted_keys(self.leniency, key) {
                self.with_path(op, key, Some(value), into)?;
            } else {
                self.unknown_key(key)?;
            }
        }
        Ok(())
    }

    fn member(
        &self,
        op: PatchOp,
        target: Target<'a>,
        value: &Value,
        into: &mut Vec<ResolvedOperation<'a>>,
    ) -> Result<(), ScimError> {
        // What is read-only is refused only when it would change something: clients repeat ids, and whole resources. So it comes as
        // it was sent, and is compared with what is there.
        if target.attribute.mutability == Mutability::ReadOnly {
            let value = Some(value).filter(|value| !names::is_unassigned(value)).cloned();
            if op != PatchOp::Add || value.is_some() {
                into.push(ResolvedOperation::Attribute { op, target, value });
            }
            return Ok(());
        }
        if let Some(operation) = self.with_value(op, target, Some(value))? {
            into.push(operation);
        }
        Ok(())
    }

    fn unknown_key(&self, key: &str) -> Result<(), ScimError> {
        deviations::unknown_passed_over(self.leniency, || {
            ScimError::invalid_path(format!("{} has no attribute \"{}\".", self.schemas.resource_type, path::shortened(key)))
        })
    }

    /// Brings the value into form. `None` when nothing of it is left.
    fn with_value(
        &self,
        op: PatchOp,
        target: Target<'a>,
        value: Option<&Value>,
    ) -> Result<Option<ResolvedOperation<'a>>, ScimError> {
        // RFC 7643 section 2.5: null and an empty array unassign, so replacing with one removes.
        let unassigns =
            matches!(value, None | Some(Value::Null)) || value.is_some_and(|value| value.as_array().is_some_and(Vec::is_empty));
        match (op, value) {
            (PatchOp::Add, _) if unassigns => return Ok(None),
            (PatchOp::Remove | PatchOp::Replace, _) if unassigns => {
                return Ok(Some(ResolvedOperation::Attribute { op: PatchOp::Remove, target, value: None }));
            }
            (PatchOp::Add | PatchOp::Remove | PatchOp::Replace, _) => {}
        }
        let Some(value) = value else { return Ok(None) };
        // RFC 7644 section 3.5.2.2 gives remove no value; clients that send one mean these values only, so it narrows wherever it can.
        if op == PatchOp::Remove && (!target.attribute.multi_valued || target.filter.is_some() || target.sub_attribute.is_some())
        {
            return Ok(Some(ResolvedOperation::Attribute { op, target, value: None }));
        }
        let reader = Reader { leniency: self.leniency };
        let name = target_name(&target);
        let name = Name::of(&name);
        let (attribute, value) = match (&target.sub_attribute, &target.filter) {
            (Some((_, part)), _) => (*part, reader.read(name, part, value)?),
            (None, Some(_)) => (target.attribute, reader.read_one(name, target.attribute, value)?),
            (None, None) => (target.attribute, reader.read(name, target.attribute, value)?),
        };
        if let Some(Value::Array(urns)) = value.as_ref().filter(|_| is_schemas(&target)) {
            let refused = |error: ScimError| ScimError::invalid_value(error.detail);
            urns.iter().try_for_each(|urn| check_schema(urn, self.schemas, self.leniency).map(drop)).map_err(refused)?;
        }
        let kept = value.map(|mut value| {
            forget_write_only_parts(&mut value, attribute);
            value
        });
        let kept = kept.filter(|value| !names::is_unassigned(value));
        Ok(kept.map(|value| ResolvedOperation::Attribute { op, target, value: Some(value) }))
    }
}

fn target<'a>(
    path: &AttributePath,
    extension: Option<&'a Schema>,
    attribute: &'a Attribute,
    sub_attribute: Option<&'a Attribute>,
    filter: Option<Filter>,
) -> Target<'a> {
    let spelled = |attribute: &Attribute, written: &str| {
        if attribute.kind == AttributeType::Any { written.to_owned() } else { attribute.name.clone() }
    };
    let sub_attribute = match (sub_attribute, &path.sub_attribute) {
        (Some(part), Some(written)) => Some((spelled(part, written), part)),
        (Some(_) | None, _) => None,
    };
    Target { extension, attribute, name: spelled(attribute, &path.attribute), filter, sub_attribute }
}

/// RFC 7644 section 3.5.2: a read-only target fails with `mutability`.
fn refuse_read_only(target: &Target<'_>) -> Result<(), ScimError> {
    let part_is_read_only = target.sub_attribute.as_ref().is_some_and(|(_, part)| part.mutability == Mutability::ReadOnly);
    if target.attribute.mutability == Mutability::ReadOnly || part_is_read_only {
        Err(ScimError::mutability(format!("{} is read-only.", target_name(target))))
    } else {
        Ok(())
    }
}

/// How messages call the target.
pub(super) fn target_name(target: &Target<'_>) -> String {
    let mut name = match target.extension {
        Some(extension) => format!("{}:{}", extension.id, target.name),
        None => target.name.clone(),
    };
    if let Some((part, _)) = &target.sub_attribute {
        name.push('.');
        name.push_str(part);
    }
    name
}

/// Whether it is the attribute `schemas`, which follows from the others.
pub(super) fn is_schemas(target: &Target<'_>) -> bool {
    target.extension.is_none() && names::same(&target.name, "schemas")
}
