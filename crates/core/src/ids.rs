//! Typed ids. Each is a positive 63-bit number, drawn by the shell, so that a wrong kind of id does not compile.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::marker::PhantomData;

/// An id of one kind. Serialized as a decimal string, because JSON numbers lose digits above 2^53.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String", bound(serialize = "Kind: Copy", deserialize = ""))]
pub struct Id<Kind>(i64, PhantomData<Kind>);

/// The error of reading an id from text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an id: ids are positive whole numbers")]
pub struct InvalidId(String);

/// The kinds of things that have ids.
pub mod kind {
    /// Kind of [`super::UserId`].
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum User {}
    /// Kind of [`super::GroupId`].
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Group {}
    /// Kind of [`super::OrgUnitId`].
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum OrgUnit {}
    /// Kind of [`super::DomainId`].
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Domain {}
    /// Kind of [`super::AdminId`].
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Admin {}
    /// Kind of [`super::AppId`].
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum App {}
    /// Kind of [`super::ConnectionId`].
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Connection {}
    /// Kind of [`super::HoldId`].
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Hold {}
    /// Kind of [`super::ApiKeyId`].
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum ApiKey {}
}

/// A user of the directory. Never reused; accounts join on it, so a rename keeps them.
pub type UserId = Id<kind::User>;
/// A group of the directory.
pub type GroupId = Id<kind::Group>;
/// An organizational unit.
pub type OrgUnitId = Id<kind::OrgUnit>;
/// A domain of the organization.
pub type DomainId = Id<kind::Domain>;
/// An administrator of the console.
pub type AdminId = Id<kind::Admin>;
/// An app that users can be given.
pub type AppId = Id<kind::App>;
/// The provisioning configuration of an app.
pub type ConnectionId = Id<kind::Connection>;
/// A held set of removals.
pub type HoldId = Id<kind::Hold>;
/// A key of the management API.
pub type ApiKeyId = Id<kind::ApiKey>;

impl<Kind> Id<Kind> {
    /// The id with this number.
    pub const fn new(number: i64) -> Self {
        Self(number, PhantomData)
    }
    /// The number, as the store keeps it.
    pub const fn get(&self) -> i64 {
        self.0
    }
}

impl<Kind> std::fmt::Debug for Id<Kind> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<Kind> std::fmt::Display for Id<Kind> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<Kind> std::str::FromStr for Id<Kind> {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.parse::<i64>().ok().filter(|id| *id > 0).map(Self::new).ok_or_else(|| InvalidId(text.to_owned()))
    }
}

impl<Kind> TryFrom<String> for Id<Kind> {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl<Kind> From<Id<Kind>> for String {
    fn from(id: Id<Kind>) -> String {
        id.0.to_string()
    }
}

impl<Kind> JsonSchema for Id<Kind> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Id".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[1-9][0-9]*$" })
    }
}
