//! What every page of a signed-in administrator starts from, and the frame around it.

use super::REST_API;
use crate::Tenant;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use provost_web::{
    Chrome, Markup, NavGroup, Notice, error_page, html_response_with, page, redirect_with_notice, see_other, take_notice,
};

/// The name in the top bar.
pub(super) const PRODUCT: &str = "Netskope-like tenant";

const NAVIGATION: &[NavGroup<'static>] = &[
    NavGroup { label: "", items: &[("Home", "/")] },
    NavGroup {
        label: "Security Cloud",
        items: &[
            ("Users", "/security-cloud/users"),
            ("Groups", "/security-cloud/groups"),
            ("Provisioning requests", "/security-cloud/requests"),
        ],
    },
    NavGroup { label: "Settings > Tools", items: &[("REST API v2", REST_API), ("Settings", "/settings/tools/behaviour")] },
];

/// A signed-in administrator's request.
pub(super) struct View {
    pub(super) tenant: Tenant,
    /// Who asks.
    pub(super) admin: String,
    notice: Option<Notice>,
}

impl FromRequestParts<Tenant> for View {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, tenant: &Tenant) -> Result<Self, Response> {
        match tenant.inner.sessions.current(&parts.headers).await {
            Ok(Some(session)) => Ok(Self { tenant: tenant.clone(), admin: session.subject, notice: take_notice(&parts.headers) }),
            Ok(None) if parts.method == axum::http::Method::GET => {
                let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
                let next: String = path
                    .bytes()
                    .map(|byte| {
                        if byte == b'&' || byte == b'#' || byte == b'+' {
                            format!("%{byte:02X}")
                        } else {
                            char::from(byte).to_string()
                        }
                    })
                    .collect();
                Err(if path == "/" { see_other("/sign-in") } else { see_other(&format!("/sign-in?next={next}")) })
            }
            Ok(None) => Err(see_other("/sign-in")),
            Err(error) => {
                tracing::error!(%error, "a page was not shown: the database failed");
                Err(unavailable())
            }
        }
    }
}

impl View {
    /// A page of the console. `current` is the navigation item that is lit.
    pub(super) fn page(&self, title: &str, current: &str, crumbs: &[(&str, &str)], body: Markup) -> Response {
        self.page_with(StatusCode::OK, title, current, crumbs, body)
    }

    /// The same with another status: 422 for a form that comes back with errors.
    pub(super) fn page_with(
        &self,
        status: StatusCode,
        title: &str,
        current: &str,
        crumbs: &[(&str, &str)],
        body: Markup,
    ) -> Response {
        let chrome = Chrome {
            product: PRODUCT,
            title,
            nav: NAVIGATION,
            current,
            signed_in_as: Some(&self.admin),
            banner: self.banner(),
            crumbs,
            search: false,
        };
        html_response_with(status, page(&chrome, self.notice.as_ref(), body))
    }

    /// Now, on the tenant's clock.
    pub(super) fn now(&self) -> i64 {
        self.tenant.inner.clock.now_micros()
    }

    fn banner(&self) -> Option<String> {
        let clock = &self.tenant.inner.clock;
        if !clock.is_adjustable() || clock.offset_micros() == 0 {
            return None;
        }
        let now = jiff::Timestamp::from_microsecond(clock.now_micros()).ok()?;
        Some(format!("Simulated date: {}", now.strftime("%-d %B %Y, %H:%M UTC")))
    }
}

/// Back to `path`, where the page says that it was done.
pub(super) fn done(path: &str, text: impl Into<String>) -> Response {
    redirect_with_notice(path, &Notice::success(text))
}

/// A page for a failing database.
pub(super) fn unavailable() -> Response {
    let text = "The tenant cannot reach its storage. Nothing was changed. Try again in a moment; the server's log says more.";
    error_page(StatusCode::SERVICE_UNAVAILABLE, "Storage not available", text)
}

/// Any other path.
pub(super) async fn not_found() -> Response {
    provost_web::not_found()
}
