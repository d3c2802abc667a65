//! The frame of a page: document head, top bar, navigation, notices.

use crate::assets::{css_path, icon_path, script_path};
use crate::components::breadcrumb;
use crate::icon::{Icon, icon};
use crate::notice::{Notice, notice_box};
use maud::{DOCTYPE, Markup, html};

/// The product name of the administrator's console; another product gets another accent colour, so that two consoles side
/// by side are told apart at a glance.
const OWN_PRODUCT: &str = "Provost";

/// What surrounds a page's content.
pub struct Chrome<'a> {
    /// The name beside the logo.
    pub product: &'a str,
    /// The page's title, in the browser's tab; the page prints its own heading with [`crate::page_header`].
    pub title: &'a str,
    /// The left navigation.
    pub nav: &'a [NavGroup<'a>],
    /// The `href` of the current navigation item.
    pub current: &'a str,
    /// The address of who is signed in: brings the account menu, with *Sign out* posting to `/sign-out`.
    pub signed_in_as: Option<&'a str>,
    /// A strip above everything, for instance the simulated date.
    pub banner: Option<String>,
    /// The way here: label and href. The last one is the page itself and no link.
    pub crumbs: &'a [(&'a str, &'a str)],
    /// Whether the top bar has the search field, a GET of `/search?q=…`.
    pub search: bool,
}

/// A group of the left navigation.
pub struct NavGroup<'a> {
    /// Its heading; empty for the top level.
    pub label: &'a str,
    /// Label and href.
    pub items: &'a [(&'a str, &'a str)],
}

/// A whole page with navigation and top bar.
pub fn page(chrome: &Chrome<'_>, notice: Option<&Notice>, body: Markup) -> Markup {
    let title = format!("{} – {}", chrome.title, chrome.product);
    let inner = html! {
        a.skip-link href="#main" { "Skip to the content" }
        @if let Some(banner) = &chrome.banner { aside.banner aria-label="About this system" { (icon(Icon::Clock)) span { (banner) } } }
        (top_bar(chrome))
        div.shell {
            nav #navigation.side-nav aria-label="Main" popover { (navigation(chrome)) }
            main #main tabindex="-1" {
                @if chrome.crumbs.len() > 1 { (breadcrumb(chrome.crumbs)) }
                @if let Some(notice) = notice { (notice_box(notice)) }
                (body)
            }
        }
    };
    document(&title, accent(chrome.product), inner)
}

/// A page without navigation. The body brings its own `main`, as [`centered`] does.
pub fn bare_page(title: &str, body: Markup) -> Markup {
    document(title, "", body)
}

/// One card in the middle of a [`bare_page`], under the product's logo: sign-in, first start, errors.
pub fn centered(product: Option<&str>, body: Markup) -> Markup {
    html! {
        main #main class=(format!("centered {}", product.map_or("", accent)).trim_end()) {
            div.centered-card {
                @if let Some(product) = product { p.brand { (logo()) span { (product) } } }
                (body)
            }
        }
    }
}

/// The whole document around a body.
pub(crate) fn document(title: &str, accent: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" class=(accent) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="stylesheet" href=(css_path());
                link rel="icon" type="image/svg+xml" href=(icon_path());
                script src=(script_path()) defer {}
            }
            body { (body) }
        }
    }
}

pub(crate) fn accent(product: &str) -> &'static str {
    if product == OWN_PRODUCT { "" } else { "accent-tenant" }
}

fn top_bar(chrome: &Chrome<'_>) -> Markup {
    html! {
        header.top-bar {
            button.icon-button.nav-button type="button" popovertarget="navigation" aria-label="Main menu" { (icon(Icon::Menu)) }
            a.brand href="/" aria-label=(chrome.product) { (logo()) span { (chrome.product) } }
            @if chrome.search {
                form.top-search role="search" aria-label="Everything" action="/search" method="get" {
                    label.visually-hidden for="top-search" { "Search for users, groups, apps" }
                    (icon(Icon::Search))
                    input #top-search type="search" name="q" placeholder="Search for users, groups, apps" autocomplete="off" maxlength="200";
                }
            }
            div.top-space {}
            @if let Some(email) = chrome.signed_in_as { (account_menu(email)) }
        }
    }
}

fn account_menu(email: &str) -> Markup {
    html! {
        button.avatar-button type="button" popovertarget="account-menu" aria-label=(format!("Account: {email}")) {
            (crate::components::avatar(email))
        }
        div #account-menu.account-menu popover {
            (crate::components::avatar(email))
            p.account-email { (email) }
            form method="post" action="/sign-out" { (crate::components::button("Sign out", crate::components::ButtonKind::Secondary)) }
        }
    }
}

fn navigation(chrome: &Chrome<'_>) -> Markup {
    html! {
        @for group in chrome.nav {
            @if !group.label.is_empty() { h2.nav-label { (group.label) } }
            ul.nav-list {
                @for (label, href) in group.items {
                    li {
                        a href=(href) aria-current=[(*href == chrome.current).then_some("page")] {
                            (icon(nav_icon(label))) span { (label) }
                        }
                    }
                }
            }
        }
    }
}

/// The navigation's icons go by label, so that both consoles look alike where they say alike.
fn nav_icon(label: &str) -> Icon {
    match label {
        "Home" => Icon::Home,
        "Users" => Icon::Person,
        "Groups" | "Users and Groups" => Icon::Group,
        "Organizational units" | "Org units" => Icon::OrgUnit,
        "Domains" => Icon::Globe,
        "Web and mobile apps" | "Apps" => Icon::Apps,
        "Admin log events" | "Log" | "Provisioning requests" | "Last provisioning requests" => Icon::List,
        "Administrators" | "Admin roles" => Icon::Shield,
        "API keys" | "Service accounts" => Icon::Key,
        "Settings" => Icon::Sliders,
        "REST API v2" => Icon::Plug,
        _ => Icon::Dot,
    }
}

/// The mark: an arrow from a filled circle to a ring, a directory that feeds an app.
fn logo() -> Markup {
    html! {
        svg.logo viewBox="0 0 32 32" aria-hidden="true" focusable="false" {
            rect.logo-ground width="32" height="32" rx="8" {}
            path.logo-line d="M9 16h13M18 11.5l4.5 4.5-4.5 4.5M25.5 8.5v15" {}
            circle.logo-dot cx="8" cy="16" r="3.2" {}
        }
    }
}
