//! The first pass: every line against the schemas, the lines before it, and the tenant.

use super::existing::{self, Existing, Held};
use super::lines::{Line, Lines};
use super::resource::{Incoming, Kind, Rules};
use super::{BAD_LINES_LISTED_MAX, BadLine, ImportError, Progress};
use crate::Tenant;
use provost_db::DbError;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::BufRead;

/// Checks every line; answers how many hold something.
pub(super) async fn all<S: BufRead>(
    tenant: &Tenant,
    source: &mut S,
    progress: &mut impl FnMut(Progress),
) -> Result<u64, ImportError> {
    let mut pass = Pass { tenant, rules: Rules::new(), seen: Seen::new(), bad: Vec::new(), bad_count: 0 };
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
    match pass.bad_count {
        0 => Ok(count),
        bad => Err(ImportError::Refused { bad: pass.bad, count: bad, lines: count }),
    }
}

struct Pass<'a> {
    tenant: &'a Tenant,
    rules: Rules,
    seen: Seen,
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
        bad.sort_by_key(|bad| bad.line);
        self.bad_count += bad.len() as u64;
        let room = BAD_LINES_LISTED_MAX - self.bad.len();
        self.bad.extend(bad.into_iter().take(room));
        Ok(())
    }

    async fn resource(&mut self, line: u64, incoming: &Incoming, existing: &Existing) -> Result<Result<(), String>, DbError> {
        let (word, name_word, held, names) = match incoming.kind {
            Kind::User { .. } => ("user", "userName", &existing.users, &existing.user_names),
            Kind::Group { .. } => ("group", "displayName", &existing.groups, &existing.group_names),
        };
        let name_key = existing::name_key(&incoming.name);
        if let Some(before) = self.seen.first((word, "id", &incoming.id), line) {
            return Ok(Err(format!(
                "has the id {:?}, as line {before} has: ids are unique, so remove one line",
                cut(&incoming.id)
            )));
        }
        if let Some(before) = self.seen.first((word, "name", &name_key), line) {
            return Ok(Err(format!(
                "has the {name_word} {:?}, as line {before} has (case does not count): rename one",
                cut(&incoming.name)
            )));
        }
        if let Some(holder) = names.get(&name_key).filter(|holder| **holder != incoming.id) {
            return Ok(Err(format!(
                "has the {name_word} {:?}, which a {word} of this tenant has under another id ({}): rename or delete that one, or remove the line",
                cut(&incoming.name),
                cut(holder)
            )));
        }
        if let Some(held) = held.get(&incoming.id)
            && let Some(reason) = self.differs(word, held, incoming).await?
        {
            return Ok(Err(reason));
        }
        match &incoming.kind {
            Kind::User { .. } => Ok(Ok(())),
            Kind::Group { members } => {
                let unseen: Vec<String> = members.iter().filter(|id| !self.seen.has(("user", "id", id))).cloned().collect();
                let here = existing::living_users(&self.tenant.inner.db, &unseen).await?;
                Ok(unseen.iter().find(|id| !here.contains(*id)).map_or(Ok(()), |id| Err(no_member(id))))
            }
        }
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

fn no_member(id: &str) -> String {
    format!(
        "has the member {:?}, who is neither in an earlier line nor in this tenant: put users before groups, or remove the member",
        cut(id)
    )
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
