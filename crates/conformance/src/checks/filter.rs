//! Filters (RFC 7644 section 3.4.2.2), as data over the cast; see `cast::people`.

use crate::answer::Stop;
use crate::cast::{Cast, list_path};
use crate::requirement::{Need, Requirement, bad_filter, check, finds};
use crate::session::{Session, encoded};
use crate::values::{ENTERPRISE, USER};
use serde_json::json;

const ALL: &[&str] = &["ada", "bob", "cyd", "dan", "eve"];

#[rustfmt::skip]
pub(super) static REQUIREMENTS: &[Requirement] = &[
    finds("filter-eq", "compares with eq, without regard to case where the schema says so", r#"displayName eq "ADA lovelace""#, &["ada"]),
    finds("filter-eq-several", "finds everybody who matches", r#"title eq "Countess""#, &["ada", "bob"]),
    finds("filter-eq-case-exact", "compares with regard to case where the schema says so", r#"externalId eq "Case-1""#, &["ada"]),
    finds("filter-ne", "compares with ne", r#"title pr and title ne "Countess""#, &["dan", "eve"]),
    finds("filter-co", "compares with co", r#"displayName co "LOVE""#, &["ada"]),
    finds("filter-sw", "compares with sw", r#"displayName sw "cyd (""#, &["cyd"]),
    finds("filter-ew", "compares with ew", r#"displayName ew "lovelace""#, &["ada"]),
    finds("filter-gt", "compares texts with gt", r#"title gt "Countess""#, &["dan"]),
    finds("filter-ge", "compares texts with ge", r#"title ge "Countess""#, &["ada", "bob", "dan"]),
    finds("filter-lt", "compares texts with lt", r#"title lt "Countess""#, &["eve"]),
    finds("filter-le", "compares texts with le", r#"title le "Countess""#, &["ada", "bob", "eve"]),
    finds("filter-pr", "finds with pr who has a value", "title pr", &["ada", "bob", "dan", "eve"]),
    finds("filter-pr-complex", "finds with pr who has a complex value", "name pr", &["ada", "bob", "cyd", "eve"]),
    finds("filter-pr-values", "finds with pr who has at least one value", "emails pr", &["ada", "bob", "cyd"]),
    finds("filter-boolean-true", "compares truth values with eq true", "active eq true", &["ada", "cyd", "dan", "eve"]),
    finds("filter-boolean-false", "compares truth values with eq false", "active eq false", &["bob"]),
    finds("filter-date-gt", "compares times with gt", r#"meta.created gt "2000-01-01T00:00:00Z""#, ALL),
    finds("filter-date-lt", "compares times with lt", r#"meta.lastModified lt "2000-01-01T00:00:00Z""#, &[]),
    finds("filter-date-le", "compares times with le, with fractions of a second", r#"meta.created le "2999-12-31T23:59:59.999Z""#, ALL),
    finds("filter-date-ge", "compares times with ge, with an offset", r#"meta.created ge "2000-01-01T00:00:00+01:00""#, ALL),
    finds("filter-and", "takes and", r#"title eq "Countess" and active eq true"#, &["ada"]),
    finds("filter-or", "takes or", r#"title eq "Duke" or title eq "Chemist""#, &["dan", "eve"]),
    finds("filter-not", "takes not", "not (title pr)", &["cyd"]),
    finds("filter-and-not", "takes and with not", r#"active eq true and not (title eq "Countess")"#, &["cyd", "dan", "eve"]),
    finds("filter-precedence", "binds and closer than or", r#"title eq "Duke" or title eq "Chemist" and active eq false"#, &["dan"]),
    finds("filter-parentheses", "lets parentheses bind closer than and", r#"(title eq "Duke" or title eq "Countess") and active eq false"#, &["bob"]),
    finds("filter-not-precedence", "binds not closer than and", r#"not (title eq "Duke") and title pr and active eq true"#, &["ada", "eve"]),
    finds("filter-nested", "takes nested parentheses", r#"((title eq "Duke") or ((title eq "Chemist")))"#, &["dan", "eve"]),
    finds("filter-attribute-case", "takes attribute names in any case", r#"DISPLAYNAME eq "Ada Lovelace""#, &["ada"]),
    finds("filter-operator-case", "takes operators in any case", r#"displayName EQ "Ada Lovelace" AND active Eq true"#, &["ada"]),
    finds("filter-sub-attribute", "compares a sub-attribute", r#"name.familyName eq "Byron""#, &["bob"]),
    finds("filter-values-sub", "compares a sub-attribute of each value", r#"emails.value eq "cyd@work.example""#, &["cyd"]),
    finds("filter-values", "compares the value of each value", r#"emails co "home.example""#, &["ada", "bob"]),
    finds("filter-value-path", "holds a value path against one value at a time", r#"emails[type eq "work" and value co "@work.example"]"#, &["ada", "cyd"]),
    finds("filter-values-apart", "holds comparisons outside of a value path against all values", r#"emails.type eq "work" and emails.value co "@work.example""#, &["ada", "bob", "cyd"]),
    finds("filter-value-path-not", "takes not in a value path", r#"emails[type eq "home" and not (value ew "home.example")]"#, &["bob"]),
    finds("filter-value-path-boolean", "compares a truth value in a value path", "emails[primary eq true]", &["ada"]),
    finds("filter-value-path-and", "takes a value path beside a comparison", r#"emails[type eq "home"] and active eq false"#, &["bob"]),
    finds("filter-urn", "takes attributes with the URN of the schema", r#"urn:ietf:params:scim:schemas:core:2.0:User:displayName eq "Ada Lovelace""#, &["ada"]),
    finds("filter-resource-type", "compares meta.resourceType", r#"meta.resourceType eq "User""#, ALL),
    finds("filter-escapes", "reads escapes in texts as JSON does", r#"displayName co "\"q\" back\\""#, &["bob"]),
    finds("filter-unicode-escape", "reads unicode escapes in texts", r#"displayName sw "\u00c8ve""#, &["eve"]),
    finds("filter-unicode", "compares letters beyond ASCII", r#"displayName eq "Ève Ünïcode""#, &["eve"]),
    finds("filter-words-in-text", "does not take the inside of a text for syntax", r#"displayName co ") and co""#, &["cyd"]),
    finds("filter-none", "answers a filter that matches nothing with an empty list", r#"displayName eq "conformance nobody""#, &[]),
    check("filter-id", "RFC 7644 3.4.2.2", "finds a resource by id", &[Need::Filter], |s| Box::pin(by_id(s))),
    check("filter-user-name", "RFC 7643 4.1.1", "finds a user by userName in any case", &[Need::Filter], |s| Box::pin(by_user_name(s))),
    check("filter-extension", "RFC 7644 3.10", "compares an attribute of an extension", &[Need::Filter, Need::Enterprise], |s| Box::pin(by_extension(s))),
    check("filter-total", "RFC 7644 3.4.2", "counts in totalResults what matches", &[Need::Filter], |s| Box::pin(total(s))),
    bad_filter("filter-bad-no-value", "refuses a comparison without value with invalidFilter", "userName eq"),
    bad_filter("filter-bad-operator", "refuses an unknown operator with invalidFilter", r#"userName zz "a""#),
    bad_filter("filter-bad-open", "refuses an open parenthesis with invalidFilter", "(userName pr"),
    bad_filter("filter-bad-close", "refuses a closing parenthesis too many with invalidFilter", "userName pr)"),
    bad_filter("filter-bad-bracket", "refuses an open bracket with invalidFilter", r#"emails[type eq "work""#),
    bad_filter("filter-bad-text", "refuses a text without end with invalidFilter", r#"userName eq "a"#),
    bad_filter("filter-bad-word", "refuses a text without quotes with invalidFilter", "userName eq ada"),
    bad_filter("filter-bad-end", "refuses a filter that ends with and with invalidFilter", r#"userName eq "a" and"#),
    bad_filter("filter-bad-boolean-order", "refuses gt on a truth value with invalidFilter", "active gt true"),
];

async fn by_id(session: &Session) -> Result<(), Stop> {
    let (_, created) = session.make_user().await?;
    let id = created.text("id")?;
    let filter = encoded(&format!("id eq \"{id}\""));
    let list = session.get(&format!("{}?filter={filter}", session.users())).await?.is(&[200])?;
    list.demand(list.listed("id") == [id], "another list than that one user")
}

async fn by_user_name(session: &Session) -> Result<(), Stop> {
    let (_, created) = session.make_user().await?;
    let filter = encoded(&format!("userName eq \"{}\"", created.text("userName")?.to_uppercase()));
    let list = session.get(&format!("{}?filter={filter}", session.users())).await?.is(&[200])?;
    list.demand(list.listed("id") == [created.text("id")?], "another list than that one user")
}

async fn by_extension(session: &Session) -> Result<(), Stop> {
    let number = session.name();
    let members = json!({ "schemas": [USER, ENTERPRISE], (ENTERPRISE): { "employeeNumber": number } });
    let (_, created) = session.make_user_with(members).await?;
    let filter = encoded(&format!("{ENTERPRISE}:employeeNumber eq \"{number}\""));
    let list = session.get(&format!("{}?filter={filter}", session.users())).await?.is(&[200])?;
    list.demand(list.listed("id") == [created.text("id")?], "another list than that one user")
}

async fn total(session: &Session) -> Result<(), Stop> {
    let cast = Cast::of(session).await?;
    let list = session.get(&list_path(session, "")).await?.is(&[200])?;
    list.has("totalResults", &json!(cast.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cast::people;
    use crate::requirement::Trial;
    use crate::values::with;
    use provost_scim::{Filter, Resource, Schemas, matches};

    /// What the table says is found, and what the protocol crate finds, must be the same.
    #[test]
    fn the_table_agrees_with_the_filters_of_the_protocol_crate() {
        let schemas = Schemas::user();
        let meta = json!({ "resourceType": "User", "created": "2024-01-01T00:00:00Z", "lastModified": "2024-01-01T00:00:00Z" });
        let resource = |name: &str, attributes| -> Resource {
            serde_json::from_value(with(json!({ "schemas": [USER], "userName": name, "meta": meta }), attributes))
                .expect("an object")
        };
        let people: Vec<(&str, Resource)> =
            people().into_iter().map(|(name, attributes)| (name, resource(name, attributes))).collect();
        for requirement in REQUIREMENTS {
            match &requirement.trial {
                Trial::Filter { filter, finds } => {
                    let parsed = Filter::parse(filter).expect("the table holds filters");
                    let found: Vec<_> =
                        people.iter().filter(|(_, it)| matches(&parsed, it, &schemas)).map(|(name, _)| *name).collect();
                    assert_eq!(found, *finds, "{filter}");
                }
                Trial::BadFilter(_) | Trial::Check(_) => {}
            }
        }
    }
}
