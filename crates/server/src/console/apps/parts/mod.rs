//! The parts of a connection's configuration as forms: the assistant and the settings show the same ones.
//!
//! Each part has the fields of its form, what they say, and the form's body. Nothing is stored here.

use provost_web::{Icon, Markup, html, icon};

pub(super) mod announcement;
pub(super) mod deprovisioning;
pub(super) mod endpoint;
pub(super) mod mapping;
pub(super) mod preview;
pub(super) mod scope;

/// A field to search with within a larger form: while one types, the script asks `path` with the form's fields and puts
/// the element `target` of the answer in place.
fn live_search(label: &str, name: &str, value: &str, path: &str, target: &str) -> Markup {
    let id = format!("field-{name}");
    html! {
        div.field.search-field {
            label for=(id) { (label) }
            div.search-input {
                (icon(Icon::Search))
                input id=(id) type="search" name=(name) value=(value) autocomplete="off" spellcheck="false" maxlength="200"
                    data-search=(path) data-target=(target);
            }
        }
    }
}
