//! Cards and how they stand on a page: headers, columns, rows of settings, lists of terms.

use super::button::{ButtonKind, link_button};
use super::feedback::{avatar_square, breakable};
use maud::{Markup, html};

/// The page's heading, with buttons or links at its right.
pub fn page_header(title: &str, actions: Markup) -> Markup {
    html! { div.page-header { h1 { (title) } div.actions { (actions) } } }
}

/// A card with a heading.
pub fn card(title: &str, body: Markup) -> Markup {
    card_with(title, html! {}, body)
}

/// A card with a heading and controls at its right (a link, a switch, a menu). An empty title leaves the heading out.
pub fn card_with(title: &str, actions: Markup, body: Markup) -> Markup {
    html! {
        section.card {
            @if !title.is_empty() { div.card-header { h2 { (title) } div.actions { (actions) } } }
            (body)
        }
    }
}

/// Cards, or other blocks, one below the other with room between.
pub fn stack(blocks: &[Markup]) -> Markup {
    html! { div.stack { @for block in blocks { (block) } } }
}

/// A narrow column at the left and a wide one; below each other on small screens. The app page and the user page.
pub fn two_columns(left: Markup, right: Markup) -> Markup {
    html! { div.two-columns { div.stack { (left) } div.stack { (right) } } }
}

/// Logo letter, name and a line below: the head of the app page's left card.
pub fn app_header(name: &str, subtitle: &str) -> Markup {
    html! { div.app-header { (avatar_square(name)) div { h1 { (name) } p.muted { (breakable(subtitle)) } } } }
}

/// Several [`crate::tile`]s side by side.
pub fn tiles(tiles: &[Markup]) -> Markup {
    html! { div.tiles { div.tiles-grid { @for tile in tiles { (tile) } } } }
}

/// Terms and what they are: label left, value right.
pub fn definition_list<L: AsRef<str>>(items: &[(L, Markup)]) -> Markup {
    html! { dl.definitions { @for (label, value) in items { div { dt { (label.as_ref()) } dd { (value) } } } } }
}

/// One line of a settings page.
pub struct Setting<'a> {
    /// What is set: "Provisioning scope".
    pub label: &'a str,
    /// How it is set now.
    pub value: Markup,
    /// The link at the right: its text and where it leads; `None` for who may only read.
    pub action: Option<(&'a str, &'a str)>,
}

/// Label, present value, and the link that changes it.
pub fn setting_row(setting: &Setting<'_>) -> Markup {
    html! {
        div.setting-row {
            h2 { (setting.label) }
            div.setting-value { (setting.value) }
            @if let Some((label, href)) = setting.action { (link_button(label, href, ButtonKind::Text)) }
        }
    }
}
