//! The endpoints that a token can be granted, as *Add Endpoint* lists them.

use crate::tokens::Permission;

/// An endpoint of the REST API v2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// `/api/v2/…`
    pub path: &'static str,
    /// What it is for.
    pub summary: &'static str,
    /// The privileges that can be granted on it.
    pub permissions: &'static [Permission],
}

/// Every endpoint that can be granted.
pub const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "/api/v2/scim/Users",
        summary: "SCIM: create, read, change and remove users",
        permissions: &[Permission::Read, Permission::ReadWrite],
    },
    Endpoint {
        path: "/api/v2/scim/Groups",
        summary: "SCIM: create, read, change and remove groups and their members",
        permissions: &[Permission::Read, Permission::ReadWrite],
    },
    Endpoint {
        path: "/api/v2/scim/ServiceProviderConfig",
        summary: "SCIM: what this server supports (every token may read it)",
        permissions: &[Permission::Read],
    },
];

/// The endpoint with this path.
pub fn find(path: &str) -> Option<&'static Endpoint> {
    ENDPOINTS.iter().find(|endpoint| endpoint.path == path)
}

/// The endpoints whose path or summary holds every word of `text`, ignoring case.
pub fn search(text: &str) -> Vec<&'static Endpoint> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    ENDPOINTS
        .iter()
        .filter(|endpoint| {
            let hay = format!("{} {}", endpoint.path, endpoint.summary).to_lowercase();
            words.iter().all(|word| hay.contains(word))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_ignores_case_and_takes_part_of_a_path() {
        assert_eq!(search("SCIM").len(), ENDPOINTS.len());
        assert_eq!(search("scim/us").iter().map(|found| found.path).collect::<Vec<_>>(), ["/api/v2/scim/Users"]);
        assert_eq!(search("api/v2/scim/Groups").len(), 1);
        assert!(search("nothing like it").is_empty());
    }
}
