//! Lists and paging by index (RFC 7644 sections 3.4.2 and 3.4.2.4).

use crate::answer::{Answer, Stop};
use crate::cast::{Cast, list_path};
use crate::requirement::{Need, Requirement, check};
use crate::session::Session;
use crate::values::{LIST, unassigned};
use serde_json::json;

const FILTER: &[Need] = &[Need::Filter];

#[rustfmt::skip]
pub(super) static REQUIREMENTS: &[Requirement] = &[
    check("list-shape", "RFC 7644 3.4.2", "answers a list with its schema, totalResults and resources", &[], |s| Box::pin(shape(s))),
    check("list-empty", "RFC 7644 3.4.2", "answers with 200 and totalResults 0 when nothing matches", FILTER, |s| Box::pin(empty(s))),
    check("page-count", "RFC 7644 3.4.2.4", "gives no more resources than count, and the right totals", FILTER, |s| Box::pin(count(s))),
    check("page-count-zero", "RFC 7644 3.4.2.4", "gives only the total for count 0", FILTER, |s| Box::pin(count_zero(s))),
    check("page-count-negative", "RFC 7644 3.4.2.4", "takes a negative count for 0", FILTER, |s| Box::pin(count_negative(s))),
    check("page-count-large", "RFC 7644 3.4.2.4", "answers a count above its limit with fewer, and no error", FILTER, |s| Box::pin(count_large(s))),
    check("page-start", "RFC 7644 3.4.2.4", "begins at startIndex, which counts from 1", FILTER, |s| Box::pin(start(s))),
    check("page-start-small", "RFC 7644 3.4.2.4", "takes a startIndex below 1 for 1", FILTER, |s| Box::pin(start_small(s))),
    check("page-start-beyond", "RFC 7644 3.4.2.4", "answers with an empty page beyond the end", FILTER, |s| Box::pin(start_beyond(s))),
    check("page-walk", "RFC 7644 3.4.2.4", "shows everybody once in a walk from page to page", FILTER, |s| Box::pin(walk(s))),
    check("page-not-a-number", "RFC 7644 3.12", "refuses a count that is no number with 400, or ignores it", FILTER, |s| Box::pin(not_a_number(s))),
];

async fn page(session: &Session, parameters: &str) -> Result<Answer, Stop> {
    Cast::of(session).await?;
    session.get(&list_path(session, parameters)).await?.is(&[200])
}

async fn shape(session: &Session) -> Result<(), Stop> {
    session.make_user().await?;
    let list = session.get(session.users()).await?.is(&[200])?;
    list.has_schema(LIST)?;
    list.demand(list.number("totalResults")? >= 1, "the new user is not counted")?;
    list.demand(!list.resources().is_empty(), "there are no resources")?;
    super::discovery::is_scim(&list)
}

async fn empty(session: &Session) -> Result<(), Stop> {
    let list =
        session.get(&format!("{}?filter=userName%20eq%20%22{}nobody%22", session.users(), session.prefix)).await?.is(&[200])?;
    list.has_schema(LIST)?;
    list.has("totalResults", &json!(0))?;
    list.demand(list.resources().is_empty(), "there are resources")
}

async fn count(session: &Session) -> Result<(), Stop> {
    let cast = Cast::of(session).await?.len();
    let list = page(session, "&count=2").await?;
    list.demand(list.resources().len() == 2, &format!("{} resources", list.resources().len()))?;
    list.has("totalResults", &json!(cast))?;
    list.has("itemsPerPage", &json!(2))?;
    list.demand(matches!(list.get("startIndex"), None | Some(serde_json::Value::Number(_))), "startIndex is no number")
}

async fn count_zero(session: &Session) -> Result<(), Stop> {
    let cast = Cast::of(session).await?.len();
    let list = page(session, "&count=0").await?;
    list.has("totalResults", &json!(cast))?;
    list.demand(unassigned(list.get("Resources")), "there are resources")
}

async fn count_negative(session: &Session) -> Result<(), Stop> {
    let cast = Cast::of(session).await?.len();
    let list = page(session, "&count=-1").await?;
    list.has("totalResults", &json!(cast))?;
    list.demand(unassigned(list.get("Resources")), "there are resources")
}

async fn count_large(session: &Session) -> Result<(), Stop> {
    let cast = Cast::of(session).await?;
    let list = page(session, "&count=100000").await?;
    list.demand(cast.on_page(&list).len() == cast.len(), "the cast is not whole")
}

async fn start(session: &Session) -> Result<(), Stop> {
    let cast = Cast::of(session).await?;
    let whole = page(session, "").await?;
    let from_third = page(session, "&startIndex=3").await?;
    from_third.demand(cast.on_page(&from_third) == cast.on_page(&whole)[2..], "another page than from the third on")?;
    from_third.has("startIndex", &json!(3))
}

async fn start_small(session: &Session) -> Result<(), Stop> {
    let cast = Cast::of(session).await?;
    for start in ["0", "-5"] {
        let list = page(session, &format!("&startIndex={start}")).await?;
        list.demand(cast.on_page(&list).len() == cast.len(), "the list does not begin at 1")?;
        list.demand(list.get("startIndex").is_none_or(|index| *index == json!(1)), "startIndex is not 1")?;
    }
    Ok(())
}

async fn start_beyond(session: &Session) -> Result<(), Stop> {
    let cast = Cast::of(session).await?.len();
    let list = page(session, "&startIndex=1000").await?;
    list.has("totalResults", &json!(cast))?;
    list.demand(list.resources().is_empty(), "there are resources")
}

async fn walk(session: &Session) -> Result<(), Stop> {
    let cast = Cast::of(session).await?;
    let mut found = Vec::new();
    for start in [1, 3, 5] {
        found.extend(cast.on_page(&page(session, &format!("&count=2&startIndex={start}")).await?));
    }
    found.sort_unstable();
    if found == ["ada", "bob", "cyd", "dan", "eve"] {
        Ok(())
    } else {
        Err(Stop::Failed(format!("the walk shows [{}]", found.join(" "))))
    }
}

async fn not_a_number(session: &Session) -> Result<(), Stop> {
    Cast::of(session).await?;
    session.get(&list_path(session, "&count=many")).await?.is(&[200, 400]).map(drop)
}
