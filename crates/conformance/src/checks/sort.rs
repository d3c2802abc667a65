//! Sorting (RFC 7644 section 3.4.2.3).

use crate::answer::Stop;
use crate::cast::{Cast, list_path};
use crate::requirement::{Need, Requirement, check};
use crate::session::Session;

const SORT: &[Need] = &[Need::Sort, Need::Filter];

#[rustfmt::skip]
pub(super) static REQUIREMENTS: &[Requirement] = &[
    check("sort-ascending", "RFC 7644 3.4.2.3", "sorts ascending when no order is asked", SORT, |s| Box::pin(ascending(s))),
    check("sort-descending", "RFC 7644 3.4.2.3", "sorts descending", SORT, |s| Box::pin(descending(s))),
    check("sort-case", "RFC 7644 3.4.2.3", "sorts without regard to case where the schema says so", SORT, |s| Box::pin(without_case(s))),
    check("sort-absent-last", "RFC 7644 3.4.2.3", "puts those without value last when ascending, and first when descending", SORT, |s| Box::pin(absent(s))),
    check("sort-pages", "RFC 7644 3.4.2.3", "keeps the order from page to page", SORT, |s| Box::pin(pages(s))),
];

/// The cast in the order that these parameters ask for.
async fn order(session: &Session, parameters: &str) -> Result<Vec<&'static str>, Stop> {
    let cast = Cast::of(session).await?;
    let list = session.get(&list_path(session, parameters)).await?.is(&[200])?;
    Ok(cast.on_page(&list))
}

fn is(parameters: &str, found: &[&str], expected: &[&str]) -> Result<(), Stop> {
    if found == expected {
        return Ok(());
    }
    Err(Stop::Failed(format!("{parameters}: the order is [{}], not [{}]", found.join(" "), expected.join(" "))))
}

async fn ascending(session: &Session) -> Result<(), Stop> {
    let parameters = "&sortBy=userName";
    is(parameters, &order(session, parameters).await?, &["ada", "bob", "cyd", "dan", "eve"])
}

async fn descending(session: &Session) -> Result<(), Stop> {
    let parameters = "&sortBy=userName&sortOrder=descending";
    is(parameters, &order(session, parameters).await?, &["eve", "dan", "cyd", "bob", "ada"])
}

async fn without_case(session: &Session) -> Result<(), Stop> {
    let parameters = "&sortBy=name.familyName";
    let found = order(session, parameters).await?;
    let named: Vec<_> = found.into_iter().filter(|name| *name != "dan").collect();
    is(parameters, &named, &["bob", "eve", "ada", "cyd"])
}

async fn absent(session: &Session) -> Result<(), Stop> {
    let parameters = "&sortBy=name.familyName";
    is(parameters, &order(session, parameters).await?, &["bob", "eve", "ada", "cyd", "dan"])?;
    let parameters = "&sortBy=name.familyName&sortOrder=descending";
    is(parameters, &order(session, parameters).await?, &["dan", "cyd", "ada", "eve", "bob"])
}

async fn pages(session: &Session) -> Result<(), Stop> {
    let mut found = Vec::new();
    for start in [1, 3, 5] {
        found.extend(order(session, &format!("&sortBy=userName&sortOrder=descending&count=2&startIndex={start}")).await?);
    }
    is("count=2", &found, &["eve", "dan", "cyd", "bob", "ada"])
}
