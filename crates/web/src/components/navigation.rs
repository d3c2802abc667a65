//! Ways through pages: breadcrumb, tabs, pager, stepper.

use crate::icon::{Icon, icon};
use maud::{Markup, html};

/// The way here: label and href. The last one is the page itself.
pub fn breadcrumb(crumbs: &[(&str, &str)]) -> Markup {
    let last = crumbs.len().saturating_sub(1);
    html! {
        nav.breadcrumb aria-label="Breadcrumb" {
            ol {
                @for (index, (label, href)) in crumbs.iter().enumerate() {
                    li {
                        @if index == last { span aria-current="page" { (label) } } @else { a href=(href) { (label) } (icon(Icon::ChevronRight)) }
                    }
                }
            }
        }
    }
}

/// Pages of one thing: label and href. `current` is the href of this one.
pub fn tabs(items: &[(&str, &str)], current: &str) -> Markup {
    html! {
        nav.tabs aria-label="Sections" {
            @for (label, href) in items { a href=(href) aria-current=[(*href == current).then_some("page")] { (label) } }
        }
    }
}

/// Links to the page before and after; nothing when the list has one page.
pub fn pager(prev: Option<&str>, next: Option<&str>) -> Markup {
    html! {
        @if prev.is_some() || next.is_some() {
            nav.pager aria-label="Pages" {
                @if let Some(href) = prev { a.button.button-text href=(href) rel="prev" { "Previous" } }
                @if let Some(href) = next { a.button.button-text href=(href) rel="next" { "Next" } }
            }
        }
    }
}

/// The steps of an assistant; those before `current` (from 0) are ticked.
pub fn stepper(steps: &[&str], current: usize) -> Markup {
    html! {
        nav.stepper aria-label="Steps" {
            ol {
                @for (index, step) in steps.iter().enumerate() {
                    li class=[(index < current).then_some("step-done")] aria-current=[(index == current).then_some("step")] {
                        span.step-number { @if index < current { (icon(Icon::Check)) span.visually-hidden { "Done:" } } @else { (index + 1) } }
                        span.step-label { (step) }
                    }
                }
            }
        }
    }
}
