//! A list with filters, the tenant's tokens, a question.

use super::{HOUR, NOW, console, tenant};
use provost_web::{
    ButtonKind, Confirm, FilterBar, Markup, Switch, Table, Tone, breakable, button_named, card_with, check_all, check_row,
    checkbox, chip, confirm_form, confirm_with, data_table, date, expander, filter_bar, hint, html, link_button, menu, menu_link,
    menu_post, page, page_header, pager, person, relative_time, search_field, secret_field, select, switch_link, table, tile,
    tiles,
};

pub(super) fn users() -> Markup {
    let people = [
        ("Ada Lovelace", "ada@example.com", "/Engineering/Analytical engines", "Active", Tone::Good),
        ("Grace Hopper", "grace@example.com", "/Engineering", "Active", Tone::Good),
        ("Alan Turing", "alan@example.com", "/Research", "Suspended", Tone::Warn),
        (
            "Katherine Johnson-Goble of the Very Long Name Department",
            "katherine.johnson-goble.with-a-very-long-address@subsidiary.example.com",
            "/Research/Orbits",
            "Archived",
            Tone::Neutral,
        ),
        ("Edsger Dijkstra", "edsger@example.com", "/Contractors", "Deleted", Tone::Bad),
    ];
    let rows: Vec<Vec<Markup>> = people
        .iter()
        .map(|(name, email, unit, state, tone)| {
            vec![
                check_row(&format!("Select {name}"), "user", email, Some("bulk")),
                person(name, email, "/users"),
                chip(state, *tone),
                breakable(unit),
                relative_time(NOW - 30 * HOUR, NOW),
                menu(
                    &format!("Actions for {name}"),
                    &[
                        menu_link("Edit", "/users"),
                        menu_link("Suspend", "/confirm"),
                        menu_post("Sync now", "/users", &[("user", email)]),
                    ],
                ),
            ]
        })
        .collect();
    let fields = html! {
        (search_field("Search users", "q", ""))
        (select("State", "state", &[("", "All but deleted"), ("active", "Active"), ("suspended", "Suspended")], ""))
        (select("Group", "group", &[("", "Any group"), ("1", "Engineering")], ""))
    };
    let body = html! {
        (page_header("Users", html! { (link_button("Import", "/import", ButtonKind::Secondary)) (link_button("Add user", "/add", ButtonKind::Primary)) }))
        (filter_bar(FilterBar { action: "/users", target: "user-list", fields, actions: link_button("Download list", "/users.csv", ButtonKind::Text) }))
        form #bulk.actions method="post" action="/users/bulk" { (check_all("Select all on this page", "user")) (button_named("Suspend", ButtonKind::Secondary, "action", "suspend")) }
        div #user-list {
            (data_table(Table { caption: "Users", headers: &["", "Name", "State", "Organizational unit", "Changed", ""], numbers: &[], rows: &rows, empty: "No user matches." }))
            (pager(None, Some("/users?after=5")))
        }
    };
    page(&console("Users", "/users", &[]), None, body)
}

pub(super) fn tokens() -> Markup {
    let row = |name: &str, endpoint: &str, privilege: &str, state: &str, tone: Tone| {
        vec![
            html! { (name) },
            html! { code { (endpoint) } },
            html! { (privilege) },
            date(NOW + 8_760 * HOUR),
            relative_time(NOW - 60_000_000, NOW),
            chip(state, tone),
            menu(
                &format!("Actions for token {name}"),
                &[
                    menu_link("Edit", "/tokens"),
                    menu_link("Change expiration", "/tokens"),
                    menu_link("Reissue", "/tokens"),
                    menu_link("Revoke", "/confirm"),
                    menu_link("Delete", "/confirm"),
                ],
            ),
        ]
    };
    let rows = [
        row("provost", "/api/v2/scim/Users", "Read + Write", "Active", Tone::Good),
        row("reporting", "/api/v2/scim/Groups", "Read", "Revoked", Tone::Bad),
    ];
    let body = html! {
        (page_header("REST API v2", link_button("New Token", "/tokens/new", ButtonKind::Primary)))
        (card_with("REST API Status", switch_link(Switch::Off, "Disabled", "Turn the REST API on", "/tokens"), hint("While it is disabled, every request is refused, whatever its token.")))
        (secret_field("Token", "pvt_8Zk2LmQ0xXw7rTnYbUa1cDeFgHiJkLmN3f9aB2", "Copy it now. It is shown only this once."))
        (table(&["Name", "Endpoint", "Privilege", "Expires", "Last used", "State", ""], &rows))
    };
    page(&tenant("REST API v2", "/tokens"), None, body)
}

pub(super) fn confirm() -> Markup {
    let body = html! {
        (confirm_form("Delete the configuration for Netskope?", "The credential, mapping, scope, policy and account records are removed. Nothing is sent to Netskope: accounts there stay usable.",
            "/confirm", "DELETE", "/settings", &[("revision", "7")]))
        (confirm_with(Confirm {
            title: "Turn on autoprovisioning for Netskope?",
            text: "This is what will be sent first:",
            body: html! {
                (tiles(&[tile("Create", 812, "new accounts", None), tile("Adopt", 3, "already there", None), tile("Delete", 0, "none", None)]))
                (expander("Show the whole list", false, table(&["User", "Action"], &[vec![html! { "ada@example.com" }, html! { "Create" }]])))
                (checkbox("I have read the list", "read", "yes", false))
            },
            action: "/confirm", confirm_label: "TURN ON", kind: ButtonKind::Primary, cancel_href: "/settings", hidden: &[],
        }))
    };
    page(&console("Confirm", "/app", &[]), None, body)
}
