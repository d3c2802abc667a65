//! Lists of users: whom they are about, and page by page who that is. How the databases find them stands in [`super::ways`].

use super::counts::{self, Place};
use super::rows::{COLUMNS_COUNT, from_row};
use super::ways::{self, Cursor};
use super::words;
use crate::directory::{Page, one_more};
use crate::{Store, StoreError};
use provost_core::directory::{User, UserState};
use provost_core::ids::{GroupId, OrgUnitId};
use provost_db::Query;

/// Up to so many users are looked through one by one.
const FEW: u64 = 5_000;

/// Users of up to so many places are merged, a range of an index each.
const PLACES_MAX: usize = 200;

/// Which users to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserQuery {
    /// Words with which an address, a name or a part of them must begin, each of them; empty for all.
    pub text: String,
    /// `None`: all but deleted users.
    pub state: Option<UserState>,
    /// In this org unit or below it.
    pub org_unit: Option<OrgUnitId>,
    /// Direct members of this group.
    pub group: Option<GroupId>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// At most this many, and never more than 1,000.
    pub limit: usize,
}

/// Whom a list is about, apart from groups and words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whom {
    /// Everybody but deleted users.
    Living,
    /// Everybody in this state.
    State(UserState),
    /// Those who stand in one of these places, at most [`PLACES_MAX`].
    Places(Vec<Place>),
    /// Those in this state (`None`: all but deleted users) in an org unit or below it, where there are more places.
    Below(OrgUnitId, Option<UserState>),
}

/// The members of a group, of whom a list shows the direct ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Members {
    /// So few that they are looked through.
    Few(GroupId),
    /// Among those whom the list would show without the group, many are members.
    Many(GroupId),
}

/// Users to be listed, as they are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Looked {
    pub(super) whom: Whom,
    pub(super) members: Option<Members>,
    /// Whether it is about few, so that a search goes through them and not through everybody who has the word.
    pub(super) few: bool,
}

/// One page of users: by address, or, of a search, by the word that begins as it was asked for.
pub async fn list(store: &Store, query: &UserQuery) -> Result<Page<User>, StoreError> {
    let looked = looked_for(store, query).await?;
    if looked.whom == Whom::Places(Vec::new()) {
        return Ok(Page { items: Vec::new(), next: None });
    }
    let words = words::rarest_first(store, words::asked(&query.text)).await?;
    let after = query.after.as_deref().and_then(read_cursor);
    let (limit, rows_max) = one_more(query.limit);
    let Some((word, others)) = words.split_first() else {
        let rows = store.db.read(ways::by_address(&looked, after, rows_max)).await?;
        let users = rows.iter().map(from_row).collect::<Result<Vec<_>, _>>()?;
        return Ok(Page::cut(users, limit, |user| format!("{}/{}", user.primary_email, user.id)));
    };
    let rows = store.db.read(ways::by_word(&looked, word, others, after, rows_max)).await?;
    let found = rows.iter().map(|row| Ok((from_row(row)?, row.get::<String>(COLUMNS_COUNT)?)));
    let found = Page::cut(found.collect::<Result<Vec<_>, StoreError>>()?, limit, |(user, word)| format!("{word}/{}", user.id));
    Ok(Page { items: found.items.into_iter().map(|(user, _)| user).collect(), next: found.next })
}

fn read_cursor(cursor: &str) -> Option<Cursor<'_>> {
    let (text, id) = cursor.rsplit_once('/')?;
    Some((text, id.parse().ok()?))
}

async fn looked_for(store: &Store, query: &UserQuery) -> Result<Looked, StoreError> {
    let (whom, count) = match (query.org_unit, query.state) {
        (Some(unit), state) => in_unit(store, unit, state).await?,
        (None, Some(state)) => {
            let counted = counts::count_by_state(store).await?;
            (Whom::State(state), counted.into_iter().find(|(other, _)| *other == state).map_or(0, |(_, count)| count))
        }
        (None, None) => (Whom::Living, u64::MAX),
    };
    let members = match query.group {
        Some(group) if has_few_members(store, group).await? => Some(Members::Few(group)),
        Some(group) => Some(Members::Many(group)),
        None => None,
    };
    let few = count <= FEW || matches!(members, Some(Members::Few(_)));
    Ok(Looked { whom, members, few })
}

async fn in_unit(store: &Store, unit: OrgUnitId, state: Option<UserState>) -> Result<(Whom, u64), StoreError> {
    let asked = |found: UserState| state.map_or(found != UserState::Deleted, |state| found == state);
    let places = counts::below(store, unit).await?.into_iter().filter(|((_, state), _)| asked(*state));
    let (places, counted): (Vec<Place>, Vec<u64>) = places.unzip();
    let whom = if places.len() <= PLACES_MAX { Whom::Places(places) } else { Whom::Below(unit, state) };
    Ok((whom, counted.into_iter().sum()))
}

async fn has_few_members(store: &Store, group: GroupId) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM group_member WHERE group_id = $1 LIMIT $2) AS counted";
    let few = i64::try_from(FEW).unwrap_or(i64::MAX);
    let rows = store.db.read(Query::new(sql, [group.get().into(), (few + 1).into()])).await?;
    Ok(rows.first().map_or(Ok(0), |row| row.get::<i64>(0))? <= few)
}
