//! Notices: what a page says first after something was done, carried over a redirect in a short-lived cookie.

use crate::icon::{Icon, icon};
use crate::reply::see_other;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::response::Response;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use maud::{Markup, html};
use std::fmt::Write;

/// Longer texts are cut: a cookie has little room.
const TEXT_CHARACTERS_MAX: usize = 600;
const LIFE_SECONDS: u64 = 60;

/// How a notice is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// It was done.
    Success,
    /// It was done, and there is something to know.
    Warning,
    /// It was not done.
    Error,
}

/// One notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How it is meant.
    pub kind: NoticeKind,
    /// One or two sentences.
    pub text: String,
}

impl Notice {
    /// "It was done."
    pub fn success(text: impl Into<String>) -> Self {
        Self { kind: NoticeKind::Success, text: text.into() }
    }

    /// "It was done, but …"
    pub fn warning(text: impl Into<String>) -> Self {
        Self { kind: NoticeKind::Warning, text: text.into() }
    }

    /// "It was not done, because …; do …"
    pub fn error(text: impl Into<String>) -> Self {
        Self { kind: NoticeKind::Error, text: text.into() }
    }
}

/// The box in which a notice stands; also for hints within a page.
pub fn notice_box(notice: &Notice) -> Markup {
    let (class, role, drawn) = match notice.kind {
        NoticeKind::Success => ("notice notice-success", "status", Icon::Check),
        NoticeKind::Warning => ("notice notice-warning", "status", Icon::Warning),
        NoticeKind::Error => ("notice notice-error", "alert", Icon::Error),
    };
    html! { div class=(class) role=(role) { (icon(drawn)) p { (notice.text) } } }
}

/// The notice on its way from a handler's answer to the cookie, which [`crate::protect`] writes: only there the listener's
/// port is known, and cookies do not know ports.
#[derive(Clone, Debug)]
pub(crate) struct PendingNotice(pub(crate) Notice);

/// 303 to `path`, where the page shows the notice once (it calls [`take_notice`]).
pub fn redirect_with_notice(path: &str, notice: &Notice) -> Response {
    let mut response = see_other(path);
    response.extensions_mut().insert(PendingNotice(notice.clone()));
    response
}

/// The notice that came with this request, if any. [`crate::protect`] removes the cookie with the page's answer.
pub fn take_notice(headers: &HeaderMap) -> Option<Notice> {
    let jar = CookieJar::from_headers(headers);
    let cookie = jar.get(&cookie_name(headers))?;
    let (kind, text) = cookie.value().split_once('.')?;
    let kind = match kind {
        "s" => NoticeKind::Success,
        "w" => NoticeKind::Warning,
        "e" => NoticeKind::Error,
        _ => return None,
    };
    Some(Notice { kind, text: decode(text)? })
}

/// Whether the request carries a notice's cookie, readable or not.
pub(crate) fn carries_notice(headers: &HeaderMap) -> bool {
    CookieJar::from_headers(headers).get(&cookie_name(headers)).is_some()
}

/// The `Set-Cookie` value that carries the notice to the next page of this listener, or with `None` removes it. `is_secure`: over
/// https only.
pub(crate) fn notice_cookie(headers: &HeaderMap, notice: Option<&Notice>, is_secure: bool) -> String {
    let value = notice.map(|notice| {
        let kind = match notice.kind {
            NoticeKind::Success => 's',
            NoticeKind::Warning => 'w',
            NoticeKind::Error => 'e',
        };
        format!("{kind}.{}", encode(&notice.text.chars().take(TEXT_CHARACTERS_MAX).collect::<String>()))
    });
    let life_seconds = if value.is_some() { LIFE_SECONDS } else { 0 };
    let mut cookie = Cookie::new(cookie_name(headers), value.unwrap_or_default());
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Strict);
    cookie.set_path("/");
    cookie.set_secure(is_secure);
    format!("{cookie}; Max-Age={life_seconds}")
}

/// A name of its own for each port: two consoles on one host must not show each other's notices.
fn cookie_name(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let port = host.rsplit_once(':').map(|(_, port)| port).filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    port.map_or_else(|| "provost_notice".to_owned(), |port| format!("provost_notice_{port}"))
}

/// Text as characters that a cookie may hold: two hexadecimal digits a byte, but for letters and digits.
fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "-{byte:02x}").expect("writing to a String cannot fail");
        }
        encoded
    })
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'-' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &'static str, cookie: Option<String>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(cookie) = cookie {
            let pair = cookie.split(';').next().unwrap().to_owned();
            headers.insert("cookie", pair.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_notice_survives_the_cookie_with_any_text() {
        for kind in [NoticeKind::Success, NoticeKind::Warning, NoticeKind::Error] {
            let notice = Notice { kind, text: "Added “Zoë”; 5 % <done>, a=b\n".to_owned() };
            let cookie = notice_cookie(&headers("localhost:8080", None), Some(&notice), false);
            assert_eq!(take_notice(&headers("localhost:8080", Some(cookie))), Some(notice));
        }
    }

    #[test]
    fn another_listener_on_the_same_host_does_not_see_it() {
        let cookie = notice_cookie(&headers("localhost:8080", None), Some(&Notice::success("Done.")), false);
        assert_eq!(take_notice(&headers("localhost:8090", Some(cookie.clone()))), None);
        assert!(!carries_notice(&headers("[::1]", Some(cookie))));
    }

    #[test]
    fn a_long_text_is_cut_and_nonsense_is_no_notice() {
        let cookie = notice_cookie(&headers("a", None), Some(&Notice::error("é".repeat(5_000))), false);
        assert!(cookie.len() < 4_096, "{}", cookie.len());
        assert_eq!(take_notice(&headers("a", Some(cookie))).unwrap().text.chars().count(), TEXT_CHARACTERS_MAX);
        for value in ["", "s", "x.hello", "s.-", "s.-zz", "s.-ff"] {
            let headers = headers("a", Some(format!("provost_notice={value}")));
            assert_eq!((take_notice(&headers), carries_notice(&headers)), (None, true), "{value}");
        }
    }

    #[test]
    fn every_kind_renders_with_its_role_and_escaped() {
        assert!(notice_box(&Notice::success("<b>")).into_string().contains("role=\"status\""));
        assert!(notice_box(&Notice::warning("<b>")).into_string().contains("&lt;b&gt;"));
        assert!(notice_box(&Notice::error("<b>")).into_string().contains("role=\"alert\""));
    }
}
