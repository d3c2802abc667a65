//! Creating (RFC 7644 section 3.3), and what RFC 7643 says about what is kept.

use crate::answer::Stop;
use crate::requirement::{Need, Requirement, check};
use crate::session::{Request, Session};
use crate::values::{ENTERPRISE, USER, items, member, texts, user, user_with};
use provost_platform::Method;
use provost_scim::ScimType::{InvalidSyntax, InvalidValue, Uniqueness};
use serde_json::{Value, json};

#[rustfmt::skip]
pub(super) static REQUIREMENTS: &[Requirement] = &[
    check("create-201", "RFC 7644 3.3", "answers a create with 201 and the resource", &[], |s| Box::pin(created(s))),
    check("create-media-type", "RFC 7644 3.1", "answers a create with application/scim+json", &[], |s| Box::pin(media_type(s))),
    check("create-location", "RFC 7644 3.3", "gives Location, equal to meta.location", &[], |s| Box::pin(location(s))),
    check("create-location-resolves", "RFC 7643 3.1", "answers at the location with the resource", &[], |s| Box::pin(resolves(s))),
    check("create-meta", "RFC 7643 3.1", "gives meta.resourceType, meta.created and meta.lastModified, the times alike", &[], |s| Box::pin(meta(s))),
    check("create-schemas", "RFC 7643 3", "names the schema of users in schemas", &[], |s| Box::pin(schemas(s))),
    check("create-id-server", "RFC 7643 3.1", "draws the id itself, whatever the client says", &[], |s| Box::pin(id_of_client(s))),
    check("create-read-only-ignored", "RFC 7644 3.3", "ignores readOnly attributes", &[], |s| Box::pin(read_only(s))),
    check("create-missing-user-name", "RFC 7644 3.12", "refuses a user without userName with invalidValue", &[], |s| Box::pin(no_user_name(s))),
    check("create-empty-user-name", "RFC 7643 4.1.1", "refuses a user with an empty userName", &[], |s| Box::pin(empty_user_name(s))),
    check("create-duplicate", "RFC 7644 3.3", "refuses a second user of a name with 409 uniqueness", &[], |s| Box::pin(duplicate(s))),
    check("create-duplicate-case", "RFC 7643 4.1.1", "compares userName without regard to case", &[], |s| Box::pin(duplicate_case(s))),
    check("create-after-delete", "RFC 7644 3.6", "takes the name of a deleted user again", &[], |s| Box::pin(after_delete(s))),
    check("create-unknown-schema", "RFC 7644 3.12", "refuses schemas that it does not know", &[], |s| Box::pin(unknown_schema(s))),
    check("create-attribute-case", "RFC 7643 2.1", "takes attribute names in any case", &[], |s| Box::pin(attribute_case(s))),
    check("create-wrong-type", "RFC 7644 3.12", "refuses a text where a complex value belongs", &[], |s| Box::pin(wrong_type(s))),
    check("create-wrong-list", "RFC 7644 3.12", "refuses a text where a list belongs", &[], |s| Box::pin(wrong_list(s))),
    check("create-two-primaries", "RFC 7643 2.4", "refuses two values that are both primary", &[], |s| Box::pin(two_primaries(s))),
    check("create-password-hidden", "RFC 7643 4.1.1", "never returns a password", &[Need::UserAttribute("password")], |s| Box::pin(password(s))),
    check("create-extension", "RFC 7643 3.3", "keeps an extension's attributes under its URN, and names it in schemas", &[Need::Enterprise], |s| Box::pin(extension(s))),
    check("create-unassigned", "RFC 7643 2.5", "takes null and an empty list for no value", &[Need::UserAttribute("title")], |s| Box::pin(unassigned(s))),
    check("create-external-id", "RFC 7643 3.1", "keeps externalId", &[], |s| Box::pin(external_id(s))),
    check("create-several-values", "RFC 7643 2.4", "keeps every value of an attribute, with its type", &[Need::UserAttribute("emails")], |s| Box::pin(several_values(s))),
    check("create-unicode", "RFC 7643 2.3.1", "keeps letters of every script", &[Need::UserAttribute("displayName")], |s| Box::pin(unicode(s))),
    check("create-false", "RFC 7643 2.3.2", "keeps false", &[Need::UserAttribute("active")], |s| Box::pin(kept_false(s))),
    check("create-plain-json", "RFC 7644 3.1", "takes a body of application/json", &[], |s| Box::pin(plain_json(s))),
];

async fn created(session: &Session) -> Result<(), Stop> {
    let (_, answer) = session.make_user().await?;
    answer.text("id")?;
    answer.demand(answer.text("userName")?.starts_with(&session.prefix), "userName is another one")
}

async fn media_type(session: &Session) -> Result<(), Stop> {
    super::discovery::is_scim(&session.make_user().await?.1)
}

async fn location(session: &Session) -> Result<(), Stop> {
    let (path, answer) = session.make_user().await?;
    let header = answer.header("location").unwrap_or("absent");
    answer.demand(answer.text("meta.location")? == header, &format!("Location is {header}"))?;
    answer.demand(header.ends_with(&path), &format!("Location is {header}"))
}

async fn resolves(session: &Session) -> Result<(), Stop> {
    let (path, answer) = session.make_user().await?;
    let location = answer.text("meta.location")?;
    // Behind a proxy the server may know itself by another name than we do: only its own path is asked then.
    let read = match session.get(location).await {
        Ok(read) => read,
        Err(_) => session.get(&path).await?,
    };
    read.is(&[200])?.has("id", &json!(answer.text("id")?))
}

async fn meta(session: &Session) -> Result<(), Stop> {
    let (_, answer) = session.make_user().await?;
    answer.has("meta.resourceType", &json!("User"))?;
    let (created, modified) = (answer.text("meta.created")?, answer.text("meta.lastModified")?);
    for time in [created, modified] {
        answer.demand(is_date_time(time), &format!("{time} is no dateTime"))?;
    }
    // Servers with a clock each for both differ by a hair: the second is what must agree.
    answer.demand(created[..16] == modified[..16], &format!("{created} and {modified} differ"))
}

/// `2011-05-13T04:42:34Z` (RFC 7643 section 2.3.5), as far as its shape goes.
fn is_date_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    text.is_ascii() && bytes.len() >= 19 && marks.iter().all(|(place, mark)| bytes[*place] == *mark)
}

async fn schemas(session: &Session) -> Result<(), Stop> {
    session.make_user().await?.1.has_schema(USER)
}

async fn id_of_client(session: &Session) -> Result<(), Stop> {
    let (_, answer) = session.make_user_with(json!({ "id": "conformance-id-of-the-client" })).await?;
    answer.demand(answer.text("id")? != "conformance-id-of-the-client", "the id is the client's")
}

async fn read_only(session: &Session) -> Result<(), Stop> {
    let groups = json!([{ "value": "conformance-no-such-group", "display": "None" }]);
    let meta = json!({ "resourceType": "Group", "created": "1999-12-31T00:00:00Z", "location": "https://example.com/" });
    let (_, answer) = session.make_user_with(json!({ "groups": groups, "meta": meta })).await?;
    answer.lacks("groups")?;
    answer.has("meta.resourceType", &json!("User"))?;
    answer.demand(!answer.text("meta.created")?.starts_with("1999"), "meta.created is the client's")
}

async fn no_user_name(session: &Session) -> Result<(), Stop> {
    let body = json!({ "schemas": [USER], "displayName": session.name() });
    session.post(session.users(), &body).await?.error(400, &[InvalidValue]).map(drop)
}

async fn empty_user_name(session: &Session) -> Result<(), Stop> {
    session.post(session.users(), &user("")).await?.error(400, &[InvalidValue]).map(drop)
}

async fn duplicate(session: &Session) -> Result<(), Stop> {
    let body = user(&session.name());
    session.create(&body).await?;
    session.post(session.users(), &body).await?.error(409, &[Uniqueness]).map(drop)
}

async fn duplicate_case(session: &Session) -> Result<(), Stop> {
    let name = session.name();
    session.create(&user(&name)).await?;
    session.post(session.users(), &user(&name.to_uppercase())).await?.error(409, &[Uniqueness]).map(drop)
}

async fn after_delete(session: &Session) -> Result<(), Stop> {
    let (path, answer) = session.make_user().await?;
    session.delete(&path).await?.is(&[204])?;
    session.create(&user(answer.text("userName")?)).await.map(drop)
}

async fn unknown_schema(session: &Session) -> Result<(), Stop> {
    let body = user_with(&session.name(), json!({ "schemas": [USER, "urn:conformance:unknown:2.0:User"] }));
    session.post(session.users(), &body).await?.error(400, &[InvalidSyntax, InvalidValue]).map(drop)
}

async fn attribute_case(session: &Session) -> Result<(), Stop> {
    let body = json!({ "schemas": [USER], "USERNAME": session.name(), "Name": { "GIVENNAME": "Ada" } });
    let answer = session.create(&body).await?;
    answer.has("name.givenName", &json!("Ada"))
}

async fn wrong_type(session: &Session) -> Result<(), Stop> {
    let body = user_with(&session.name(), json!({ "name": "Ada Lovelace" }));
    session.post(session.users(), &body).await?.error(400, &[InvalidValue, InvalidSyntax]).map(drop)
}

async fn wrong_list(session: &Session) -> Result<(), Stop> {
    let body = user_with(&session.name(), json!({ "emails": "ada@work.example" }));
    session.post(session.users(), &body).await?.error(400, &[InvalidValue, InvalidSyntax]).map(drop)
}

async fn two_primaries(session: &Session) -> Result<(), Stop> {
    let emails = json!([{ "value": "a@work.example", "primary": true }, { "value": "b@work.example", "primary": true }]);
    let body = user_with(&session.name(), json!({ "emails": emails }));
    session.post(session.users(), &body).await?.error(400, &[InvalidValue]).map(drop)
}

async fn password(session: &Session) -> Result<(), Stop> {
    let secret = "Conformance-3-secret-Phrase!";
    let (path, answer) = session.make_user_with(json!({ "password": secret })).await?;
    let id = answer.text("id")?;
    let read = session.get(&path).await?;
    let asked = session.get(&format!("{path}?attributes=password,userName")).await?;
    let listed = session.get(&format!("{}?filter=id%20eq%20%22{id}%22&attributes=password", session.users())).await?;
    for seen in [&answer, &read, &asked, &listed] {
        seen.demand(!seen.contains(secret) && !seen.contains("\"password\""), "the password is returned")?;
    }
    Ok(())
}

async fn extension(session: &Session) -> Result<(), Stop> {
    let members = json!({ "schemas": [USER, ENTERPRISE], (ENTERPRISE): { "department": "Engines", "employeeNumber": "17" } });
    let (path, answer) = session.make_user_with(members).await?;
    let read = session.get(&path).await?.is(&[200])?;
    for seen in [answer, read] {
        seen.has_schema(ENTERPRISE)?;
        seen.has(&format!("{ENTERPRISE}/department"), &json!("Engines"))?;
    }
    Ok(())
}

async fn unassigned(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user_with(json!({ "title": null, "emails": [] })).await?;
    let read = session.get(&path).await?.is(&[200])?;
    read.lacks("title")?;
    read.lacks("emails")
}

async fn external_id(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user_with(json!({ "externalId": "Ext-4711" })).await?;
    session.get(&path).await?.has("externalId", &json!("Ext-4711"))
}

async fn several_values(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let read = session.get(&path).await?.is(&[200])?;
    let emails = items(read.get("emails"));
    let mut found: Vec<_> = texts(emails, "value").into_iter().zip(texts(emails, "type")).collect();
    found.sort_unstable();
    read.demand(found == [("ada@home.example", "home"), ("ada@work.example", "work")], "the e-mail addresses differ")?;
    let primary = emails.iter().find(|email| member(email, "primary") == Some(&Value::Bool(true)));
    read.demand(primary.and_then(|email| member(email, "type")) == Some(&json!("work")), "another one is primary")
}

async fn unicode(session: &Session) -> Result<(), Stop> {
    let name = json!("Ève 林 Ωmega 👩‍🚀 \"quoted\" \\ /");
    let (path, _) = session.make_user_with(json!({ "displayName": name })).await?;
    session.get(&path).await?.has("displayName", &name)
}

async fn kept_false(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user_with(json!({ "active": false })).await?;
    session.get(&path).await?.has("active", &json!(false))
}

async fn plain_json(session: &Session) -> Result<(), Stop> {
    let body = user(&session.name()).to_string().into_bytes();
    let request = Request::new(Method::Post, session.users()).raw("application/json", body);
    session.send(request).await?.is(&[201]).map(drop)
}
