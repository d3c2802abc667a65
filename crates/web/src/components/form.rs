//! Forms, and the bar above a list that filters it.

use super::button::{ButtonKind, button};
use super::field::{field_id, label_for};
use crate::icon::{Icon, icon};
use maud::{Markup, html};

/// A form that posts. Its fields stand below each other at a readable width.
pub fn form(action: &str, body: Markup) -> Markup {
    html! { form.form method="post" action=(action) { (body) } }
}

/// The buttons at the end of a form.
pub fn form_actions(buttons: Markup) -> Markup {
    html! { div.actions.form-actions { (buttons) } }
}

/// The bar above a list.
pub struct FilterBar<'a> {
    /// The list's own path: the form is a GET of it.
    pub action: &'a str,
    /// The id of the element that holds the list: the script fetches the same page with the fields filled in, takes the
    /// element with this id out of it, and puts it in place.
    pub target: &'a str,
    /// [`search_field`], [`super::select`] …
    pub fields: Markup,
    /// At the right: links such as *Download list*.
    pub actions: Markup,
}

/// Filters a list while one types or chooses; without the script, by its *Apply* button.
pub fn filter_bar(bar: FilterBar<'_>) -> Markup {
    html! {
        div.filter-bar {
            form method="get" action=(bar.action) data-search=(bar.action) data-target=(bar.target) role="search" aria-label="Filter the list" {
                (bar.fields)
                span.script-hides { (button("Apply", ButtonKind::Secondary)) }
            }
            div.actions { (bar.actions) }
        }
    }
}

/// A field to search with; inside a [`filter_bar`], or in any form with `data-search`.
pub fn search_field(label: &str, name: &str, value: &str) -> Markup {
    let id = field_id(name);
    html! {
        div.field.search-field {
            (label_for(&id, label, false))
            div.search-input { (icon(Icon::Search)) input id=(id) type="search" name=(name) value=(value) autocomplete="off" spellcheck="false" maxlength="200"; }
        }
    }
}
