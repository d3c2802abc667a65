//! PATCH of attributes with several values, and value paths (RFC 7644 section 3.5.2).

use crate::answer::{Answer, Stop};
use crate::requirement::{Need, Requirement, check};
use crate::session::Session;
use crate::values::{items, member, operation, removal, texts};
use serde_json::{Value, json};

const EMAILS: &[Need] = &[Need::Patch, Need::UserAttribute("emails")];

#[rustfmt::skip]
pub(super) static REQUIREMENTS: &[Requirement] = &[
    check("patch-values-add", "RFC 7644 3.5.2.1", "adds to the values that are there", EMAILS, |s| Box::pin(add(s))),
    check("patch-values-add-several", "RFC 7644 3.5.2.1", "adds several values at once", EMAILS, |s| Box::pin(add_several(s))),
    check("patch-values-add-same", "RFC 7644 3.5.2.1", "does not add a value twice", EMAILS, |s| Box::pin(add_same(s))),
    check("patch-values-add-without-path", "RFC 7644 3.5.2.1", "adds the values of a value without path", EMAILS, |s| Box::pin(add_without_path(s))),
    check("patch-values-primary", "RFC 7644 3.5.2", "makes the other values not primary when one becomes it", EMAILS, |s| Box::pin(primary(s))),
    check("patch-values-primary-path", "RFC 7644 3.5.2", "makes the others not primary, too, when a value path sets it", EMAILS, |s| Box::pin(primary_by_path(s))),
    check("patch-values-replace", "RFC 7644 3.5.2.3", "replaces all values with the new ones", EMAILS, |s| Box::pin(replace(s))),
    check("patch-values-replace-matching", "RFC 7644 3.5.2.3", "replaces a sub-attribute of the values that match, and of no others", EMAILS, |s| Box::pin(replace_matching(s))),
    check("patch-values-replace-whole", "RFC 7644 3.5.2.3", "replaces the values that match, and no others", EMAILS, |s| Box::pin(replace_whole(s))),
    check("patch-values-replace-several", "RFC 7644 3.5.2.3", "replaces a sub-attribute of every value when there is no filter", EMAILS, |s| Box::pin(replace_every(s))),
    check("patch-values-remove", "RFC 7644 3.5.2.2", "removes all values", EMAILS, |s| Box::pin(remove(s))),
    check("patch-values-remove-matching", "RFC 7644 3.5.2.2", "removes the values that match, and no others", EMAILS, |s| Box::pin(remove_matching(s))),
    check("patch-values-remove-last", "RFC 7644 3.5.2.2", "has no value left when the last one is removed", EMAILS, |s| Box::pin(remove_last(s))),
    check("patch-values-remove-sub", "RFC 7644 3.5.2.2", "removes a sub-attribute of the values that match", EMAILS, |s| Box::pin(remove_sub(s))),
    check("patch-values-path-and", "RFC 7644 3.5.2", "takes and, or and not in a value path", EMAILS, |s| Box::pin(path_and(s))),
    check("patch-values-no-target", "RFC 7644 3.5.2.3", "refuses a replace whose value path matches nothing with noTarget, or adds the value", EMAILS, |s| Box::pin(no_target(s))),
];

/// The addresses of a resource, sorted.
fn addresses(answer: &Answer) -> Vec<&str> {
    let mut found = texts(items(answer.get("emails")), "value");
    found.sort_unstable();
    found
}

fn are(answer: &Answer, expected: &[&str]) -> Result<(), Stop> {
    let found = addresses(answer);
    answer.demand(found == expected, &format!("the addresses are [{}], not [{}]", found.join(" "), expected.join(" ")))
}

/// The addresses that are primary.
fn primaries(answer: &Answer) -> Vec<&str> {
    let primary = items(answer.get("emails")).iter().filter(|email| member(email, "primary") == Some(&Value::Bool(true)));
    primary.filter_map(|email| member(email, "value").and_then(Value::as_str)).collect()
}

async fn add(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let value = json!([{ "value": "ada@other.example", "type": "other" }]);
    let read = session.patched(&path, vec![operation("add", "emails", value)]).await?;
    are(&read, &["ada@home.example", "ada@other.example", "ada@work.example"])
}

async fn add_several(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user_with(json!({ "emails": [] })).await?;
    let value = json!([{ "value": "a@other.example", "type": "other" }, { "value": "b@other.example", "type": "home" }]);
    let read = session.patched(&path, vec![operation("add", "emails", value)]).await?;
    are(&read, &["a@other.example", "b@other.example"])
}

async fn add_same(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let value = json!([{ "value": "ada@home.example", "type": "home" }]);
    let read = session.patched(&path, vec![operation("add", "emails", value)]).await?;
    are(&read, &["ada@home.example", "ada@work.example"])
}

async fn add_without_path(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let value = json!({ "emails": [{ "value": "ada@other.example", "type": "other" }] });
    let read = session.patched(&path, vec![json!({ "op": "add", "value": value })]).await?;
    are(&read, &["ada@home.example", "ada@other.example", "ada@work.example"])
}

async fn primary(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let value = json!([{ "value": "ada@other.example", "type": "other", "primary": true }]);
    let read = session.patched(&path, vec![operation("add", "emails", value)]).await?;
    read.demand(primaries(&read) == ["ada@other.example"], &format!("primary: {}", primaries(&read).join(" ")))
}

async fn primary_by_path(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let read = session.patched(&path, vec![operation("replace", "emails[type eq \"home\"].primary", json!(true))]).await?;
    read.demand(primaries(&read) == ["ada@home.example"], &format!("primary: {}", primaries(&read).join(" ")))
}

async fn replace(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let value = json!([{ "value": "ada@other.example", "type": "other" }]);
    let read = session.patched(&path, vec![operation("replace", "emails", value)]).await?;
    are(&read, &["ada@other.example"])
}

async fn replace_matching(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let change = operation("replace", "emails[type eq \"work\"].value", json!("ada@new.example"));
    let read = session.patched(&path, vec![change]).await?;
    are(&read, &["ada@home.example", "ada@new.example"])?;
    read.demand(primaries(&read) == ["ada@new.example"], "the value is no longer primary")
}

async fn replace_whole(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let value = json!({ "value": "ada@new.example", "type": "work" });
    let read = session.patched(&path, vec![operation("replace", "emails[type eq \"work\"]", value)]).await?;
    are(&read, &["ada@home.example", "ada@new.example"])
}

async fn replace_every(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let read = session.patched(&path, vec![operation("replace", "emails.display", json!("Shown"))]).await?;
    are(&read, &["ada@home.example", "ada@work.example"])?;
    read.demand(texts(items(read.get("emails")), "display") == ["Shown", "Shown"], "not every value has the new sub-attribute")
}

async fn remove(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    session.patched(&path, vec![removal("emails")]).await?.lacks("emails")
}

async fn remove_matching(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let read = session.patched(&path, vec![removal("emails[type eq \"home\"]")]).await?;
    are(&read, &["ada@work.example"])
}

async fn remove_last(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let both = vec![removal("emails[type eq \"home\"]"), removal("emails[type eq \"work\"]")];
    session.patched(&path, both).await?.lacks("emails")
}

async fn remove_sub(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let read = session.patched(&path, vec![removal("emails[value eq \"ada@home.example\"].type")]).await?;
    are(&read, &["ada@home.example", "ada@work.example"])?;
    read.demand(texts(items(read.get("emails")), "type") == ["work"], "the type is still there, or another one is gone")
}

async fn path_and(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let filter = "emails[(type eq \"home\" or type eq \"other\") and not (value co \"work\")]";
    are(&session.patched(&path, vec![removal(filter)]).await?, &["ada@work.example"])
}

/// RFC 7644 section 3.5.2.3 asks for noTarget; a paragraph before, a replace without a target is an add, and several clients
/// count on that for `emails[type eq "x"].value`.
async fn no_target(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let change = operation("replace", "emails[type eq \"other\"].value", json!("ada@other.example"));
    let answer = session.patch(&path, vec![change]).await?;
    if answer.status == 400 {
        return answer.error(400, &[provost_scim::ScimType::NoTarget]).map(drop);
    }
    answer.is(&[200, 204])?;
    are(&session.get(&path).await?, &["ada@home.example", "ada@other.example", "ada@work.example"])
}
