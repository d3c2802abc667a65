//! A whole protected listener: headers, refusals, notices over redirects, assets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, Response, StatusCode};
use axum::routing::{get, post};
use provost_web::assets::{css_path, icon_path, script_path};
use provost_web::*;
use tower::ServiceExt;

fn listener(protection: Protection) -> Router {
    let shown = |headers: HeaderMap| async move {
        let notice = take_notice(&headers);
        html_response(html! { @if let Some(notice) = notice { (notice_box(&notice)) } })
    };
    let router = Router::new()
        .route("/", get(shown))
        .route("/save", post(|_body: String| async { redirect_with_notice("/", &Notice::success("Saved “it”.")) }))
        .route("/api/v1/things", post(|body: String| async move { body }))
        .route("/cached", get(|| async { ([("cache-control", "max-age=5")], "x") }))
        .merge(assets_router())
        .fallback(|| async { not_found() });
    protect_with(router, protection)
}

async fn ask(method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost:8080");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    listener(Protection::default()).oneshot(request.body(Body::from(body)).unwrap()).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(to_bytes(response.into_body(), 10_000_000).await.unwrap().to_vec()).unwrap()
}

const OWN_PAGE: [(&str, &str); 1] = [("sec-fetch-site", "same-origin")];

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
                  connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    for (method, path, status) in [("GET", "/", 200), ("GET", "/nowhere", 404), ("POST", "/save", 403)] {
        let response = ask(method, path, &[], Vec::new()).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        let header = |name: &str| response.headers()[name].to_str().unwrap();
        assert_eq!(header("content-security-policy"), policy);
        assert_eq!((header("x-content-type-options"), header("x-frame-options")), ("nosniff", "DENY"));
        assert_eq!((header("referrer-policy"), header("cache-control")), ("same-origin", "no-store"));
        assert!(!response.headers().contains_key("strict-transport-security"));
    }
    assert_eq!(ask("GET", "/cached", &[], Vec::new()).await.headers()["cache-control"], "max-age=5");
    let https = listener(Protection { https: true, ..Protection::default() });
    let response = https.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000");
    let save = Request::post("/save").header("sec-fetch-site", "same-origin").body(Body::empty()).unwrap();
    let notice = |response: &axum::response::Response| response.headers()["set-cookie"].to_str().unwrap().to_owned();
    let https = listener(Protection { https: true, ..Protection::default() });
    assert!(notice(&https.oneshot(save).await.unwrap()).contains("; Secure"));
    assert!(!notice(&ask("POST", "/save", &OWN_PAGE, Vec::new()).await).contains("Secure"));
}

#[tokio::test]
async fn a_request_from_another_site_is_refused_with_a_page_or_a_problem() {
    let page = ask("POST", "/save", &[("sec-fetch-site", "cross-site")], Vec::new()).await;
    assert_eq!(page.status(), StatusCode::FORBIDDEN);
    let page = text(page).await;
    assert!(page.contains("Request refused") && page.contains("nothing was changed"), "{page}");

    let problem = ask("POST", "/api/v1/things", &[("sec-fetch-site", "cross-site")], Vec::new()).await;
    assert_eq!(
        (problem.status(), &problem.headers()["content-type"]),
        (StatusCode::FORBIDDEN, &"application/problem+json".parse().unwrap())
    );
    assert!(text(problem).await.contains("\"status\":403"));

    assert_eq!(text(ask("POST", "/api/v1/things", &[], b"from a program".to_vec()).await).await, "from a program");
}

#[tokio::test]
async fn a_notice_survives_the_redirect_and_is_shown_once() {
    let saved = ask("POST", "/save", &OWN_PAGE, Vec::new()).await;
    assert_eq!((saved.status(), &saved.headers()["location"]), (StatusCode::SEE_OTHER, &"/".parse().unwrap()));
    let cookie = saved.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        cookie.starts_with("provost_notice_8080=") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    let pair = cookie.split(';').next().unwrap();

    let fragment = ask("GET", "/", &[("cookie", pair), ("x-provost-fragment", "1")], Vec::new()).await;
    assert!(!fragment.headers().contains_key("set-cookie"), "a part of a page does not use the notice up");
    let page = ask("GET", "/", &[("cookie", pair)], Vec::new()).await;
    assert!(page.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert!(text(page).await.contains("Saved “it”."));

    let plain = ask("GET", "/", &[], Vec::new()).await;
    assert!(!plain.headers().contains_key("set-cookie"));
}

#[tokio::test]
async fn bodies_are_limited() {
    let response = ask("POST", "/save", &OWN_PAGE, vec![b'x'; 1024 * 1024 + 1]).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(ask("POST", "/save", &OWN_PAGE, vec![b'x'; 1024 * 1024]).await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn assets_have_their_type_and_are_kept_for_ever() {
    for (path, kind) in [(css_path(), "text/css"), (script_path(), "text/javascript"), (icon_path(), "image/svg+xml")] {
        let response = ask("GET", &path, &[], Vec::new()).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with(kind));
        assert_eq!(response.headers()["cache-control"], "public, max-age=31536000, immutable");
        assert!(text(response).await.len() > 100);
    }
    assert_eq!(ask("GET", "/assets/provost.css", &[], Vec::new()).await.status(), StatusCode::NOT_FOUND);
}
