//! Buttons, links that look like buttons, menus, the copy button, the ON/OFF switch.

use crate::icon::{Icon, icon};
use maud::{Markup, html};

/// How a button looks. One page has one primary button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ButtonKind {
    /// Filled: what most people came for.
    Primary,
    /// Outlined.
    Secondary,
    /// Without an outline: beside others, and in cards.
    Text,
    /// Filled red: deletes something.
    Danger,
}

impl ButtonKind {
    const fn class(self) -> &'static str {
        match self {
            Self::Primary => "button button-primary",
            Self::Secondary => "button button-secondary",
            Self::Text => "button button-text",
            Self::Danger => "button button-danger",
        }
    }
}

/// Submits the form around it.
pub fn button(label: &str, kind: ButtonKind) -> Markup {
    html! { button class=(kind.class()) type="submit" { (label) } }
}

/// Submits the form around it and says which button it was.
pub fn button_named(label: &str, kind: ButtonKind, name: &str, value: &str) -> Markup {
    html! { button class=(kind.class()) type="submit" name=(name) value=(value) { (label) } }
}

/// A button that cannot be pressed now, with the reason beside it.
pub fn button_disabled(label: &str, kind: ButtonKind, reason: &str) -> Markup {
    html! { span.disabled-with-reason { button class=(kind.class()) type="button" disabled { (label) } span.muted { (reason) } } }
}

/// A link that looks like a button: it leads somewhere and changes nothing.
pub fn link_button(label: &str, href: &str, kind: ButtonKind) -> Markup {
    html! { a class=(kind.class()) href=(href) { (label) } }
}

/// A link with an icon before its text, for lists of actions.
pub fn icon_link(drawn: Icon, label: &str, href: &str) -> Markup {
    html! { a.icon-link href=(href) { (icon(drawn)) span { (label) } } }
}

/// Copies `text` to the clipboard. Shown only when the script runs: without it, people select and copy.
pub fn copy_button(label: &str, text: &str) -> Markup {
    html! {
        button.button.button-secondary type="button" hidden data-copy=(text) data-copied="Copied" { (icon(Icon::Copy)) span { (label) } }
    }
}

/// The three dots of a row, opening a list of actions: [`menu_link`] and [`menu_post`]. `label` names the menu for screen
/// readers: "Actions for token ci".
pub fn menu(label: &str, items: &[Markup]) -> Markup {
    html! {
        details.menu name="menu" {
            summary.icon-button aria-label=(label) { (icon(Icon::More)) }
            ul.menu-list { @for item in items { li { (item) } } }
        }
    }
}

/// An action that leads to a page.
pub fn menu_link(label: &str, href: &str) -> Markup {
    html! { a.menu-item href=(href) { (label) } }
}

/// An action that is done at once, with hidden fields as name and value. What destroys goes through a confirm page instead.
pub fn menu_post(label: &str, action: &str, hidden: &[(&str, &str)]) -> Markup {
    html! {
        form method="post" action=(action) {
            @for (name, value) in hidden { input type="hidden" name=(name) value=(value); }
            button.menu-item type="submit" { (label) }
        }
    }
}

/// What a [`switch_link`] shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// To the right, coloured.
    On,
    /// To the left, grey.
    Off,
}

/// A switch with its state in words. It is a link: turning leads to a page that says what would happen. `purpose` names it for
/// screen readers: "Turn autoprovisioning off".
pub fn switch_link(state: Switch, text: &str, purpose: &str, href: &str) -> Markup {
    let class = match state {
        Switch::On => "switch switch-on",
        Switch::Off => "switch switch-off",
    };
    html! { a class=(class) href=(href) { span.switch-track aria-hidden="true" {} span { (text) } span.visually-hidden { ": " (purpose) } } }
}
