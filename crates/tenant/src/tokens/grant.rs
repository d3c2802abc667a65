//! A grant: one endpoint and what may be done there.

use crate::endpoints;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// A privilege on an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Permission {
    /// GET.
    #[serde(rename = "r")]
    Read,
    /// GET, PUT, POST, PATCH, DELETE.
    #[serde(rename = "rw")]
    ReadWrite,
}

impl Permission {
    /// As on the wire: `r` or `rw`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Read => "r",
            Self::ReadWrite => "rw",
        }
    }

    /// As in the console.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::ReadWrite => "Read + Write",
        }
    }
}

impl FromStr for Permission {
    type Err = InvalidGrant;

    fn from_str(code: &str) -> Result<Self, InvalidGrant> {
        match code {
            "r" => Ok(Self::Read),
            "rw" => Ok(Self::ReadWrite),
            other => Err(InvalidGrant::Permission(other.to_owned())),
        }
    }
}

/// An endpoint and the privilege on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// `/api/v2/scim/Users`.
    pub endpoint: String,
    /// `r` or `rw`.
    #[serde(rename = "permissions")]
    pub permission: Permission,
}

/// A grant that this tenant cannot give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGrant {
    /// No such endpoint.
    #[error("there is no endpoint {endpoint:?}; the endpoints are {known}")]
    Endpoint {
        /// What was asked for.
        endpoint: String,
        /// What there is.
        known: String,
    },
    /// Neither `r` nor `rw`.
    #[error("{0:?} is not a privilege: write r (Read) or rw (Read + Write)")]
    Permission(String),
    /// This endpoint has not got that privilege.
    #[error("the endpoint {endpoint} cannot be granted with {permission}")]
    NotOffered {
        /// Which.
        endpoint: String,
        /// What was asked for.
        permission: &'static str,
    },
    /// Not of the form `endpoint:privilege`.
    #[error("{0:?} is not a grant: write it as /api/v2/scim/Users:rw")]
    Form(String),
}

impl Grant {
    /// A grant of `permission` on `endpoint`, whose leading slash may be missing.
    pub fn new(endpoint: &str, permission: Permission) -> Result<Self, InvalidGrant> {
        let path = format!("/{}", endpoint.trim().trim_matches('/'));
        let Some(known) = endpoints::find(&path) else {
            let list: Vec<&str> = endpoints::ENDPOINTS.iter().map(|known| known.path).collect();
            return Err(InvalidGrant::Endpoint { endpoint: endpoint.chars().take(200).collect(), known: list.join(", ") });
        };
        if !known.permissions.contains(&permission) {
            return Err(InvalidGrant::NotOffered { endpoint: path, permission: permission.label() });
        }
        Ok(Self { endpoint: path, permission })
    }

    /// The most that can be done at every endpoint.
    pub fn everything() -> Vec<Self> {
        let most = |known: &endpoints::Endpoint| {
            let permission = known.permissions.iter().copied().max_by_key(|permission| *permission == Permission::ReadWrite)?;
            Some(Self { endpoint: known.path.to_owned(), permission })
        };
        endpoints::ENDPOINTS.iter().filter_map(most).collect()
    }

    /// Whether the grant's endpoint is `path` or stands above it. `/api/v2/scim/Users` does not cover `/api/v2/scim/UsersX`.
    pub fn covers(&self, path: &str) -> bool {
        path.strip_prefix(self.endpoint.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl FromStr for Grant {
    type Err = InvalidGrant;

    /// Reads `/api/v2/scim/Users:rw`.
    fn from_str(text: &str) -> Result<Self, InvalidGrant> {
        let (endpoint, code) = text.rsplit_once(':').ok_or_else(|| InvalidGrant::Form(text.chars().take(200).collect()))?;
        Self::new(endpoint, code.trim().parse()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_can_be_granted_one_by_one_too() {
        let everything = Grant::everything();
        assert_eq!(everything.len(), endpoints::ENDPOINTS.len());
        for grant in &everything {
            assert_eq!(Grant::new(&grant.endpoint, grant.permission).as_ref(), Ok(grant));
        }
        assert_eq!(everything.iter().filter(|grant| grant.permission == Permission::ReadWrite).count(), 2);
    }

    #[test]
    fn a_grant_covers_its_endpoint_and_what_is_below_and_nothing_beside_it() {
        let grant: Grant = "api/v2/scim/Users:rw".parse().unwrap();
        assert_eq!(grant.endpoint, "/api/v2/scim/Users");
        for covered in ["/api/v2/scim/Users", "/api/v2/scim/Users/", "/api/v2/scim/Users/1"] {
            assert!(grant.covers(covered), "{covered}");
        }
        for outside in ["/api/v2/scim/Groups", "/api/v2/scim/UsersX", "/api/v2/scim", "/api/v2/scim/users", "/"] {
            assert!(!grant.covers(outside), "{outside}");
        }
    }

    #[test]
    fn what_cannot_be_granted_is_refused_with_the_reason() {
        for (text, part) in [
            ("/api/v2/scim/Users", "write it as"),
            ("/api/v2/scim/Users:write", "not a privilege"),
            ("/api/v2/scim/Nothing:r", "the endpoints are"),
            ("/api/v2/scim/ServiceProviderConfig:rw", "cannot be granted"),
        ] {
            let error = text.parse::<Grant>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
