//! How both databases go about lists of users, their counts, and the look-up by address: by an index, never through everybody, and
//! without sorting what an index has in order. And that each way leads to the same users.

use super::list::{Looked, Members, Whom};
use super::ways::{by_address, by_word};
use super::{counts, of_address};
use crate::explain::{explained, filled, scans, sorts};
use provost_core::directory::UserState::{Active, Suspended};
use provost_core::ids::{GroupId, OrgUnitId, UserId};
use provost_db::Query;
use provost_db::testing::locations;

/// Users enough for a database to prefer an index: 3,000 in 30 org units, one in 50 suspended, half of them in a group.
const FILLED: [&str; 5] = [
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) \
     INSERT INTO directory_user (id, primary_email, given_name, family_name, org_unit_id, suspended_since, attributes, created_at, \
     revision) SELECT i, 'u' || i, 'g', 'f', i % 30, CASE WHEN i % 50 = 0 THEN 1 END, '{}', 1, 1 FROM n",
    "INSERT INTO directory_user_word (user_id, word) SELECT id, primary_email FROM directory_user",
    "INSERT INTO group_member (group_id, member_key, user_id, role) SELECT id % 2, 'u:' || id, id, 'member' FROM directory_user",
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) \
     INSERT INTO org_unit (id, parent_id, name, path, path_key) SELECT i, 0, 'o', i || '', i || '' FROM n",
    "INSERT INTO directory_user_count (org_unit_id, state, users) SELECT org_unit_id, state, count(*) FROM directory_user \
     GROUP BY org_unit_id, state",
];

const TABLES: &str = "directory_user, directory_user_word, directory_user_count, group_member, org_unit";

/// What the tables are called in the statements.
const NAMES: [&str; 5] = ["u", "w", "m", "c", "o"];

type Indexes = &'static [&'static str];

const EMAIL: Indexes = &["directory_user_email"];
const STATE: Indexes = &["directory_user_state"];
const PLACE: Indexes = &["directory_user_org_unit"];
const WORD: Indexes = &["directory_user_word_beginning"];
const GROUP: Indexes = &["sqlite_autoindex_group_member_1", "group_member_pkey"];
const COUNT: Indexes = &["SEARCH c USING PRIMARY KEY", "directory_user_count_pkey"];

const UNIT: OrgUnitId = OrgUnitId::new(7);
const TEAM: GroupId = GroupId::new(1);

/// What a plan may do beside looking into an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sorting {
    No,
    /// The few that were looked through, or the first of each place.
    Few,
}

/// Which database is held to it. PostgreSQL decides by what it has counted, and of a few thousand rows often that any way will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Both,
    Sqlite,
}

/// A statement, the index of which one has to be used, whether there may be something to sort, and who is held to it.
type Case = (String, Query, Indexes, Sorting, Held);

/// Whom lists can be about, with the index that has them by address.
fn everybody() -> Vec<(Whom, Indexes, Sorting)> {
    let places = vec![(UNIT, Active), (UNIT, Suspended), (OrgUnitId::new(8), Active)];
    vec![
        (Whom::Living, EMAIL, Sorting::No),
        (Whom::State(Suspended), STATE, Sorting::No),
        (Whom::State(Active), STATE, Sorting::No),
        (Whom::Places(places), PLACE, Sorting::Few),
        (Whom::Below(UNIT, None), EMAIL, Sorting::No),
        (Whom::Below(UNIT, Some(Active)), STATE, Sorting::No),
    ]
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (whom, index, sorting) in everybody() {
        let looked = |members, few| Looked { whom: whom.clone(), members, few };
        let (all, few) = (looked(None, false), looked(None, true));
        let of_many = looked(Some(Members::Many(TEAM)), false);
        let of_few = looked(Some(Members::Few(TEAM)), true);
        let others = ["u2".to_owned()];
        for after in [None, Some(("u5", UserId::new(5)))] {
            let what = |way: &str| format!("{whom:?}, after {after:?}: {way}");
            let held = if matches!(whom, Whom::Below(..)) { Held::Sqlite } else { Held::Both };
            cases.push((what("by address"), by_address(&all, after, 50), index, sorting, held));
            let mut ways = vec![
                ("many members", by_address(&of_many, after, 50), index, sorting),
                ("few members", by_address(&of_few, after, 50), GROUP, Sorting::Few),
                ("by word", by_word(&all, "u", &others, after, 50), WORD, Sorting::No),
                ("by word, many members", by_word(&of_many, "u", &[], after, 50), WORD, Sorting::No),
                ("by word, few members", by_word(&of_few, "u", &[], after, 50), GROUP, Sorting::Few),
            ];
            if matches!(whom, Whom::State(_) | Whom::Places(_)) {
                ways.push(("by word, few", by_word(&few, "u", &others, after, 50), index, Sorting::Few));
            }
            let ways = ways.into_iter().map(|(way, query, index, sorting)| (what(way), query, index, sorting, Held::Sqlite));
            cases.extend(ways);
        }
    }
    let below = Query::new(counts::BELOW, [7.into()]);
    cases.push(("places".to_owned(), below, COUNT, Sorting::Few, Held::Both));
    for states in [super::ANY_STATE, super::DELETED] {
        cases.push(("an address".to_owned(), of_address("u5".to_owned(), states), STATE, Sorting::Few, Held::Both));
    }
    cases
}

#[tokio::test]
async fn every_list_of_users_goes_by_an_index() {
    for (engine, location, _guard) in locations() {
        let db = filled(&location, engine, &FILLED, TABLES).await;
        let mut wrong = Vec::new();
        let held_to = |held: &Held| engine == "sqlite" || *held == Held::Both;
        for (what, query, index, sorting, _) in cases().into_iter().filter(|case| held_to(&case.4)) {
            let plan = explained(&db, engine, &query).await;
            let named = plan.iter().any(|line| index.iter().any(|index| line.contains(index)));
            if !named || plan.iter().any(|line| scans(engine, line, &NAMES) || (sorts(engine, line) && sorting == Sorting::No)) {
                wrong.push(format!("{engine}, {what}, by {index:?}: {}\n{}", query.sql, plan.join("\n")));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    }
}

/// Whether the user of this number is to be listed, by how [`FILLED`] makes them.
fn belongs(number: i64, looked: &Looked) -> bool {
    let suspended = number % 50 == 0;
    let unit = OrgUnitId::new(number % 30);
    let state = if suspended { Suspended } else { Active };
    let member = looked.members.is_none() || number % 2 == 1;
    member
        && match &looked.whom {
            Whom::Living => true,
            Whom::State(asked) => *asked == state,
            Whom::Places(places) => places.contains(&(unit, state)),
            Whom::Below(asked, None) => *asked == unit,
            Whom::Below(asked, Some(of)) => *asked == unit && *of == state,
        }
}

#[tokio::test]
async fn every_way_leads_to_those_who_belong() {
    for (engine, location, _guard) in locations() {
        let db = filled(&location, engine, &FILLED, TABLES).await;
        for (whom, _, _) in everybody() {
            for members in [None, Some(Members::Few(TEAM)), Some(Members::Many(TEAM))] {
                for few in [false, true] {
                    let looked = Looked { whom: whom.clone(), members, few };
                    let mut expected: Vec<i64> = (1..=3000).filter(|number| belongs(*number, &looked)).collect();
                    expected.sort_by_key(|number| format!("u{number}"));
                    let others = ["u".to_owned()];
                    for (after, word) in
                        [(None, false), (Some(("u2", UserId::new(2))), false), (Some(("u2", UserId::new(2))), true)]
                    {
                        let query = if word { by_word(&looked, "u", &others, after, 40) } else { by_address(&looked, after, 40) };
                        let behind = |number: &&i64| after.is_none() || format!("u{number}").as_str() > "u2";
                        let expected: Vec<i64> = expected.iter().filter(behind).take(40).copied().collect();
                        let found = db.read(query).await.unwrap();
                        let found: Vec<i64> = found.iter().map(|row| row.get(0).unwrap()).collect();
                        assert_eq!(found, expected, "{engine}, {looked:?}, {after:?}, by word {word}");
                    }
                }
            }
        }
    }
}
