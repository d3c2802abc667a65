//! The page's card that asks before something is done. It is a page of its own, not a dialog: it works without script.

use super::button::{ButtonKind, button, link_button};
use super::field::hidden;
use maud::{Markup, html};

/// A question before an action.
pub struct Confirm<'a> {
    /// "Turn off autoprovisioning for Netskope?"
    pub title: &'a str,
    /// What will happen, and what will not.
    pub text: &'a str,
    /// More: a list of who is concerned, a checkbox. It stands inside the form.
    pub body: Markup,
    /// Where the form posts to.
    pub action: &'a str,
    /// "TURN OFF".
    pub confirm_label: &'a str,
    /// [`ButtonKind::Danger`] for what deletes.
    pub kind: ButtonKind,
    /// Where CANCEL leads.
    pub cancel_href: &'a str,
    /// Hidden fields: name and value.
    pub hidden: &'a [(&'a str, &'a str)],
}

/// A question with a red button. For other kinds, or more content, [`confirm_with`].
pub fn confirm_form(
    title: &str,
    text: &str,
    action: &str,
    confirm_label: &str,
    cancel_href: &str,
    hidden: &[(&str, &str)],
) -> Markup {
    confirm_with(Confirm { title, text, body: html! {}, action, confirm_label, kind: ButtonKind::Danger, cancel_href, hidden })
}

/// A question with everything.
pub fn confirm_with(confirm: Confirm<'_>) -> Markup {
    html! {
        form.confirm method="post" action=(confirm.action) {
            h1 { (confirm.title) }
            p { (confirm.text) }
            (confirm.body)
            div.actions.actions-end {
                (link_button("CANCEL", confirm.cancel_href, ButtonKind::Text))
                (button(confirm.confirm_label, confirm.kind))
            }
            @for (name, value) in confirm.hidden { (hidden(name, value)) }
        }
    }
}
