//! Paging by cursor (RFC 9865).

use crate::answer::{Answer, Stop};
use crate::cast::{Cast, list_path, ours};
use crate::requirement::{Need, Requirement, check};
use crate::session::{Session, encoded};
use crate::values::SEARCH;
use provost_scim::ScimType::{ExpiredCursor, InvalidCursor};
use serde_json::{Value, json};

const CURSOR: &[Need] = &[Need::Cursor, Need::Filter];

#[rustfmt::skip]
pub(super) static REQUIREMENTS: &[Requirement] = &[
    check("cursor-begins", "RFC 9865 2", "begins a walk at an empty cursor, with nextCursor while there is more", CURSOR, |s| Box::pin(begins(s))),
    check("cursor-walk", "RFC 9865 2", "shows everybody once until there is no nextCursor", CURSOR, |s| Box::pin(walk(s))),
    check("cursor-ends", "RFC 9865 2", "gives no nextCursor on the last page", CURSOR, |s| Box::pin(ends(s))),
    check("cursor-total", "RFC 9865 2", "gives totalResults, or leaves it out", CURSOR, |s| Box::pin(total(s))),
    check("cursor-url-safe", "RFC 9865 2", "gives cursors of unreserved URI characters only", CURSOR, |s| Box::pin(url_safe(s))),
    check("cursor-invalid", "RFC 9865 2.1", "refuses a cursor that is none with invalidCursor", CURSOR, |s| Box::pin(invalid(s))),
    check("cursor-stable", "RFC 9865 2", "shows nobody twice who was there from the beginning when somebody goes meanwhile", CURSOR, |s| Box::pin(stable(s))),
    check("cursor-search", "RFC 9865 3", "walks by cursor in a search", CURSOR, |s| Box::pin(search(s))),
];

async fn page(session: &Session, cursor: &str, count: usize) -> Result<Answer, Stop> {
    session.get(&list_path(session, &format!("&cursor={}&count={count}", encoded(cursor)))).await?.is(&[200])
}

fn next(page: &Answer) -> Option<&str> {
    page.get("nextCursor").and_then(Value::as_str)
}

async fn begins(session: &Session) -> Result<(), Stop> {
    Cast::of(session).await?;
    let list = page(session, "", 2).await?;
    list.demand(list.resources().len() == 2, &format!("{} resources", list.resources().len()))?;
    list.text("nextCursor").map(drop)
}

async fn walk(session: &Session) -> Result<(), Stop> {
    let cast = Cast::of(session).await?;
    let mut found = Vec::new();
    let mut cursor = String::new();
    for _ in 0..=cast.len() {
        let list = page(session, &cursor, 2).await?;
        found.extend(cast.on_page(&list));
        match next(&list) {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    found.sort_unstable();
    if found == ["ada", "bob", "cyd", "dan", "eve"] {
        Ok(())
    } else {
        Err(Stop::Failed(format!("the walk shows [{}]", found.join(" "))))
    }
}

async fn ends(session: &Session) -> Result<(), Stop> {
    let cast = Cast::of(session).await?;
    let list = page(session, "", cast.len() + 1).await?;
    list.demand(cast.on_page(&list).len() == cast.len(), "the page is not whole")?;
    list.lacks("nextCursor")
}

async fn total(session: &Session) -> Result<(), Stop> {
    let cast = Cast::of(session).await?;
    let list = page(session, "", 2).await?;
    list.demand(list.get("totalResults").is_none_or(|total| *total == json!(cast.len())), "totalResults is wrong")
}

async fn url_safe(session: &Session) -> Result<(), Stop> {
    Cast::of(session).await?;
    let list = page(session, "", 2).await?;
    let cursor = list.text("nextCursor")?;
    let safe = |character: char| character.is_ascii_alphanumeric() || "-._~".contains(character);
    list.demand(cursor.chars().all(safe), &format!("nextCursor is {cursor}"))
}

async fn invalid(session: &Session) -> Result<(), Stop> {
    Cast::of(session).await?;
    for cursor in ["conformance-no-cursor", "AAAA"] {
        let path = list_path(session, &format!("&cursor={cursor}&count=2"));
        session.get(&path).await?.error(400, &[InvalidCursor, ExpiredCursor])?;
    }
    Ok(())
}

/// On people of its own, as one of them is removed between two pages.
async fn stable(session: &Session) -> Result<(), Stop> {
    let mark = session.name();
    let mut paths = Vec::new();
    for number in 0..4 {
        let name = format!("{mark}-stable-{number}");
        paths.push((session.create(&crate::values::user(&name)).await?.text("id")?.to_owned(), name));
    }
    let list = |cursor: &str| {
        let filter = encoded(&format!("userName sw \"{mark}-stable-\""));
        format!("{}?filter={filter}&count=2&cursor={}", session.users(), encoded(cursor))
    };
    let first = session.get(&list("")).await?.is(&[200])?;
    let gone = first.listed("id").first().map(|id| (*id).to_owned()).ok_or_else(|| first.fault("the page is empty"))?;
    session.delete(&format!("{}/{gone}", session.users())).await?.is(&[204])?;
    let second = session.get(&list(first.text("nextCursor")?)).await?.is(&[200])?;
    let mut seen: Vec<&str> = first.listed("id").into_iter().chain(second.listed("id")).collect();
    seen.sort_unstable();
    seen.dedup();
    second.demand(seen.len() == paths.len(), &format!("{} of {} were shown", seen.len(), paths.len()))
}

async fn search(session: &Session) -> Result<(), Stop> {
    Cast::of(session).await?;
    let path = format!("{}/.search", session.users());
    let body = |cursor: &str| json!({ "schemas": [SEARCH], "filter": ours(session), "cursor": cursor, "count": 3 });
    let first = session.post(&path, &body("")).await?.is(&[200])?;
    let second = session.post(&path, &body(first.text("nextCursor")?)).await?.is(&[200])?;
    second.demand(first.resources().len() + second.resources().len() == 5, "the two pages are not the cast")?;
    second.lacks("nextCursor")
}
