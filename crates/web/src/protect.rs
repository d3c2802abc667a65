//! What goes around every answer: security headers, the content security policy, and the refusal of unsafe requests that
//! another site made the browser send.
//!
//! Who may do what is not decided here.

use crate::notice::{PendingNotice, carries_notice, notice_cookie};
use crate::reply::error_page;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, ORIGIN, REFERRER_POLICY, SET_COOKIE,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

const BODY_BYTES_MAX: usize = 1024 * 1024;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The header that the script sends with requests for parts of pages.
const FRAGMENT_HEADER: &str = "x-provost-fragment";

/// How a listener is protected.
#[derive(Clone, Debug)]
pub struct Protection {
    /// Paths for programs, which send neither `Origin` nor `Sec-Fetch-Site`: `/api` covers `/api` and `/api/…`. On all other
    /// paths an unsafe request without both headers is refused.
    pub api_prefixes: Vec<String>,
    /// Origins besides the listener's own, as `https://console.example.com`: needed behind a proxy that rewrites `Host`.
    pub trusted_origins: Vec<String>,
    /// The largest body that extractors read; a route may set its own limit.
    pub body_bytes_max: usize,
    /// Whether browsers reach this listener over https only: sends `Strict-Transport-Security`, and its cookies are `Secure`.
    pub https: bool,
}

impl Default for Protection {
    fn default() -> Self {
        Self { api_prefixes: vec!["/api".to_owned()], trusted_origins: Vec::new(), body_bytes_max: BODY_BYTES_MAX, https: false }
    }
}

/// [`protect_with`] the usual settings: programs under `/api`, bodies up to 1 MiB, plain http.
pub fn protect<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    protect_with(router, Protection::default())
}

/// Puts the protection around a whole router, assets included: call it last.
pub fn protect_with<S: Clone + Send + Sync + 'static>(router: Router<S>, protection: Protection) -> Router<S> {
    let limit = DefaultBodyLimit::max(protection.body_bytes_max);
    router.layer(limit).layer(from_fn_with_state(Arc::new(protection), around))
}

async fn around(State(protection): State<Arc<Protection>>, request: Request, next: Next) -> Response {
    let is_fragment = request.headers().contains_key(FRAGMENT_HEADER);
    let mut about_request = HeaderMap::new();
    for name in [HOST, axum::http::header::COOKIE] {
        for value in request.headers().get_all(&name) {
            about_request.append(name.clone(), value.clone());
        }
    }
    let refused = refusal(&protection, request.method(), request.uri(), request.headers());
    let mut response = match refused {
        Some(why) => refuse(&protection, request.uri().path(), why),
        None => next.run(request).await,
    };
    set_notice_cookie(&protection, &mut response, &about_request, is_fragment);
    set_headers(&protection, response.headers_mut());
    response
}

/// Why an unsafe request is refused, or `None` when it may pass. The rules are those of Go's `CrossOriginProtection`, but
/// that a request without either header passes only under the prefixes for programs.
fn refusal(protection: &Protection, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<&'static str> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return None;
    }
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let origin = text(ORIGIN);
    if origin.is_some_and(|origin| protection.trusted_origins.iter().any(|trusted| trusted == origin)) {
        return None;
    }
    // Browsers send it over https and to loopback addresses.
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return if matches!(site, "same-origin" | "none") { None } else { Some("another site sent it") };
    }
    // Browsers send it with every POST.
    if let Some(origin) = origin {
        let host = uri.authority().map(Authority::as_str).or_else(|| text(HOST));
        let origin_host = origin.split_once("://").map(|(_, host)| host);
        let same = host.is_some() && origin_host.map(str::to_ascii_lowercase) == host.map(str::to_ascii_lowercase);
        return if same { None } else { Some("another site sent it") };
    }
    if is_api(protection, uri.path()) { None } else { Some("it does not say which page sent it") }
}

fn is_api(protection: &Protection, path: &str) -> bool {
    let below = |prefix: &String| path.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    protection.api_prefixes.iter().any(below)
}

fn refuse(protection: &Protection, path: &str, why: &str) -> Response {
    tracing::warn!(path, why, "refused a cross-site request");
    if is_api(protection, path) {
        let problem = serde_json::json!({ "type": "about:blank", "title": "Cross-site request refused", "status": 403,
            "detail": format!("The request was refused because {why}.") });
        let json = [(CONTENT_TYPE, "application/problem+json")];
        return (StatusCode::FORBIDDEN, json, problem.to_string()).into_response();
    }
    let text = format!(
        "The request was refused because {why}, and nothing was changed. Open the console in this browser and try again there. \
         Behind a proxy, let it pass the Host and Origin headers on unchanged."
    );
    error_page(StatusCode::FORBIDDEN, "Request refused", &text)
}

/// Writes the cookie of a pending notice; removes the cookie with the first whole page that could show it.
fn set_notice_cookie(protection: &Protection, response: &mut Response, about_request: &HeaderMap, is_fragment: bool) {
    let pending = response.extensions_mut().remove::<PendingNotice>();
    let is_page = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let shown = is_page && !is_fragment && carries_notice(about_request);
    if pending.is_none() && !shown {
        return;
    }
    let notice = pending.as_ref().map(|PendingNotice(notice)| notice);
    let cookie = notice_cookie(about_request, notice, protection.https);
    let cookie = HeaderValue::from_str(&cookie).expect("the cookie is encoded as letters, digits, - and _");
    response.headers_mut().append(SET_COOKIE, cookie);
}

fn set_headers(protection: &Protection, headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // Not `no-referrer`: that would make browsers send `Origin: null` with our own forms.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers
        .insert("permissions-policy", HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if protection.https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(method: Method, uri: &str, headers: &[(&'static str, &str)]) -> bool {
        let protection = Protection { trusted_origins: vec!["https://front.example".to_owned()], ..Protection::default() };
        let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect();
        refusal(&protection, &method, &uri.parse().unwrap(), &headers).is_some()
    }

    #[test]
    fn safe_methods_always_pass() {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            assert!(!refused(method, "/users", &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")]));
        }
    }

    #[test]
    fn unsafe_requests_pass_only_from_our_own_pages() {
        let host = ("host", "console.example:8080");
        for (headers, refused_or_not) in [
            (vec![("sec-fetch-site", "same-origin")], false),
            (vec![("sec-fetch-site", "none")], false),
            (vec![("sec-fetch-site", "same-site")], true),
            (vec![("sec-fetch-site", "cross-site")], true),
            (vec![("sec-fetch-site", "cross-site"), ("origin", "http://console.example:8080"), host], true),
            (vec![("sec-fetch-site", "cross-site"), ("origin", "https://front.example")], false),
            (vec![("origin", "http://console.example:8080"), host], false),
            (vec![("origin", "http://Console.example:8080"), host], false),
            (vec![("origin", "http://console.example:8090"), host], true),
            (vec![("origin", "http://console.example"), host], true),
            (vec![("origin", "http://evil.example"), host], true),
            (vec![("origin", "null"), host], true),
            (vec![("origin", "null")], true),
            (vec![("origin", "http://console.example:8080")], true),
            (vec![host], true),
            (vec![], true),
        ] {
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                assert_eq!(refused(method, "/users", &headers), refused_or_not, "{headers:?}");
            }
        }
    }

    #[test]
    fn programs_pass_without_the_headers_under_their_prefix_only() {
        for (path, refused_or_not) in [("/api", false), ("/api/v1/users", false), ("/apis", true), ("/", true), ("/x/api", true)]
        {
            assert_eq!(refused(Method::POST, path, &[]), refused_or_not, "{path}");
        }
        assert!(refused(Method::POST, "/api/v1/users", &[("sec-fetch-site", "cross-site")]));
    }
}
