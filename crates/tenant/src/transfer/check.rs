//! The first pass: every line against the schemas, the lines before it, and the tenant.

use super::existing::{self, Existing, Held};
use super::lines::{Line, Lines};
use super::resource::{Incoming, Kind, Rules};
use super::{BAD_LINES_LISTED_MAX, BadLine, ImportError, Progress};
use crate::Tenant;
use crate::find::keys;
use provost_db::DbError;
use provost_scim::provider::ResourceKind;
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::io::BufRead;

/// Checks every line; answers how many hold something.
pub(super) async fn all<S: BufRead>(
    tenant: &Tenant,
    source: &mut S,
    progress: &mut impl FnMut(Progress),
) -> Result<u64, ImportError> {
    let mut pass = Pass { tenant, rules: Rules::new(), seen: Seen::new(), later: Vec::new(), bad: Vec::new(), bad_count: 0 };
    let mut lines = Lines::new(source);
    let mut count = 0;
    loop {
        let chunk = lines.chunk()?;
        if chunk.is_empty() {
            break;
        }
        pass.chunk(&chunk).await?;
        count += chunk.len() as u64;
        progress(Progress::Checked(count));
    }
    pass.at_the_end();
    match pass.bad_count {
        0 => Ok(count),
        bad => Err(ImportError::Refused { bad: pass.bad, count: bad, lines: count }),
    }
}

struct Pass<'a> {
    tenant: &'a Tenant,
    rules: Rules,
    seen: Seen,
    /// Groups that lines name as members and that must be in a later line.
    later: Vec<(u64, String)>,
    bad: Vec<BadLine>,
    bad_count: u64,
}

impl Pass<'_> {
    async fn chunk(&mut self, chunk: &[Line]) -> Result<(), DbError> {
        let mut read = Vec::with_capacity(chunk.len());
        let mut bad = Vec::new();
        for line in chunk {
            match self.rules.read(&line.bytes) {
                Ok(incoming) => read.push((line.number, incoming)),
                Err(reason) => bad.push(BadLine { line: line.number, reason }),
            }
        }
        let existing = existing::load(&self.tenant.inner.db, &read).await?;
        for (line, incoming) in &read {
            if let Err(reason) = self.resource(*line, incoming, &existing).await? {
                bad.push(BadLine { line: *line, reason });
            }
        }
        self.note(bad);
        Ok(())
    }

    /// A group may hold groups of later lines.
    fn at_the_end(&mut self) {
        let missing = self.later.iter().filter(|(_, id)| !self.seen.has(("group", "id", id)));
        let bad = missing.map(|(line, id)| BadLine { line: *line, reason: no_member("group", id) }).collect();
        self.note(bad);
    }

    fn note(&mut self, bad: Vec<BadLine>) {
        self.bad_count += bad.len() as u64;
        self.bad.extend(bad);
        self.bad.sort_by_key(|bad| bad.line);
        self.bad.truncate(BAD_LINES_LISTED_MAX);
    }

    async fn resource(&mut self, line: u64, incoming: &Incoming, existing: &Existing) -> Result<Result<(), String>, DbError> {
        let (word, held) = match incoming.kind {
            Kind::User { .. } => ("user", &existing.users),
            Kind::Group { .. } => ("group", &existing.groups),
        };
        if let Some(before) = self.seen.first((word, "id", &incoming.id), line) {
            return Ok(Err(format!(
                "has the id {:?}, as line {before} has: ids are unique, so remove one line",
                cut(&incoming.id)
            )));
        }
        if let Some(held) = held.get(&incoming.id)
            && let Some(reason) = self.differs(word, held, incoming).await?
        {
            return Ok(Err(reason));
        }
        match &incoming.kind {
            Kind::User { .. } => Ok(self.user_name(line, incoming, existing)),
            Kind::Group { users, groups } => self.members(line, users, groups).await,
        }
    }

    fn user_name(&mut self, line: u64, incoming: &Incoming, existing: &Existing) -> Result<(), String> {
        let key = keys::user_name(&incoming.name);
        let name = cut(&incoming.name);
        if let Some(before) = self.seen.first(("user", "name", &key), line) {
            return Err(format!("has the userName {name:?}, as line {before} has (case does not count): rename one"));
        }
        match existing.user_names.get(&key).filter(|holder| **holder != incoming.id) {
            None => Ok(()),
            Some(holder) => Err(format!(
                "has the userName {name:?}, which a user of this tenant has under another id ({}): rename or delete that one, or remove the line",
                cut(holder)
            )),
        }
    }

    async fn members(
        &mut self,
        line: u64,
        users: &BTreeSet<String>,
        groups: &BTreeSet<String>,
    ) -> Result<Result<(), String>, DbError> {
        let db = &self.tenant.inner.db;
        let unseen = |word: &'static str, ids: &BTreeSet<String>| -> Vec<String> {
            ids.iter().filter(|id| !self.seen.has((word, "id", id))).cloned().collect()
        };
        let unseen_users = unseen("user", users);
        let here = existing::here(db, ResourceKind::User, &unseen_users).await?;
        if let Some(id) = unseen_users.iter().find(|id| !here.contains(*id)) {
            return Ok(Err(no_member("user", id)));
        }
        let unseen_groups = unseen("group", groups);
        let here = existing::here(db, ResourceKind::Group, &unseen_groups).await?;
        self.later.extend(unseen_groups.into_iter().filter(|id| !here.contains(id)).map(|id| (line, id)));
        Ok(Ok(()))
    }

    /// Why a resource that is here already cannot be imported again.
    async fn differs(&self, word: &str, held: &Held, incoming: &Incoming) -> Result<Option<String>, DbError> {
        let id = cut(&incoming.id);
        if held.is_tombstone() {
            return Ok(Some(format!(
                "has the id {id:?} of a {word} that was deleted here and left a tombstone: give it another id"
            )));
        }
        let same = held.is_same(&self.tenant.inner.db, incoming).await?;
        Ok((!same).then(|| {
            format!(
                "differs from the {word} that this tenant has under the id {id:?}: an import only adds, so delete that {word} first or remove the line"
            )
        }))
    }
}

fn no_member(word: &str, id: &str) -> String {
    let advice =
        if word == "user" { "put users before groups, or remove the member" } else { "add that group, or remove the member" };
    format!("has the member {:?}, which is no {word} of the file or of this tenant: {advice}", cut(id))
}

/// Ids and names are clients' texts: messages show their beginning.
fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}

/// What the lines so far have said: 128 random-keyed bits a text rather than the text.
struct Seen {
    first: RandomState,
    second: RandomState,
    lines: HashMap<u128, u64>,
}

impl Seen {
    fn new() -> Self {
        Self { first: RandomState::new(), second: RandomState::new(), lines: HashMap::new() }
    }

    fn hash(&self, key: (&str, &str, &str)) -> u128 {
        u128::from(self.first.hash_one(key)) << 64 | u128::from(self.second.hash_one(key))
    }

    /// The line that said it before; notes this one when none did.
    fn first(&mut self, key: (&str, &str, &str), line: u64) -> Option<u64> {
        let hash = self.hash(key);
        match self.lines.entry(hash) {
            std::collections::hash_map::Entry::Occupied(held) => Some(*held.get()),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(line);
                None
            }
        }
    }

    fn has(&self, key: (&str, &str, &str)) -> bool {
        self.lines.contains_key(&self.hash(key))
    }
}
