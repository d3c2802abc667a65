//! The page: tree and groups at the left, the chosen one's setting at the right.

use super::super::app_path;
use super::super::form::link;
use super::super::list::access_chip;
use super::change::effective;
use super::save::target_path;
use super::{Directory, Target};
use provost_core::app::{Access, App, ServiceStatus};
use provost_core::directory::OrgUnit;
use provost_web::{
    ButtonKind, Markup, Table, Tone, TreeNode, button, button_named, card, chip, data_table, fieldset, form_actions, hidden,
    hint, html, link_button, page_header, radio, search_field, tree, two_columns,
};

pub(super) fn body(app: &App, directory: &Directory, target: &Target, may_change: bool) -> Markup {
    let right = match target {
        Target::Everyone => everyone(app, may_change),
        Target::Unit(id) => match directory.units.iter().find(|unit| unit.id == *id) {
            Some(unit) => org_unit(app, &directory.units, unit, may_change),
            None => card("Service status", html! { p { "This org unit is gone." } }),
        },
        Target::Groups => access_groups(app, directory, may_change),
    };
    html! {
        (page_header("Service status", link_button("Back to the app", &app_path(app), ButtonKind::Text)))
        (two_columns(left(app, directory, target), right))
    }
}

fn left(app: &App, directory: &Directory, target: &Target) -> Markup {
    let here = |of: &Target| (of == target).then_some("page");
    card(
        &app.name,
        html! {
            p { a href=(target_path(app, &Target::Everyone)) aria-current=[here(&Target::Everyone)] { "All users in this account" } " " (access_chip(&app.access)) }
            p { a href=(target_path(app, &Target::Groups)) aria-current=[here(&Target::Groups)] { "Groups" } " " span.muted { (app.access.groups.len()) } }
            h3 { "Organizational units" }
            (tree(&branch(app, &directory.units, None, target)))
            (hint("A mark stands where a setting is made; grey text is inherited."))
        },
    )
}

fn branch(app: &App, units: &[OrgUnit], parent: Option<&OrgUnit>, target: &Target) -> Vec<TreeNode> {
    let of_parent = |unit: &&OrgUnit| unit.parent == parent.map(|parent| parent.id);
    units
        .iter()
        .filter(of_parent)
        .map(|unit| {
            let own = Target::Unit(unit.id);
            let name = if unit.parent.is_none() { "/" } else { &unit.name };
            let (status, _) = effective(&app.access, units, unit);
            let explicit = app.access.org_units.contains_key(&unit.id);
            TreeNode {
                label: html! {
                    a href=(target_path(app, &own)) aria-current=[(own == *target).then_some("page")] { (name) }
                    " " @if explicit || unit.parent.is_none() { (status_chip(status)) } @else { span.muted { (status_text(status)) } }
                },
                children: branch(app, units, Some(unit), target),
                open: true,
            }
        })
        .collect()
}

const fn status_text(status: ServiceStatus) -> &'static str {
    match status {
        ServiceStatus::On => "ON",
        ServiceStatus::Off => "OFF",
    }
}

fn status_chip(status: ServiceStatus) -> Markup {
    let tone = match status {
        ServiceStatus::On => Tone::Good,
        ServiceStatus::Off => Tone::Neutral,
    };
    chip(status_text(status), tone)
}

fn open(app: &App, target: &Target, body: &Markup) -> Markup {
    html! {
        form.stack method="post" action=(format!("{}/access", app_path(app))) {
            (hidden("revision", &app.revision.to_string()))
            @match target {
                Target::Unit(id) => { (hidden("unit", &id.to_string())) }
                Target::Groups => { (hidden("groups", "1")) }
                Target::Everyone => {}
            }
            (body)
        }
    }
}

fn for_everyone(access: &Access, status: ServiceStatus) -> bool {
    let all = access.default == status && access.org_units.values().all(|setting| *setting == status);
    all && (access.groups.is_empty() || status == ServiceStatus::On)
}

fn everyone(app: &App, may_change: bool) -> Markup {
    let (on, off) = (for_everyone(&app.access, ServiceStatus::On), for_everyone(&app.access, ServiceStatus::Off));
    let some = !on && !off;
    let content = html! {
        (fieldset("Service status", html! {
            (radio("ON for everyone", "status", "on", on, some.then_some("Ends the settings of single org units and groups.")))
            (radio("OFF for everyone", "status", "off", off, some.then_some("Ends the settings of single org units and groups.")))
            @if some { (radio("ON for some", "status", "some", true, Some("As org units and groups are set."))) }
        }))
        (hint("Changes take effect within a second when the app answers."))
    };
    card("All users in this account", saved(app, &Target::Everyone, may_change, &content, &button("SAVE", ButtonKind::Primary)))
}

/// The content in a form with CANCEL and its buttons, or alone for who may only read.
fn saved(app: &App, target: &Target, may_change: bool, content: &Markup, buttons: &Markup) -> Markup {
    if !may_change {
        return html! { fieldset disabled { (content) } };
    }
    let body = html! {
        (content)
        (form_actions(html! { (link_button("CANCEL", &app_path(app), ButtonKind::Text)) (buttons) }))
    };
    open(app, target, &body)
}

fn org_unit(app: &App, units: &[OrgUnit], unit: &OrgUnit, may_change: bool) -> Markup {
    let (status, from) = effective(&app.access, units, unit);
    let is_root = unit.parent.is_none();
    let explicit = app.access.org_units.contains_key(&unit.id);
    let state = if is_root {
        "Holds for every org unit that does not override it.".to_owned()
    } else if explicit {
        "Overridden: set for this org unit and those below it.".to_owned()
    } else {
        format!("Inherited from {from}.")
    };
    let on = status == ServiceStatus::On;
    let content = html! {
        (fieldset("Service status", html! { (radio("On", "status", "on", on, None)) (radio("Off", "status", "off", !on, None)) }))
        (hint(&state))
    };
    let buttons = html! {
        @if is_root {
            (button_named("SAVE", ButtonKind::Primary, "go", "override"))
        } @else if explicit {
            (button_named("INHERIT", ButtonKind::Secondary, "go", "inherit"))
            (button_named("SAVE", ButtonKind::Primary, "go", "override"))
        } @else {
            (button_named("OVERRIDE", ButtonKind::Primary, "go", "override"))
        }
    };
    card(&unit.path, saved(app, &Target::Unit(unit.id), may_change, &content, &buttons))
}

fn access_groups(app: &App, directory: &Directory, may_change: bool) -> Markup {
    let rows: Vec<Vec<Markup>> = directory
        .access_groups
        .iter()
        .map(|group| {
            let remove = html! {
                @if may_change { button.button.button-text type="submit" name="remove" value=(group.id) aria-label=(format!("Remove {}", group.email)) { "Remove" } }
            };
            vec![html! { strong { (group.name) } br; span.muted { (group.email) } }, chip("ON", Tone::Good), remove]
        })
        .collect();
    let table = data_table(Table {
        caption: "Access groups",
        headers: &["Group", "Service status", ""],
        numbers: &[],
        rows: &rows,
        empty: "No group turns the app on.",
    });
    let content = html! {
        (hint("A group can turn the app ON for its members, nested groups included, also where their org unit is OFF."))
        (table)
    };
    if !may_change {
        return card("Groups", content);
    }
    let path = format!("{}/access", app_path(app));
    card(
        "Groups",
        html! {
            (open(app, &Target::Groups, &content))
            form.stack method="get" action=(path) data-search=(link(&path, &[("groups", "1")])) data-target="group-results" {
                (hidden("groups", "1"))
                div.actions { (search_field("Search groups", "q", &directory.search)) (button("Search", ButtonKind::Secondary)) }
            }
            div id="group-results" { (open(app, &Target::Groups, &found(directory))) }
        },
    )
}

fn found(directory: &Directory) -> Markup {
    if directory.search.is_empty() {
        return html! { p.muted { "Type one or more letters of a group's name or address." } };
    }
    let rows: Vec<Vec<Markup>> = directory
        .found
        .iter()
        .map(|group| {
            let add = html! { button.button.button-secondary type="submit" name="add" value=(group.id) aria-label=(format!("Turn on for {}", group.email)) { "Turn on" } };
            vec![html! { strong { (group.name) } br; span.muted { (group.email) } }, add]
        })
        .collect();
    let empty = format!("No further group has “{}” in its name or address.", directory.search);
    data_table(Table { caption: "Groups found", headers: &["Group", ""], numbers: &[], rows: &rows, empty: &empty })
}
