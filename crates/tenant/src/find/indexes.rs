//! How both databases go about the statements of look-ups and of lists: by an index, never through a whole table, and without sorting
//! what an index has in order.

use super::look_ups::{self, Origin};
use super::order::{Column, Order};
use super::plan::{LookUp, Plan, What};
use super::rows::{self, Place};
use provost_db::testing::locations;
use provost_db::{Batch, Db, Query};
use provost_scim::provider::ResourceKind::{self, Group, User};
use provost_scim::{Filter, Schemas};

/// Users and groups enough for a database to prefer an index, one made every second since 2026 began.
const FILLED: [&str; 4] = [
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) \
     INSERT INTO tenant_user (position, id, user_name, user_name_key, external_id_key, display_name_key, active, search, body, \
     created_at, modified_at, revision) SELECT i, 'u' || i, 'u' || i, 'u' || i, '=' || i, '=' || i, 1, '', '{}', \
     1767225600000000 + i * CAST(1000000 AS BIGINT), 1767225600000000 + i * CAST(1000000 AS BIGINT), 1 FROM n",
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) \
     INSERT INTO tenant_group (position, id, display_name, display_name_key, external_id_key, body, created_at, modified_at, \
     revision, member_count) SELECT i, 'g' || i, 'g' || i, 'g' || i, '~', '{}', \
     1767225600000000 + i * CAST(1000000 AS BIGINT), 1767225600000000 + i * CAST(1000000 AS BIGINT), 1, 1 FROM n",
    "INSERT INTO tenant_group_member SELECT position, 0, position FROM tenant_group",
    "INSERT INTO tenant_user_email SELECT user_name, position FROM tenant_user",
];

/// What a plan may do beside looking into an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sorting {
    No,
    /// The positions of a range, which its index has in another order.
    Positions,
}

/// A statement, the indexes of which one has to be used, and whether there may be something to sort.
struct Case {
    what: String,
    query: Query,
    indexes: &'static [&'static str],
    sorting: Sorting,
}

/// The names of the index that finds and orders a kind by a column.
const fn indexes(kind: ResourceKind, column: Column) -> &'static [&'static str] {
    match (kind, column) {
        (User, Column::Position) => &["INTEGER PRIMARY KEY", "tenant_user_living", "tenant_user_pkey"],
        (User, Column::Id) => &["tenant_user_id"],
        (User, Column::UserName) => &["tenant_user_name"],
        (User, Column::DisplayName) => &["tenant_user_display_name"],
        (User, Column::ExternalId) => &["tenant_user_external_id"],
        (User, Column::Created) => &["tenant_user_created"],
        (User, Column::Modified) => &["tenant_user_modified"],
        (Group, Column::Position) => &["INTEGER PRIMARY KEY", "tenant_group_pkey"],
        (Group, Column::Id) => &["tenant_group_id"],
        (Group, Column::DisplayName | Column::UserName) => &["tenant_group_display_name"],
        (Group, Column::ExternalId) => &["tenant_group_external_id"],
        (Group, Column::Created) => &["tenant_group_created"],
        (Group, Column::Modified) => &["tenant_group_modified"],
    }
}

const ADDRESSES: &[&str] = &["tenant_user_email_address"];
const MEMBERS: &[&str] = &["sqlite_autoindex_tenant_group_member_1", "tenant_group_member_pkey"];
/// SQLite does not say where it looks for the greatest position: a search without an index is one among the rows themselves.
const LAST: &[&str] = &["SEARCH tenant_user", "SEARCH tenant_group", "tenant_user_pkey", "tenant_group_pkey"];
/// The first rows of a table as they lie there, as many as are asked for.
const IN_ORDER: &[&str] = &["SCAN tenant_group", "tenant_group_pkey"];
const MEMBER_OF: &[&str] = &["tenant_group_member_of"];

/// The look-up that a filter is.
fn look_up(kind: ResourceKind, text: &str) -> LookUp {
    let schemas = match kind {
        User => Schemas::user(),
        Group => Schemas::group(),
    };
    let filter = Filter::parse(text).expect("a filter");
    match Plan::of(&filter, kind, &schemas) {
        Some(Plan::Look(look_up)) => look_up,
        other => panic!("{text} is no look-up: {other:?}"),
    }
}

/// Every statement that a look-up can become.
fn of_look_up(kind: ResourceKind, text: &str) -> Vec<Case> {
    let what = look_up(kind, text).what;
    let (origin, indexes) = match &what {
        What::Key(column, _) | What::Prefix(column, _) | What::Between(column, ..) => {
            (Origin::Rows(what.clone()), indexes(kind, *column))
        }
        What::Address(address) => (Origin::Address(address.clone()), ADDRESSES),
        What::InGroup(_) => (Origin::Members(7), MEMBERS),
        What::HasMember(_) => {
            let query = look_ups::groups_with(User, 7, 100);
            return vec![Case { what: text.to_owned(), query, indexes: MEMBER_OF, sorting: Sorting::No }];
        }
    };
    // Where one row at most has a key, nothing is sorted, whatever the plan says.
    let is_unique = matches!(what, What::Key(Column::Id | Column::UserName, _));
    let sorting = if origin.is_sorted() && !is_unique { Sorting::No } else { Sorting::Positions };
    let case = |name: &str, query, sorting| Case { what: format!("{text}: {name}"), query, indexes, sorting };
    let mut cases = vec![
        case("all", look_ups::all(kind, &origin, 100), Sorting::No),
        case("count", look_ups::count(kind, &origin, None), Sorting::No),
        case("count up to a limit", look_ups::count(kind, &origin, Some(100)), Sorting::No),
        case("page", look_ups::page(kind, &origin, Order::BY_POSITION, 10, 100), sorting),
    ];
    let places = [None, Some(Place { key: None, position: 7 })];
    for order in [Order::BY_POSITION, Order::BY_POSITION.reversed()] {
        for place in &places {
            cases.push(case("by position", look_ups::next(kind, &origin, order, place.as_ref(), 100), sorting));
        }
    }
    let (What::Prefix(column, _) | What::Between(column, ..)) = &what else { return cases };
    // Within the range, so that the walk goes on from it.
    let key = match &what {
        What::Between(_, Some(low), _) => (low + 1).to_string(),
        What::Between(_, None, high) => (high.unwrap_or_default() - 1).to_string(),
        What::Prefix(_, prefix) => format!("{prefix}5"),
        What::Key(..) | What::Address(_) | What::InGroup(_) | What::HasMember(_) => return cases,
    };
    for descending in [false, true] {
        let order = Order { column: *column, descending };
        cases.push(case("page by key", look_ups::page(kind, &origin, order, 10, 100), Sorting::No));
        for place in [None, Some(Place { key: Some(key.clone()), position: 7 })] {
            cases.push(case("by key", look_ups::next(kind, &origin, order, place.as_ref(), 100), Sorting::No));
        }
    }
    for (order, place) in [Order::BY_POSITION, Order::BY_POSITION.reversed()].into_iter().zip([&places[0], &places[1]]) {
        let [near, last] = look_ups::next_near(kind, &what, order, place.as_ref(), 100);
        let of_positions = self::indexes(kind, Column::Position);
        for (name, query, indexes) in [("near", near, of_positions), ("last", last, LAST)] {
            cases.push(Case { what: format!("{text}: {name}"), query, indexes, sorting: Sorting::No });
        }
    }
    cases
}

/// The statements of lists in an order, by cursor and by index.
fn of_orders(kind: ResourceKind) -> Vec<Case> {
    let columns = [Column::Position, Column::Id, Column::DisplayName, Column::ExternalId, Column::Created, Column::Modified];
    let of_users = (kind == User).then_some(Column::UserName);
    let mut cases = vec![Case {
        what: format!("{kind:?} at positions"),
        query: rows::at_query(kind, &[3, 5, 7]),
        indexes: indexes(kind, Column::Position),
        sorting: Sorting::No,
    }];
    for column in columns.into_iter().chain(of_users) {
        for descending in [false, true] {
            let order = Order { column, descending };
            let key = Some(if column.is_number() { "5" } else { "=u5" }.to_owned());
            let first = rows::after_query(kind, order, None, 100);
            let next = rows::after_query(kind, order, Some(&Place { key, position: 7 }), 100);
            let page = rows::positions_query(kind, order, (1, 10), 100);
            let of_first = if (kind, column) == (Group, Column::Position) { IN_ORDER } else { indexes(kind, column) };
            let named =
                [("first", first, of_first), ("next", next, indexes(kind, column)), ("page", page, indexes(kind, column))];
            for (name, query, indexes) in named {
                let what = format!("{kind:?} by {column:?}, descending {descending}: {name}");
                cases.push(Case { what, query, indexes, sorting: Sorting::No });
            }
        }
    }
    cases
}

/// What the database says it would do, a line each.
async fn explained(db: &Db, engine: &str, query: &Query) -> Vec<String> {
    let explain = |word: &str| Query::new(format!("{word} {}", query.sql), query.params.clone());
    if engine == "sqlite" {
        let rows = db.read(explain("EXPLAIN QUERY PLAN")).await.expect("a plan");
        return rows.iter().map(|row| row.get(3).expect("a text")).collect();
    }
    let off = |setting: &str| Query::new(format!("SELECT set_config('{setting}', 'off', true)"), []);
    let queries = vec![off("enable_seqscan"), off("enable_bitmapscan"), explain("EXPLAIN (COSTS OFF)")];
    let answers = db.read_all(queries).await.expect("a plan");
    answers.last().into_iter().flatten().map(|row| row.get(0).expect("a text")).collect()
}

/// Whether this is looking through a table, or sorting.
fn is_slow(engine: &str, line: &str, sorting: Sorting) -> bool {
    let sorts = if engine == "sqlite" {
        line.contains("TEMP B-TREE")
    } else {
        line.trim_start_matches([' ', '-', '>']).starts_with("Sort") && !line.contains("Sort Key")
    };
    // An index that is gone through in its order says SCAN too.
    let scans =
        if engine == "sqlite" { line.starts_with("SCAN tenant_") && !line.contains("INDEX") } else { line.contains("Seq Scan") };
    scans || (sorts && sorting == Sorting::No)
}

async fn filled(location: &provost_db::Location, engine: &str) -> Db {
    let db = Db::open(location, crate::MIGRATIONS).await.expect("a database");
    let mut batch = Batch::new();
    for sql in FILLED {
        batch.run(sql, []);
    }
    if engine != "sqlite" {
        batch.run("ANALYZE tenant_user, tenant_group, tenant_group_member, tenant_user_email", []);
    }
    db.commit(batch).await.expect("filled");
    db
}

#[tokio::test]
async fn every_look_up_and_every_order_goes_by_an_index() {
    let of_users = [
        "userName eq \"u5\"",
        "userName sw \"u5\"",
        "externalId eq \"5\"",
        "emails.value eq \"u5\"",
        "emails eq \"u5\"",
        "id eq \"u5\"",
        "displayName eq \"5\"",
        "displayName sw \"5\"",
        "meta.lastModified ge \"2026-01-01T00:49:30Z\"",
        "meta.lastModified lt \"2026-01-01T00:00:30Z\"",
        "meta.lastModified eq \"2026-01-01T00:00:30Z\"",
        "meta.created gt \"2026-01-01T00:49:30Z\"",
        "groups.value eq \"g5\"",
    ];
    let of_groups = [
        "displayName eq \"g5\"",
        "displayName sw \"g5\"",
        "externalId eq \"5\"",
        "id eq \"g5\"",
        "members.value eq \"u5\"",
        "members eq \"u5\"",
        "meta.lastModified ge \"2026-01-01T00:49:30Z\"",
        "meta.created le \"2026-01-01T00:00:30Z\"",
    ];
    let mut cases: Vec<Case> = of_users.into_iter().flat_map(|text| of_look_up(User, text)).collect();
    cases.extend(of_groups.into_iter().flat_map(|text| of_look_up(Group, text)));
    cases.extend(ResourceKind::ALL.into_iter().flat_map(of_orders));
    let in_groups = look_ups::users_in(&[3, 5], 100);
    cases.push(Case { what: "users in groups".to_owned(), query: in_groups, indexes: MEMBERS, sorting: Sorting::No });
    for (engine, location, _guard) in locations() {
        let db = filled(&location, engine).await;
        for case in &cases {
            let plan = explained(&db, engine, &case.query).await;
            let named = plan.iter().any(|line| case.indexes.iter().any(|index| line.contains(index)));
            let slow = plan.iter().find(|line| !case.indexes.contains(&line.as_str()) && is_slow(engine, line, case.sorting));
            assert!(named && slow.is_none(), "{engine}, {}: {}\n{}", case.what, case.query.sql, plan.join("\n"));
        }
    }
}

/// A value path over addresses is a look-up too.
#[test]
fn a_value_path_over_one_look_up_is_that_look_up() {
    for (kind, text) in
        [(User, "emails[value eq \"u5\"]"), (User, "groups[value eq \"g5\"]"), (Group, "members[value eq \"u5\"]")]
    {
        let plain = text.replace('[', ".").replace(']', "");
        assert_eq!(look_up(kind, text).what, look_up(kind, &plain).what, "{text}");
    }
}
