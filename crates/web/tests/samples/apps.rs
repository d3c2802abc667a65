//! The home page, the app page, its settings, and the assistant.

use super::{HOUR, NOW, console};
use provost_web::{
    Back, ButtonKind, Field, FieldKind, Icon, Markup, Notice, Setting, Switch, Table, Tone, Wizard, app_header, bars, breakable,
    button_disabled, card, card_with, checkbox_with_hint, chip, data_table, date, definition_list, empty_state_with, field, hint,
    html, icon_link, link_button, live, notice_box, page, page_header, person, relative_time, select, select_grouped,
    setting_row, stack, switch_link, tabs, tile, tiles, two_columns, wizard_page,
};

pub(super) fn home() -> Markup {
    let rows = [
        vec![
            person("Netskope", "Autoprovisioning On", "/app"),
            chip("Up to date", Tone::Good),
            html! { "–" },
            html! { "0" },
            html! { "0" },
            html! { "3" },
        ],
        vec![
            person("Slack", "Autoprovisioning On", "/app"),
            chip("Working", Tone::Info),
            html! { "4 s" },
            html! { "2" },
            html! { "0" },
            html! { "12" },
        ],
        vec![
            person("Zscaler", "Needs reauthorization", "/app"),
            chip("Stopped", Tone::Bad),
            html! { "2 h" },
            html! { "41" },
            html! { "7" },
            html! { "0" },
        ],
    ];
    let body = html! {
        (page_header("Home", html! {}))
        (notice_box(&Notice::warning("7 removals for Zscaler are held: more than 5 % of its accounts would go at once. Look at the list and approve or reject.")))
        (data_table(Table { caption: "Apps", headers: &["App", "Status", "Lag", "Failing now", "Held", "Removals in 7 days"], numbers: &[2, 3, 4, 5], rows: &rows, empty: "" }))
    };
    page(&console("Home", "/", &[]), Some(&Notice::success("Signed in. Your last sign-in was on 20 November 2026.")), body)
}

pub(super) fn app() -> Markup {
    let left = card_with(
        "",
        html! {},
        html! {
            (app_header("Netskope", "SAML · added 2 Nov 2026"))
            div {
                (icon_link(Icon::Check, "Test SAML login", "/test"))
                (icon_link(Icon::Download, "Download metadata", "/metadata"))
                (icon_link(Icon::Pencil, "Edit details", "/edit"))
                (icon_link(Icon::Bin, "Delete app", "/delete"))
            }
        },
    );
    let right = html! {
        (card_with("User access", link_button("View details", "/access", ButtonKind::Text), html! { p { (chip("ON for some", Tone::Info)) " 2 organizational units, 1 group" } }))
        (card_with("Service provider details", link_button("Edit", "/sso", ButtonKind::Text), definition_list(&[
            ("ACS URL", breakable("https://nsauth-acme.goskope.com/nsauth/saml2/http-post/AbCdEf/acs")),
            ("Entity ID", html! { "https://acme.goskope.com" }),
            ("Certificate", html! { "Expires " (date(NOW + 24 * HOUR * 400)) }),
        ])))
        (live("autoprovisioning", "/app", card_with("Autoprovisioning", switch_link(Switch::On, "Active", "Turn autoprovisioning off", "/confirm"), html! {
            p { (chip("Syncing active", Tone::Good)) " · " a href="/log" { "view sync log" } " · last pass " (relative_time(NOW - HOUR / 20, NOW)) }
            (tiles(&[
                tile("Users created", 1_284, "in the last 30 days", Some(bars(&series(7)))),
                tile("Users updated", 312, "in the last 30 days", Some(bars(&series(3)))),
                tile("Users deleted", 19, "in the last 30 days", Some(bars(&series(11)))),
                tile("Failures", 0, "in the last 30 days", Some(bars(&[0; 30]))),
            ]))
            div.actions { (link_button("Settings", "/settings", ButtonKind::Secondary)) (link_button("Download list (CSV)", "/failures.csv", ButtonKind::Text)) }
        })))
        (card("Autoprovisioning", empty_state_with(Icon::Plug, "Autoprovisioning isn't configured", "Create, change and delete accounts in Netskope as your directory changes.",
            button_disabled("Configure autoprovisioning", ButtonKind::Primary, "Set up single sign-on first."))))
    };
    let crumbs = [("Apps", "/"), ("Web and mobile apps", "/"), ("Netskope", "/app")];
    page(&console("Netskope", "/app", &crumbs), None, two_columns(left, right))
}

/// Thirty numbers that look like a month.
fn series(seed: u64) -> Vec<u64> {
    (0..30).map(|day| (day * seed * 37 + seed * seed) % 23 * u64::from(day % 7 < 5)).collect()
}

pub(super) fn settings() -> Markup {
    let rows = [
        Setting {
            label: "App authorization",
            value: html! { "Access token entered " (date(NOW)) },
            action: Some(("Reauthorize", "/reauthorize")),
        },
        Setting {
            label: "Endpoint URL",
            value: html! { "https://acme.goskope.com/api/v2/scim" },
            action: Some(("Edit", "/endpoint")),
        },
        Setting {
            label: "Attribute mapping",
            value: html! { "9 attributes, 5 of them mandatory" },
            action: Some(("Edit", "/mapping")),
        },
        Setting {
            label: "Provisioning scope",
            value: html! { "Engineering (all members), Sales (direct members): 812 users" },
            action: Some(("Edit", "/scope")),
        },
        Setting {
            label: "Deprovisioning",
            value: html! { "App turned off: hard delete after 7 days" br; "Suspended: after 21 days" br; "Deleted: after 21 days" },
            action: Some(("Edit", "/deprovisioning")),
        },
        Setting { label: "Status", value: chip("Active", Tone::Good), action: Some(("Turn off", "/confirm")) },
        Setting { label: "Delete configuration", value: html! { "Accounts in Netskope stay as they are." }, action: None },
    ];
    let body = html! {
        (page_header("Autoprovisioning settings", html! {}))
        (tabs(&[("Overview", "/app"), ("Sync log", "/log"), ("Failures", "/failures"), ("Settings", "/settings")], "/settings"))
        (card_with("", html! {}, html! { @for row in &rows { (setting_row(row)) } }))
    };
    let crumbs = [("Web and mobile apps", "/"), ("Netskope", "/app"), ("Settings", "/settings")];
    page(&console("Settings", "/app", &crumbs), Some(&Notice::success("The scope was updated.")), body)
}

const STEPS: [&str; 5] =
    ["App authorization", "Endpoint URL", "Attribute mapping", "Provisioning scope (optional)", "Deprovisioning"];

pub(super) fn wizard() -> Markup {
    let wizard = Wizard {
        product: "Provost",
        title: "Set up autoprovisioning for Netskope",
        steps: &STEPS,
        current: 1,
        action: "/wizard",
        back: Back::Submit,
        cancel_href: "/app",
        heading: "Endpoint URL",
    };
    let body = html! {
        (hint("Provost sends users to this address. In the Netskope console it stands under Settings > Tools > REST API v2."))
        (field(Field {
            label: "Endpoint URL", name: "endpoint", value: "https://{tenant-name}.goskope.com/api/v2/scim", kind: FieldKind::Url, required: true,
            hint: Some("Put your tenant's name in place of {tenant-name}."),
            error: Some("{tenant-name} still stands in the endpoint URL: put your tenant's name there."),
        }))
        (field(Field { label: "Access token", name: "token", kind: FieldKind::Secret, required: true, ..Field::default() }))
        (select_grouped("Preview on", "source", &[("Basic information", vec![("first", "First name"), ("last", "Last name")]), ("Organization", vec![("title", "Title")])], "title"))
    };
    wizard_page(&wizard, Some(&Notice::error("The endpoint was not taken. Correct it below.")), body)
}

pub(super) fn wizard_last() -> Markup {
    let wizard = Wizard {
        product: "Provost",
        title: "Set up autoprovisioning for Netskope",
        steps: &STEPS,
        current: 4,
        action: "/wizard-last",
        back: Back::Link("/wizard"),
        cancel_href: "/app",
        heading: "Deprovisioning",
    };
    let periods =
        [("within_24_hours", "within 24 hours"), ("1d", "after 1 day"), ("7d", "after 7 days"), ("21d", "after 21 days")];
    let body = stack(&["When an app is turned off for a user", "When a user is suspended", "When a user is deleted"].map(|title| {
        card(title, html! {
            (checkbox_with_hint("Hard delete the account", title, "delete", true, Some("The account and what belongs to it in Netskope are gone for good.")))
            (select("When", &format!("{title} period"), &periods, "7d"))
        })
    }));
    wizard_page(&wizard, None, body)
}
