//! What is measured: one request each, and what its answer must be.

use crate::client::{Answer, Sent};
use crate::rows;
use crate::target::{Checks, Service};
use serde_json::json;

/// Users on the list page.
pub(crate) const PAGE: usize = 100;

/// An operation of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// GET by id.
    Get,
    /// GET with `userName eq`.
    Filter,
    /// PATCH of one attribute.
    Patch,
    /// GET of a hundred from the middle, by index.
    List,
    /// POST.
    Create,
}

impl Operation {
    /// In the order in which they are measured: what adds users comes last.
    pub(crate) const ALL: [Self; 5] = [Self::Get, Self::Filter, Self::Patch, Self::List, Self::Create];

    /// For tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Get => "get by id",
            Self::Filter => "filter userName eq",
            Self::Patch => "PATCH one attribute",
            Self::List => "list page of 100",
            Self::Create => "create",
        }
    }

    /// The operation that stands for this one where only the ceiling is measured: what its answer costs to send, and whether
    /// something is kept.
    pub(crate) const fn bare(self) -> Self {
        match self {
            Self::Get | Self::Filter => Self::Get,
            Self::Patch | Self::Create => Self::Patch,
            Self::List => Self::List,
        }
    }

    /// The request with this number.
    pub(crate) fn request(self, service: &Service, turn: Turn) -> Sent {
        let Service { path, ids, .. } = service;
        let (method, rest, body) = match self {
            Self::Get => ("GET", format!("/{}", ids[turn.index(ids.len())]), None),
            Self::Filter => ("GET", format!("?filter=userName%20eq%20%22{}%22", turn.user_name(ids.len())), None),
            Self::Patch => {
                let body = json!({
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                    "Operations": [{ "op": "replace", "path": "title", "value": format!("Title {}-{}", turn.task, turn.number) }]
                });
                ("PATCH", format!("/{}", ids[turn.index(ids.len())]), Some(body))
            }
            Self::List => ("GET", format!("?startIndex={}&count={PAGE}", ids.len() / 2), None),
            Self::Create => {
                let name = format!("new-{}-{}-{}@example.com", turn.run, turn.task, turn.number);
                ("POST", String::new(), Some(rows::user(&name, turn.task)))
            }
        };
        Sent { method, target: format!("{path}/Users{rest}"), body: body.map(|body| body.to_string()) }
    }

    /// Whether the answer is the one to expect.
    pub(crate) fn is_expected(self, Answer { status, body }: &Answer, service: &Service, turn: Turn) -> bool {
        match service.checks {
            Checks::Status => return *status == 200,
            Checks::Whole => {}
        }
        let holds = |text: &str| body.windows(text.len()).filter(|window| *window == text.as_bytes()).count();
        match self {
            Self::Get => *status == 200 && holds("\"userName\"") == 1,
            Self::Filter => *status == 200 && holds("\"userName\"") == 1 && holds(&turn.user_name(service.ids.len())) >= 1,
            // RFC 7644 section 3.5.2 leaves it to the server whether it shows the resource.
            Self::Patch => *status == 204 || (*status == 200 && holds("\"userName\"") == 1),
            Self::List => *status == 200 && holds("\"userName\"") == PAGE,
            Self::Create => *status == 201,
        }
    }
}

/// Which request of which task it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    /// Counts the measurements of a server.
    pub(crate) run: u32,
    /// The connection.
    pub(crate) task: u32,
    /// Counts the connection's requests.
    pub(crate) number: u64,
}

impl Turn {
    /// One of `count`, evenly and as if by chance, and the same in every run of the program.
    fn index(self, count: usize) -> usize {
        // splitmix64
        let seed = (u64::from(self.run) << 48) ^ (u64::from(self.task) << 40) ^ self.number;
        let mut mixed = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % count as u64).expect("the remainder is below a usize")
    }

    fn user_name(self, count: usize) -> String {
        rows::user_name(u32::try_from(self.index(count)).expect("at most five million users are stored"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_chosen_users_are_spread_over_all() {
        let chosen: Vec<usize> = (0..1_000).map(|number| Turn { run: 1, task: 2, number }.index(1_000_000)).collect();
        assert_eq!(chosen.iter().collect::<BTreeSet<_>>().len(), 1_000);
        for tenth in 0..10 {
            let within = chosen.iter().filter(|index| **index / 100_000 == tenth).count();
            assert!((60..140).contains(&within), "{within} in tenth {tenth}");
        }
    }
}
