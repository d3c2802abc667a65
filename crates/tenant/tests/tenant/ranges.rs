//! Ranges that hold very many users: read by the index alone, by index and by cursor, also where the users that match stand far from
//! each other.

use crate::support::{USERS, World, run_sql, world_at};
use provost_db::Location;
use provost_db::testing::{locations, sqlite_file};
use provost_tenant::ProfileName;
use serde_json::Value;

/// More than a list by index looks at one by one.
const USERS_MADE: usize = 220_000;
/// Changed on the first day: the users from here to there, so that a walk through the others has to pass a gap.
const OLD: std::ops::Range<usize> = 1_001..15_001;

/// Users by SQL, because this is about reading them. One in three of the others was changed on the second day, the rest on the third;
/// the changes on the third go backwards through the list.
const FILLED: &str = "
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 220000)
    INSERT INTO tenant_user (position, id, user_name, user_name_key, external_id_key, display_name_key, active, search, body,
        created_at, modified_at, revision)
    SELECT i, 'u' || i, 'user' || i, 'user' || i, '~', '~', 1, 'user' || i,
        '{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"user' || i || '\",\"active\":true}', 0,
        CASE WHEN i > 1000 AND i < 15001 THEN 0 WHEN i % 3 = 0 THEN 86400000000 ELSE 172800000000 + (220000 - i) * CAST(1000 AS BIGINT) END, 1
    FROM n;
    INSERT INTO tenant_block SELECT 0, position / 1024, count(*), count(*) FROM tenant_user GROUP BY 2;
    INSERT INTO tenant_block_group SELECT kind, block / 64, CAST(sum(resources) AS BIGINT), CAST(sum(active) AS BIGINT)
    FROM tenant_block GROUP BY 1, 2";

const SINCE_SECOND: &str = "meta.lastModified ge \"1970-01-02T00:00:00Z\"";
const SINCE_THIRD: &str = "meta.lastModified ge \"1970-01-03T00:00:00Z\"";

async fn filled(location: &Location) -> World {
    let world = world_at(location.clone(), ProfileName::Standard).await;
    run_sql(location, FILLED).await;
    world
}

/// The numbers of the users that were changed after the first day and fulfil this, in the order of the list.
fn changed(which: impl Fn(usize) -> bool) -> Vec<usize> {
    (1..=USERS_MADE).filter(|number| !OLD.contains(number) && which(*number)).collect()
}

fn on_the_second_day(number: usize) -> bool {
    number.is_multiple_of(3)
}

async fn page(world: &World, filter: &str, rest: &str) -> (Value, Vec<usize>) {
    let filter = filter.replace(' ', "%20").replace('"', "%22");
    let path = format!("{USERS}?attributes=id&filter={filter}&{rest}");
    let answer = world.call("GET", &path, None).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    let page = answer.json();
    let number = |user: &Value| user["id"].as_str().unwrap()[1..].parse().unwrap();
    let numbers = page["Resources"].as_array().unwrap().iter().map(number).collect();
    (page, numbers)
}

/// The first pages of a walk, and then the way back from the last of them.
async fn there_and_back(engine: &str, world: &World, filter: &str, order: &str, expected: &[usize], pages: usize) {
    const COUNT: usize = 150;
    let (mut cursor, mut at) = (String::new(), 0);
    let mut back = None;
    for _ in 0..pages {
        let (list, numbers) = page(world, filter, &format!("count={COUNT}&cursor={cursor}{order}")).await;
        assert_eq!(numbers, expected[at..at + COUNT], "{engine}: {filter}{order} from {at}");
        at += COUNT;
        back = list["previousCursor"].as_str().map(str::to_owned);
        list["nextCursor"].as_str().unwrap().clone_into(&mut cursor);
    }
    let mut at = at - COUNT;
    while let Some(cursor) = back.take() {
        let (list, numbers) = page(world, filter, &format!("count={COUNT}&cursor={cursor}{order}")).await;
        assert_eq!(numbers, expected[at - COUNT..at], "{engine}: {filter}{order} back to {at}");
        at -= COUNT;
        back = list["previousCursor"].as_str().map(str::to_owned);
    }
    assert_eq!(at, 0, "{engine}: {filter}{order}: the way back ends at the beginning");
}

#[tokio::test]
async fn a_range_of_very_many_is_read_by_the_index_alone() {
    for (engine, location, _guard) in locations() {
        let world = filled(&location).await;
        let both = changed(|_| true);
        // More than are looked at one by one: the index says both how many there are and which stand on the page.
        for start in [1, 990, 100_000, both.len() - 3] {
            let (list, numbers) = page(&world, SINCE_SECOND, &format!("startIndex={start}&count=20")).await;
            assert_eq!(list["totalResults"], both.len(), "{engine}");
            assert_eq!(numbers, both[start - 1..both.len().min(start + 19)], "{engine}: from {start}");
        }
        // The same instant in other words.
        for instant in ["1970-01-02T02:00:00.000+02:00", "1970-01-01t16:00:00-08:00", "1970-01-02T00:00:00"] {
            let (list, _) = page(&world, &format!("meta.lastModified ge \"{}\"", instant.replace('+', "%2B")), "count=1").await;
            assert_eq!(list["totalResults"], both.len(), "{engine}: {instant}");
        }
        // The third day went backwards, before it all of the second came in order.
        let third = changed(|number| !on_the_second_day(number));
        let mut by_time = changed(on_the_second_day);
        by_time.extend(third.iter().rev());
        for (order, expected) in
            [("ascending", by_time.clone()), ("descending", by_time.iter().rev().copied().collect::<Vec<usize>>())]
        {
            let sorted = format!("&sortBy=meta.lastModified&sortOrder={order}");
            let (list, numbers) = page(&world, SINCE_SECOND, &format!("startIndex=70001&count=20{sorted}")).await;
            assert_eq!((list["totalResults"].as_u64(), &numbers[..]), (Some(206_000), &expected[70_000..70_020]), "{engine}");
            there_and_back(engine, &world, SINCE_SECOND, &sorted, &expected, 3).await;
        }
        // Through the gap, in which ten thousand and more in a row do not match.
        there_and_back(engine, &world, SINCE_SECOND, "", &both, 9).await;
        there_and_back(engine, &world, SINCE_THIRD, "", &third, 9).await;
    }
}

/// The end of a walk, where nothing is left to be found beyond.
#[tokio::test]
async fn a_walk_through_a_range_ends_with_the_last_that_matches() {
    let (_, location, _guard) = locations().into_iter().next().unwrap();
    let world = filled(&location).await;
    // The first 47,000 without the gap: more than twenty thousand match, and nobody after them does.
    let filter = "meta.lastModified ge \"1970-01-03T00:02:53Z\"";
    let expected = changed(|number| !on_the_second_day(number) && number <= 47_000);
    assert!(expected.len() > 20_000);
    let (mut cursor, mut walked) = (String::new(), Vec::new());
    loop {
        let (list, numbers) = page(&world, filter, &format!("count=200&cursor={cursor}")).await;
        walked.extend(numbers);
        assert!(walked.len() <= expected.len(), "nobody twice");
        let Some(next) = list["nextCursor"].as_str() else { break };
        next.clone_into(&mut cursor);
    }
    assert_eq!(walked, expected);
}

/// Nobody reads fifty thousand users to say afterwards that they were too many.
#[tokio::test]
async fn what_is_too_much_to_sort_is_refused_before_it_is_read() {
    let (location, _guard) = sqlite_file();
    let world = world_at(location.clone(), ProfileName::Standard).await;
    run_sql(&location, &FILLED.replace("220000", "50001")).await;
    run_sql(&location, "UPDATE tenant_user SET body = 'whoever reads this fails'").await;
    for paging in ["startIndex=1", "cursor="] {
        let answer = world.call("GET", &format!("{USERS}?sortBy=title&{paging}"), None).await;
        assert_eq!((answer.status.as_u16(), answer.json()["scimType"].as_str()), (400, Some("tooMany")), "{}", answer.text);
        assert!(answer.json()["detail"].as_str().unwrap().contains("50000 are sorted"), "{}", answer.text);
    }
}
