//! The full-screen assistant: blue bar, stepper, one form, BACK, CANCEL and CONTINUE or FINISH.
//!
//! Where the answers of earlier steps are kept is the caller's matter: in a draft in the database, or in hidden fields.

use crate::components::{ButtonKind, button_named, link_button, stepper};
use crate::icon::{Icon, icon};
use crate::layout::{accent, document};
use crate::notice::{Notice, notice_box};
use maud::{Markup, html};

/// What BACK does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back<'a> {
    /// There is no BACK: the first step.
    None,
    /// A link to the step before; what is typed on this page is not kept.
    Link(&'a str),
    /// Submits the form with `go=back`, without the browser's checks.
    Submit,
}

/// One page of an assistant. The form posts to `action` with `go=continue`, `go=finish` on the last step, or `go=back`.
pub struct Wizard<'a> {
    /// The product's name, as in [`crate::Chrome`].
    pub product: &'a str,
    /// In the blue bar: "Set up autoprovisioning for Netskope".
    pub title: &'a str,
    /// The labels of all steps.
    pub steps: &'a [&'a str],
    /// The current one, from 0.
    pub current: usize,
    /// Where the form posts to.
    pub action: &'a str,
    /// What BACK does.
    pub back: Back<'a>,
    /// Where CANCEL and the cross lead.
    pub cancel_href: &'a str,
    /// Under the stepper: "Authorize access to Netskope".
    pub heading: &'a str,
}

/// The whole document. `body` is the content of the form: fields, cards.
pub fn wizard_page(wizard: &Wizard<'_>, notice: Option<&Notice>, body: Markup) -> Markup {
    let last = wizard.current + 1 >= wizard.steps.len();
    let (label, go) = if last { ("FINISH", "finish") } else { ("CONTINUE", "continue") };
    let title = format!("{} – {}", wizard.title, wizard.product);
    let inner = html! {
        a.skip-link href="#main" { "Skip to the content" }
        header.wizard-bar {
            a.icon-button href=(wizard.cancel_href) aria-label="Close without saving" { (icon(Icon::Close)) }
            p.wizard-title { (wizard.title) }
        }
        (stepper(wizard.steps, wizard.current))
        main #main.wizard-main tabindex="-1" {
            form method="post" action=(wizard.action) {
                // Enter in a field presses the first button of the form: it must not be BACK.
                button.visually-hidden type="submit" name="go" value=(go) tabindex="-1" aria-hidden="true" { (label) }
                h1.wizard-heading { (wizard.heading) }
                @if let Some(notice) = notice { (notice_box(notice)) }
                (body)
                div.wizard-actions {
                    @match wizard.back {
                        Back::None => {}
                        Back::Link(href) => { (link_button("BACK", href, ButtonKind::Text)) }
                        Back::Submit => { button.button.button-text type="submit" name="go" value="back" formnovalidate { "BACK" } }
                    }
                    span.wizard-space {}
                    (link_button("CANCEL", wizard.cancel_href, ButtonKind::Text))
                    (button_named(label, ButtonKind::Primary, "go", go))
                }
            }
        }
    };
    document(&title, accent(wizard.product), inner)
}
