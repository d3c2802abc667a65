//! Sample pages with every component, rendered by the tests and served by the gallery.

mod apps;
mod lists;
mod parts;

use provost_web::{Chrome, Markup, NavGroup};

/// Makes one page.
type Sample = fn() -> Markup;

/// Path and page.
pub(crate) const PAGES: [(&str, Sample); 10] = [
    ("/", apps::home),
    ("/app", apps::app),
    ("/settings", apps::settings),
    ("/wizard", apps::wizard),
    ("/wizard-last", apps::wizard_last),
    ("/users", lists::users),
    ("/tokens", lists::tokens),
    ("/confirm", lists::confirm),
    ("/sign-in", parts::sign_in),
    ("/parts", parts::parts),
];

/// 23 November 2026, 16:02 UTC.
pub(crate) const NOW: i64 = 1_795_449_720_000_000;
pub(crate) const HOUR: i64 = 3_600_000_000;

const NAV: [NavGroup<'static>; 5] = [
    NavGroup { label: "", items: &[("Home", "/")] },
    NavGroup {
        label: "Directory",
        items: &[("Users", "/users"), ("Groups", "/groups"), ("Organizational units", "/org-units"), ("Domains", "/domains")],
    },
    NavGroup { label: "Apps", items: &[("Web and mobile apps", "/app")] },
    NavGroup { label: "Reporting", items: &[("Admin log events", "/log")] },
    NavGroup { label: "Account", items: &[("Admin roles", "/admins"), ("Service accounts", "/keys"), ("Settings", "/parts")] },
];

const TENANT_NAV: [NavGroup<'static>; 3] = [
    NavGroup { label: "", items: &[("Home", "/")] },
    NavGroup { label: "Security Cloud", items: &[("Users and Groups", "/users"), ("Provisioning requests", "/log")] },
    NavGroup { label: "Settings", items: &[("REST API v2", "/tokens")] },
];

pub(crate) fn console<'a>(title: &'a str, current: &'a str, crumbs: &'a [(&'a str, &'a str)]) -> Chrome<'a> {
    Chrome {
        product: "Provost",
        title,
        nav: &NAV,
        current,
        signed_in_as: Some("ada@example.com"),
        banner: None,
        crumbs,
        search: true,
    }
}

pub(crate) fn tenant<'a>(title: &'a str, current: &'a str) -> Chrome<'a> {
    Chrome {
        product: "Acme tenant",
        title,
        nav: &TENANT_NAV,
        current,
        signed_in_as: Some("admin@acme.example"),
        banner: Some("Simulated date: 30 November 2026, 16:02 UTC".to_owned()),
        crumbs: &[],
        search: false,
    }
}
