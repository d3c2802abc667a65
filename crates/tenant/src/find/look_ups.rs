//! The statements of look-ups: everything that an index finds, or the next of it after a place. They are only made here, so that a
//! test can ask both databases how they would go about them (see `indexes`).

use super::code;
use super::order::{Column, Order};
use super::plan::What;
use super::rows::{Place, key_value, table};
use provost_db::{Query, Value, list};
use provost_scim::provider::ResourceKind;

/// Positions that are looked through one by one before an index is asked for all that it has, and sorts them.
pub(crate) const WINDOW: i64 = 10_000;

/// Where a look-up finds positions that can be walked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Rows of the kind's own table: a key, a prefix or a range.
    Rows(What),
    /// Users with this address.
    Address(String),
    /// Users in the group at this position, itself.
    Members(i64),
}

impl Origin {
    /// Whether its positions lie in their order in the index; those of a range do not, and have to be sorted.
    pub(crate) const fn is_sorted(&self) -> bool {
        match self {
            Self::Rows(What::Prefix(..) | What::Between(..)) => false,
            Self::Rows(What::Key(..) | What::Address(_) | What::InGroup(_) | What::HasMember(_))
            | Self::Address(_)
            | Self::Members(_) => true,
        }
    }

    fn rows(&self, kind: ResourceKind) -> Rows {
        match self {
            Self::Rows(what) => {
                let mut rows = Rows::of(kind);
                rows.mean(what, |column| column.sql().to_owned());
                rows
            }
            Self::Address(address) => {
                let mut rows = Rows::new("tenant_user_email", "user_position");
                rows.and("address", "=", address.as_str().into());
                rows
            }
            Self::Members(group) => {
                let mut rows = Rows::new("tenant_group_member", "member_position");
                rows.and("group_position", "=", (*group).into());
                rows.conditions.push("member_kind = 0".to_owned());
                rows
            }
        }
    }
}

/// A table, its column of positions, and what its rows have to fulfil.
struct Rows {
    table: &'static str,
    position: &'static str,
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Rows {
    /// All living ones of a kind.
    fn of(kind: ResourceKind) -> Self {
        let (table, living) = table(kind);
        Self { conditions: vec![living.to_owned()], ..Self::new(table, "position") }
    }

    const fn new(table: &'static str, position: &'static str) -> Self {
        Self { table, position, conditions: Vec::new(), values: Vec::new() }
    }

    fn and(&mut self, left: &str, sign: &str, value: Value) {
        self.values.push(value);
        self.conditions.push(format!("{left} {sign} ${}", self.values.len()));
    }

    /// What a look-up in their own table means.
    fn mean(&mut self, what: &What, named: impl Fn(Column) -> String) {
        if let What::Key(column, key) = what {
            self.and(&named(*column), "=", key.as_str().into());
        }
        let Some((column, low, high)) = bounds(what) else { return };
        for (sign, bound) in [(">=", low), ("<", high)] {
            if let Some(bound) = bound {
                self.and(&named(column), sign, bound);
            }
        }
    }

    fn condition(&self) -> String {
        self.conditions.join(" AND ")
    }

    /// `rest` stands behind the conditions.
    fn select(self, columns: &str, rest: &str) -> Query {
        Query::new(format!("SELECT {columns} FROM {} WHERE {} {rest}", self.table, self.condition()), self.values)
    }
}

/// The column of a range, its least value and the first one beyond it.
fn bounds(what: &What) -> Option<(Column, Option<Value>, Option<Value>)> {
    match what {
        // Texts are ordered by their bytes: all that begin with one lie between it and the next text that does not.
        What::Prefix(column, prefix) => Some((*column, Some(prefix.as_str().into()), after_prefix(prefix).map(Value::from))),
        What::Between(column, low, high) => Some((*column, low.map(Value::from), high.map(Value::from))),
        What::Key(..) | What::Address(_) | What::InGroup(_) | What::HasMember(_) => None,
    }
}

/// The least text that is greater than all texts with this prefix.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            last => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

/// The positions of all, at most `limit` of them, in no order.
pub(crate) fn all(kind: ResourceKind, origin: &Origin, limit: usize) -> Query {
    let rows = origin.rows(kind);
    let position = rows.position;
    rows.select(position, &format!("LIMIT {limit}"))
}

/// The positions of the users in these groups, at most `limit` of them.
pub(crate) fn users_in(groups: &[i64], limit: usize) -> Query {
    let sql = format!(
        "SELECT member_position FROM tenant_group_member WHERE group_position IN {} AND member_kind = 0 LIMIT {limit}",
        list(1, groups.len())
    );
    Query::new(sql, groups.iter().map(|&group| group.into()))
}

/// The positions of the groups with this member, at most `limit` of them.
pub(crate) fn groups_with(kind: ResourceKind, position: i64, limit: usize) -> Query {
    let sql =
        format!("SELECT group_position FROM tenant_group_member WHERE member_kind = $1 AND member_position = $2 LIMIT {limit}");
    Query::new(sql, [code(kind).into(), position.into()])
}

/// How many there are; with a limit, nobody counts further.
pub(crate) fn count(kind: ResourceKind, origin: &Origin, limit: Option<usize>) -> Query {
    let rows = origin.rows(kind);
    let Some(limit) = limit else { return rows.select("count(*)", "") };
    let some = format!("SELECT {} FROM {} WHERE {} LIMIT {limit}", rows.position, rows.table, rows.condition());
    Query::new(format!("SELECT count(*) FROM ({some}) AS found"), rows.values)
}

/// The next `limit` of them after a place, or the first ones: the position, and in the order of a column its key.
pub(crate) fn next(kind: ResourceKind, origin: &Origin, order: Order, place: Option<&Place>, limit: usize) -> Query {
    if let Origin::Rows(what) = origin
        && let Some(bounds) = bounds(what)
        && order.column != Column::Position
    {
        return next_by_key(kind, bounds, order, place, limit);
    }
    let mut rows = origin.rows(kind);
    let (position, ordered) = (rows.position, ordered(origin, rows.position));
    if let Some(place) = place {
        rows.and(&ordered, order.sign(), place.position.into());
    }
    rows.select(position, &format!("ORDER BY {ordered} {} LIMIT {limit}", order.direction()))
}

/// In the order of the range's own column, the place takes the part of the bound that the walk begins at: with both of them a
/// database may begin at the bound again.
fn next_by_key(
    kind: ResourceKind,
    (column, low, high): (Column, Option<Value>, Option<Value>),
    order: Order,
    place: Option<&Place>,
    limit: usize,
) -> Query {
    let (first, last) = if order.descending { (("<", high), (">=", low)) } else { ((">=", low), ("<", high)) };
    let place = place.map(|place| (key_value(column, place), place.position)).filter(|(key, _)| match &first.1 {
        Some(bound) if order.descending => is_less(key, bound),
        Some(bound) => !is_less(key, bound),
        None => true,
    });
    let (mut rows, sql) = (Rows::of(kind), column.sql());
    let mut bounds = vec![last];
    match place {
        Some((key, position)) => {
            rows.conditions.push(format!("({sql}, position) {} ($1, $2)", order.sign()));
            rows.values.extend([key, position.into()]);
        }
        None => bounds.push(first),
    }
    for (sign, bound) in bounds {
        if let Some(bound) = bound {
            rows.and(sql, sign, bound);
        }
    }
    rows.select(&format!("position, {sql}"), &format!("ORDER BY {} LIMIT {limit}", order.sql()))
}

/// Of a range's next positions, those among the [`WINDOW`] after the place: the rows are looked at themselves, in their order. With
/// the last position of the table, or the first one when the walk goes back.
pub(crate) fn next_near(kind: ResourceKind, what: &What, order: Order, place: Option<&Place>, limit: usize) -> [Query; 2] {
    let mut rows = Rows::of(kind);
    let from = place.map_or(0, |place| place.position);
    let (sign, until, last) =
        if order.descending { (">=", from.saturating_sub(WINDOW), "min") } else { ("<=", from.saturating_add(WINDOW), "max") };
    if place.is_some() {
        rows.and("position", order.sign(), from.into());
    }
    rows.and("position", sign, until.into());
    // A column that is part of an expression is looked for in no index.
    rows.mean(what, |column| {
        let sql = column.sql();
        if column.is_number() { format!("+{sql}") } else { format!("({sql} || '')") }
    });
    let last = format!("SELECT {last}(position) FROM {}", rows.table);
    let near = rows.select("position", &format!("ORDER BY {} LIMIT {limit}", order.sql()));
    [near, Query::new(last, [])]
}

/// The positions of `limit` of them after the first `skip` in an order.
pub(crate) fn page(kind: ResourceKind, origin: &Origin, order: Order, skip: u64, limit: u64) -> Query {
    let rows = origin.rows(kind);
    let position = rows.position;
    let ordered = match order.column {
        Column::Position => format!("{} {}", ordered(origin, position), order.direction()),
        Column::Id | Column::UserName | Column::DisplayName | Column::ExternalId | Column::Created | Column::Modified => {
            order.sql()
        }
    };
    rows.select(position, &format!("ORDER BY {ordered} LIMIT {limit} OFFSET {skip}"))
}

/// The positions of a range are sorted. The sign keeps a database from looking through the whole table instead, because that has
/// them in order.
fn ordered(origin: &Origin, position: &'static str) -> String {
    if origin.is_sorted() { position.to_owned() } else { format!("+{position}") }
}

/// Numbers and texts as an index orders them.
fn is_less(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a < b,
        (Value::Text(a), Value::Text(b)) => a < b,
        (Value::Null | Value::Integer(_) | Value::Text(_) | Value::Blob(_), _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::after_prefix;

    #[test]
    fn the_end_of_a_prefix_is_the_next_text() {
        assert_eq!(after_prefix("ab").as_deref(), Some("ac"));
        assert_eq!(after_prefix("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(after_prefix("\u{D7FF}").as_deref(), Some("\u{E000}"));
        assert_eq!(after_prefix("\u{10FFFF}"), None);
    }
}
