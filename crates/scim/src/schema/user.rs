//! The core User schema (RFC 7643 section 4.1, as written out in section 8.7.1).

use super::builtin::{USER, boolean, complex, reference, string};
use super::{Attribute, AttributeType, Mutability, Returned, Schema};

/// Every attribute of RFC 7643 section 4.1.
pub fn user() -> Schema {
    let mut attributes = singular();
    attributes.extend(plural());
    Schema { id: USER.to_owned(), name: "User".to_owned(), description: "User Account".to_owned(), attributes, open: false }
}

/// RFC 7643 section 4.1.1.
fn singular() -> Vec<Attribute> {
    vec![
        // RFC 7643 section 4.1.1: userName is case insensitive; RFC 8265 says what that means beyond ASCII.
        string("userName", "The name that the user signs in with.").required().unique().user_name(),
        complex(
            "name",
            "The parts of the user's name.",
            vec![
                string("formatted", "The whole name, as shown."),
                string("familyName", "The family name."),
                string("givenName", "The given name."),
                string("middleName", "The middle names."),
                string("honorificPrefix", "Titles before the name."),
                string("honorificSuffix", "Additions after the name."),
            ],
        ),
        string("displayName", "The name, as shown to people."),
        string("nickName", "What friends say."),
        reference("profileUrl", &["external"], "A page about the user."),
        string("title", "The job title."),
        string("userType", "The relation to the organization, such as Employee or Contractor."),
        string("preferredLanguage", "As in the Accept-Language header."),
        string("locale", "For numbers, dates and currency, such as en-US."),
        string("timezone", "A name of the IANA time zone database."),
        boolean("active", "Whether the user may sign in."),
        string("password", "Accepted, never shown.").exact().mutability(Mutability::WriteOnly).returned(Returned::Never),
    ]
}

/// RFC 7643 section 4.1.2.
fn plural() -> Vec<Attribute> {
    let read_only = Mutability::ReadOnly;
    let photo = reference("value", &["external"], "The URI of the picture.");
    let certificate = Attribute::new("value", AttributeType::Binary, "A DER certificate in base64.").exact();
    vec![
        list("emails", "E-mail addresses.", string("value", "The address."), &["work", "home", "other"]),
        list(
            "phoneNumbers",
            "Phone numbers.",
            string("value", "The number."),
            &["work", "home", "mobile", "fax", "pager", "other"],
        ),
        list(
            "ims",
            "Instant messaging addresses.",
            string("value", "The address."),
            &["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"],
        ),
        list("photos", "Pictures.", photo, &["photo", "thumbnail"]),
        addresses(),
        complex(
            "groups",
            "The groups of the user; changed through the groups.",
            vec![
                string("value", "The id of the group.").exact().mutability(read_only),
                reference("$ref", &["User", "Group"], "The URI of the group.").mutability(read_only),
                string("display", "The group's name.").mutability(read_only),
                string("type", "direct or indirect.").canonical(&["direct", "indirect"]).mutability(read_only),
            ],
        )
        .many()
        .mutability(read_only),
        list("entitlements", "What the user may have.", string("value", "The entitlement."), &[]),
        list("roles", "The user's roles.", string("value", "The role."), &[]),
        list("x509Certificates", "Certificates.", certificate, &[]),
    ]
}

/// RFC 7643 section 2.4: the sub-attributes that multi-valued attributes have in common.
fn list(name: &str, description: &str, value: Attribute, types: &[&str]) -> Attribute {
    let parts = vec![
        value,
        string("display", "As shown to people."),
        string("type", "What kind of value it is.").canonical(types),
        primary(),
    ];
    complex(name, description, parts).many()
}

fn addresses() -> Attribute {
    complex(
        "addresses",
        "Postal addresses.",
        vec![
            string("formatted", "The whole address, as on a letter."),
            string("streetAddress", "Street and number."),
            string("locality", "The city."),
            string("region", "The state or region."),
            string("postalCode", "The postal code."),
            string("country", "ISO 3166-1 alpha-2."),
            string("type", "What kind of address it is.").canonical(&["work", "home", "other"]),
            primary(),
        ],
    )
    .many()
}

fn primary() -> Attribute {
    boolean("primary", "Whether it is the preferred one; true at most once.")
}
