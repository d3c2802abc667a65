//! The orders that an index keeps: by position, and by what lists are often sorted by.

use provost_scim::provider::{ResourceKind, Sort};
use provost_scim::schema::Found;
use provost_scim::{AttributePath, Schemas};

/// A column with an index of its own; ties are in the order of positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Position,
    Id,
    UserName,
    DisplayName,
    ExternalId,
    Created,
    Modified,
}

impl Column {
    pub(crate) const fn sql(self) -> &'static str {
        match self {
            Self::Position => "position",
            Self::Id => "id",
            Self::UserName => "user_name_key",
            Self::DisplayName => "display_name_key",
            Self::ExternalId => "external_id_key",
            Self::Created => "created_at",
            Self::Modified => "modified_at",
        }
    }

    /// Whether it holds numbers rather than texts.
    pub(crate) const fn is_number(self) -> bool {
        match self {
            Self::Position | Self::Created | Self::Modified => true,
            Self::Id | Self::UserName | Self::DisplayName | Self::ExternalId => false,
        }
    }

    /// Whether no two living rows hold the same, so that there are no ties.
    const fn is_unique(self) -> bool {
        match self {
            Self::Position | Self::Id | Self::UserName => true,
            Self::DisplayName | Self::ExternalId | Self::Created | Self::Modified => false,
        }
    }

    /// The column that an attribute is sorted by, if there is one.
    pub(crate) fn of(path: &AttributePath, kind: ResourceKind, schemas: &Schemas) -> Option<Self> {
        match (kind, attribute_name(path, schemas)?) {
            (_, ("id", None)) => Some(Self::Id),
            (_, ("externalId", None)) => Some(Self::ExternalId),
            (_, ("displayName", None)) => Some(Self::DisplayName),
            (_, ("meta", Some("created"))) => Some(Self::Created),
            (_, ("meta", Some("lastModified"))) => Some(Self::Modified),
            (ResourceKind::User, ("userName", None)) => Some(Self::UserName),
            (ResourceKind::User | ResourceKind::Group, _) => None,
        }
    }
}

/// A column and its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) column: Column,
    pub(crate) descending: bool,
}

impl Order {
    /// As lists are when nobody asks otherwise.
    pub(crate) const BY_POSITION: Self = Self { column: Column::Position, descending: false };

    /// `None` when no index keeps this order.
    pub(crate) fn of(sort: Option<&Sort>, kind: ResourceKind, schemas: &Schemas) -> Option<Self> {
        let Some(sort) = sort else { return Some(Self::BY_POSITION) };
        Some(Self { column: Column::of(&sort.by, kind, schemas)?, descending: sort.descending })
    }

    /// What stands behind `ORDER BY`: no more than the index has in order.
    pub(crate) fn sql(self) -> String {
        let (column, direction) = (self.column.sql(), self.direction());
        if self.column.is_unique() {
            format!("{column} {direction}")
        } else {
            format!("{column} {direction}, position {direction}")
        }
    }

    pub(crate) const fn direction(self) -> &'static str {
        if self.descending { "DESC" } else { "ASC" }
    }

    /// How whatever comes after a place compares with it.
    pub(crate) const fn sign(self) -> &'static str {
        if self.descending { "<" } else { ">" }
    }

    pub(crate) const fn reversed(self) -> Self {
        Self { column: self.column, descending: !self.descending }
    }
}

/// The names of a core attribute and of its part, as the schemas spell them; `None` for what extensions have.
pub(crate) fn attribute_name<'a>(path: &AttributePath, schemas: &'a Schemas) -> Option<(&'a str, Option<&'a str>)> {
    match schemas.find(path)? {
        Found::Attribute { extension: None, attribute, sub_attribute } => {
            Some((&attribute.name, sub_attribute.map(|part| part.name.as_str())))
        }
        Found::Attribute { extension: Some(_), .. } | Found::Extension(_) => None,
    }
}
