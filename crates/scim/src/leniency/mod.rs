//! Deviations that a provider may accept in requests, each a named field; what is done about each is a function of the same name
//! in the module `deviations`. What foreign providers deviate by in their answers is read by the functions of
//! [`crate::client::deviations`], always.
//!
//! Not here, because the RFCs do not forbid them and they have one reading only: a removal that says by `value` which values
//! it means, a filter such as `active eq "true"`, and `emails[type eq "work"].value eq "x"` (see [`crate::Filter::parse`]).

pub(crate) mod deviations;

/// Which deviations from the RFCs are accepted on input. What this crate writes never deviates.
///
/// Names of attributes and schemas in any case are no deviation: RFC 7643 section 2.1 asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each field is one independent deviation, and is read by its name")]
pub struct Leniency {
    /// `"op": "Replace"`: operation names in any case. Microsoft Entra ID writes so.
    pub any_case_operations: bool,
    /// `"active": "False"`: booleans as strings, in any case. Microsoft Entra ID writes so.
    pub string_booleans: bool,
    /// `"externalId": 701984`: numbers where the attribute is a string.
    pub numbers_as_strings: bool,
    /// `"value": {"value": "x"}` where the attribute is a scalar.
    pub scalar_in_value_object: bool,
    /// `"manager": "26118915"` where the attribute is complex and has a `value`.
    pub scalar_for_complex_value: bool,
    /// `"members": {"value": "7"}` and `"members": ["7"]`: a single value where the attribute is multi-valued, plain ids as values.
    pub any_shape_of_members: bool,
    /// A SCIM 1.0 or 1.1 URN beside the 2.0 one in `schemas`. Google's autoprovisioning writes so.
    pub scim_1_schemas: bool,
    /// A body without `schemas`.
    pub schemas_absent: bool,
    /// `"schemas": "urn:…"`: one URN instead of an array.
    pub schemas_as_string: bool,
    /// `schemas` once more inside the object of an extension, naming that extension: models that give every schema an object
    /// of its own write so.
    pub schemas_in_extensions: bool,
    /// `"path": ""` in an operation that has none, and spaces around a path.
    pub empty_path: bool,
    /// Pathless operations whose keys are paths: `{"name.givenName": "Ada"}`, `{"urn:…:User:department": "R&D"}`. Microsoft Entra ID
    /// writes so.
    pub dotted_keys: bool,
    /// Removing a value that is not there succeeds and changes nothing.
    pub removal_without_match: bool,
    /// Read-only attributes inside the value of a PATCH are passed over instead of refused.
    pub read_only_passed_over: bool,
    /// Unknown attributes inside a body are passed over instead of refused.
    pub unknown_passed_over: bool,
}

impl Leniency {
    /// The RFCs and nothing else.
    pub const NONE: Self = Self {
        any_case_operations: false,
        string_booleans: false,
        numbers_as_strings: false,
        scalar_in_value_object: false,
        scalar_for_complex_value: false,
        any_shape_of_members: false,
        scim_1_schemas: false,
        schemas_absent: false,
        schemas_as_string: false,
        schemas_in_extensions: false,
        empty_path: false,
        dotted_keys: false,
        removal_without_match: false,
        read_only_passed_over: false,
        unknown_passed_over: false,
    };

    /// What a strict provider may take all the same, because it has one reading only and wide-spread clients send it.
    pub const HARMLESS: Self = Self { any_case_operations: true, schemas_in_extensions: true, ..Self::NONE };

    /// Every known deviation.
    pub const ALL: Self = Self {
        any_case_operations: true,
        string_booleans: true,
        numbers_as_strings: true,
        scalar_in_value_object: true,
        scalar_for_complex_value: true,
        any_shape_of_members: true,
        scim_1_schemas: true,
        schemas_absent: true,
        schemas_as_string: true,
        schemas_in_extensions: true,
        empty_path: true,
        dotted_keys: true,
        removal_without_match: true,
        read_only_passed_over: true,
        unknown_passed_over: true,
    };
}
