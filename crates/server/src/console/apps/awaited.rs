//! What stands in the place of a plan that is being worked out, and of when one is that was not made for its page.

use super::path_of;
use crate::plans::{Progress, Ready};
use provost_core::app::App;
use provost_web::{ButtonKind, Markup, button, card, html, link_button, live, progress};

/// The part of a page that is asked for again until the plan is there.
pub(super) const LIVE: &str = "plan-live";

/// In place of a plan that `path` will show.
pub(super) fn by_path(far: &Progress, path: &str) -> Markup {
    live(LIVE, path, how_far(far, &link_button("Look again", path, ButtonKind::Secondary)))
}

/// A form that will be answered by a review of its fields, once the plan is there. It works without script by being sent again.
pub(super) fn by_form(app: &App, title: &str, action: &str, cancel: &str, fields: &Markup, far: &Progress) -> Markup {
    html! {
        form.stack method="post" action=(action) {
            h1 { (title) }
            (fields)
            (in_form(app, Some(far)))
            div.actions.actions-end { (link_button("CANCEL", cancel, ButtonKind::Text)) }
        }
    }
}

/// The part of that form that is asked for again; `None` when the plan is there.
pub(super) fn in_form(app: &App, far: Option<&Progress>) -> Markup {
    if let Some(far) = far {
        let path = path_of(app, &format!("plan/{}", far.number));
        return live(LIVE, &path, how_far(far, &button("Look again", ButtonKind::Secondary)));
    }
    let there = html! {
        p { "Everybody was looked at." }
        div.actions { (button("See the plan", ButtonKind::Primary)) }
    };
    html! { div id=(LIVE) { (card("The plan is there", there)) } }
}

fn how_far(far: &Progress, on: &Markup) -> Markup {
    let body = html! {
        (progress("Users looked at", far.looked_at, far.users))
        p.muted { "What would happen is decided for everybody anew, and nothing is sent. You can leave this page and come back." }
        div.actions { (on) }
    };
    card("Working out the plan", body)
}

/// Of when a plan is that was not made for this page, to the second; `again` is where it can be made anew.
pub(super) fn made(ready: &Ready, again: Option<&str>) -> Markup {
    html! {
        @if let Some((began, ended)) = ready.made {
            p.muted {
                "Everybody was looked at between " (began) " and " (ended) ". Changes since then are not in it. "
                @if let Some(again) = again { a href=(again) { "Work it out again" } }
            }
        }
    }
}
