//! The answers of handlers: pages, redirects, errors.

use crate::components::{ButtonKind, link_button};
use crate::layout::{bare_page, centered};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

/// 200 with a page or a fragment.
pub fn html_response(markup: Markup) -> Response {
    html_response_with(StatusCode::OK, markup)
}

/// A page or a fragment with another status; 422 for a form that comes back with errors.
pub fn html_response_with(status: StatusCode, markup: Markup) -> Response {
    (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], markup.into_string()).into_response()
}

/// 303 to a path of this listener; what is not such a path leads to `/` (see [`safe_path`]).
pub fn see_other(path: &str) -> Response {
    let location = HeaderValue::from_str(safe_path(path)).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
}

/// The path itself when it stays on this listener, or `/`: for a "next" parameter, which anybody may write.
pub fn safe_path(path: &str) -> &str {
    let local = path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n', '\t']);
    if local && path.bytes().all(|byte| (0x21..0x7f).contains(&byte)) { path } else { "/" }
}

/// A whole page for an error: what happened, in `title`; why and what to do, in `text`.
pub fn error_page(status: StatusCode, title: &str, text: &str) -> Response {
    let body = centered(
        None,
        html! {
            p.error-code { (status.as_u16()) }
            h1 { (title) }
            p.muted { (text) }
            div.actions { (link_button("Go to the home page", "/", ButtonKind::Primary)) }
        },
    );
    html_response_with(status, bare_page(title, body))
}

/// The page for a path that does not exist, or a thing that is gone.
pub fn not_found() -> Response {
    error_page(
        StatusCode::NOT_FOUND,
        "Page not found",
        "Nothing is at this address. It may have been deleted, or the address may be mistyped.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_on_this_listener() {
        for path in ["/", "/users/12?q=a%20b#top"] {
            assert_eq!(see_other(path).headers()[LOCATION], path);
        }
        for path in
            ["", "users", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nset-cookie: x", "/é", "/a b"]
        {
            let response = see_other(path);
            assert_eq!(
                (response.status(), response.headers()[LOCATION].to_str().unwrap()),
                (StatusCode::SEE_OTHER, "/"),
                "{path:?}"
            );
        }
    }

    #[test]
    fn pages_say_their_type_and_status() {
        let response = not_found();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        assert_eq!(html_response(html! { p {} }).status(), StatusCode::OK);
    }
}
