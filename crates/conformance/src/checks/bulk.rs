//! Bulk requests (RFC 7644 section 3.7).

use crate::answer::{Answer, Stop};
use crate::requirement::{Need, Requirement, check};
use crate::session::Session;
use crate::values::{
    BULK_REQUEST, BULK_RESPONSE, ENTERPRISE, GROUP, USER, group, items, member, operation, patch, texts, user, user_with, with,
};
use serde_json::{Value, json};

const BULK: &[Need] = &[Need::Bulk];
const GROUPS: &[Need] = &[Need::Bulk, Need::Groups];
const PATCHED: &[Need] = &[Need::Bulk, Need::Patch];
/// More operations than this are not sent to see a limit.
const TRIED_MAX: u64 = 20_000;

#[rustfmt::skip]
pub(super) static REQUIREMENTS: &[Requirement] = &[
    check("bulk-create", "RFC 7644 3.7", "creates several resources, and answers each with its bulkId, location and status", BULK, |s| Box::pin(create(s))),
    check("bulk-status-text", "RFC 7644 3.7.3", "gives each operation's status as a text", BULK, |s| Box::pin(status_text(s))),
    check("bulk-mixed", "RFC 7644 3.7", "carries out POST, PUT, PATCH and DELETE in one request", PATCHED, |s| Box::pin(mixed(s))),
    check("bulk-reference", "RFC 7644 3.7.2", "puts an id where another operation's bulkId stands", GROUPS, |s| Box::pin(reference(s))),
    check("bulk-reference-forward", "RFC 7644 3.7.2", "takes references to operations that come later", GROUPS, |s| Box::pin(forward(s))),
    check("bulk-circular-groups", "RFC 7644 3.7.1", "resolves groups that are members of each other, or answers 409", GROUPS, |s| Box::pin(circular(s))),
    check("bulk-circular-managers", "RFC 7644 3.7.1", "resolves users who manage each other, or answers 409", &[Need::Bulk, Need::Enterprise], |s| Box::pin(managers(s))),
    check("bulk-reference-unknown", "RFC 7644 3.7.2", "refuses an operation that refers to an unknown bulkId", GROUPS, |s| Box::pin(unknown_reference(s))),
    check("bulk-errors-apart", "RFC 7644 3.7.3", "answers a failed create with an error and no location, and carries out the others", BULK, |s| Box::pin(errors_apart(s))),
    check("bulk-fail-on-errors", "RFC 7644 3.7.3", "stops after as many errors as failOnErrors says", BULK, |s| Box::pin(fail_on_errors(s))),
    check("bulk-post-without-id", "RFC 7644 3.7", "refuses a POST without bulkId", BULK, |s| Box::pin(no_bulk_id(s))),
    check("bulk-unknown-path", "RFC 7644 3.7.3", "answers an operation on an unknown endpoint with an error", BULK, |s| Box::pin(unknown_path(s))),
    check("bulk-max-operations", "RFC 7644 3.7.4", "answers more operations than its limit with 413", BULK, |s| Box::pin(max_operations(s))),
    check("bulk-no-operations", "RFC 7644 3.12", "refuses a request without Operations", BULK, |s| Box::pin(no_operations(s))),
];

async fn bulk(session: &Session, operations: Vec<Value>, members: Value) -> Result<Answer, Stop> {
    session.post("/Bulk", &with(json!({ "schemas": [BULK_REQUEST], "Operations": operations }), members)).await
}

async fn done(session: &Session, operations: Vec<Value>) -> Result<Answer, Stop> {
    let answer = bulk(session, operations, json!({})).await?.is(&[200])?;
    answer.has_schema(BULK_RESPONSE)?;
    Ok(answer)
}

fn post(path: &str, bulk_id: &str, data: &Value) -> Value {
    json!({ "method": "POST", "path": path, "bulkId": bulk_id, "data": data })
}

/// The answer to the operation with this bulkId.
fn part<'a>(answer: &'a Answer, bulk_id: &str) -> Result<&'a Value, Stop> {
    let found = items(answer.get("Operations")).iter().find(|part| member(part, "bulkId") == Some(&json!(bulk_id)));
    found.ok_or_else(|| answer.fault(&format!("no answer for the bulkId {bulk_id}")))
}

/// A status as a number, whether it is a text or one in an object (as an early draft had it).
fn status(part: &Value) -> Option<u16> {
    match member(part, "status")? {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_u64().and_then(|number| u16::try_from(number).ok()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The operation had this status.
fn was(answer: &Answer, bulk_id: &str, expected: &[u16]) -> Result<(), Stop> {
    let found = status(part(answer, bulk_id)?);
    let shown = found.map_or("none".to_owned(), |status| status.to_string());
    answer.demand(found.is_some_and(|found| expected.contains(&found)), &format!("{bulk_id} has the status {shown}"))
}

/// The id of the resource that an operation made.
fn id_of(answer: &Answer, bulk_id: &str) -> Result<String, Stop> {
    let location = member(part(answer, bulk_id)?, "location").and_then(Value::as_str);
    let id = location.and_then(|location| location.rsplit('/').next());
    id.map(str::to_owned).ok_or_else(|| answer.fault(&format!("{bulk_id} has no location")))
}

async fn create(session: &Session) -> Result<(), Stop> {
    let users = session.users();
    let answer = done(session, vec![post(users, "a", &user(&session.name())), post(users, "b", &user(&session.name()))]).await?;
    for bulk_id in ["a", "b"] {
        was(&answer, bulk_id, &[201])?;
        let made = session.get(&format!("{users}/{}", id_of(&answer, bulk_id)?)).await?.is(&[200])?;
        made.has("displayName", &json!("Ada Lovelace"))?;
    }
    Ok(())
}

async fn status_text(session: &Session) -> Result<(), Stop> {
    let answer = done(session, vec![post(session.users(), "a", &user(&session.name()))]).await?;
    let status = member(part(&answer, "a")?, "status");
    answer.demand(status == Some(&json!("201")), &format!("status is {}", status.unwrap_or(&Value::Null)))
}

async fn mixed(session: &Session) -> Result<(), Stop> {
    let (replaced, first) = session.make_user().await?;
    let (patched, _) = session.make_user().await?;
    let (deleted, _) = session.make_user().await?;
    let body = with(user(first.text("userName")?), json!({ "displayName": "Replaced" }));
    let change = patch(vec![operation("replace", "displayName", json!("Patched"))]);
    let operations = vec![
        post(session.users(), "new", &user(&session.name())),
        json!({ "method": "PUT", "path": replaced, "data": body }),
        json!({ "method": "PATCH", "path": patched, "data": change }),
        json!({ "method": "DELETE", "path": deleted }),
    ];
    let answer = done(session, operations).await?;
    let statuses: Vec<_> = items(answer.get("Operations")).iter().filter_map(status).collect();
    let shown = || format!("the statuses are {statuses:?}");
    answer.demand(statuses.len() == 4 && statuses.iter().all(|status| (200..300).contains(status)), &shown())?;
    session.get(&replaced).await?.has("displayName", &json!("Replaced"))?;
    session.get(&patched).await?.has("displayName", &json!("Patched"))?;
    session.get(&deleted).await?.is(&[404]).map(drop)
}

async fn reference(session: &Session) -> Result<(), Stop> {
    let user = post(session.users(), "ada", &user(&session.name()));
    let group = post(session.groups(), "group", &group(&session.name(), &["bulkId:ada"]));
    refers(session, vec![user, group]).await
}

async fn forward(session: &Session) -> Result<(), Stop> {
    let user = post(session.users(), "ada", &user(&session.name()));
    let group = post(session.groups(), "group", &group(&session.name(), &["bulkId:ada"]));
    refers(session, vec![group, user]).await
}

async fn refers(session: &Session, operations: Vec<Value>) -> Result<(), Stop> {
    let answer = done(session, operations).await?;
    was(&answer, "ada", &[201])?;
    was(&answer, "group", &[201])?;
    has_member(session, &id_of(&answer, "group")?, &id_of(&answer, "ada")?).await
}

async fn has_member(session: &Session, group: &str, member: &str) -> Result<(), Stop> {
    let read = session.get(&format!("{}/{group}", session.groups())).await?.is(&[200])?;
    let found = texts(items(read.get("members")), "value");
    read.demand(found == [member], &format!("the members are [{}]", found.join(" ")))
}

async fn circular(session: &Session) -> Result<(), Stop> {
    let inner = session.post(session.groups(), &group(&session.name(), &[])).await?.is(&[201])?;
    let member = json!({ "type": "Group", "value": inner.text("id")? });
    let nested = json!({ "schemas": [GROUP], "displayName": session.name(), "members": [member] });
    if session.post(session.groups(), &nested).await?.status != 201 {
        return Err(Stop::Skipped("the server takes no groups for members".to_owned()));
    }
    let of = |other: &str| {
        let members = json!([{ "type": "Group", "value": format!("bulkId:{other}") }]);
        json!({ "schemas": [GROUP], "displayName": session.name(), "members": members })
    };
    let operations = vec![post(session.groups(), "a", &of("b")), post(session.groups(), "b", &of("a"))];
    if let Some((a, b)) = resolved(session, operations).await? {
        has_member(session, &a, &b).await?;
        has_member(session, &b, &a).await?;
    }
    Ok(())
}

async fn managers(session: &Session) -> Result<(), Stop> {
    let of = |other: &str| {
        let manager = json!({ "manager": { "value": format!("bulkId:{other}") } });
        user_with(&session.name(), json!({ "schemas": [USER, ENTERPRISE], (ENTERPRISE): manager }))
    };
    let operations = vec![post(session.users(), "a", &of("b")), post(session.users(), "b", &of("a"))];
    if let Some((a, b)) = resolved(session, operations).await? {
        for (user, manager) in [(&a, &b), (&b, &a)] {
            let read = session.get(&format!("{}/{user}", session.users())).await?.is(&[200])?;
            read.has(&format!("{ENTERPRISE}/manager.value"), &json!(manager))?;
        }
    }
    Ok(())
}

/// The ids of `a` and `b`, which refer to each other; nothing when the server says with 409 that it cannot.
async fn resolved(session: &Session, operations: Vec<Value>) -> Result<Option<(String, String)>, Stop> {
    let answer = bulk(session, operations, json!({})).await?;
    if answer.status == 409 {
        return answer.error(409, &[]).map(|_| None);
    }
    let answer = answer.is(&[200])?;
    if status(part(&answer, "a")?) == Some(409) {
        return was(&answer, "b", &[409]).map(|()| None);
    }
    was(&answer, "a", &[201])?;
    was(&answer, "b", &[201])?;
    Ok(Some((id_of(&answer, "a")?, id_of(&answer, "b")?)))
}

async fn unknown_reference(session: &Session) -> Result<(), Stop> {
    let answer =
        bulk(session, vec![post(session.groups(), "group", &group(&session.name(), &["bulkId:nobody"]))], json!({})).await?;
    if answer.status == 400 || answer.status == 409 {
        return Ok(());
    }
    was(&answer.is(&[200])?, "group", &[400, 404, 409])
}

async fn errors_apart(session: &Session) -> Result<(), Stop> {
    let bad = json!({ "schemas": [USER], "displayName": "without userName" });
    let users = session.users();
    let answer = done(session, vec![post(users, "bad", &bad), post(users, "good", &user(&session.name()))]).await?;
    was(&answer, "bad", &[400])?;
    was(&answer, "good", &[201])?;
    answer.demand(member(part(&answer, "bad")?, "location").is_none(), "the failed create has a location")?;
    let error = member(part(&answer, "bad")?, "response");
    let status = error.and_then(|error| member(error, "status"));
    answer.demand(status == Some(&json!("400")), "the failed operation has no error in response")
}

async fn fail_on_errors(session: &Session) -> Result<(), Stop> {
    let bad = json!({ "schemas": [USER], "displayName": "without userName" });
    let users = session.users();
    let name = session.name();
    let operations = vec![post(users, "bad", &bad), post(users, "after", &user(&name))];
    let answer = bulk(session, operations, json!({ "failOnErrors": 1 })).await?.is(&[200])?;
    was(&answer, "bad", &[400])?;
    let after = part(&answer, "after").ok().and_then(status);
    answer.demand(after != Some(201), "the operation after the error was carried out")
}

async fn no_bulk_id(session: &Session) -> Result<(), Stop> {
    let create = json!({ "method": "POST", "path": session.users(), "data": user(&session.name()) });
    let answer = bulk(session, vec![create], json!({})).await?;
    if answer.status == 400 {
        return Ok(());
    }
    let answer = answer.is(&[200])?;
    let found = items(answer.get("Operations")).iter().find_map(status);
    answer.demand(found == Some(400), "a POST without bulkId is carried out")
}

async fn unknown_path(session: &Session) -> Result<(), Stop> {
    let answer = bulk(session, vec![post("/ConformanceUnknown", "a", &json!({}))], json!({})).await?;
    if answer.status == 400 {
        return Ok(());
    }
    was(&answer.is(&[200])?, "a", &[400, 403, 404, 501])
}

async fn max_operations(session: &Session) -> Result<(), Stop> {
    let limit = session.announced.number("bulk.maxOperations").unwrap_or(u64::MAX);
    if limit > TRIED_MAX {
        return Err(Stop::Skipped(format!("maxOperations is {limit}: more than {TRIED_MAX} operations are not tried")));
    }
    // Nothing is made, should the server carry them out after all.
    let absent = json!({ "method": "DELETE", "path": format!("{}/0", session.users()) });
    let operations = vec![absent; usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1)];
    bulk(session, operations, json!({})).await?.error(413, &[]).map(drop)
}

async fn no_operations(session: &Session) -> Result<(), Stop> {
    session.post("/Bulk", &json!({ "schemas": [BULK_REQUEST] })).await?.error(400, &[]).map(drop)
}
