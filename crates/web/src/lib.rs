//! The page kit that both consoles share: layout, components, assets, sessions, cross-site protection.
//!
//! - A page is [`page`] (navigation, top bar), [`wizard_page`] (full screen, stepper) or [`bare_page`] with [`centered`]
//!   (sign-in), filled with the plain functions of [`components`], which are all re-exported here.
//! - [`html_response`], [`see_other`], [`redirect_with_notice`], [`error_page`], [`csv_response`] make the answers.
//! - [`Sessions`] and [`LoginThrottle`] are for signing in; [`protect`] goes around the whole router, with
//!   [`assets_router`] merged into it.
//!
//! Everything works without script. The one script, `provost.js`, adds: `data-live="URL"` (refreshed every 2 s),
//! `data-search="URL"` (lists that follow the typing), `data-copy` (copy buttons), `data-check-all`, and menus that close.
//! The kit knows nothing of the domain, and pages hold no inline styles and no inline scripts: the content security policy
//! forbids both.

#![expect(
    clippy::needless_pass_by_value,
    reason = "markup is made on the spot and handed over: a reference would only add signs to every page"
)]

pub mod assets;
pub mod components;
mod csv;
mod icon;
mod layout;
mod notice;
mod protect;
mod reply;
mod session;
mod throttle;
mod wizard;

pub use assets::assets_router;
pub use components::*;
pub use csv::{csv_line, csv_response};
pub use icon::{Icon, icon};
pub use layout::{Chrome, NavGroup, bare_page, centered, page};
pub use maud::{DOCTYPE, Markup, PreEscaped, Render, html};
pub use notice::{Notice, NoticeKind, notice_box, redirect_with_notice, take_notice};
pub use protect::{Protection, protect, protect_with};
pub use reply::{error_page, html_response, html_response_with, not_found, safe_path, see_other};
pub use session::{SESSION_MIGRATION_SQL, Session, Sessions, SetCookie};
pub use throttle::LoginThrottle;
pub use wizard::{Back, Wizard, wizard_page};
