//! A chunk of member rows: groups that do not exist are made, memberships are added, roles are brought up to date.

use super::directory::{Surroundings, groups};
use super::{CHUNK_ROWS_MAX, ChunkReport, Import, RowError};
use crate::directory::groups::{CYCLE_GUARD, cycle, member_columns, member_event, member_key, name_from_address};
use crate::directory::{ATTEMPTS_MAX, address};
use crate::log::{LogEvent, append_all, names};
use crate::schedule::{MARK_USERS_MAX, SweepTarget, mark_sweep, mark_users};
use crate::{Actor, Store, StoreError};
use provost_core::directory::{Group, Member, MemberRole};
use provost_core::ids::{GroupId, UserId};
use provost_core::time::Timestamp;
use provost_db::{Batch, CommitError, Query, Value, list, rows as placeholders};
use serde_json::json;
use std::collections::{BTreeSet, HashMap, HashSet};

/// What a row says that a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// A user.
    User,
    /// A group; made when it does not exist and its domain is the organization's.
    Group,
}

/// One membership as a row of a file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// Where the row starts in its file, counted from 1.
    pub line: u64,
    /// Made when it does not exist.
    pub group_email: String,
    /// A user's, a group's, or an outside address; empty for a row that only names a group.
    pub member_email: String,
    /// `None`: whatever bears the address.
    pub kind: Option<MemberKind>,
    /// What the member may do.
    pub role: MemberRole,
}

/// Imports up to 1,000 rows in one transaction. In a dry run it only says what it would do.
pub async fn members_chunk(
    store: &Store,
    by: &Actor,
    import: &mut Import,
    rows: &[MemberRow],
) -> Result<ChunkReport, StoreError> {
    if rows.len() > CHUNK_ROWS_MAX {
        return Err(StoreError::Invalid(format!("a chunk holds at most {CHUNK_ROWS_MAX} rows: split it")));
    }
    for _ in 0..ATTEMPTS_MAX {
        let mut chunk = Chunk::load(store, import, rows).await?;
        for row in rows {
            if let Err(error) = chunk.take(store, import, row) {
                chunk.report.rejected.push(RowError { line: row.line, reason: error.to_string() });
            }
        }
        if !import.dry_run {
            match chunk.commit(store, by).await {
                Err(StoreError::Commit(CommitError::Conflict { .. } | CommitError::Unique { .. })) => continue,
                answer => answer?,
            }
        }
        return Ok(chunk.finish(import));
    }
    Err(StoreError::Stale { what: "the directory", by: String::new() })
}

/// A membership to be written.
struct NewMember {
    group: Group,
    member: Member,
    email: String,
    role: MemberRole,
    added: bool,
}

struct Chunk {
    surroundings: Surroundings,
    groups: HashMap<String, GroupId>,
    users: HashMap<String, UserId>,
    /// The members that are there, of the groups and addresses that the rows name.
    present: HashMap<(GroupId, String), MemberRole>,
    /// Which groups are directly in which.
    nested: HashMap<GroupId, Vec<GroupId>>,
    new_groups: Vec<Group>,
    new_members: Vec<NewMember>,
    new_nested: Vec<(GroupId, GroupId)>,
    seen: HashMap<(String, String), u64>,
    report: ChunkReport,
    now: Timestamp,
}

impl Chunk {
    async fn load(store: &Store, import: &Import, rows: &[MemberRow]) -> Result<Self, StoreError> {
        let surroundings = Surroundings::load(store, import).await?;
        let named = rows.iter().flat_map(|row| [&row.group_email, &row.member_email]);
        let emails: HashSet<String> =
            named.filter_map(|email| Some(surroundings.domains.canonical(&address::normalized(email).ok()?))).collect();
        let emails: Vec<String> = emails.into_iter().collect();
        let groups = groups(store, import, &emails).await?;
        let sql = format!(
            "SELECT primary_email, id FROM directory_user WHERE deleted_since IS NULL AND primary_email IN {}",
            list(1, emails.len())
        );
        let mut users = HashMap::new();
        for row in store.db.read(Query::new(sql, emails.iter().map(|email| Value::from(email.as_str())))).await? {
            users.insert(row.get::<String>(0)?, UserId::new(row.get(1)?));
        }
        users.retain(|email, _| !import.planned.addresses_left.contains(email));
        for email in &emails {
            if let Some(id) = import.planned.users.get(email) {
                users.insert(email.clone(), *id);
            }
        }
        let mut chunk = Self {
            surroundings,
            groups,
            users,
            present: HashMap::new(),
            nested: HashMap::new(),
            new_groups: Vec::new(),
            new_members: Vec::new(),
            new_nested: Vec::new(),
            seen: HashMap::new(),
            report: ChunkReport::default(),
            now: store.now(),
        };
        chunk.load_members(store, import, &emails).await?;
        Ok(chunk)
    }

    async fn load_members(&mut self, store: &Store, import: &Import, emails: &[String]) -> Result<(), StoreError> {
        let groups: Vec<Value> = emails.iter().filter_map(|email| self.groups.get(email)).map(|id| id.get().into()).collect();
        let keys: BTreeSet<String> = emails.iter().flat_map(|email| self.keys_of(email)).collect();
        let sql = format!(
            "SELECT group_id, member_key, role FROM group_member WHERE group_id IN {} AND member_key IN {}",
            list(1, groups.len()),
            list(1 + groups.len(), keys.len())
        );
        let params: Vec<Value> = groups.into_iter().chain(keys.into_iter().map(Value::from)).collect();
        for row in store.db.read(Query::new(sql, params)).await? {
            let role = MemberRole::parse(&row.get::<String>(2)?).unwrap_or(MemberRole::Member);
            self.present.insert((GroupId::new(row.get(0)?), row.get(1)?), role);
        }
        let sql = "SELECT group_id, nested_id FROM group_member WHERE nested_id IS NOT NULL";
        for row in store.db.read(Query::new(sql, [])).await? {
            self.nested.entry(GroupId::new(row.get(0)?)).or_default().push(GroupId::new(row.get(1)?));
        }
        for (group, inner) in &import.planned.nested {
            self.nested.entry(*group).or_default().push(*inner);
        }
        Ok(())
    }

    fn keys_of(&self, email: &str) -> impl Iterator<Item = String> + use<> {
        let user = self.users.get(email).map(|id| member_key(&Member::User(*id)));
        let group = self.groups.get(email).map(|id| member_key(&Member::Group(*id)));
        let outside = Some(member_key(&Member::Outside(email.to_owned())));
        [user, group, outside].into_iter().flatten()
    }

    /// Decides one row. Whatever can refuse it comes before anything is changed.
    fn take(&mut self, store: &Store, import: &Import, row: &MemberRow) -> Result<(), StoreError> {
        let group_email = self.surroundings.domains.canonical(&address::normalized(&row.group_email)?);
        if self.users.contains_key(&group_email) {
            return Err(StoreError::Invalid(format!("{group_email} is the address of a user: a group cannot have it")));
        }
        if row.member_email.trim().is_empty() {
            self.ensure_group(store, &group_email);
            return Ok(());
        }
        let email = self.surroundings.domains.canonical(&address::normalized(&row.member_email)?);
        if group_email == email {
            return Err(cycle(&group_email, &email));
        }
        let key = (group_email.clone(), email.clone());
        if let Some(line) = import.seen_members.get(&key).or_else(|| self.seen.get(&key)) {
            return Err(StoreError::Invalid(format!(
                "duplicate member: line {line} has {email} in {group_email} already; keep one"
            )));
        }
        if row.kind == Some(MemberKind::Group) && self.users.contains_key(&email) {
            return Err(StoreError::Invalid(format!("{email} is a user, but the member type says group: correct the type")));
        }
        if let (Some(group), Some(inner)) = (self.groups.get(&group_email), self.groups.get(&email))
            && self.contains(*inner, *group)
        {
            return Err(cycle(&group_email, &email));
        }
        let group = self.ensure_group(store, &group_email);
        let member = self.member(store, &email, row.kind);
        self.seen.insert(key, row.line);
        self.note(group, group_email, member, email, row.role);
        Ok(())
    }

    /// Who bears the address; a group that the row names as such is made when the address can be one here.
    fn member(&mut self, store: &Store, email: &str, kind: Option<MemberKind>) -> Member {
        if let Some(user) = self.users.get(email) {
            return Member::User(*user);
        }
        if let Some(group) = self.groups.get(email) {
            return Member::Group(*group);
        }
        match kind {
            Some(MemberKind::Group) if self.surroundings.domains.kind_of(email).is_some() => {
                Member::Group(self.ensure_group(store, email))
            }
            Some(MemberKind::Group | MemberKind::User) | None => Member::Outside(email.to_owned()),
        }
    }

    fn note(&mut self, group: GroupId, group_email: String, member: Member, email: String, role: MemberRole) {
        let place = (group, member_key(&member));
        let present = self.present.insert(place, role);
        if present == Some(role) {
            self.report.unchanged += 1;
            return;
        }
        let added = present.is_none();
        if added {
            self.report.added += 1;
            self.report.outside += u64::from(matches!(member, Member::Outside(_)));
        } else {
            self.report.changed += 1;
        }
        if let Member::Group(inner) = member {
            self.nested.entry(group).or_default().push(inner);
            self.new_nested.push((group, inner));
        }
        let group = Group { id: group, email: group_email, name: String::new(), description: String::new(), revision: 0 };
        self.new_members.push(NewMember { group, member, email, role, added });
    }

    fn ensure_group(&mut self, store: &Store, email: &str) -> GroupId {
        if let Some(id) = self.groups.get(email) {
            return *id;
        }
        self.surroundings.ensure_domain(store, email);
        let name = name_from_address(email).to_owned();
        let group = Group { id: store.id(), email: email.to_owned(), name, description: String::new(), revision: 1 };
        let id = group.id;
        self.groups.insert(email.to_owned(), id);
        self.new_groups.push(group);
        self.report.groups_created += 1;
        id
    }

    /// Whether `inner` is `outer` or stands inside it, however deep.
    fn contains(&self, outer: GroupId, inner: GroupId) -> bool {
        let mut looked_at = HashSet::new();
        let mut waiting = vec![outer];
        while let Some(group) = waiting.pop() {
            if group == inner {
                return true;
            }
            if looked_at.insert(group) {
                waiting.extend(self.nested.get(&group).into_iter().flatten());
            }
        }
        false
    }

    async fn commit(&self, store: &Store, by: &Actor) -> Result<(), StoreError> {
        if self.new_groups.is_empty() && self.new_members.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::bulk();
        self.surroundings.write(&mut batch, store, by);
        self.write_groups(&mut batch);
        self.write_members(&mut batch);
        let created = self.new_groups.iter().map(|group| {
            let detail = json!({ "group": group.email, "group_id": group.id });
            LogEvent { detail, ..LogEvent::of(names::CREATE_GROUP) }
        });
        let joined = self.new_members.iter().map(|new| {
            let name = if new.added { names::ADD_GROUP_MEMBER } else { names::UPDATE_GROUP_MEMBER };
            member_event(name, &new.group, &new.member, &new.email, Some(new.role))
        });
        append_all(&mut batch, store, by, self.now, created.chain(joined));
        self.mark(&mut batch, store);
        store.db.commit(batch).await?;
        store.wake();
        Ok(())
    }

    fn write_groups(&self, batch: &mut Batch) {
        for group in &self.new_groups {
            batch.run(
                "INSERT INTO directory_group (id, email, name, description, deleted_since, revision) \
                 VALUES ($1, $2, $3, '', NULL, 1)",
                [group.id.get().into(), group.email.as_str().into(), group.name.as_str().into()],
            );
            address::join_group(batch, group.id, &group.email);
        }
        let emails: Vec<&str> = self.new_groups.iter().map(|group| group.email.as_str()).collect();
        if !emails.is_empty() {
            address::expect_no_user(batch, &emails);
        }
    }

    fn write_members(&self, batch: &mut Batch) {
        if self.new_members.is_empty() {
            return;
        }
        let into: BTreeSet<i64> = self.new_members.iter().map(|new| new.group.id.get()).collect();
        let inner = self.new_nested.iter().map(|(_, inner)| inner.get());
        let living: BTreeSet<i64> = into.into_iter().chain(inner).collect();
        let sql =
            format!("UPDATE directory_group SET name = name WHERE deleted_since IS NULL AND id IN {}", list(1, living.len()));
        batch.expect(living.len() as u64, sql, living.into_iter().map(Value::from));
        let columns = "group_id, member_key, user_id, nested_id, outside_email, role";
        let sql = |count| {
            format!(
                "INSERT INTO group_member ({columns}) VALUES {} \
                 ON CONFLICT (group_id, member_key) DO UPDATE SET role = excluded.role",
                placeholders(count, 6)
            )
        };
        let params = |new: &NewMember| -> Vec<Value> {
            let member = member_columns(&new.member);
            std::iter::once(new.group.id.get().into()).chain(member).chain([new.role.word().into()]).collect()
        };
        let (nested, plain): (Vec<_>, Vec<_>) = self.new_members.iter().partition(|new| matches!(new.member, Member::Group(_)));
        for new in nested {
            if let Member::Group(inner) = new.member {
                batch.expect(0, CYCLE_GUARD, [inner.get().into(), new.group.id.get().into()]);
            }
            batch.run(sql(1), params(new));
        }
        if !plain.is_empty() {
            batch.run(sql(plain.len()), plain.into_iter().flat_map(params));
        }
    }

    fn mark(&self, batch: &mut Batch, store: &Store) {
        let mut users: Vec<(UserId, &str)> = Vec::new();
        let mut inner: BTreeSet<GroupId> = BTreeSet::new();
        for new in self.new_members.iter().filter(|new| new.added) {
            match &new.member {
                Member::User(id) => users.push((*id, &new.email)),
                Member::Group(id) => drop(inner.insert(*id)),
                Member::Outside(_) => {}
            }
        }
        users.sort_unstable();
        users.dedup();
        for some in users.chunks(MARK_USERS_MAX) {
            mark_users(batch, some, self.now, true);
        }
        for group in inner {
            mark_sweep(batch, store.id::<()>().get(), None, SweepTarget::Group(group), self.now);
        }
        if !self.surroundings.new_domains.is_empty() {
            mark_sweep(batch, store.id::<()>().get(), None, SweepTarget::Everyone, self.now);
        }
    }

    /// The report; the import remembers the rows, and in a dry run what they would have made.
    fn finish(mut self, import: &mut Import) -> ChunkReport {
        self.report.domains_created = self.surroundings.new_domains.iter().map(|domain| domain.name.clone()).collect();
        import.seen_members.extend(self.seen);
        if import.dry_run {
            import.planned.domains.extend(self.surroundings.new_domains);
            import.planned.groups.extend(self.new_groups.into_iter().map(|group| (group.email, group.id)));
            import.planned.nested.extend(self.new_nested);
        }
        self.report
    }
}
