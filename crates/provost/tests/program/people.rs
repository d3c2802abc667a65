//! The people of these tests as files, and what the files say should be in the tenant.
//!
//! The expectation is made from the rows of the CSV files and the vendor's rules alone, by no code of the product.

use provost_testkit::{google_users_csv, people};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The organization's domains.
pub(crate) const PRIMARY: &str = "example.com";
const SECOND: &str = "labs.example";

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// The two files of a Google Admin console.
pub(crate) struct Files {
    pub users: String,
    pub members: String,
}

/// `count` people `{prefix}.1@…` in teams that are nested in `staff@`, a deeper group in one of the teams, some people in
/// no team, some contractors in `vip@`, and an address from outside.
pub(crate) fn files(count: usize, prefix: &str) -> Files {
    let mut people = people(count, PRIMARY, SECOND);
    let mut members = vec!["Group Email [Required],Member Email,Member Type,Member Role".to_owned()];
    for (group, member) in [
        ("staff", "sales"),
        ("staff", "engineering"),
        ("staff", "contractors"),
        ("staff", "office"),
        ("engineering", "engineering-core"),
    ] {
        members.push(format!("{group}@{PRIMARY},{member}@{PRIMARY},GROUP,MEMBER"));
    }
    members.push(format!("sales@{PRIMARY},{prefix}@partner.test,USER,MEMBER"));
    for (index, person) in people.iter_mut().enumerate() {
        person.email = person.email.replace("person.", &format!("{prefix}."));
        let email = &person.email;
        let team = match person.org_unit.as_str() {
            "/Sales" | "/Sales/EMEA" => "sales",
            "/Engineering" if index % 2 == 0 => "engineering-core",
            "/Engineering" => "engineering",
            "/Contractors" => "contractors",
            _ => "office",
        };
        if index % 13 != 5 {
            members.push(format!("{team}@{PRIMARY},{email},USER,MEMBER"));
        }
        if team == "contractors" && index % 3 == 0 {
            members.push(format!("vip@{PRIMARY},{email},USER,OWNER"));
        }
    }
    Files { users: google_users_csv(&people), members: members.join("\n") }
}

/// The rows of a file by its header. No field of these files is quoted.
fn rows(csv: &str) -> Vec<BTreeMap<&str, &str>> {
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    lines.map(|line| header.iter().copied().zip(line.split(',')).collect()).collect()
}

/// The accounts that should be there, by user name: the mapped attributes of every active person of the primary domain who
/// is in `staff@` or below, and for whom the app is ON: not in /Contractors, unless in `vip@`.
pub(crate) fn entitled(files: &[&Files]) -> BTreeMap<String, Value> {
    let members: Vec<_> = files.iter().flat_map(|files| rows(&files.members)).collect();
    let users: Vec<_> = files.iter().flat_map(|files| rows(&files.users)).collect();
    let staff = reached(&members, &format!("staff@{PRIMARY}"));
    let vip = reached(&members, &format!("vip@{PRIMARY}"));
    let mut entitled = BTreeMap::new();
    for user in &users {
        let email = user["Email Address [Required]"];
        let on = !user["Org Unit Path [Required]"].starts_with("/Contractors") || vip.contains(email);
        let active = user["Status [READ ONLY]"] == "Active";
        if active && on && staff.contains(email) && email.ends_with(&format!("@{PRIMARY}")) {
            entitled.insert(email.to_owned(), account(user));
        }
    }
    entitled
}

/// Everybody who is in a group or in a group in it.
fn reached<'a>(members: &[BTreeMap<&'a str, &'a str>], group: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![group.to_owned()];
    while let Some(group) = waiting.pop() {
        for row in members.iter().filter(|row| row["Group Email [Required]"] == group) {
            match row["Member Type"] {
                "GROUP" => waiting.push(row["Member Email"].to_owned()),
                _ => {
                    found.insert(row["Member Email"]);
                }
            }
        }
    }
    found
}

/// What the mapping makes of a row, but for `externalId`, which no file knows.
fn account(user: &BTreeMap<&str, &str>) -> Value {
    let (given, family) = (user["First Name [Required]"], user["Last Name [Required]"]);
    let email = user["Email Address [Required]"];
    json!({
        "userName": email,
        "emails": [{ "value": email, "primary": true, "type": "work" }],
        "name": { "givenName": given, "familyName": family },
        "displayName": format!("{given} {family}"),
        "title": user["Employee Title"],
        "active": true,
        ENTERPRISE: {
            "department": user["Department"],
            "costCenter": user["Cost Center"],
            "employeeNumber": user["Employee ID"],
        },
    })
}

/// The configuration file for [`entitled`].
pub(crate) fn config(endpoint: &str) -> String {
    format!(
        r#"apps:
  - name: Netskope
    catalogue: netskope
    sso: {{ acs_url: "https://tenant.example/acs", entity_id: "https://tenant.example" }}
    access: {{ default: on, org_units: {{ "/Contractors": off }}, groups: {{ "vip@{PRIMARY}": on }} }}
    autoprovisioning:
      endpoint: "{endpoint}"
      token_file: ./token
      mapping:
        title: user.organizations.title
        "{ENTERPRISE}:department": user.organizations.department
        "{ENTERPRISE}:costCenter": user.organizations.cost_center
        "{ENTERPRISE}:employeeNumber": user.external_ids.organization
      scope: {{ groups: [ {{ group: "staff@{PRIMARY}", members: all }} ] }}
      secondary_domains: skip_in_groups
      deprovisioning:
        app_off:   {{ delete_after: 7d }}
        suspended: {{ delete_after: 21d }}
        deleted:   {{ delete_after: 21d }}
      status: active
"#
    )
}

/// The same with every way out of the app within 24 hours, and that after so many seconds; further lines for the connection.
pub(crate) fn config_of_removals(endpoint: &str, after_seconds: u64, lines: &[&str]) -> String {
    let soon = |text: String, days: &str| text.replace(&format!("delete_after: {days}"), "delete_after: within_24_hours");
    let within = format!("within_24_hours_delete: {after_seconds}s");
    let further = [&[&within, "removal_quiet: 0"], lines].concat().join("\n      ");
    let text = soon(soon(config(endpoint), "7d"), "21d");
    text.replace("status: active", &format!("{further}\n      status: active"))
}
